"""The places where people find the results of a project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import LooperError
from ..layout import RECORD
from ..workspace.job_table import JobTable
from .stores.open_store import open_stores
from .stores.store import PublishedStore, Store

_NAMES = {"database": "PostgreSQL", "pephub": "PEPhub"}


def places_of_results(table: JobTable, workdir: Path) -> tuple[str, ...]:
    """Absolute paths of files, and names of servers; only places that are there by now.

    The paths of record files have `*` in the place of the record.
    """
    found: dict[str, None] = {}
    for store in open_stores(table, workdir):
        if store.row.schema is not None:
            found |= dict.fromkeys(_places(store, workdir))
    return tuple(found)


def _places(store: Store, workdir: Path) -> Iterator[str]:
    kind = store.row.published if store.row.published in _NAMES else store.row.back_end
    if isinstance(store, PublishedStore):
        try:
            place = store.place()
        except (LooperError, OSError, KeyError):
            return  # the run has said so
        if kind in _NAMES:
            yield f"{_NAMES[kind]} {place}"
            return
    else:
        place = store.show()
    path = os.path.normpath(workdir / place)
    folder = path.partition(RECORD)[0]
    if os.path.exists(folder):
        yield path.replace(RECORD, "*")

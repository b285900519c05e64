"""Results of earlier runs: set aside before the first job, dealt with after the last one.

    set_aside    before the first job of a run
    conclude     when a run is over; also before the next one sets aside, if a run was killed

`validity` says whether earlier results still count, `attempts` which records begin afresh. If a
record has a file of its own, the file is renamed (`earlier_files`). The results of other records
are taken out of their store and kept (`earlier_values`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from pathlib import Path

from ..errors import LooperError
from ..status.journal import read_runs
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from . import earlier_files, earlier_values
from .stores.open_store import open_stores
from .stores.store import CopyStore, Store
from .unreported import note_unreported


class SetAsideError(LooperError):
    """Earlier results cannot be set aside. Nothing was started."""


def set_aside(
    table: JobTable, workdir: Path, planned: Collection[Brief], afresh: Collection[Brief]
) -> None:
    """Set aside earlier results of records, before the first job begins.

    Args:
        planned: all records that are to be run.
        afresh: those of them that begin afresh.

    Raises:
        SetAsideError: results cannot be set aside. The message is one line, with advice.
    """
    try:
        earlier_files.set_aside_files(table, afresh)
        earlier_values.take_out(table, workdir, planned, afresh)
    except OSError as error:
        raise SetAsideError(
            f"{error.filename or workdir}: earlier results cannot be set aside"
            f" ({error.strerror or error}); make the folder writable"
        ) from None
    except LooperError as error:
        raise SetAsideError(f"earlier results cannot be set aside: {error}") from None


def conclude(table: JobTable, workdir: Path, assembled: Collection[str] = ()) -> list[str]:
    """Remove earlier results of records that completed, put back those of records that did not.

    Does nothing where nothing is set aside, and nothing the second time. Records that another
    living run has planned are left to it.

    Args:
        assembled: results files that already have the results of completed records.

    Returns:
        Problems, one line each. The next call tries again.
    """
    problems = []
    of_others = _of_other_runs(workdir)
    stores = open_stores(table, workdir)
    try:
        _conclude_files(table, workdir, stores, assembled, of_others)
    except OSError as error:
        where = error.filename or workdir
        problems.append(f"{where}: earlier results were not put back or removed: {error.strerror}")
    for store in stores:
        shared = store.shared()
        if shared is None:
            continue
        try:
            names, completed = earlier_values.put_back(table, workdir, shared, of_others)
            note_unreported(store, names)
            earlier_values.forget(shared, completed)
        except (OSError, LooperError) as error:
            problems.append(f"{store.row.pipeline}: earlier results were not put back: {error}")
    return problems


def _conclude_files(
    table: JobTable,
    workdir: Path,
    stores: Collection[Store],
    assembled: Collection[str],
    of_others: Collection[str],
) -> None:
    store_of = {store.row.rule: store for store in stores}
    obsolete = earlier_files.conclude_files(table, workdir, assembled, of_others)
    for one in obsolete:
        store = store_of[one.files.rule]
        if isinstance(store, CopyStore):
            note_unreported(store, {one.record: earlier_files.unreported(one)})
    earlier_files.remove_files(obsolete)


def _of_other_runs(workdir: Path) -> frozenset[str]:
    """The completed flags of records that living runs of other processes have planned."""
    here = (os.getpid(), socket.gethostname())
    others = (run for run in read_runs(workdir) if run.alive and (run.pid, run.host) != here)
    return frozenset(flag for run in others for flag in run.planned)

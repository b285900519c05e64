"""The results of a project as they are now, whatever the back end.

For commands that read: they take no lock, and need pipestat only where results are in a database.
All records are read (pipestat stops at 1,000; quirk 23).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .jobtable import JobTable, StoreRow
from .results import checked, load, wanted_of

RECORD = "{record_identifier}"
_BOOKKEEPING = ("meta", "pipestat_created_time", "pipestat_modified_time")


@dataclass(frozen=True, slots=True)
class Results:
    """The records of one pipeline at one level."""

    pipeline: str
    level: str
    schema: str | None
    records: Mapping[str, Mapping[str, Any]]


def read_results(jobs: JobTable, workdir: Path) -> list[Results]:
    """The records of each pipeline and level that reports to pipestat.

    In the order of the sample table; records that are in no plan any more come last.

    Raises:
        LooperError: a results file is not one, a database cannot be read; says which and why.
    """
    cache: dict[str, Any] = {}
    place = {(row.rule, row.record): number for number, row in enumerate(jobs.rows())}
    found = []
    for store in jobs.stores():
        records = _read(store, workdir, cache)
        names = sorted(records, key=lambda name: place.get((store.rule, name), len(place)))
        ordered = {name: records[name] for name in names}
        found.append(Results(store.pipeline, store.level, store.schema, ordered))
    return found


def records_of(store: StoreRow, workdir: Path) -> dict[str, dict[str, Any]]:
    """The records of one store.

    Raises:
        LooperError: it cannot be read.
    """
    return _read(store, workdir, {})


def _read(store: StoreRow, workdir: Path, cache: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if store.back_end == "database":
        if store.schema is None:  # there is no table without one
            return {}
        from .databases import read_records

        return read_records(config_of(store, workdir))
    if store.back_end == "records":
        found: dict[str, Any] = {}
        for path in record_files(store.location):
            found |= _of(load(path), store)
        return found
    if store.location not in cache:
        cache[store.location] = load(Path(store.location))
    return _of(cache[store.location], store)


def record_files(pattern: str) -> list[Path]:
    """The files that a path with `{record_identifier}` stands for, in the order of their names."""
    before, _, after = pattern.partition(RECORD)
    folder, _, start = before.rpartition("/")
    here, slash, below = after.partition("/")  # a file for each record, or a folder for each
    paths = [
        Path(folder, f"{name}{slash}{below}")
        for name in _names(folder)
        if name.startswith(start) and name.endswith(here)
    ]
    return [path for path in paths if path.is_file()]


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _of(data: Mapping[str, Any], store: StoreRow) -> dict[str, dict[str, Any]]:
    """One pipeline's records of one level, without what pipestat keeps for itself."""
    levels = data.get(store.pipeline)
    records = levels.get(store.level) if isinstance(levels, Mapping) else None
    wanted = _wanted(store.schema, store.level)
    found = {}
    for name, values in (records or {}).items():
        if isinstance(values, Mapping):
            kept = {key: value for key, value in values.items() if key not in _BOOKKEEPING}
            found[str(name)] = checked(str(name), kept, wanted, [])
    return found


@lru_cache
def _wanted(schema: str | None, level: str) -> Mapping[str, Mapping[str, Any]]:
    return wanted_of(load(Path(schema)), level) if schema else {}


def config_of(store: StoreRow, workdir: Path) -> dict[str, Any]:
    """The merged pipestat config of a store, its secrets filled in."""
    import yaml

    from .read.secrets import reveal

    content = yaml.safe_load((workdir / store.config).read_text(encoding="utf-8"))
    revealed: dict[str, Any] = reveal(content)
    return revealed

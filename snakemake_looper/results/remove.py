"""`destroy`, `clean` and `link`: what is to be done to a project's outputs, then doing it.

Each first says what it would do, as a value; the command line shows that and asks.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import write_atomic
from ..layout import is_file_name
from ..model import STATUSES
from ..status.flags import flag_path
from ..workspace.job_table import JobTable
from ..workspace.rows import Row, StoreRow
from . import stash
from .earlier import part, shelves
from .records import config_of, records_of, samples
from .results_file import RECORD, dump, load


@dataclass(frozen=True, slots=True)
class Doomed:
    """What `destroy` removes: everything of some records, so that the next run runs them."""

    paths: tuple[Path, ...]
    """Flags, logs, output folders, declared outputs, record files; those that are there."""
    records: tuple[tuple[StoreRow, tuple[str, ...]], ...]
    """Records in results files that others share, in databases and on PEPhub."""

    def __bool__(self) -> bool:
        return bool(self.paths or self.records)


def doomed(jobs: JobTable, workdir: Path, levels: Iterable[str]) -> Doomed:
    """What belongs to the selected records of some levels (quirk 20: looper leaves half of it)."""
    stores = {store.rule: store for store in jobs.stores()}
    shelf_of = {shelf.rule: shelf for shelf in shelves(jobs)}
    levels = set(levels)
    results_dir = jobs.facts.results_dir
    outputs: Mapping[str, list[str]] = jobs.facts.outputs
    records_of: Mapping[str, str] = jobs.facts.record_folders
    paths: dict[Path, None] = {}
    records: dict[str, list[str]] = {}
    for row in jobs.rows():
        if row.level not in levels:
            continue
        for path in _files_of(row, outputs.get(row.rule, [])):
            paths[workdir / path] = None
        if row.level == "sample":
            paths[results_dir / row.record] = None
        if row.rule in shelf_of:
            paths[shelf_of[row.rule].aside_of(row.record)] = None
        store = stores.get(row.rule)
        if store is None or (store.back_end == "database" and store.schema is None):
            continue
        if row.rule in records_of:
            paths[Path(records_of[row.rule]) / f"{row.record}.yaml"] = None
        if store.back_end == "records":
            paths[Path(store.location.replace(RECORD, row.record))] = None
        else:
            records.setdefault(row.rule, []).append(row.record)
    return Doomed(
        _there(paths),
        tuple(
            (stores[rule], found)
            for rule, names in records.items()
            if (found := _present(stores[rule], names, workdir))
        ),
    )


def removed(jobs: JobTable, workdir: Path) -> dict[str, tuple[str, ...]]:
    """For each rule that has any, the records of samples that are not in the sample table."""
    in_table = samples(jobs)
    found = {}
    for store in jobs.stores():
        if store.level == "sample" and not (store.back_end == "database" and not store.schema):
            known = records_of(store, workdir)
            found[store.rule] = tuple(name for name in known if name not in in_table)
    return {rule: names for rule, names in found.items() if names}


def doomed_of_removed(jobs: JobTable, workdir: Path, only: Collection[str] | None = None) -> Doomed:
    """What belongs to records of samples that are not in the sample table; or to some of them."""
    stores = {store.rule: store for store in jobs.stores()}
    shelf_of = {shelf.rule: shelf for shelf in shelves(jobs)}
    neighbours = {row.rule: row for row in jobs.rows()}
    results_dir = jobs.facts.results_dir
    paths: dict[Path, None] = {}
    records = []
    for rule, names in removed(jobs, workdir).items():
        chosen = tuple(name for name in names if only is None or name in only)
        store = stores[rule]
        if chosen and store.back_end != "records":
            records.append((store, chosen))
        for name in filter(is_file_name, chosen):  # a results file may hold any text as a name
            paths[results_dir / name] = None
            if rule in shelf_of:
                paths[shelf_of[rule].file_of(name)] = None
                paths[shelf_of[rule].aside_of(name)] = None
            if rule in neighbours:
                # Flags and logs of a pipeline with pipestat lie in one folder, with one form.
                row = neighbours[rule]
                stem = f"{store.pipeline}_{name}"
                flag = workdir / os.path.dirname(row.flag) / f"{stem}_completed.flag"
                paths |= {flag_path(workdir, str(flag), word): None for word in STATUSES}
                paths[workdir / os.path.dirname(row.log) / f"{stem}.log"] = None
    return Doomed(_there(paths), tuple(records))


def _there(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Those that exist, without what is within another of them."""
    there = {path: None for path in paths if path.exists() or path.is_symlink()}
    return tuple(path for path in there if not any(above in there for above in path.parents))


def destroy(what: Doomed, workdir: Path) -> None:
    """Remove it. Records go first: what is left then is run again in any case.

    Raises:
        LooperError: a database or PEPhub refuses; nothing of the rest is removed then.
    """
    for store, names in what.records:
        _delete(store, names, workdir)
        stash.forget(store, workdir, names)
    for path in what.paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _files_of(row: Row, outputs: list[str]) -> Iterable[str]:
    stem = row.flag.removesuffix("_completed.flag")
    yield from (f"{stem}_{status}.flag" for status in STATUSES)
    yield row.log
    yield from (output.replace("{sample}", row.record) for output in outputs)


def _present(store: StoreRow, names: list[str], workdir: Path) -> tuple[str, ...]:
    """Those of some records that a store has."""
    if store.back_end == "database":
        from .database import read_records

        known: Any = read_records(config_of(store, workdir))
    else:
        known = part(load(Path(store.location)), store.pipeline, store.level)
    kept = stash.read(store, workdir)
    return tuple(name for name in names if name in known or name in kept)


def _delete(store: StoreRow, names: Iterable[str], workdir: Path) -> None:
    names = list(names)
    if store.back_end == "database" or store.published == "sqlite":
        from .database import delete_records

        delete_records(config_of(store, workdir), names)
    if store.published == "pephub":
        from .pephub_table import STATUS
        from .pephub_table import delete_records as delete_rows

        records = records_of(store, workdir)
        delete_rows(
            config_of(store, workdir)["pephub_path"],
            {name: [*records.get(name, {}), STATUS] for name in names},
        )
    if store.back_end == "file":
        data = load(Path(store.location))
        for name in names:
            part(data, store.pipeline, store.level).pop(name, None)
        write_atomic(Path(store.location), dump(data))

"""`destroy`: everything that belongs to some records is listed, then removed.

A `Removal` says what would be removed. The command line shows it and asks before `destroy` does it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..layout import flag_name, flag_with, is_file_name, note_on_times
from ..status_words import STATUSES
from ..workspace.job_table import JobTable
from ..workspace.rows import JobRow
from . import earlier_values
from .earlier_files import RecordFiles, record_files
from .removed import removed_records, samples
from .statuses import read_statuses
from .stores.open_store import open_stores
from .stores.store import Store


@dataclass(frozen=True, slots=True)
class Removal:
    """All that belongs to some records. When it is removed, the next run runs them again."""

    paths: tuple[Path, ...]
    """Flags, logs, output folders, declared outputs, record files; those that are there."""
    records: tuple[tuple[Store, tuple[str, ...]], ...]
    """Records in results files that others share, in databases and on PEPhub."""
    gone: frozenset[str] = frozenset()
    """The names of those whose samples have left the sample table."""

    def __add__(self, other: Removal) -> Removal:
        return Removal(
            _there((*self.paths, *other.paths)),
            self.records + other.records,
            self.gone | other.gone,
        )

    def __bool__(self) -> bool:
        return bool(self.paths or self.records)


def removal_of_selected(table: JobTable, workdir: Path, levels: Iterable[str]) -> Removal:
    """Everything that belongs to the selected records of some levels.

    looper's own `destroy` leaves half of it (quirk 20).

    Raises:
        LooperError, OSError: a store cannot be read.
    """
    stores = {store.row.rule: store for store in open_stores(table, workdir)}
    files_of = {files.rule: files for files in record_files(table)}
    levels = set(levels)
    paths: dict[Path, None] = {}
    records: dict[str, list[str]] = {}
    for row in table.rows():
        if row.level not in levels:
            continue
        paths |= dict.fromkeys(workdir / path for path in _files_of(row, table))
        if row.level == "sample":
            paths[table.facts.results_dir / row.record] = None
        if row.rule in files_of:
            paths |= dict.fromkeys(_record_files(files_of[row.rule], row.record))
        if row.rule in stores and not stores[row.rule].is_only_record_files():
            records.setdefault(row.rule, []).append(row.record)
    present = ((stores[rule], _present(stores[rule], names)) for rule, names in records.items())
    return Removal(_there(paths), tuple((store, names) for store, names in present if names))


def removal_without_sample(
    table: JobTable, workdir: Path, only: Collection[str] | None = None
) -> Removal:
    """Everything that is left of records of samples that are not in the sample table.

    Args:
        only: names of these records; None for all.

    Raises:
        LooperError, OSError: a store cannot be read.
    """
    stores = {store.row.rule: store for store in open_stores(table, workdir)}
    files_of = {files.rule: files for files in record_files(table)}
    neighbours = {row.rule: row for row in table.rows()}
    paths: dict[Path, None] = {}
    records = []
    found = _removed_names(table, workdir)
    gone: set[str] = set()
    for rule, names in found.items():
        chosen = tuple(name for name in names if only is None or name in only)
        gone.update(chosen)
        if rule in stores and not stores[rule].is_only_record_files():
            present = _present(stores[rule], chosen)
            records += [(stores[rule], present)] if present else []
        for name in filter(is_file_name, chosen):  # a results file may hold any text as a name
            paths[table.facts.results_dir / name] = None
            if rule in files_of:
                paths |= dict.fromkeys(_record_files(files_of[rule], name))
            if rule in neighbours:
                paths |= dict.fromkeys(_files_like(neighbours[rule], name, table, workdir))
    return Removal(_there(paths), tuple(records), frozenset(gone))


def _removed_names(table: JobTable, workdir: Path) -> dict[str, tuple[str, ...]]:
    """For each rule of samples that has any, the names of such records, in its store or not.

    Raises:
        LooperError, OSError: a store cannot be read.
    """
    in_table = samples(table)
    rules: dict[str, list[str]] = {}
    for brief in table.briefs():
        if brief.level == "sample" and brief.rule not in rules.setdefault(brief.pipeline, []):
            rules[brief.pipeline].append(brief.rule)
    found: dict[str, dict[str, None]] = {}
    for store in open_stores(table, workdir):
        if store.row.level == "sample":
            names = [name for name in store.read([]) if name not in in_table]
            found.setdefault(store.row.rule, {}).update(dict.fromkeys(names))
    for one in removed_records(table, workdir, read_statuses(table, workdir)):
        for rule in rules.get(one.pipeline, ()):
            found.setdefault(rule, {})[one.record] = None
    return {rule: tuple(names) for rule, names in found.items() if names}


def destroy(removal: Removal) -> None:
    """Remove all that a removal lists. Records go first: a store that refuses keeps the files, too.

    Raises:
        LooperError: a database or PEPhub refuses; the rest is then not removed.
        OSError: a file or folder cannot be removed.
    """
    for store, names in removal.records:
        store.delete(names)
        shared = store.shared()
        if shared is not None:
            earlier_values.forget(shared, names)
    for path in removal.paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


# --- files of one record --------------------------------------------------------------------------


def _files_of(row: JobRow, table: JobTable) -> Iterable[str]:
    """Flags, log and declared outputs of a job."""
    yield from (flag_with(row.flag, status) for status in STATUSES)
    yield note_on_times(row.flag)
    yield row.log
    outputs = table.facts.outputs.get(row.rule, [])
    yield from (output.replace("{sample}", row.record) for output in outputs)


def _files_like(row: JobRow, record: str, table: JobTable, workdir: Path) -> Iterable[Path]:
    """Flags, log and outputs of a record without a job; their paths follow another job of its rule.

    Flags of a pipeline with pipestat are in one folder and named by one form, and so are its logs.
    """
    log = os.path.join(os.path.dirname(row.log), f"{row.pipeline}_{record}.log")
    if not any(
        brief.log == log for brief in table.briefs()
    ):  # `count_lines` and `a`, see `removed`
        flags = workdir / os.path.dirname(row.flag)
        yield from (flags / flag_name(row.pipeline, record, word) for word in STATUSES)
        yield workdir / log
        flag = os.path.join(os.path.dirname(row.flag), flag_name(row.pipeline, record, "completed"))
        yield workdir / note_on_times(flag)
    for output in table.facts.outputs.get(row.rule, []):
        if "{sample}" in output:
            yield workdir / output.replace("{sample}", record)


def _record_files(files: RecordFiles, record: str) -> Iterable[Path]:
    yield files.file_of(record)
    yield files.earlier_of(record)


def _present(store: Store, names: Iterable[str]) -> tuple[str, ...]:
    """Those of these records that the store has, or of which it keeps earlier results."""
    known = store.names()
    shared = store.shared()
    kept = earlier_values.read_kept(shared) if shared is not None else {}
    return tuple(name for name in names if name in known or name in kept)


def _there(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths that exist, without those that are inside another of them."""
    there = {path: None for path in paths if path.exists() or path.is_symlink()}
    return tuple(path for path in there if not any(above in there for above in path.parents))

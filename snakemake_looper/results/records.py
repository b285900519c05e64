"""The results of a project as they are now, whatever the back end.

This is for commands that read: they take no lock, write nothing, and need pipestat only where
results are in a database. All records are read; pipestat stops at 1,000 (quirk 23).

If a record has not completed since an earlier run, the results of that run are shown, with a note
that says so (see `validity`). If a record file is damaged, only its own record is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..collector import seldom
from ..status.flags import Flags
from ..status_words import FAILURES, NOT_RUN
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from . import earlier_files, earlier_values
from .earlier_files import EarlierFile
from .removed import NOT_IN_TABLE, samples
from .results_file import BOOKKEEPING, load
from .schema_check import to_show
from .statuses import RecordStatus
from .stores.in_files import declared_of
from .stores.open_store import open_stores, shared_stores
from .stores.store import Store
from .validity import CountingResults, validity_of

_REMARK = "results shown are of an earlier run"


@dataclass(frozen=True, slots=True)
class Results:
    """The records of one pipeline at one level."""

    pipeline: str
    level: str
    schema: str | None
    """The pipeline's output schema."""
    records: Mapping[str, Mapping[str, Any]]
    """The results of each record, without pipestat's bookkeeping."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Remarks on records, for example that results are of an earlier run."""
    warnings: tuple[str, ...] = ()
    """Record files that cannot be read."""
    earlier: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each record with results of an earlier run, the names of these results."""


@seldom()
def read_results(table: JobTable, workdir: Path) -> list[Results]:
    """The records of each pipeline and level that reports to pipestat.

    They are in the order of the sample table; records that are in no plan any more come last.

    Raises:
        LooperError: a file is no results file, or a database cannot be read. The message says
            which and why.
        OSError: a results file cannot be read.
    """
    reader = _Reader(table, workdir)
    return [reader.results(store) for store in open_stores(table, workdir)]


class _Reader:
    """Reads the stores of a project. Data that all stores need is read once."""

    def __init__(self, table: JobTable, workdir: Path) -> None:
        self._workdir = workdir
        briefs = (Brief(*(getattr(row, name) for name in Brief._fields)) for row in table.rows())
        self._briefs = {(brief.rule, brief.record): brief for brief in briefs}
        self._place = {key: number for number, key in enumerate(self._briefs)}
        self._samples = samples(table)
        self._flags = Flags(workdir)
        self._load = cache(load)  # pipelines and levels share results files
        self._earlier: dict[str, list[EarlierFile]] = {}
        for one in earlier_files.earlier_files(table, workdir, self._flags):
            self._earlier.setdefault(one.files.rule, []).append(one)

    def results(self, store: Store) -> Results:
        """The records of a store, with the earlier results that still count.

        Raises:
            LooperError, OSError: the store cannot be read.
        """
        row = store.row
        warnings: list[str] = []
        records = store.read(warnings, self._load)
        earlier = {}
        for name, counting in self._set_aside(store, records, warnings):
            records.pop(name, None)
            if counting.results is not None:
                declared = declared_of(row.schema, row.level)
                records[name] = to_show(name, counting.results, declared)
                earlier[name] = counting.earlier - frozenset(BOOKKEEPING)
        last = len(self._place)
        names = sorted(records, key=lambda name: self._place.get((row.rule, name), last))
        notes = {
            name: self._note(store, name, records[name], earlier.get(name, frozenset()))
            for name in names
        }
        return Results(
            row.pipeline,
            row.level,
            row.schema,
            {name: records[name] for name in names},
            {name: note for name, note in notes.items() if note},
            tuple(dict.fromkeys(warnings)),
            {name: results for name, results in earlier.items() if results},
        )

    def _set_aside(
        self, store: Store, records: Mapping[str, Mapping[str, Any]], warnings: list[str]
    ) -> Iterator[tuple[str, CountingResults]]:
        """The records whose earlier results were set aside, with their results that count."""
        for one in self._earlier.get(store.row.rule, ()):
            yield one.record, earlier_files.counting(one, warnings)
        shared = store.shared()
        for name, kept in earlier_values.read_kept(shared).items() if shared else ():
            brief = self._briefs.get((store.row.rule, name))
            validity = validity_of(brief, kept.at, self._flags, self._workdir)
            if validity != "obsolete":
                yield name, earlier_values.counting(kept, records.get(name), validity)

    def _note(
        self, store: Store, name: str, values: Mapping[str, Any], earlier: frozenset[str]
    ) -> str:
        brief = self._briefs.get((store.row.rule, name))
        if brief is None:
            gone = store.row.level == "sample" and name not in self._samples
            return NOT_IN_TABLE if gone else ""
        if not values:
            return ""
        status = self._flags.status(brief.flag, brief.log)
        if earlier:
            shown = "some values" if values.keys() - earlier else "values"
            return f"{status if status != NOT_RUN else 'not run'}; {shown} are of an earlier run"
        return f"{status}; values may be incomplete" if status in FAILURES else ""


def with_remarks(
    records: Iterable[RecordStatus], table: JobTable, workdir: Path
) -> list[RecordStatus]:
    """Statuses, with a remark where the results of a record are of an earlier run."""
    marked = _with_earlier_results(table, workdir)
    return [
        dataclasses.replace(one, reason="; ".join(filter(None, (one.reason, _REMARK))))
        if (one.pipeline, one.level, one.record) in marked and one.status != "completed"
        else one
        for one in records
    ]


def _with_earlier_results(table: JobTable, workdir: Path) -> set[tuple[str, str, str]]:
    """Pipeline, level and name of each record that has results of an earlier run."""
    flags = Flags(workdir)
    found = {
        (one.files.pipeline, one.files.level, one.record)
        for one in earlier_files.earlier_files(table, workdir, flags)
        if one.validity == "earlier"
    }
    briefs: dict[tuple[str, str], Brief] = {}
    for store in shared_stores(table, workdir):
        row = store.row
        kept = earlier_values.read_kept(store)
        if kept and not briefs:
            briefs = {(one.rule, one.record): one for one in table.briefs()}
        for name, one in kept.items():
            if validity_of(briefs.get((row.rule, name)), one.at, flags, workdir) == "earlier":
                found.add((row.pipeline, row.level, name))
    return found

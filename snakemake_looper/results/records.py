"""The results of a project as they are now, whatever the back end.

For commands that read: they take no lock, write nothing, and need pipestat only where results are
in a database. All records are read (pipestat stops at 1,000; quirk 23).

Results of an earlier run are shown where a record has not completed since, with a note that says
so (see `earlier` and `stash`). A record file that is damaged costs its own record.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..read.secrets import filled_in
from ..status.flags import NOT_RUN, Flags
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief, StoreRow
from . import stash
from .earlier import Aside, Seen, asides, fate, seen
from .results_file import ResultsFileError, levels_of, load, record_paths
from .schema_check import checked, wanted_of
from .statuses import RecordStatus

_BOOKKEEPING = ("meta", "pipestat_created_time", "pipestat_modified_time")
_REMARK = "results shown are of an earlier run"
REMOVED = "not in the sample table"
_UNFINISHED = ("failed", "partial")


@dataclass(frozen=True, slots=True)
class Results:
    """The records of one pipeline at one level."""

    pipeline: str
    level: str
    schema: str | None
    records: Mapping[str, Mapping[str, Any]]
    notes: Mapping[str, str] = field(default_factory=dict)
    """What has to be known of some records: that results are of an earlier run, for example."""
    warnings: tuple[str, ...] = ()
    """Record files that cannot be read."""


def read_results(jobs: JobTable, workdir: Path) -> list[Results]:
    """The records of each pipeline and level that reports to pipestat.

    In the order of the sample table; records that are in no plan any more come last.

    Raises:
        LooperError: a results file is not one, a database cannot be read; says which and why.
    """
    reader = _Reader(jobs, workdir)
    return [reader.results(store) for store in jobs.stores()]


class _Reader:
    """The project as it is when it is first looked at."""

    def __init__(self, jobs: JobTable, workdir: Path) -> None:
        self._workdir = workdir
        briefs = (Brief(*(getattr(row, name) for name in Brief._fields)) for row in jobs.rows())
        self._briefs = {(brief.rule, brief.record): brief for brief in briefs}
        self._place = {key: number for number, key in enumerate(self._briefs)}
        self._samples = samples(jobs)
        self._flags = Flags(workdir)
        self._files: dict[str, Any] = {}
        self._asides: dict[str, list[Aside]] = {}
        for one in asides(jobs, workdir, self._flags):
            self._asides.setdefault(one.shelf.rule, []).append(one)

    def results(self, store: StoreRow) -> Results:
        warnings: list[str] = []
        records = _read(store, self._workdir, self._files, warnings)
        earlier = {}
        for name, now in self._set_aside(store, records, warnings):
            records.pop(name, None)
            if now.results is not None:
                records[name] = _shown(name, now.results, _wanted(store.schema, store.level))
                earlier[name] = now.earlier - frozenset(_BOOKKEEPING)
        last = len(self._place)
        names = sorted(records, key=lambda name: self._place.get((store.rule, name), last))
        notes = {
            name: self._note(store, name, records[name], earlier.get(name, frozenset()))
            for name in names
        }
        return Results(
            store.pipeline,
            store.level,
            store.schema,
            {name: records[name] for name in names},
            {name: note for name, note in notes.items() if note},
            tuple(dict.fromkeys(warnings)),
        )

    def _set_aside(
        self, store: StoreRow, records: Mapping[str, Mapping[str, Any]], warnings: list[str]
    ) -> Iterator[tuple[str, Seen]]:
        """The records of which something is set aside, as they count now."""
        for one in self._asides.get(store.rule, ()):
            yield one.record, seen(one, warnings)
        for name, entry in stash.read(store, self._workdir).items():
            brief = self._briefs.get((store.rule, name))
            worth = fate(brief, entry.at, self._flags, self._workdir)
            if worth != "obsolete":
                yield name, stash.seen(entry, records.get(name), worth)

    def _note(
        self, store: StoreRow, name: str, values: Mapping[str, Any], earlier: frozenset[str]
    ) -> str:
        brief = self._briefs.get((store.rule, name))
        if brief is None:
            gone = store.level == "sample" and name not in self._samples
            return REMOVED if gone else ""
        if not values:
            return ""
        status = self._flags.status(brief.flag, brief.log)
        if earlier:
            shown = "some values" if values.keys() - earlier else "values"
            return f"{status if status != NOT_RUN else 'not run'}; {shown} are of an earlier run"
        return f"{status}; values may be incomplete" if status in _UNFINISHED else ""


def samples(jobs: JobTable) -> set[str]:
    """All samples of the sample table, also those that are deselected or skipped."""
    planned = {brief.record for brief in jobs.briefs() if brief.level == "sample"}
    return planned | {skip.record for skip in jobs.skipped()}


def with_remarks(
    records: Iterable[RecordStatus], jobs: JobTable, workdir: Path
) -> list[RecordStatus]:
    """Statuses whose reason says where a record's results are of an earlier run."""
    flags = Flags(workdir)
    marked = {
        (one.shelf.pipeline, one.shelf.level, one.record)
        for one in asides(jobs, workdir, flags)
        if one.fate == "earlier"
    }
    briefs: dict[tuple[str, str], Brief] = {}
    for store in stash.stores(jobs):
        entries = stash.read(store, workdir)
        if entries and not briefs:
            briefs = {(one.rule, one.record): one for one in jobs.briefs()}
        for name, entry in entries.items():
            if fate(briefs.get((store.rule, name)), entry.at, flags, workdir) == "earlier":
                marked.add((store.pipeline, store.level, name))
    return [
        dataclasses.replace(one, reason="; ".join(filter(None, (one.reason, _REMARK))))
        if (one.pipeline, one.level, one.record) in marked and one.status != "completed"
        else one
        for one in records
    ]


def records_of(store: StoreRow, workdir: Path) -> dict[str, dict[str, Any]]:
    """The records of one store.

    Raises:
        LooperError: it cannot be read.
    """
    return _read(store, workdir, {}, [])


def _read(
    store: StoreRow, workdir: Path, files: dict[str, Any], warnings: list[str]
) -> dict[str, dict[str, Any]]:
    if store.back_end == "database":
        if store.schema is None:  # there is no table without one
            return {}
        from .database import read_records

        return read_records(config_of(store, workdir))
    if store.back_end == "records":
        found: dict[str, Any] = {}
        for path in record_files(store.location):
            try:
                found |= _of(load(path), store, str(path), warnings)
            except (ResultsFileError, OSError) as error:
                warnings.append(_passed_over(path, error))
        return found
    if store.location not in files:
        files[store.location] = load(Path(store.location))
    return _of(files[store.location], store, store.location, warnings)


def _passed_over(path: Path, error: Exception) -> str:
    said = (
        str(error).removeprefix(f"{path}: ") if isinstance(error, ResultsFileError) else str(error)
    )
    return f"{path}: its record is left out: {said}"


def record_files(pattern: str) -> list[Path]:
    """The files that a path with `{record_identifier}` stands for, in the order of their names."""
    try:
        return [path for path in record_paths(pattern).values() if path.is_file()]
    except OSError:
        return []


def _of(
    data: dict[str, Any], store: StoreRow, where: str, warnings: list[str]
) -> dict[str, dict[str, Any]]:
    """One pipeline's records of one level, without what pipestat keeps for itself."""
    records = levels_of(data, store.pipeline, where, warnings).get(store.level, {})
    wanted = _wanted(store.schema, store.level)
    return {name: _shown(name, values, wanted) for name, values in records.items()}


def _shown(
    name: str, values: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if key not in _BOOKKEEPING}
    return checked(name, kept, wanted, [])


@lru_cache
def _wanted(schema: str | None, level: str) -> Mapping[str, Mapping[str, Any]]:
    return wanted_of(load(Path(schema)), level) if schema else {}


def config_of(store: StoreRow, workdir: Path) -> dict[str, Any]:
    """The merged pipestat config of a store, its secrets filled in."""
    return filled_in(workdir / store.config)

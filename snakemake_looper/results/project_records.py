"""All records of a project as values, and as rows for tables and data frames."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from ..model import Sample
from ..read.options.options import Options
from ..read.samples import read_samples
from ..status.flags import Flags
from ..workspace.job_table import JobTable
from .flat import Names, Rows, per_record, per_result, per_sample
from .record import Record, joined, key_of
from .records import Results, read_results
from .removed import flag_like
from .statuses import RecordStatus, read_statuses
from .table import remarks, result_names
from .unread import unread_records

_FIELDS = ("pipeline", "level", "record", "status", "note")
_TIMES = ("started", "took", "memory_mb")


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


@dataclass(frozen=True, slots=True)
class Records(Sequence[Record]):
    """The records of a project, pipeline by pipeline, samples in the order of the sample table.

    It is a sequence of `Record`. `rows`, `long` and `wide` give the same as dictionaries, which
    `pandas.DataFrame` takes. In these, a name that is there already gets a prefix: an attribute `x`
    becomes `sample.x`, and a result `x` becomes `result.x`.
    """

    records: tuple[Record, ...]
    result_names: Mapping[tuple[str, str], tuple[str, ...]]
    """The results of each pipeline and level that keeps some: all that the output schema declares,
    in its order, then others that were reported."""
    warnings: tuple[str, ...] = ()
    """Remarks, one line each: files that cannot be read, records whose values are doubtful."""
    order: Mapping[str, int] | None = None
    """The place of each sample in the sample table, where pipelines may differ in their order."""

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, index: int | slice) -> Record | tuple[Record, ...]:
        return self.records[index]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each record.

        Its keys: `pipeline`, `level`, `record`, `status`, `note`, `started`, `took` and `memory_mb`
        as in `Record`, each attribute, each result. A value that a record has not is None.
        """
        names = Names(_same(*_FIELDS, *_TIMES), {})
        return _dicts(per_record(self.records, self.result_names, names))

    def long(self) -> list[dict[str, Any]]:
        """A row for each result that a record reported.

        Its keys: `pipeline`, `level`, `record`, `status`, `note`, each attribute, `result`, `value`.
        """
        return _dicts(per_result(self.records, Names(_same(*_FIELDS), {})))

    def wide(self) -> list[dict[str, Any]]:
        """A row for each sample, with the results of all pipelines; without the project level.

        Its keys: `sample_name`, each attribute, and for each pipeline `status`, its results, and
        `note`. A name that several pipelines have becomes `PIPELINE.name`.
        """
        names = Names(_same("status"), _same("note"))
        return _dicts(per_sample(self.records, self.result_names, names, self.order or {}))


def _dicts(table: Rows) -> list[dict[str, Any]]:
    return [dict(zip(table.head, row, strict=True)) for row in table.rows]


def project_records(
    table: JobTable,
    options: Options | None = None,
    with_samples: bool = False,
    times: bool = False,
) -> Records:
    """The records of a plan with their statuses and results.

    These are all records that the plan has, those that are skipped for a fault of their own, and,
    unless the options choose some samples, those that have results and are in no plan any more.

    Args:
        table: the job table of the plan.
        options: the options that the plan was asked for with.
        with_samples: read the PEP, too, for the attributes of samples.
        times: read when each record began, how long it took, and its memory.

    Raises:
        ProjectError: the PEP cannot be read.
        LooperError, OSError: results cannot be read.
    """
    asked = options or Options()
    facts = table.facts
    samples = read_samples(facts.looper_config, asked) if with_samples else ()
    results = read_results(table, facts.workdir)
    statuses = read_statuses(table, facts.workdir, times=times)
    if asked.narrows():
        known = {key_of(one) for one in statuses}
        results = [_only(one, known) for one in results]
    else:
        statuses += _others(table, results, statuses)
    return Records(
        tuple(joined(results, statuses, {one.name: one.attributes for one in samples})),
        {(one.pipeline, one.level): result_names(one) for one in results},
        (*unread_records(table, facts.workdir), *remarks(results)),
        _order(table, samples, statuses),
    )


def _order(
    table: JobTable, samples: Sequence[Sample], statuses: Sequence[RecordStatus]
) -> dict[str, int]:
    """The place of each sample; empty if records have that order anyway, as in one pipeline."""
    if len({one.pipeline for one in statuses if one.level == "sample"}) < 2:
        return {}
    if samples:
        return {one.name: number for number, one in enumerate(samples)}
    return {row.record: row.number for row in table.rows() if row.level == "sample"}


def _only(results: Results, known: set[tuple[str, str, str]]) -> Results:
    """The results of some records."""
    kept = {
        name: values
        for name, values in results.records.items()
        if (results.pipeline, results.level, name) in known
    }
    notes = {name: note for name, note in results.notes.items() if name in kept}
    return Results(results.pipeline, results.level, results.schema, kept, notes, results.warnings)


def _others(
    table: JobTable, results: Sequence[Results], known: Sequence[RecordStatus]
) -> list[RecordStatus]:
    """The statuses of records that have results and no job, as of samples that left the table.

    Their flags are beside those of the pipeline's other records.
    """
    keys = {key_of(one) for one in known}
    missing = [
        (one.pipeline, one.level, name)
        for one in results
        for name in one.records
        if (one.pipeline, one.level, name) not in keys
    ]
    if not missing:
        return []
    facts = table.facts
    flags = Flags(facts.workdir)
    beside = {(one.pipeline, one.level): one for one in table.briefs()}
    found = []
    for pipeline, level, name in missing:
        brief = beside.get((pipeline, level))
        if brief is not None:
            flag = flag_like(brief, name, facts.results_dir, facts.workdir)
            log = os.path.join(os.path.dirname(brief.log), f"{pipeline}_{name}.log")
            found.append(RecordStatus(pipeline, level, name, flags.status(flag, log), log=log))
    return found

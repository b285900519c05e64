"""The results and statuses of each pipeline and level, as they are read for a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ...errors import one_line
from ...status.reasons import tail
from ...status_words import FAILURES
from ...workspace.job_table import JobTable
from ..records import Results, read_results
from ..removed import NOT_IN_TABLE, removed_records
from ..statuses import RecordStatus, read_statuses
from ..times import Times
from .report_attributes import sample_attributes
from .report_csv import csv_text

_LINES_OF_LOG = 20
"""Lines of the log that the page of a failed record has."""


class Failure(NamedTuple):
    """Why a record failed, was interrupted, or has another status that needs an explanation."""

    reason: str
    last_lines: Sequence[str] = ()
    """The end of its log, if it failed or was interrupted."""


@dataclass(frozen=True, slots=True)
class LevelReport:
    """Results and statuses of one pipeline at one level, as they were read."""

    pipeline: str
    level: Literal["sample", "project"]
    schema: Path | None
    """The pipeline's output schema."""
    records: Mapping[str, Mapping[str, Any]]
    """Results of each record, without pipestat's bookkeeping."""
    statuses: Mapping[str, str]
    """The status of each record, also of records without results."""
    logs: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)
    """Remarks on records, for example that results are of an earlier run."""
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """Why records failed, were interrupted, or were skipped."""
    earlier: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The results of an earlier run, of each record that has some."""
    times: Mapping[str, Times] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The attributes of samples."""
    csv: str = ""
    """The results as a table that other programs read."""


class ProjectReport(NamedTuple):
    """All pipelines and levels of a project."""

    levels: Sequence[LevelReport]
    csv: str
    """All results as a table; empty if there are none."""


def read_levels(
    table: JobTable,
    read: Sequence[Results] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> ProjectReport:
    """All pipelines and levels of a project as they are now.

    Args:
        read: the project's results, if the caller has read them.
        attributes: the attributes of samples, if the caller has read them.

    Raises:
        LooperError, OSError: results cannot be read.
    """
    facts = table.facts
    found = read_results(table, facts.workdir) if read is None else read
    results = {(one.pipeline, one.level): one for one in found}
    statuses: dict[tuple[str, str], list[RecordStatus]] = {}
    known = read_statuses(table, facts.workdir, why=True, times=True)
    known += removed_records(table, facts.workdir, known, times=True)
    for one in known:
        statuses.setdefault((one.pipeline or "(none)", one.level), []).append(one)
    keys = dict.fromkeys((*statuses, *results))
    if attributes is None:
        attributes = sample_attributes(facts) if any(one == "sample" for _, one in keys) else {}
    levels = [
        _level_report(
            key,
            results.get(key),
            statuses.get(key, []),
            facts.workdir,
            attributes if key[1] == "sample" else {},
        )
        for key in keys
    ]
    return ProjectReport(levels, csv_text(found, known))


def _level_report(
    key: tuple[str, str],
    results: Results | None,
    statuses: Sequence[RecordStatus],
    workdir: Path,
    attributes: Mapping[str, Mapping[str, Any]],
) -> LevelReport:
    pipeline, level = key
    return LevelReport(
        pipeline,
        "project" if level == "project" else "sample",
        Path(results.schema) if results and results.schema else None,
        results.records if results else {},
        {one.record: one.status for one in statuses},
        {one.record: str(workdir / one.log) for one in statuses if one.log},
        {
            **{one.record: one.reason for one in statuses if one.reason == NOT_IN_TABLE},
            **(results.notes if results else {}),
        },
        {
            one.record: _failure(one, workdir)
            for one in statuses
            if one.status in FAILURES or one.reason not in ("", NOT_IN_TABLE)
        },
        results.earlier if results else {},
        {one.record: Times(one.started, one.took, one.memory_mb) for one in statuses},
        attributes,
        csv_text([results], statuses) if results else "",
    )


def _failure(one: RecordStatus, workdir: Path) -> Failure:
    reason = "" if one.reason == NOT_IN_TABLE else one.reason
    if one.status not in FAILURES:
        return Failure(reason)
    return Failure(reason, [one_line(line) for line in tail(workdir / one.log, _LINES_OF_LOG)])

"""Records of samples that left the sample table, and of which something is left.

A store names its records. Where it is a database, or where nothing is reported, flags and logs say
the same: a log in the project's output folder, and a flag beside those of the pipeline's other
records. Flags alone would not do: other projects may keep theirs in the same folder.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..layout import flag_name, is_file_name
from ..status.flags import Flags
from ..status_words import NOT_RUN
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from .statuses import RecordStatus
from .times import times_of

NOT_IN_TABLE = "not in the sample table"
"""The remark on such a record."""
_LOG = ".log"


def removed_records(
    table: JobTable, workdir: Path, known: Iterable[RecordStatus], times: bool = False
) -> list[RecordStatus]:
    """The records of samples that left the table, as their flags and logs are now.

    Args:
        known: the statuses of the plan's records; a log of one of these is nobody else's.
        times: whether statuses have times and memory.
    """
    logs = {one.log for one in known if one.log}
    folders = sorted({log.rpartition("/")[0] for log in logs})
    unknown = [log for folder in folders for log in _logs_in(workdir, folder) if log not in logs]
    if not unknown:
        return []
    found = _records_of(unknown, list(table.briefs()), samples(table))
    flags, facts = Flags(workdir), table.facts
    removed = []
    for log, neighbour, record in found:
        flag = flag_like(neighbour, record, facts.results_dir, workdir)
        status = flags.status(flag, log)
        if status == NOT_RUN:
            continue
        job = neighbour._replace(record=record, log=log, flag=flag)
        one = RecordStatus(job.pipeline, "sample", record, status, NOT_IN_TABLE, log)
        if times:
            numbers = times_of(job, status, None, facts, workdir)
            one = dataclasses.replace(one, **numbers._asdict())
        removed.append(one)
    return removed


def samples(table: JobTable) -> set[str]:
    """All samples of the sample table, also those that are deselected or skipped."""
    planned = {brief.record for brief in table.briefs() if brief.level == "sample"}
    return planned | {skip.record for skip in table.skipped()}


def _logs_in(workdir: Path, folder: str) -> list[str]:
    try:
        names = os.listdir(workdir / folder)
    except OSError:
        return []
    return sorted(os.path.join(folder, name) for name in names if name.endswith(_LOG))


def _records_of(
    logs: Iterable[str], briefs: Sequence[Brief], in_table: set[str]
) -> Iterator[tuple[str, Brief, str]]:
    """Logs of records that are not in the table; each with another job of its pipeline, and its
    name.

    `count_lines_a.log` is of record `a` of pipeline `count_lines`, or of `lines_a` of `count`.
    If one of these is in the table, the log is known; else the longer pipeline has it. A pipeline
    may be there no more: if the name ends with that of a sample in the table, it is not looked at.
    """
    of_pipeline: dict[tuple[str, str], Brief] = {}
    others = {brief.log for brief in briefs}
    for brief in briefs:
        if brief.level == "sample":
            of_pipeline.setdefault((os.path.dirname(brief.log), brief.pipeline), brief)
    longest_first = sorted(of_pipeline.items(), key=lambda item: -len(item[0][1]))
    for log in logs:
        folder, name = os.path.split(log)
        stem = name.removesuffix(_LOG)
        fitting = [
            (brief, stem[len(pipeline) + 1 :])
            for (where, pipeline), brief in longest_first
            if where == folder and stem.startswith(f"{pipeline}_")
        ]
        if log in others or any(_ends_with_one_of(in_table, record) for _, record in fitting):
            continue
        brief_and_record = next((one for one in fitting if is_file_name(one[1])), None)
        if brief_and_record is not None:
            yield log, *brief_and_record


def _ends_with_one_of(names: set[str], record: str) -> bool:
    """Whether a record has one of these names, or `…_name`."""
    words = record.split("_")
    return any("_".join(words[at:]) in names for at in range(len(words)))


def flag_like(brief: Brief, record: str, results_dir: Path, workdir: Path) -> str:
    """The completed flag of a record without a job, as another record of its pipeline has it."""
    folder = os.path.dirname(brief.flag)
    if workdir / folder == results_dir / brief.record:  # without pipestat, flags are with results
        folder = os.path.join(os.path.dirname(folder), record)
    return os.path.join(folder, flag_name(brief.pipeline, record, "completed"))

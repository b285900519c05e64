"""Which records begin afresh, and which continue.

A record *begins afresh* if its last attempt completed, or if something has changed since: its
command, environment, inputs, pipestat config or image, or an input file. Its earlier results are
set aside then (see `earlier`). It *continues* if its last attempt failed or was interrupted and
nothing has changed. The results of that attempt stay, because a pipeline may read them and go on
from there, as pypiper's do. A retry by Snakemake, within one run, continues, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ..files import modified
from ..layout import job_table_of
from ..status.flags import Flags, stamp_of
from ..status.journal import Run
from ..status_words import FAILURES
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief

InputTime = Callable[[Path, str], float | None]
"""Returns the time of an input file in seconds since the epoch; None if there is no such file."""
_UNFINISHED = (*FAILURES, "running", "waiting")
_CLOCK_LAG = 0.02
"""Seconds by which the time of a file can lag behind the clock: a kernel's tick is 1 to 10 ms."""


def beginning_afresh(
    table: JobTable,
    workdir: Path,
    planned: Iterable[Brief],
    runs: Sequence[Run],
    input_time: InputTime = lambda workdir, path: modified(str(workdir / path)),
) -> list[Brief]:
    """Those of the planned records that begin afresh.

    Args:
        planned: the records that are to be run.
        runs: the runs before this one, the oldest first.
        input_time: returns the time of an input file; the default asks the file system.
    """
    flags = Flags(workdir)
    tables: dict[str, JobTable | None] = {}
    try:
        return [
            brief
            for brief in planned
            if flags.word(brief.flag) not in _UNFINISHED
            or _has_changed(brief, table, workdir, runs, tables, input_time)
        ]
    finally:
        for other in tables.values():
            if other is not None:
                other.close()


def _has_changed(
    brief: Brief,
    table: JobTable,
    workdir: Path,
    runs: Sequence[Run],
    tables: dict[str, JobTable | None],
    input_time: InputTime,
) -> bool:
    """Whether a job differs from its last attempt. True if the last attempt is not known."""
    ended = stamp_of(workdir / brief.log)  # a job empties its log when it begins
    last = None if ended is None else _last_attempt(brief, ended, runs)
    if ended is None or last is None:
        return True
    if last.plan not in tables:
        path = job_table_of(workdir, last.plan)
        try:
            tables[last.plan] = JobTable(path)
        except OSError:
            tables[last.plan] = None
    then = tables[last.plan]
    if then is None or not table.has_same_job(then, brief):
        return True
    paths = [*table.input_files(brief), *table.flags_before(brief)]
    files = (input_time(workdir, path) for path in paths)
    return any(time is not None and time * 1e9 > ended for time in files)


def _last_attempt(brief: Brief, ended: int, runs: Sequence[Run]) -> Run | None:
    """The last run that wrote a record's log, by the time `ended` (ns since the epoch)."""
    for run in reversed(runs):
        began = run.began
        if brief.flag in run.planned and began is not None and (began - _CLOCK_LAG) * 1e9 <= ended:
            return run
    return None

"""Which records begin afresh and which continue, and what becomes of their earlier results.

A record *begins afresh* if its last attempt completed, or if something has changed since: its
command, environment, inputs, pipestat config or image, or an input file. What it reported before
is set aside then. It *continues* if its last attempt failed or was interrupted and nothing has
changed: what that attempt reported stays where it is, since a pipeline may read it and go on from
there, as pypiper's do. Snakemake's own retries are within one run, and continue, too.

    set_aside    before the first job
    conclude     when a run is over; before the next one sets aside, for a run that was killed
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from ..errors import LooperError
from ..files import modified
from ..layout import job_table_of
from ..status.flags import Flags, stamp_of
from ..status.journal import Run, read_runs
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from . import stash
from .earlier import conclude_files, discard, dropped, set_aside_files

_UNFINISHED = ("failed", "partial", "running", "waiting")
_COARSE = 0.02
"""Seconds by which a file's time may be behind the clock (a kernel's tick is 1 to 10 ms)."""


class SetAsideError(LooperError):
    """Earlier results cannot be set aside: nothing was started."""


def begins_afresh(
    jobs: JobTable, workdir: Path, planned: Iterable[Brief], runs: Sequence[Run]
) -> list[Brief]:
    """Those of some records that are to be run whose results are not to be continued.

    Args:
        planned: the records that are to be run.
        runs: the runs before this one, the oldest first.
    """
    flags = Flags(workdir)
    tables: dict[str, JobTable | None] = {}
    try:
        return [
            brief
            for brief in planned
            if flags.written(brief.flag) not in _UNFINISHED
            or _has_changed(brief, jobs, workdir, runs, tables)
        ]
    finally:
        for table in tables.values():
            if table is not None:
                table.close()


def _has_changed(
    brief: Brief,
    jobs: JobTable,
    workdir: Path,
    runs: Sequence[Run],
    tables: dict[str, JobTable | None],
) -> bool:
    """Whether a job is not what its last attempt was; also if that cannot be told."""
    ended = stamp_of(workdir / brief.log)  # a job empties its log when it begins
    if ended is None:
        return True
    last = next(
        (
            run
            for run in reversed(runs)
            if brief.flag in run.planned
            and run.began is not None
            and (run.began - _COARSE) * 1e9 <= ended
        ),
        None,
    )
    if last is None:
        return True
    if last.plan not in tables:
        path = job_table_of(workdir, last.plan)
        try:
            tables[last.plan] = JobTable(path)
        except OSError:
            tables[last.plan] = None
    then = tables[last.plan]
    if then is None or not jobs.has_same_job(then, brief):
        return True
    paths = [*jobs.input_files(brief), *jobs.flags_before(brief)]
    files = (modified(str(workdir / path)) for path in paths)
    return any(time is not None and time * 1e9 > ended for time in files)


def set_aside(
    jobs: JobTable, workdir: Path, planned: Collection[Brief], afresh: Collection[Brief]
) -> None:
    """Set aside what records reported, before the first job begins.

    Args:
        planned: all records that are to be run.
        afresh: those of them that begin afresh.

    Raises:
        SetAsideError: that is impossible; in one line, with what to do.
    """
    try:
        set_aside_files(jobs, afresh)
        stash.take_out(jobs, workdir, planned, afresh)
    except OSError as error:
        raise SetAsideError(
            f"{error.filename or workdir}: earlier results cannot be set aside"
            f" ({error.strerror or error}); make the folder writable"
        ) from None
    except LooperError as error:
        raise SetAsideError(f"earlier results cannot be set aside: {error}") from None


def conclude(jobs: JobTable, workdir: Path, assembled: Collection[str] = ()) -> list[str]:
    """Remove earlier results of records that completed, put back those of records that did not.

    Does nothing where nothing is set aside, and nothing the second time. Records that another
    living run has planned are left to it.

    Args:
        assembled: results files that hold already what completed records have reported.

    Returns:
        Problems, one line each: the next call tries again.
    """
    problems = []
    spared = _of_other_runs(workdir)
    published = {store.rule: store for store in jobs.stores() if store.published}
    try:
        obsolete = conclude_files(jobs, workdir, assembled, spared)
        for one in obsolete:
            if one.shelf.rule in published:
                store = published[one.shelf.rule]
                stash.note_dropped(store, workdir, {one.record: dropped(one)})
        discard(obsolete)
    except OSError as error:
        problems.append(f"earlier results were not put back or removed: {error}")
    for store in stash.stores(jobs):
        try:
            gone, done = stash.put_back(jobs, workdir, store, spared)
            stash.note_dropped(store, workdir, gone)
            stash.forget(store, workdir, done)
        except (OSError, LooperError) as error:
            problems.append(f"{store.pipeline}: earlier results were not put back: {error}")
    return problems


def _of_other_runs(workdir: Path) -> frozenset[str]:
    """The completed flags of records that living runs of other processes have planned."""
    here = (os.getpid(), socket.gethostname())
    others = (run for run in read_runs(workdir) if run.alive and (run.pid, run.host) != here)
    return frozenset(flag for run in others for flag in run.planned)

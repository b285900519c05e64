"""Tickets: jobs that a killed run completed are not run again.

Snakemake notes that a job is complete when it has seen the job's outputs. If it was killed before
that, it runs the job again, since it cannot know whether the outputs are complete. But the
completed flag says that they are. If the job is still the same, the next run *takes it over*: the
run leaves a ticket, which is an empty file, and `job.sh` does nothing for a job with a ticket.

That run may be killed as well. A member of a lump that it took over then has a flag that is older
than the run, but its ticket is still there. A run has removed all other tickets of its jobs before
it notes in its journal that it planned them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from ..files import modified
from ..layout import TICKETS, job_table_of
from ..messages import counted, note
from ..status.flags import stamp_of
from ..status.journal import Run
from ..version import __version__
from ..workspace.engine import Engine
from ..workspace.job_table import JobTable
from .planned import Planned, input_time

_LONGEST_NAME = 250
"""Bytes; file systems take 255."""


def take_over(
    planned: Iterable[Planned],
    run: Run,
    table: JobTable,
    engine: Engine,
    workdir: Path,
    earlier: Collection[str] = (),
) -> set[str]:
    """Leave a ticket for each job that a dead run completed and that is the same today.

    A job that is forced is run again.

    Args:
        planned: the jobs of this run.
        run: the dead run.
        table: the jobs of the plan.
        engine: Snakemake.
        workdir: Snakemake's working directory.
        earlier: the completed flags of jobs that have a ticket already: dead runs took them over.

    Returns:
        The completed flags of the jobs that are taken over.

    Raises:
        OSError: a ticket cannot be written.
    """
    done = [one for one in planned if _may_be_taken(one, run, table, workdir, earlier)]
    path = job_table_of(workdir, run.plan)
    # Flags of another version may have been set for another reason than the command's success.
    if not done or not path.is_file() or run.version != __version__:
        return set()
    then = JobTable(path)
    try:
        same = [one for one in done if _is_same(one, then, table, engine, workdir)]
    finally:
        then.close()
    taken = {one.brief.flag for one in same if _leave_ticket(workdir, one.brief.flag)}
    if taken:
        note(f"taking over {counted(len(taken), 'job')} that a killed run has completed")
    return taken


def _is_same(one: Planned, then: JobTable, table: JobTable, engine: Engine, workdir: Path) -> bool:
    """Whether a job is the one that a dead run ran, and nobody forces it."""
    return (
        not engine.is_forced((one.brief.rule,), (one.brief.flag,))
        and table.has_same_job(then, one.brief)
        and _is_newest(one, table, engine, workdir)
    )


def _may_be_taken(
    one: Planned, run: Run, table: JobTable, workdir: Path, earlier: Collection[str]
) -> bool:
    """Whether a dead run has completed a job that needs no other job of this run."""
    flag = one.brief.flag
    return (
        flag in run.planned
        and not one.has_prerequisites
        and not table.has_outputs(one.brief.rule)  # Snakemake removes these before a job runs
        and _is_completed_by(run, workdir / flag, flag in earlier)
    )


def _is_completed_by(run: Run, flag: Path, was_taken: bool) -> bool:
    """Whether a run, or one that it took the job over from, has set a completed flag."""
    stamp = stamp_of(flag)
    is_since = stamp is not None and run.began is not None and stamp >= run.began * 1e9
    return is_since or (was_taken and stamp is not None)


def _is_newest(one: Planned, table: JobTable, engine: Engine, workdir: Path) -> bool:
    """Whether no input file of a job is newer than its flag."""
    done = modified(str(workdir / one.brief.flag)) or 0.0
    times = (input_time(engine, workdir, path) for path in table.input_files(one.brief))
    return all((time or 0.0) <= done for time in times)


def ticket(workdir: Path, flag: str) -> Path:
    """The file that `job.sh` looks for, by the job's completed flag."""
    return workdir / TICKETS / flag.replace("/", "%")


def without_ticket(planned: Iterable[Planned], workdir: Path) -> list[Planned]:
    """The jobs without a ticket: these really run."""
    taken = _names(workdir)
    return [one for one in planned if ticket(workdir, one.brief.flag).name not in taken]


def flags_with_ticket(planned: Iterable[Planned], workdir: Path) -> set[str]:
    """The completed flags of the jobs with a ticket."""
    names = _names(workdir)
    flags = (one.brief.flag for one in planned) if names else ()
    return {flag for flag in flags if ticket(workdir, flag).name in names}


def clear_tickets(flags: Iterable[str], workdir: Path) -> None:
    """Remove the tickets of these records, also those that a killed run has left.

    Raises:
        OSError: one cannot be removed.
    """
    names = _names(workdir)
    for flag in flags if names else ():
        path = ticket(workdir, flag)
        if path.name in names:
            path.unlink(missing_ok=True)


def _leave_ticket(workdir: Path, flag: str) -> bool:
    """Leave a ticket; False if its name would be too long. Then the job is run again."""
    path = ticket(workdir, flag)
    if len(path.name.encode()) > _LONGEST_NAME:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return True


def _names(workdir: Path) -> set[str]:
    try:
        return set(os.listdir(workdir / TICKETS))
    except OSError:
        return set()

"""The beginning and the end of a run, and what runs that were killed have left to do.

A run is *killed* if it ends so suddenly that its main process cannot say anything. It leaves these
things behind, and the next run handles them, in this order:

- Snakemake's lock on the folder is removed, see `entering`.
- Jobs that still run are waited for, see `orphans`.
- Completed jobs that Snakemake did not note are taken over, see `tickets`.
- Flags: `waiting` becomes what it was before that run, `running` becomes `failed`.
- Its journal is closed, whichever plans its records are in.

All planned records are flagged `waiting` before the first job starts. After that, the main process
changes a flag only if the job has died.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from ..layout import job_table_of
from ..messages import note
from ..results.times import KILLED_WITH_ITS_RUN
from ..status.flags import Flags, clear_flag, flag_path, stamp_of, swap_flag, write_flag
from ..status.journal import Death, Journal, Run, end_for, prune, read_runs
from ..status.processes import Present
from ..status.times import begin_since
from ..status_words import NOT_RUN
from ..workspace.engine import Engine
from ..workspace.job_table import JobTable, briefs_at
from ..workspace.metadata import marked_incomplete
from .lump_members import LumpMembers
from .orphans import wait_for_orphans
from .planned import Planned, input_time, learn_input_times, planned_jobs, resumed_flags
from .queues import queue_of
from .tickets import clear_tickets, flags_with_ticket, take_over, without_ticket
from .waiting_flags import flag_as_waiting


def begin(
    table: JobTable, engine: Engine, journal: Journal, members: LumpMembers | None = None
) -> None:
    """Handle what earlier runs left, then note what this run will do and flag it `waiting`.

    Args:
        table: the jobs of the plan.
        engine: Snakemake.
        journal: the journal of this run.
        members: the members of its lumps, if it has any.

    Raises:
        OSError: a flag or the journal cannot be written.
        LooperError: earlier results cannot be set aside.
    """
    workdir = table.facts.workdir
    past = _past_runs(workdir, journal)
    members = members or LumpMembers(table, engine, None)
    members.plan()
    planned = list(planned_jobs(table, engine, past, members.packed))
    resumed = resumed_flags(planned, engine)
    ours = [one for one in planned if one.brief.flag not in resumed]
    wait_for_orphans(ours, past, workdir)
    learn_input_times(planned, past, table, engine)
    earlier, taken = flags_with_ticket(planned, workdir), set[str]()
    for run in _past_runs(workdir, journal):  # some may have died meanwhile
        if run.died:
            taken |= take_over(planned, run, table, engine, workdir, earlier)
            _correct_flags(run, {one.brief.flag for one in ours}, table, journal)
            end_for(run)
    clear_tickets(earlier - taken, workdir)
    _set_results_aside(ours, _past_runs(workdir, journal), table, engine)
    members.clear([*past, *read_runs(workdir)])
    _flag_as_waiting(planned, resumed, engine, journal, workdir)
    left = {one.brief.flag for one in without_ticket(planned, workdir)}
    members.prepare({one.brief.flag for one in planned} - left)


def _flag_as_waiting(
    planned: Sequence[Planned],
    resumed: Collection[str],
    engine: Engine,
    journal: Journal,
    workdir: Path,
) -> None:
    """Note each planned record with the status that it has, and flag all but the resumed ones."""
    flags = Flags(workdir)
    others = [run for run in read_runs(workdir) if run.path != journal.path]
    past = [run for run in others if not run.alive]
    prune(past, lambda flag: flags.word(flag) not in ("completed", NOT_RUN))
    before = {one.brief.flag: flags.word(one.brief.flag) for one in planned}
    journal.begin(
        engine.executor, {flag: "" if was == NOT_RUN else was for flag, was in before.items()}
    )
    # A job that an earlier run submitted may leave its queue at any time, and a living run, or one of
    # another machine that nobody can know to be dead, may start any.
    is_quiet = all(run.is_local and not run.alive for run in others)
    flag_as_waiting(workdir, (flag for flag in before if flag not in resumed), flags, is_quiet)


def _set_results_aside(
    ours: Sequence[Planned], past: list[Run], table: JobTable, engine: Engine
) -> None:
    """Conclude the attempts of dead runs, then set aside the results of records that begin afresh.

    Raises:
        LooperError: results cannot be set aside.
    """
    # They import all back ends. A run without a job, or a dry run, needs none.
    from ..results.attempts import beginning_afresh
    from ..results.earlier import conclude, set_aside

    workdir = table.facts.workdir
    for problem in conclude(table, workdir):
        note(problem)
    to_run = without_ticket(ours, workdir)
    briefs = [one.brief for one in to_run]
    times = partial(input_time, engine)
    afresh = dict.fromkeys(beginning_afresh(table, workdir, briefs, past, times))
    afresh |= dict.fromkeys(one.brief for one in to_run if one.has_prerequisites)
    set_aside(table, workdir, briefs, list(afresh))


def _past_runs(workdir: Path, journal: Journal) -> list[Run]:
    """The runs that are over, in whichever way; not that of `journal`."""
    return [run for run in read_runs(workdir) if run.path != journal.path and not run.alive]


# --- the end --------------------------------------------------------------------------------------


def restore(workdir: Path, journal: Journal, members: LumpMembers | None = None) -> None:
    """Give each record that was not begun the status that it had before this run.

    Call it when no job is started any more.
    """
    if journal.begun and not journal.is_closed:
        if members is not None:
            members.settle()
        _restore_waiting(journal.planned, _may_begin(journal), workdir, journal.began)
        clear_tickets(journal.planned, workdir)


def end(workdir: Path, journal: Journal, members: LumpMembers | None = None) -> None:
    """End the journal of a run. Does nothing the second time."""
    restore(workdir, journal, members)
    journal.end(leaves_jobs=not journal.is_closed and _leaves_jobs(workdir, journal))


def _leaves_jobs(workdir: Path, journal: Journal) -> bool:
    """Whether a job on this machine still runs, or has completed and Snakemake has not noted it.

    After a second signal, Snakemake waits for no job. The next run takes such a job over.
    """
    if journal.executor != "local":
        return False
    flags, is_marked = Flags(workdir), marked_incomplete(workdir)
    for flag in journal.planned:
        words = flags.words(flag)
        if "running" in words:
            return True
        is_unnoted = "completed" in words and is_marked(flag)
        if is_unnoted and not _is_older(workdir / flag, journal.began):
            return True
    return False


def _may_begin(journal: Journal) -> set[str]:
    """The records that may begin later: they were submitted, and may still be in the queue."""
    queue = queue_of(journal.executor)
    if queue is None:
        return set(journal.external)
    try:
        known = queue.unfinished(journal.external.values())
    except OSError:
        return set(journal.external)
    return {flag for flag, jobid in journal.external.items() if jobid in known}


# --- flags ----------------------------------------------------------------------------------------


def _correct_flags(run: Run, gone: set[str], table: JobTable, journal: Journal) -> None:
    """Turn flags `running` that a dead run left into `failed`, and `waiting` into what was before.

    Args:
        run: the dead run; it may have had another plan than this one.
        gone: records whose jobs surely do not run any more. A cluster may run other jobs still.
        table: the jobs of this plan.
        journal: the journal of this run, which notes the failures.
    """
    workdir = table.facts.workdir
    present = Present()
    logs = _logs_of(run, table, workdir)
    _restore_waiting(run.planned, run.submitted.keys() - gone, workdir, run.began)
    for flag in run.planned:
        if not (run.is_local or flag in gone):
            continue
        if flag in logs and present.uses(workdir / logs[flag]):
            continue
        if write_flag(workdir, flag, "failed", ("running",)):
            stamp = stamp_of(flag_path(workdir, flag, "failed"))
            started = begin_since(workdir, flag, run.started)
            death = Death("failed", time.time(), stamp, KILLED_WITH_ITS_RUN, started=started)
            journal.record_death(flag, death)


def _is_older(path: Path, began: float | None) -> bool:
    stamp = stamp_of(path)
    return stamp is not None and began is not None and stamp < began * 1e9


def _logs_of(run: Run, table: JobTable, workdir: Path) -> dict[str, str]:
    """The logs of a run's jobs by their flags: from the plan at hand, else from the run's own."""
    logs = {brief.flag: brief.log for brief in table.briefs() if brief.flag in run.planned}
    if run.planned.keys() <= logs.keys():
        return logs
    return {brief.flag: brief.log for brief in briefs_at(job_table_of(workdir, run.plan))} | logs


def _restore_waiting(
    planned: Mapping[str, str], kept: Collection[str], workdir: Path, began: float | None
) -> None:
    """Replace flags `waiting` by the flags before them. Records in `kept` may still begin.

    A member of a lump that was completed has become `waiting` with the time of its flag. If its
    flag is as old still, the member was not begun. `began` is when the run began.
    """
    flags = Flags(workdir)
    for flag, was in planned.items():
        if flag in kept or "waiting" not in flags.words(flag):
            continue
        if was == "completed" and _is_older(flag_path(workdir, flag, "waiting"), began):
            swap_flag(workdir, flag, "waiting", "completed")
        elif was in ("", "waiting", "running", "completed"):
            clear_flag(workdir, flag, "waiting")
        else:
            write_flag(workdir, flag, was, ("waiting",))

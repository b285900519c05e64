"""The beginning and the end of a run, and what runs that were killed have left to do.

Killed means: no process had a chance to say anything. What such a run leaves, and what the next
one does about it:

- Snakemake's lock on the folder. It is removed if the run was on this machine, no run of this
  folder is alive, and no Snakemake works in it any more.
- Jobs that still run, here or on SLURM. They are waited for, before anything is started: no job
  runs twice at the same time. (Elsewhere the lock on a job's log sees to that, see `processes`.)
  Processes that a job left behind when its shell came to its end are not waited for.
- Completed jobs that nobody took note of. Snakemake would run them again, since it does not know
  whether they are complete; their flag says that they are. If the job is still the same they are
  taken over: a ticket tells `job.sh` to do nothing.
- Flags `waiting` and `running`. The first become again what they were, the second `failed`.

Then its journal is closed for it, whichever plans its records are in.

All planned records are flagged `waiting` before the first job starts. After that, the main process
changes a flag only if the job has died.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from ..files import modified
from ..layout import FILE_NAME
from ..results.attempts import begins_afresh
from ..results.earlier import conclude, set_aside
from ..results.statuses import KILLED_WITH_ITS_RUN
from ..status.flags import Flags, clear_flag, flag_path, heal, stamp_of, write_flag
from ..status.journal import FOLDER as JOURNALS
from ..status.journal import Death, Journal, Run, end_for, prune, read_runs
from ..status.processes import Present, controllers_in
from ..status.reasons import ending, tail
from ..status_words import NOT_RUN
from ..version import __version__
from ..workspace.engine import Engine
from ..workspace.job_table import JobTable, briefs_at
from .slurm import unfinished

if TYPE_CHECKING:
    from ..workspace.rows import Brief

TICKETS = Path(".snakemake") / "looper" / "taken"
_LOCKS = Path(".snakemake") / "locks"
_POLL = 2.0
"""Seconds between two looks at jobs that are waited for."""
_SAY_AGAIN = 300.0
_LONGEST_NAME = 250
_DOOR = "door"
"""A file in the folder of journals: who holds its lock is just entering."""
_LOOK_ON = "'snakemake-looper check --watch' shows how it goes on"


# --- entering a folder -----------------------------------------------------------------------------


def enter(workdir: Path, plan: str, flags: Iterable[str] = ()) -> Journal:
    """Begin a journal, remove the lock of a dead run, and heal these records' flags.

    Runs enter one after the other. So of two that are started at once, the first removes a stale
    lock, and the second finds the first alive. Snakemake looks at the completed flag only: a
    record that has another one beside it is healed before the DAG is built.

    Raises:
        OSError: the folder cannot be written.
    """
    with closed_door(workdir):
        journal = Journal.open(workdir, plan)
        runs = [run for run in read_runs(workdir) if run.path != journal.path]
        if not any(run.alive for run in runs):
            _remove_stale_lock(workdir, runs)
            healed = heal(workdir, flags)
            if healed:
                _say(
                    f"{_records(len(healed))} had several flags; the one that promises least counts"
                )
        return journal


@contextlib.contextmanager
def closed_door(workdir: Path) -> Iterator[None]:
    """While this is held no run enters the folder: each waits for its end.

    Raises:
        OSError: the folder cannot be written.
    """
    path = workdir / JOURNALS / _DOOR
    path.parent.mkdir(parents=True, exist_ok=True)
    with _open_for_all(path) as door:
        with contextlib.suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say("waiting for a command that is at work in this folder ('destroy' or 'clean')")
                fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _open_for_all(path: Path) -> IO[str]:
    """Open a file that is locked only. Whoever may read it may lock it: it may be another user's."""
    try:
        return path.open("a", encoding="utf-8")
    except PermissionError:
        return path.open(encoding="utf-8")


def _remove_stale_lock(workdir: Path, runs: Iterable[Run]) -> None:
    """Remove Snakemake's lock if it is that of a run of this project that was killed here.

    Such a run must be known by its journal, and no Snakemake may be at work in the folder. Called
    if none of the `runs` of this folder is alive, wherever it is.
    """
    try:
        locks = sorted((workdir / _LOCKS).iterdir())
    except OSError:
        return
    dead = [run for run in runs if run.died]
    if not locks or not dead:
        return
    last = dead[-1]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(last.started))
    if last.host != socket.gethostname():
        _say(
            f"the run of {when} on {last.host} (process {last.pid}) seems to be dead, and its lock"
            " is still there; if you are sure, run this again with --unlock first"
        )
        return
    if any(controllers_in(workdir)):
        return
    for lock in locks:
        with contextlib.suppress(OSError):
            if lock.stat().st_mtime >= dead[0].started - 1:  # older ones are of somebody else
                lock.unlink(missing_ok=True)
    _say(f"the run of {when} (process {last.pid}) was killed; its lock is removed")


def refusal(workdir: Path) -> str | None:
    """Why this folder is locked: the living run that has it, how far it is; None if there is none."""
    living = [run for run in read_runs(workdir) if run.alive and run.pid != os.getpid()]
    return f"{_told(living[0], workdir)}; {_LOOK_ON}" if living else None


def busy(jobs: JobTable, workdir: Path) -> str | None:
    """Why what belongs to these jobs must not be removed: a run goes on; None if none does."""
    runs = read_runs(workdir)
    flags = {brief.flag: brief for brief in jobs.briefs()}
    for run in runs:
        if run.alive and (run.began is None or run.planned.keys() & flags.keys()):
            return f"{_told(run, workdir)}; wait for its end, or end it first. {_LOOK_ON}"
    known = Flags(workdir)
    left = [one for flag, one in flags.items() if known.status(flag, one.log) == "running"]
    if not left:
        return None
    shown = ", ".join(f"{one.pipeline} {one.record}" for one in left[:5])
    more = f" and {len(left) - 5} more" if left[5:] else ""
    return f"{_jobs(len(left))} still running: {shown}{more}; wait for them, or end them first"


def _told(run: Run, workdir: Path) -> str:
    """Who runs the project, since when, and how far it is."""
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
    where = "" if run.host == socket.gethostname() else f" on {run.host}"
    who = f"process {run.pid}{where} has been running this project since {since}"
    if run.began is None:
        return f"{who} and has not begun its jobs yet"
    flags = Flags(workdir)
    began = run.began * 1e9
    words = [flags.written(flag) for flag in run.planned]
    done = sum(
        word == "completed" and (stamp_of(workdir / flag) or 0) >= began
        for flag, word in zip(run.planned, words, strict=True)
    )
    return f"{who}: {done} of {_jobs(len(words))} completed, {words.count('running')} running"


# --- begin and end ---------------------------------------------------------------------------------


class Planned(NamedTuple):
    """A job that Snakemake will run."""

    brief: Brief
    has_prerequisites: bool
    """Whether something is to be run before it."""
    external_jobids: tuple[str, ...]
    """What Snakemake knows it to have been submitted as, and not to have ended."""


def begin(jobs: JobTable, engine: Engine, journal: Journal) -> None:
    """Settle what earlier runs left, then note what this one will do and flag it `waiting`."""
    workdir = jobs.facts.workdir
    past = _past(workdir, journal)
    planned = list(_planned(jobs, engine, any(not run.is_local for run in past)))
    resumed = _resumed(planned, engine)
    _wait_for([one for one in planned if one.brief.flag not in resumed], past, workdir)
    _clear_tickets((one.brief.flag for one in planned), workdir)
    for run in _past(workdir, journal):  # some may have died meanwhile
        if run.died:
            _take_over(planned, run, jobs, engine, workdir)
            _settle(run, {one.brief.flag for one in planned} - resumed, jobs, workdir, journal)
            end_for(run)
    _settle_results(planned, resumed, _past(workdir, journal), jobs, workdir)
    flags = Flags(workdir)
    prune(_past(workdir, journal), lambda flag: flags.written(flag) not in ("completed", NOT_RUN))
    before = {one.brief.flag: flags.written(one.brief.flag) for one in planned}
    journal.begin(
        engine.executor, {flag: "" if was == NOT_RUN else was for flag, was in before.items()}
    )
    for flag in before.keys() - resumed:
        write_flag(workdir, flag, "waiting", (NOT_RUN, "failed", "partial"))


def _settle_results(
    planned: Iterable[Planned],
    resumed: Collection[str],
    past: list[Run],
    jobs: JobTable,
    workdir: Path,
) -> None:
    """Settle earlier results of dead runs, then set aside those of records that begin afresh."""
    for problem in conclude(jobs, workdir):
        _say(problem)
    taken = {path.name for path in (workdir / TICKETS).glob("*")}
    ours = [
        one
        for one in planned
        if one.brief.flag not in resumed and ticket(workdir, one.brief.flag).name not in taken
    ]
    briefs = [one.brief for one in ours]
    afresh = dict.fromkeys(begins_afresh(jobs, workdir, briefs, past))
    afresh |= dict.fromkeys(one.brief for one in ours if one.has_prerequisites)
    set_aside(jobs, workdir, briefs, list(afresh))


def _past(workdir: Path, journal: Journal) -> list[Run]:
    """The runs that are over, in whichever way."""
    return [run for run in read_runs(workdir) if run.path != journal.path and not run.alive]


def restore(workdir: Path, journal: Journal) -> None:
    """Once no job is started any more: what was not begun has again the status that it had."""
    if journal.begun and not journal.is_closed:
        _restore(journal.planned, _may_begin(journal), workdir)
        _clear_tickets(journal.planned, workdir)


def end(workdir: Path, journal: Journal) -> None:
    """The run is over. Does nothing the second time."""
    restore(workdir, journal)
    journal.end()


def _may_begin(journal: Journal) -> set[str]:
    """Records that are on a cluster still: submitted, and not known to be gone."""
    if journal.executor != "slurm":
        return set(journal.external)
    try:
        known = unfinished(journal.external.values())
    except OSError:
        return set(journal.external)
    return {flag for flag, jobid in journal.external.items() if jobid in known}


def _planned(jobs: JobTable, engine: Engine, submitted: bool) -> Iterator[Planned]:
    """The jobs that Snakemake will run; with their cluster jobs only if any were `submitted`."""
    ours = {(brief.rule, brief.record): brief for brief in jobs.briefs()}
    only = {brief.rule: brief for brief in ours.values() if brief.level == "project"}
    for job in engine.planned_jobs({rule for rule, _ in ours}):
        brief = ours.get((job.rule, job.sample)) if job.sample else only.get(job.rule)
        if brief is not None:
            external = engine.external_jobids(job) if submitted else ()
            yield Planned(brief, job.has_prerequisites, external)


def _resumed(planned: Iterable[Planned], engine: Engine) -> set[str]:
    """Jobs of a dead run that the executor follows again: their flags are theirs."""
    if not engine.follows_earlier_jobs:
        return set()
    return {one.brief.flag for one in planned if one.external_jobids}


# --- jobs that still run ---------------------------------------------------------------------------


class Orphan(NamedTuple):
    """A job that an earlier run has left, and that is there."""

    planned: Planned
    external_jobid: str
    pids: tuple[int, ...]
    """Its processes on this machine."""

    def __str__(self) -> str:
        brief = self.planned.brief
        where = f"cluster job {self.external_jobid}" if self.external_jobid else ""
        if self.pids and not where:
            where = f"process {', '.join(map(str, self.pids))}"
        return f"{brief.pipeline} {brief.record}" + (f" ({where})" if where else "")


def _wait_for(planned: Sequence[Planned], past: Iterable[Run], workdir: Path) -> None:
    """Wait until none of these jobs runs any more; says which, now and from time to time.

    Once those that were seen are gone, all are looked at again: while one run waits, others come
    and go.
    """
    slurm = any(run.executor == "slurm" for run in past)
    said = time.monotonic() - _SAY_AGAIN
    while left := _still_there(planned, slurm, workdir):
        while left:
            if time.monotonic() - said >= _SAY_AGAIN:
                said = time.monotonic()
                _say(_waiting_line(left))
            time.sleep(_POLL)
            left = _still_there([one.planned for one in left], slurm, workdir)


def _still_there(planned: Iterable[Planned], slurm: bool, workdir: Path) -> list[Orphan]:
    planned = list(planned)
    flags = Flags(workdir)
    external = {jobid for one in planned for jobid in one.external_jobids} if slurm else set()
    try:
        known = unfinished(external) if external else set()
    except OSError as error:
        _say(f"whether jobs of an earlier run are still there cannot be told: {error}")
        known = set()
    found = []
    present = Present()
    for one in planned:
        log = workdir / one.brief.log
        jobid = next((jobid for jobid in one.external_jobids if jobid in known), "")
        if jobid or (_may_run(one.brief, flags, workdir) and present.uses(log)):
            found.append(Orphan(one, jobid, present.writers(log)))
    return found


def _may_run(brief: Brief, flags: Flags, workdir: Path) -> bool:
    """Whether a job may not have come to its end.

    If its shell has, the processes that it left in the background are nobody's job. It has if the
    record is completed, or if the log of a failed one ends with the shell's word for how.
    """
    word = flags.written(brief.flag)
    if word in ("failed", "partial"):
        return not ending(tail(workdir / brief.log)).text
    return word != "completed"


def _waiting_line(left: list[Orphan]) -> str:
    shown = ", ".join(map(str, left[:5])) + (f" and {len(left) - 5} more" if left[5:] else "")
    jobids = [one.external_jobid for one in left if one.external_jobid]
    how = f"'scancel {' '.join(jobids[:20])}'" if jobids else "end them"
    return (
        f"waiting for {_jobs(len(left))} that an earlier run has left running: {shown};"
        f" {how} to go on at once"
    )


# --- what is complete ------------------------------------------------------------------------------


def _take_over(
    planned: Iterable[Planned], run: Run, jobs: JobTable, engine: Engine, workdir: Path
) -> None:
    """Leave a ticket for each job that a dead run completed and that is the same today."""
    ours = [
        one
        for one in planned
        if one.brief.flag in run.planned
        and not one.has_prerequisites
        and not jobs.has_outputs(one.brief.rule)  # which Snakemake removes before it runs the job
    ]
    done = [one for one in ours if _is_completed_since(run, workdir / one.brief.flag)]
    path = workdir / ".snakemake" / "looper" / run.plan / FILE_NAME
    # Flags of another version may have been set for another reason than the command's success.
    if not done or not path.is_file() or run.version != __version__:
        return
    then = JobTable(path)
    taken = 0
    try:
        for one in done:
            if engine.is_forced((one.brief.rule,), (one.brief.flag,)):
                continue
            if jobs.has_same_job(then, one.brief) and _is_newest(one, jobs, workdir):
                taken += _leave_ticket(workdir, one.brief.flag)
    finally:
        then.close()
    if taken:
        _say(f"taking over {_jobs(taken)} that a killed run has completed")


def _is_completed_since(run: Run, flag: Path) -> bool:
    stamp = stamp_of(flag)
    return stamp is not None and run.began is not None and stamp >= run.began * 1e9


def _is_newest(one: Planned, jobs: JobTable, workdir: Path) -> bool:
    """Whether no input file of a job is newer than its flag."""
    done = modified(str(workdir / one.brief.flag)) or 0.0
    return all(
        (modified(str(workdir / path)) or 0.0) <= done for path in jobs.input_files(one.brief)
    )


def ticket(workdir: Path, flag: str) -> Path:
    """Where `job.sh` looks for a ticket."""
    return workdir / TICKETS / flag.replace("/", "%")


def _leave_ticket(workdir: Path, flag: str) -> bool:
    path = ticket(workdir, flag)
    if len(path.name.encode()) > _LONGEST_NAME:
        return False  # it is run again, then
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return True


def _clear_tickets(flags: Iterable[str], workdir: Path) -> None:
    """Remove tickets for these records: also those that a killed run has left."""
    try:
        names = set(os.listdir(workdir / TICKETS))
    except OSError:
        return
    for flag in flags if names else ():
        path = ticket(workdir, flag)
        if path.name in names:
            path.unlink(missing_ok=True)


# --- flags -----------------------------------------------------------------------------------------


def _settle(run: Run, gone: set[str], jobs: JobTable, workdir: Path, journal: Journal) -> None:
    """Flags `running` that a dead run left become `failed`; `waiting` becomes what it was.

    The run may be one of another plan than this. `gone` are records that are known not to run any
    more; of others a cluster may run some.
    """
    present = Present()
    logs = _logs_of(run, jobs, workdir)
    _restore(run.planned, run.submitted.keys() - gone, workdir)
    for flag in run.planned:
        if not (run.is_local or flag in gone):
            continue
        if flag in logs and present.uses(workdir / logs[flag]):
            continue
        if write_flag(workdir, flag, "failed", ("running",)):
            stamp = stamp_of(flag_path(workdir, flag, "failed"))
            death = Death("failed", time.time(), stamp, KILLED_WITH_ITS_RUN)
            journal.record_death(flag, death)


def _logs_of(run: Run, jobs: JobTable, workdir: Path) -> dict[str, str]:
    """The logs of a run's jobs by their flags: from the plan at hand, else from the run's own."""
    logs = {brief.flag: brief.log for brief in jobs.briefs() if brief.flag in run.planned}
    if run.planned.keys() <= logs.keys():
        return logs
    then = briefs_at(workdir / ".snakemake" / "looper" / run.plan / FILE_NAME)
    return {brief.flag: brief.log for brief in then} | logs


def _restore(planned: Mapping[str, str], kept: Collection[str], workdir: Path) -> None:
    for flag, was in planned.items():
        if flag in kept:
            continue
        if was in ("", "waiting", "running", "completed"):
            clear_flag(workdir, flag, "waiting")
        else:
            write_flag(workdir, flag, was, ("waiting",))


def _jobs(number: int) -> str:
    return f"{number} job" if number == 1 else f"{number} jobs"


def _records(number: int) -> str:
    return f"{number} record" if number == 1 else f"{number} records"


def _say(text: str) -> None:
    print(f"note: {text}", file=sys.stderr, flush=True)

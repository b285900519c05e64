"""The beginning and the end of a run, and what runs that were killed have left to do.

Killed means: no process had a chance to say anything. What such a run leaves, and what the next
one does about it:

- Snakemake's lock on the folder. It is removed if the run was on this machine and no Snakemake
  works in this folder any more.
- Jobs that still run, here or on SLURM. They are waited for, before anything is started: no job
  runs twice at the same time. (Elsewhere the lock on a job's log sees to that, see `processes`.)
- Completed jobs that nobody took note of. Snakemake would run them again, since it does not know
  whether they are complete; their flag says that they are. If the job is still the same they are
  taken over: a ticket tells `job.sh` to do nothing.
- Flags `waiting` and `running`. The first become again what they were, the second `failed`.

Then its journal is closed for it.

What is planned gets its `waiting` flags here, before any job can begin: the main process does not
change a flag later but for jobs that died.
"""

from __future__ import annotations

import shutil
import socket
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .attempts import begins_afresh, conclude, set_aside
from .cluster import unfinished
from .jobtable import FILE_NAME, JobTable, modified
from .journal import Death, Journal, Run, end_for, prune, read_runs
from .processes import Present, controllers_in
from .status import (
    KILLED_WITH_ITS_RUN,
    NOT_RUN,
    Flags,
    clear_flag,
    flag_path,
    stamp_of,
    write_flag,
)

if TYPE_CHECKING:
    from .jobtable import Brief

TICKETS = Path(".snakemake") / "looper" / "taken"
_LOCKS = Path(".snakemake") / "locks"
_POLL = 2.0
"""Seconds between two looks at jobs that are waited for."""
_SAY_AGAIN = 300.0
_LONGEST_NAME = 250


# --- the lock of a dead run ------------------------------------------------------------------------


def remove_stale_lock(workdir: Path) -> None:
    """Remove Snakemake's lock if it is that of a run of this project that was killed here.

    Such a run must be known by its journal, and no Snakemake may be at work in the folder.
    """
    try:
        locks = sorted((workdir / _LOCKS).iterdir())
    except OSError:
        return
    dead = [run for run in read_runs(workdir) if run.died]
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
        if lock.stat().st_mtime >= dead[0].started - 1:  # older ones are of somebody else
            lock.unlink(missing_ok=True)
    _say(f"the run of {when} (process {last.pid}) was killed; its lock is removed")


# --- begin and end ---------------------------------------------------------------------------------


class Planned(NamedTuple):
    """A job that Snakemake will run."""

    brief: Brief
    has_prerequisites: bool
    """Whether something is to be run before it."""
    external_jobids: tuple[str, ...]
    """What Snakemake knows it to have been submitted as, and not to have ended."""


def begin(jobs: JobTable, workflow: Any, journal: Journal) -> None:
    """Settle what earlier runs left, then note what this one will do and flag it `waiting`."""
    workdir = Path(jobs.value("workdir"))
    runs = [run for run in read_runs(workdir) if run.path != journal.path]
    past = [run for run in runs if not run.alive]
    executor = _executor(workflow)
    planned = list(_planned(jobs, workflow, any(not run.is_local for run in past)))
    resumed = _resumed(planned, workflow, executor)
    _wait_for([one for one in planned if one.brief.flag not in resumed], past, workdir)
    _clear_tickets(workdir)
    for run in past:
        if run.died:
            _take_over(planned, run, jobs, workdir)
            _settle(run, {one.brief.flag for one in planned} - resumed, jobs, journal)
            end_for(run)
    _settle_results(planned, resumed, past, jobs, workdir)
    flags = Flags(workdir)
    prune(runs, [one.flag for one in jobs.briefs() if flags.written(one.flag) != "completed"])
    before = {one.brief.flag: flags.written(one.brief.flag) for one in planned}
    journal.begin(executor, {flag: "" if was == NOT_RUN else was for flag, was in before.items()})
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


def end(workdir: Path, journal: Journal) -> None:
    """The run is over: what was not begun has again the status that it had. Once only."""
    if journal.is_closed:
        return
    if journal.begun:
        _restore(journal.planned, _may_begin(journal), workdir)
        _clear_tickets(workdir)
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


def _planned(jobs: JobTable, workflow: Any, submitted: bool) -> Iterator[Planned]:
    """What Snakemake will run; which cluster jobs it is, only if any was `submitted` before."""
    dag = workflow.dag
    ours = {(brief.rule, brief.record): brief for brief in jobs.briefs()}
    only = {brief.rule: brief for brief in ours.values() if brief.level == "project"}
    for job in dag.needrun_jobs():
        sample = job.wildcards_dict.get("sample")
        brief = ours.get((job.rule.name, sample)) if sample else only.get(job.rule.name)
        if brief is not None:
            before = any(dag.needrun(other) for other in dag.dependencies[job])
            external = workflow.persistence.external_jobids(job) if submitted else ()
            yield Planned(brief, before, tuple(str(one) for one in external if one))


def _executor(workflow: Any) -> str:
    plugin = workflow.executor_plugin
    return "local" if workflow.local_exec else str(getattr(plugin, "name", "remote"))


def _resumed(planned: Iterable[Planned], workflow: Any, executor: str) -> set[str]:
    """Jobs of a dead run that the executor follows again: their flags are theirs."""
    settings = workflow.executor_settings
    if executor != "cluster-generic" or not getattr(settings, "status_cmd", None):
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


def _wait_for(planned: Iterable[Planned], past: Iterable[Run], workdir: Path) -> None:
    """Wait until none of these jobs runs any more; says which, now and from time to time."""
    slurm = any(run.executor == "slurm" for run in past)
    left = _still_there(planned, slurm, workdir)
    said = time.monotonic() - _SAY_AGAIN
    while left:
        if time.monotonic() - said >= _SAY_AGAIN:
            said = time.monotonic()
            _say(_waiting_line(left))
        time.sleep(_POLL)
        left = _still_there([one.planned for one in left], slurm, workdir)


def _still_there(planned: Iterable[Planned], slurm: bool, workdir: Path) -> list[Orphan]:
    planned = list(planned)
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
        if jobid or present.uses(log):
            found.append(Orphan(one, jobid, present.writers(log)))
    return found


def _waiting_line(left: list[Orphan]) -> str:
    shown = ", ".join(map(str, left[:5])) + (f" and {len(left) - 5} more" if left[5:] else "")
    jobids = [one.external_jobid for one in left if one.external_jobid]
    how = f"'scancel {' '.join(jobids[:20])}'" if jobids else "end them"
    return (
        f"waiting for {_jobs(len(left))} that an earlier run has left running: {shown};"
        f" {how} to go on at once"
    )


# --- what is complete ------------------------------------------------------------------------------


def _take_over(planned: Iterable[Planned], run: Run, jobs: JobTable, workdir: Path) -> None:
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
    if not done or not path.is_file():
        return
    then = JobTable(path)
    taken = 0
    try:
        for one in done:
            if jobs.same_job(then, one.brief) and _is_newest(one, jobs, workdir):
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


def _clear_tickets(workdir: Path) -> None:
    shutil.rmtree(workdir / TICKETS, ignore_errors=True)


# --- flags -----------------------------------------------------------------------------------------


def _settle(run: Run, gone: set[str], jobs: JobTable, journal: Journal) -> None:
    """What a dead run left `running` has failed; what it left `waiting` is what it was.

    `gone` are records that are known not to run any more; of others a cluster may run some.
    """
    workdir = Path(jobs.value("workdir"))
    present = Present()
    _restore(run.planned, run.submitted.keys() - gone, workdir)
    for brief in jobs.briefs():
        if brief.flag not in run.planned or not (run.is_local or brief.flag in gone):
            continue
        if present.uses(workdir / brief.log):
            continue
        if write_flag(workdir, brief.flag, "failed", ("running",)):
            stamp = stamp_of(flag_path(workdir, brief.flag, "failed"))
            death = Death("failed", time.time(), stamp, KILLED_WITH_ITS_RUN)
            journal.record_death(brief.flag, death)


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


def _say(text: str) -> None:
    print(f"note: {text}", file=sys.stderr, flush=True)

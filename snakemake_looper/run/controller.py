"""What becomes of the jobs of a run: events in, statuses and reasons out.

A job sets its own flag, in shell, where it runs. The controller, in the main process, sees to the
rest: jobs that died in a way that no shell can catch, jobs that never began, jobs whose outputs
turned out to be missing. It changes a flag only from a status that cannot be any more, so a job
that changes its own flag at the same moment wins. What it learns of a death goes into the journal.

    handed over    `waiting` (set before the first job, see `recovery`), until the job says `running`
    failed         `failed`; `partial` if the cluster says that somebody cancelled it
    tried again    `waiting`

A cluster's word counts more than the job's own where the two depend on who was faster: a job that
runs out of its time gets SIGTERM first, and may call itself interrupted before it is killed.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from logging import LogRecord
from pathlib import Path

from ..run.snapshot import Failure, RunningJob, Snapshot, Tally
from ..status.flags import Flags, flag_path, obstacles, stamp_of, write_flag, written_now
from ..status.journal import Death, Journal
from ..status.reasons import explain, says_out_of_memory, tail
from ..status_words import NOT_RUN
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from . import log_events as events
from .slurm import slurm_states

_STATE = re.compile(r"status is: '([A-Z_]+)'")
# What SLURM says of a job's end, in plain words, and the status that it means. States that are
# not here say nothing that the job's own shell does not know better.
VERDICTS = {
    "TIMEOUT": ("failed", "wall time exceeded"),
    "DEADLINE": ("failed", "deadline exceeded"),
    "OUT_OF_MEMORY": ("failed", "out of memory"),
    "NODE_FAIL": ("failed", "its node failed"),
    "BOOT_FAIL": ("failed", "its node did not start"),
    "CANCELLED": ("partial", "cancelled"),
    "PREEMPTED": ("partial", "preempted"),
}
_LOOK_EVERY = 3.0
"""Seconds between two looks at the flags of submitted jobs."""
_NEVER_BEGAN = "never began"
_NO_OUTPUT = "exit code 0, but its outputs are missing"


@dataclass(slots=True)
class _Job:
    """What is known of a job that was handed over in this run."""

    brief: Brief
    jobid: int
    since: float
    attempt: int = 1
    external_jobid: str = ""
    exit_code: int | None = None
    signal: str = ""
    status: str = "waiting"

    @property
    def is_over(self) -> bool:
        return self.status not in ("waiting", "running")


@dataclass(slots=True)
class Controller:
    """Follows the jobs of one plan, as one run of Snakemake does them."""

    workdir: Path
    journal: Journal
    briefs: dict[str, Brief]
    """The jobs of the plan, by their completed flags."""
    on_failure: Callable[[Failure], None] = lambda failure: None
    _jobs: dict[str, _Job] = field(default_factory=dict)
    _flags: dict[str, str] = field(default_factory=dict)
    """Completed flags by the numbers of Snakemake's jobs."""
    _groups: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _members: set[int] = field(default_factory=set)
    """Numbers of jobs that are submitted together with others."""
    _others: dict[int, str] = field(default_factory=dict)
    """Jobs of no pipeline that run, with their rules."""
    _tallies: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    _looked: float = 0.0
    _not_started: deque[str] = field(default_factory=deque)
    """Why shells could not be started, until the jobs are named whose shells these were."""
    has_run: bool = False
    """Whether any job was handed over, be it of a pipeline or not."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, jobs: JobTable, workdir: Path, journal: Journal) -> Controller:
        return cls(workdir, journal, {brief.flag: brief for brief in jobs.briefs()})

    def take(self, record: LogRecord) -> None:
        """Handle a log record; records come in order, from one thread."""
        for event in events.read(record):
            with self._lock:
                self._handle(event)

    def is_told(self, record: LogRecord) -> bool:
        """Whether a record is the failure of a pipeline's job, which `on_failure` tells better."""
        return any(
            isinstance(event, events.Failed) and any(one in self.briefs for one in event.outputs)
            for event in events.read(record)
        )

    def _handle(self, event: events.Event) -> None:
        match event:
            case events.HandedOver():
                self._handed_over(event)
            case events.GroupFormed():
                self._groups |= dict.fromkeys(event.names, event.jobids)
                self._members |= set(event.jobids)
            case events.Submitted():
                self._submitted(event)
            case events.ShellDied():
                job = self._jobs.get(event.output)
                if job is not None:
                    job.exit_code, job.signal = event.exit_code, event.signal
            case events.NotStarted():
                self._not_started.append(event.reason)
            case events.Failed():
                for job in self._of(event.outputs):
                    self._failed(job, event)
            case events.TriedAgain():
                for job in self._named(event.jobid):
                    self._count(job, "waiting")
                    write_flag(self.workdir, job.brief.flag, "waiting", ("failed", "partial"))
            case events.Finished():
                self._others.pop(event.jobid, None)
                for job in self._named(str(event.jobid)):
                    self._count(job, "completed")

    def _of(self, outputs: Iterable[str]) -> list[_Job]:
        return [self._jobs[output] for output in outputs if output in self._jobs]

    def _named(self, name: str) -> list[_Job]:
        jobids: Iterable[object] = self._groups.get(name, (name,))
        return self._of(self._flags.get(str(jobid), "") for jobid in jobids)

    def _handed_over(self, event: events.HandedOver) -> None:
        self.has_run = True
        output = next((one for one in event.outputs if one in self.briefs), None)
        if output is None:
            self._others[event.jobid] = event.rule
            return
        self.journal.hand_over(output)
        job = self._jobs.get(output)
        if job is None:
            job = self._jobs[output] = _Job(self.briefs[output], event.jobid, time.time())
        else:
            job.attempt += 1
            job.since, job.external_jobid, job.exit_code, job.signal = time.time(), "", None, ""
        self._flags[str(event.jobid)] = output
        self._count(job, "running" if self.journal.executor == "local" else "waiting")

    def _submitted(self, event: events.Submitted) -> None:
        """Note under which number a cluster has a job; tasks of an array have one each."""
        for number, name in enumerate(event.jobids, start=event.first_task or 0):
            external = f"{event.external_jobid}_{number}" if event.first_task else None
            found = self._named(name)
            for job in found:
                job.external_jobid = external or event.external_jobid
            if found:
                self.journal.submitted([job.brief.flag for job in found], found[0].external_jobid)

    # --- deaths --------------------------------------------------------------------------------

    def _failed(self, job: _Job, event: events.Failed) -> None:
        if job.is_over:
            return  # a group says it of each member twice
        job.external_jobid = event.external_jobid or job.external_jobid
        status = self._written(job)
        if status == "completed" and job.jobid in self._members:
            self._count(job, status)  # it is another member that failed
            return
        verdict, reason = self._verdict(job, event)
        if status in ("waiting", NOT_RUN):
            reason = reason or self._hindrance(job) or _first_line(event.message)
            reason = f"{_NEVER_BEGAN}: {reason}".removesuffix(": ")
        self._settle(job, verdict or "failed", reason, overrule=bool(verdict))

    def _hindrance(self, job: _Job) -> str:
        """Why a job of this machine could not begin; nothing if that is not known."""
        reason = self._not_started.popleft() if self._not_started else ""
        if "too long" in reason.lower():
            reason = f"its command is too long for this system ({reason}); shorten it"
        return reason or next(iter(obstacles(self.workdir, [job.brief])), "")

    def _verdict(self, job: _Job, event: events.Failed) -> tuple[str, str]:
        """What a cluster says of a job's end: a status and why; nothing if it does not know."""
        match = _STATE.search(event.message)
        state = match[1] if match else self._ask_slurm(job)
        logs = (self.workdir / log for log in event.logs if log != job.brief.log)
        if state not in VERDICTS and job.external_jobid and any(map(says_out_of_memory, logs)):
            state = "OUT_OF_MEMORY"
        return VERDICTS.get(state, ("", ""))

    def _ask_slurm(self, job: _Job) -> str:
        """SLURM's state of a job; of groups the executor plugin does not hand it on."""
        if self.journal.executor != "slurm" or not job.external_jobid:
            return ""
        try:
            return slurm_states([job.external_jobid]).get(job.external_jobid, "")
        except OSError:
            return ""

    def _settle(self, job: _Job, status: str, reason: str, overrule: bool = False) -> None:
        """Set a status that the job could not set, and note why."""
        own = ("failed", "partial") if overrule else ()
        expected = (NOT_RUN, "waiting", "running", "completed", *own)
        write_flag(self.workdir, job.brief.flag, status, expected)
        written = self._written(job)
        self._count(job, written)
        if written not in ("failed", "partial"):
            return  # the job has said something else in the meantime
        path = flag_path(self.workdir, job.brief.flag, written)
        death = Death(
            written, time.time(), stamp_of(path), reason, job.exit_code, job.signal,
            job.external_jobid, job.attempt,
        )  # fmt: skip
        self.journal.record_death(job.brief.flag, death)
        text = explain(death, tail(self.workdir / job.brief.log)).text
        brief = job.brief
        self.on_failure(
            Failure(brief.pipeline, brief.level, brief.record, written, text, brief.log)
        )

    def settle_rest(self) -> None:
        """When Snakemake ends: jobs that it has given up without saying so.

        Of those on this machine none is left. On a cluster some may go on; their flags stay.
        """
        with self._lock:
            for job in self._jobs.values():
                self._settle_left(job)

    def _settle_left(self, job: _Job) -> None:
        status = self._written(job)
        if status == "running" and not job.external_jobid:
            self._settle(job, "failed", "")
        elif status == NOT_RUN:
            self._settle(job, "failed", _NO_OUTPUT)

    def _written(self, job: _Job) -> str:
        return written_now(self.workdir, job.brief.flag)

    # --- for those who look on -----------------------------------------------------------------

    def _count(self, job: _Job, status: str) -> None:
        """Note a status, and keep the tallies right."""
        tally = self._tally(job.brief)
        if job.brief.flag in self.journal.planned:
            tally[job.status] -= 1
        job.status = status
        tally[status] += 1

    def _tally(self, brief: Brief) -> Counter[str]:
        if not self._tallies:
            for flag in self.journal.planned:
                one = self.briefs.get(flag)
                if one is not None:
                    self._tallies.setdefault((one.pipeline, one.level), Counter())["waiting"] += 1
        return self._tallies.setdefault((brief.pipeline, brief.level), Counter())

    def snapshot(self) -> Snapshot:
        """Where the run stands; called by the live view, from a thread of its own."""
        with self._lock:
            if time.monotonic() - self._looked > _LOOK_EVERY:
                self._look()
            tallies = tuple(
                Tally(
                    pipeline, level, counts.total(), counts["waiting"], counts["running"],
                    counts["completed"], counts["failed"] + counts[NOT_RUN], counts["partial"],
                )
                for (pipeline, level), counts in self._tallies.items()
            )  # fmt: skip
            running = sorted(
                (job for job in self._jobs.values() if job.status == "running"),
                key=lambda job: job.since,
            )
            return Snapshot(
                tallies,
                tuple(
                    RunningJob(
                        job.brief.pipeline, job.brief.level, job.brief.record, job.since,
                        job.external_jobid,
                    )
                    for job in running
                ),
                ", ".join(sorted(set(self._others.values()))),
            )  # fmt: skip

    def _look(self) -> None:
        """See which submitted jobs run by now: only their flags say so."""
        self._looked = time.monotonic()
        flags = Flags(self.workdir)
        for job in self._jobs.values():
            if job.status == "waiting" and flags.written(job.brief.flag) == "running":
                job.since = time.time()
                self._count(job, "running")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]

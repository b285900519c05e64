"""The controller keeps the flags of a run's jobs true. It follows Snakemake's log.

A job sets its own flag, in shell, where it runs. The controller, in the main process, sees to the
rest: jobs that died in a way that no shell can catch, jobs that never began, jobs whose outputs
turned out to be missing. It replaces a flag only if its status can no longer be true, so a job
that changes its own flag at the same moment wins. It notes each death of a job in the journal.

    handed over    `waiting`, which was set before the first job, until the job says `running`
    failed         `failed`; `partial` if the cluster says that somebody cancelled it
    tried again    `waiting`
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from logging import LogRecord
from pathlib import Path

from ..status.excerpts import excerpt
from ..status.flags import Flags, flag_path, obstacles, stamp_of, word_now, write_flag
from ..status.journal import Death, Journal
from ..status.reasons import explain, says_out_of_memory, tail
from ..status.times import begin_since
from ..status_words import FAILURES, NOT_RUN
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from . import log_events as events
from .followed_jobs import FollowedJob, FollowedJobs
from .slurm import OUT_OF_MEMORY, Verdict, state_in, state_of, verdict_on
from .snapshot import Failure, RunningJob, Snapshot
from .tallies import Tallies

_LOOK_EVERY = 3.0
"""Seconds between two looks at the flags of submitted jobs."""
_NEVER_BEGAN = "never began"
_NO_OUTPUT = "exit code 0, but its outputs are missing"


@dataclass(slots=True)
class Controller:
    """Follows the jobs of one plan in one run of Snakemake."""

    workdir: Path
    journal: Journal
    briefs: dict[str, Brief]
    """The jobs of the plan, by their completed flags."""
    on_failure: Callable[[Failure], None] = lambda failure: None
    has_run: bool = False
    """Whether any job was handed over, also one that runs no pipeline."""
    _jobs: FollowedJobs = field(default_factory=FollowedJobs)
    _others: dict[int, str] = field(default_factory=dict)
    """The rules of running jobs that run no pipeline, by Snakemake's numbers."""
    _tallies: Tallies = field(init=False)
    _looked: float = 0.0
    _not_started: deque[str] = field(default_factory=deque)
    """Why shells could not be started; their jobs have not been named yet."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._tallies = Tallies(self.briefs)

    @classmethod
    def of(cls, table: JobTable, workdir: Path, journal: Journal) -> Controller:
        """A controller for the jobs of a table."""
        return cls(workdir, journal, {brief.flag: brief for brief in table.briefs()})

    def take(self, record: LogRecord) -> None:
        """Handle a log record. Records come in order, one at a time."""
        for event in events.read(record):
            with self._lock:
                self._handle(event)

    def has_begun(self, flag: str) -> bool:
        """Whether a record's job was handed over, by its completed flag."""
        return bool(self._jobs.of_outputs([flag]))

    def is_told(self, record: LogRecord) -> bool:
        """Whether a record is about the failure of a pipeline's job: `on_failure` says more."""
        failures = (one for one in events.read(record) if isinstance(one, events.Failed))
        return any(output in self.briefs for one in failures for output in one.outputs)

    # --- events --------------------------------------------------------------------------------

    def _handle(self, event: events.Event) -> None:
        match event:
            case events.HandedOver():
                self._handed_over(event)
            case events.GroupFormed():
                self._jobs.form_group(event)
            case events.Submitted():
                self._submitted(event)
            case events.ShellDied():
                for job in self._jobs.of_outputs([event.output]):
                    job.exit_code, job.signal = event.exit_code, event.signal
            case events.NotStarted():
                self._not_started.append(event.reason)
            case events.Failed():
                for job in self._jobs.of_outputs(event.outputs):
                    self._failed(job, event)
            case events.TriedAgain():
                for job in self._jobs.named(event.jobid):
                    self._count(job, "waiting")
                    write_flag(self.workdir, job.brief.flag, "waiting", FAILURES)
            case events.Finished():
                self._others.pop(event.jobid, None)
                for job in self._jobs.named(str(event.jobid)):
                    self._count(job, "completed")

    def _handed_over(self, event: events.HandedOver) -> None:
        self.has_run = True
        flag = next((one for one in event.outputs if one in self.briefs), None)
        if flag is None:
            self._others[event.jobid] = event.rule
            return
        self.journal.hand_over(flag)
        job = self._jobs.hand_over(self.briefs[flag], event.jobid)
        self._count(job, "running" if self.journal.executor == "local" else "waiting")

    def _submitted(self, event: events.Submitted) -> None:
        """Note under which number a cluster has a job; tasks of an array have one each."""
        for number, name in enumerate(event.jobids, start=event.first_task or 0):
            task = f"{event.external_jobid}_{number}" if event.first_task else None
            found = self._jobs.named(name)
            for job in found:
                job.external_jobid = task or event.external_jobid
            if found:
                self.journal.submitted([job.brief.flag for job in found], found[0].external_jobid)

    # --- deaths --------------------------------------------------------------------------------

    def _failed(self, job: FollowedJob, event: events.Failed) -> None:
        if job.is_over:
            return  # for a group, Snakemake reports each member twice
        job.external_jobid = event.external_jobid or job.external_jobid
        status = self._written(job)
        if status == "completed" and self._jobs.is_member(job):
            self._count(job, status)  # another member has failed
            return
        verdict = self._verdict(job, event)
        reason = verdict.reason if verdict else ""
        if status in ("waiting", NOT_RUN):
            reason = reason or self._hindrance(job) or _first_line(event.message)
            reason = f"{_NEVER_BEGAN}: {reason}".removesuffix(": ")
        self._mark(job, verdict.status if verdict else "failed", reason, overrule=bool(verdict))

    def _hindrance(self, job: FollowedJob) -> str:
        """Why a job of this machine could not begin; empty if that is not known."""
        reason = self._not_started.popleft() if self._not_started else ""
        if "too long" in reason.lower():
            reason = f"its command is too long for this system ({reason}); shorten it"
        return reason or next(iter(obstacles(self.workdir, [job.brief])), "")

    def _verdict(self, job: FollowedJob, event: events.Failed) -> Verdict | None:
        """A cluster's verdict on a job's end; None if the job itself knows better."""
        state = state_in(event.message)
        if not state and self.journal.executor == "slurm" and job.external_jobid:
            state = state_of(job.external_jobid)  # for groups the plugin does not pass it on
        verdict = verdict_on(state)
        logs = (self.workdir / log for log in event.logs if log != job.brief.log)
        if verdict is None and job.external_jobid and any(map(says_out_of_memory, logs)):
            return verdict_on(OUT_OF_MEMORY)
        return verdict

    def _mark(self, job: FollowedJob, status: str, reason: str, overrule: bool = False) -> None:
        """Set a status that the job could not set, and note why.

        With `overrule`, the status also replaces `failed` or `partial` that the job set itself.
        """
        own = FAILURES if overrule else ()
        expected = (NOT_RUN, "waiting", "running", "completed", *own)
        write_flag(self.workdir, job.brief.flag, status, expected)
        written = self._written(job)
        self._count(job, written)
        if written not in FAILURES:
            return  # the job has said something else in the meantime
        brief = job.brief
        path = flag_path(self.workdir, brief.flag, written)
        death = Death(
            written, time.time(), stamp_of(path), reason, job.exit_code, job.signal,
            job.external_jobid, job.attempt, begin_since(self.workdir, brief.flag, job.handed_over),
        )  # fmt: skip
        self.journal.record_death(brief.flag, death)
        log = self.workdir / brief.log
        text = explain(death, tail(log)).text
        self.on_failure(
            Failure(
                brief.pipeline, brief.level, brief.record, written, text, brief.log, excerpt(log)
            )
        )

    def mark_abandoned(self) -> None:
        """When Snakemake ends, mark jobs that it has given up without a log record.

        By then, jobs of this machine have ended. Jobs on a cluster may go on, and keep their flags.
        """
        with self._lock:
            flags, open_ends = Flags(self.workdir), ("running", NOT_RUN)
            for job in (one for one in self._jobs if flags.word(one.brief.flag) in open_ends):
                status = self._written(job)  # a listing may miss a file that is being renamed
                if status == "running" and not job.external_jobid:
                    self._mark(job, "failed", "")
                elif status == NOT_RUN:
                    self._mark(job, "failed", _NO_OUTPUT)

    def _written(self, job: FollowedJob) -> str:
        return word_now(self.workdir, job.brief.flag)

    # --- for views -----------------------------------------------------------------------------

    def _count(self, job: FollowedJob, status: str) -> None:
        self._tallies.count(job, status, self.journal.planned)

    def snapshot(self) -> Snapshot:
        """The run at this moment; the live view calls this from a thread of its own."""
        with self._lock:
            if time.monotonic() - self._looked > _LOOK_EVERY:
                self._look()
            running = (
                RunningJob(
                    job.brief.pipeline, job.brief.level, job.brief.record, job.since,
                    job.external_jobid,
                )
                for job in self._jobs
                if job.status == "running"
            )  # fmt: skip
            return Snapshot(
                tuple(self._tallies),
                tuple(sorted(running, key=lambda job: job.since)),
                ", ".join(sorted(set(self._others.values()))),
            )

    def _look(self) -> None:
        """See which submitted jobs run by now: only their flags say so."""
        self._looked, flags = time.monotonic(), Flags(self.workdir)
        for job in self._jobs:
            if job.status == "waiting" and flags.word(job.brief.flag) == "running":
                job.since = time.time()
                self._count(job, "running")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]

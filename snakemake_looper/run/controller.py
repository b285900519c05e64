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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import LogRecord
from pathlib import Path

from ..status.flags import Flags, write_flag
from ..status.journal import Journal
from ..status_words import FAILURES, NOT_RUN
from ..workspace.job_table import JobTable
from ..workspace.lump_lookups import LumpLookups
from ..workspace.lumps import Lump
from ..workspace.rows import Brief
from . import log_events as events
from .deaths import Deaths
from .followed_jobs import FollowedJob, FollowedJobs
from .followed_lumps import FollowedLumps
from .snapshot import Failure, RunningJob, Snapshot
from .tallies import Tallies

_LOOK_EVERY = 3.0
"""Seconds between two looks at the flags of submitted jobs."""
_NO_OUTPUT = "exit code 0, but its outputs are missing"


@dataclass(slots=True)
class Controller:
    """Follows the jobs of one plan in one run of Snakemake."""

    workdir: Path
    journal: Journal
    briefs: dict[str, Brief]
    """The jobs of the plan, by their completed flags."""
    on_failure: Callable[[Failure], None] = lambda failure: None
    lumps: Callable[[], Mapping[str, Lump]] = dict
    """Returns the lumps of the run by their markers, once Snakemake has built its graph."""
    has_run: bool = False
    """Whether any job was handed over, also one that runs no pipeline."""
    _jobs: FollowedJobs = field(default_factory=FollowedJobs)
    _others: dict[int, str] = field(default_factory=dict)
    """The rules of running jobs that run no pipeline, by Snakemake's numbers."""
    _tallies: Tallies = field(init=False)
    _looked: float = 0.0
    _deaths: Deaths = field(init=False)
    _lumps: FollowedLumps = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._tallies = Tallies(self.briefs)
        self._deaths = Deaths(self.workdir, self.journal)
        self._lumps = FollowedLumps(self.workdir, self._jobs, self._deaths, self._count, self._died)

    @classmethod
    def of(cls, table: JobTable, workdir: Path, journal: Journal, lumps: LumpLookups) -> Controller:
        """A controller for the jobs of a table, and for the lumps of a run."""
        briefs = {brief.flag: brief for brief in table.briefs()}
        return cls(workdir, journal, briefs, lumps=lambda: lumps.packed.by_marker)

    def take(self, record: LogRecord) -> None:
        """Handle a log record. Records come in order, one at a time."""
        for event in events.read(record):
            with self._lock:
                self._handle(event)

    def has_begun(self, flag: str) -> bool:
        """Whether a record's job has begun, by its completed flag. A cluster may let it wait."""
        job = self._jobs.of_flag(flag)
        return job is not None and not (job.status == "waiting" and self._jobs.is_in_lump(job))

    def is_told(self, record: LogRecord) -> bool:
        """Whether a record is about the failure of a pipeline's job: `on_failure` says more."""
        failures = (one for one in events.read(record) if isinstance(one, events.Failed))
        outputs = (output for one in failures for output in one.outputs)
        told = (one for one in outputs if one in self.briefs or one in self.lumps())
        return any(map(self._lumps.explains, told))

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
                    job.signal = event.signal
                    if not self._jobs.is_in_lump(job):
                        job.exit_code = event.exit_code
            case events.NotStarted():
                self._deaths.not_started.append(event.reason)
            case events.Failed():
                if not any(self._lumps.failed(one, event) for one in event.outputs):
                    for job in self._jobs.of_outputs(event.outputs):
                        self._failed(job, event)
            case events.TriedAgain():
                for job in self._jobs.named(event.jobid):
                    if job.status != "completed" or not self._jobs.is_in_lump(job):
                        self._count(job, "waiting")
                        write_flag(self.workdir, job.brief.flag, "waiting", FAILURES)
            case events.Finished():
                self._others.pop(event.jobid, None)
                self._lumps.finished(event.jobid)
                for job in self._jobs.named(str(event.jobid)):
                    self._count(job, "completed")

    def _handed_over(self, event: events.HandedOver) -> None:
        self.has_run = True
        for marker in event.outputs:
            if marker in self.lumps():
                for job in self._lumps.hand_over(self.lumps()[marker], event.jobid):
                    self.journal.hand_over(job.brief.flag)
                    self._count(job, "waiting")
                return
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
        verdict = self._deaths.verdict(job, event)
        reason = verdict.reason if verdict else ""
        if status in ("waiting", NOT_RUN):
            reason = self._deaths.why_never_began(job, event, reason)
        self._mark(job, verdict.status if verdict else "failed", reason, overrule=bool(verdict))

    def _mark(self, job: FollowedJob, status: str, reason: str, overrule: bool = False) -> None:
        """Set a status that the job could not set, and note why; see `Deaths.mark`."""
        written = self._deaths.mark(job, status, overrule)
        if written in FAILURES:
            self._died(job, written, reason)
        else:  # the job has said something else in the meantime
            self._count(job, written)

    def _died(self, job: FollowedJob, status: str, reason: str) -> None:
        self._count(job, status)
        self.on_failure(self._deaths.note(job, status, reason))

    def mark_abandoned(self) -> None:
        """When Snakemake ends, mark jobs that it has given up without a log record.

        By then, jobs of this machine have ended. Jobs on a cluster may go on, and keep their flags.
        """
        with self._lock:
            self._lumps.look()
            flags, open_ends = Flags(self.workdir), ("running", NOT_RUN)
            for job in (one for one in self._jobs if flags.word(one.brief.flag) in open_ends):
                status = self._written(job)  # a listing may miss a file that is being renamed
                if status == "running" and not job.external_jobid:
                    self._mark(job, "failed", "")
                elif status == NOT_RUN and not self._jobs.is_in_lump(job):
                    self._mark(job, "failed", _NO_OUTPUT)

    def _written(self, job: FollowedJob) -> str:
        return self._deaths.written(job)

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
        self._lumps.look()
        for job in self._jobs:
            if self._jobs.is_in_lump(job):
                continue
            if job.status == "waiting" and flags.word(job.brief.flag) == "running":
                job.since = time.time()
                self._count(job, "running")

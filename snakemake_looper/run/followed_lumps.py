"""Lumps that Snakemake has handed over, and how their members get on.

The shells of members note their steps in one file for each lump. Each look reads the new lines, so
views count members while their lump runs, and a failure is told when it happens. When a lump has
failed, each member has the status that its flag says:

    completed        it stays so
    failed, partial  it has a reason of its own
    running          its shell was killed with the lump: it gets the lump's reason
    waiting          it was not begun. It stays so for a retry, and gets back its old status at the
                     end. If this try has begun no member, all of them failed, and never began
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..status.reasons import ending, tail
from ..status_words import FAILURES, NOT_RUN
from ..workspace.lumps import Lump
from . import log_events as events
from .cluster_answers import Verdict
from .deaths import Deaths
from .followed_jobs import FollowedJob, FollowedJobs
from .lump_journal import LumpJournal


@dataclass(slots=True)
class _FollowedLump:
    lump: Lump
    jobs: list[FollowedJob]
    journal: LumpJournal
    unsettled: list[FollowedJob] = field(default_factory=list)
    """Members that have noted that they fail, and whose flags have not been seen since."""
    told: set[str] = field(default_factory=set)
    """The completed flags of members whose failure in this try was told."""


@dataclass(slots=True)
class FollowedLumps:
    """The lumps that run or wait in a queue."""

    workdir: Path
    jobs: FollowedJobs
    deaths: Deaths
    count: Callable[[FollowedJob, str], None]
    """Gives a job a status in the tallies."""
    died: Callable[[FollowedJob, str, str], None]
    """Tells that a job has died: its status, and the reason."""
    _lumps: dict[str, _FollowedLump] = field(default_factory=dict)
    """By their markers."""
    _failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """How members have failed, by their completed flags; they may be tried again."""
    _markers: dict[int, str] = field(default_factory=dict)
    """By the numbers of Snakemake's jobs."""
    _unexplained: set[str] = field(default_factory=set)
    """The markers of lumps that have failed, and whose members were all completed by then."""

    def hand_over(self, lump: Lump, jobid: int) -> Iterable[FollowedJob]:
        """Note that a lump was handed over, for the first time or again; its members to run."""
        left = []
        for brief in lump.members:
            job = self.jobs.of_flag(brief.flag)
            if job is None or job.status != "completed":
                left.append(self.jobs.hand_over(brief, jobid))
        self.jobs.name_lump(lump.marker, jobid, [one.flag for one in lump.members])
        self._markers[jobid] = lump.marker
        known = self._lumps.get(lump.marker)
        journal = known.journal if known else LumpJournal(self.workdir, lump)
        self._lumps[lump.marker] = _FollowedLump(lump, left, journal)
        return left

    def look(self) -> None:
        """See what members have done since the last look."""
        for one in self._lumps.values():
            self._look(one)

    def _look(self, one: _FollowedLump) -> None:
        for step in one.journal.new_steps():
            job = self.jobs.of_flag(step.member.flag)
            if job is None:
                continue
            if step.status in FAILURES:
                one.unsettled.append(job)
            elif step.status in ("running", "completed"):
                job.since = time.time()
                self.count(job, step.status)
        unsettled, one.unsettled = one.unsettled, []
        for job in unsettled:
            word = self.deaths.written(job)
            if word in FAILURES:
                self._tell(one, job, word, "")
            else:
                one.unsettled.append(job)

    def _tell(self, one: _FollowedLump, job: FollowedJob, status: str, reason: str) -> None:
        one.told.add(job.brief.flag)
        self._failed[job.brief.flag] = (status, reason)
        self.died(job, status, reason)

    # --- the end of a lump ------------------------------------------------------------------------

    def finished(self, jobid: int) -> None:
        """All members of a lump are completed; any other job is passed over."""
        for job in self.jobs.named(str(jobid)) if jobid in self._markers else ():
            if job.status != "completed":
                self.count(job, "completed")
        self._lumps.pop(self._markers.pop(jobid, ""), None)

    def failed(self, marker: str, event: events.Failed) -> bool:
        """See how the members of a lump have ended, if the marker is that of a lump."""
        one = self._lumps.get(marker)
        if one is None:
            return False
        self._look(one)
        for job in one.jobs:
            job.external_jobid = event.external_jobid or job.external_jobid
        words = [(job, self.deaths.written(job)) for job in one.jobs]
        verdict = self.deaths.verdict(one.jobs[0], event) if one.jobs else None
        # Members that this run takes over are completed, and begin in no try.
        to_begin = [(job, word) for job, word in words if word != "completed" or job.is_over]
        if to_begin and all(word in ("waiting", NOT_RUN) for _, word in to_begin):
            reason = verdict.reason if verdict else ""
            reason = self.deaths.why_never_began(one.jobs[0], event, reason)
            for job, _ in to_begin:
                self._mark(one, job, verdict.status if verdict else "failed", reason)
            words = [(job, word) for job, word in words if word == "completed"]
        for job, word in words:
            self._end(one, job, word, verdict)
        if all(job.status == "completed" for job in one.jobs):
            self._unexplained.add(marker)
        return True

    def _end(
        self, one: _FollowedLump, job: FollowedJob, word: str, verdict: Verdict | None
    ) -> None:
        if word == "completed":
            if job.status != word:
                self.count(job, word)
        elif word == "running":
            status, reason = (verdict.status, verdict.reason) if verdict else ("failed", "")
            self._mark(one, job, status, reason)
        elif word in FAILURES:
            if verdict and (word == "partial" or self._was_killed(job)):
                self._mark(one, job, verdict.status, verdict.reason, overrule=True)
            elif job.brief.flag not in one.told:
                self._tell(one, job, word, "")
        elif job.brief.flag in self._failed:  # in an earlier try; this one has not begun it
            self._mark(one, job, *self._failed[job.brief.flag])

    def _was_killed(self, job: FollowedJob) -> bool:
        return ending(tail(self.workdir / job.brief.log)).signal == "SIGKILL"

    def _mark(
        self, one: _FollowedLump, job: FollowedJob, status: str, reason: str, overrule: bool = False
    ) -> None:
        written = self.deaths.mark(job, status, overrule)
        if written in FAILURES:
            self._tell(one, job, written, reason)
        else:
            self.count(job, written)

    def explains(self, marker: str) -> bool:
        """Whether the members of a lump say why it failed. It may fail when all are completed."""
        return marker not in self._unexplained

"""Deaths: a job that could not set its last status itself gets it here, with the reason.

A flag is replaced only if its status can no longer be true. Each death is noted in the journal.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..status.excerpts import excerpt
from ..status.flags import flag_path, obstacles, stamp_of, word_now, write_flag
from ..status.journal import Death, Journal
from ..status.reasons import explain, says_out_of_memory, tail
from ..status.times import begin_since
from ..status_words import FAILURES, NOT_RUN
from . import htcondor, lsf
from . import log_events as events
from .cluster_answers import Verdict
from .followed_jobs import FollowedJob
from .slurm import OUT_OF_MEMORY, state_in, state_of, verdict_on
from .snapshot import Failure

_NEVER_BEGAN = "never began"


@dataclass(slots=True)
class Deaths:
    """Marks jobs of one run, and notes why they died."""

    workdir: Path
    journal: Journal
    not_started: deque[str] = field(default_factory=deque)
    """Why shells could not be started; their jobs have not been named yet."""
    _states: dict[str, str] = field(default_factory=dict)
    """SLURM's answers by its jobs. Snakemake waits for each, and members of a group share one."""

    def written(self, job: FollowedJob) -> str:
        """The status that a job's flag says at this moment."""
        return word_now(self.workdir, job.brief.flag)

    def verdict(self, job: FollowedJob, event: events.Failed) -> Verdict | None:
        """A cluster's verdict on a job's end; None if the job itself knows better."""
        state = state_in(event.message)
        if not state and self.journal.executor == "slurm" and job.external_jobid:
            state = self._state_of(job.external_jobid)  # for groups the plugin does not pass it on
        logs = [self.workdir / log for log in event.logs if log != job.brief.log]
        verdict = self._verdict_of(job, state, event.message, logs)
        if verdict is None and job.external_jobid and any(map(says_out_of_memory, logs)):
            return verdict_on(OUT_OF_MEMORY)
        return verdict

    def _verdict_of(
        self, job: FollowedJob, state: str, message: str, logs: Sequence[Path]
    ) -> Verdict | None:
        if self.journal.executor == "lsf":
            return lsf.verdict_on(state, job.external_jobid, logs)
        if self.journal.executor == "htcondor":
            return htcondor.verdict_on(message)
        return verdict_on(state)

    def _state_of(self, external_jobid: str) -> str:
        if external_jobid not in self._states:
            self._states[external_jobid] = state_of(external_jobid)
        return self._states[external_jobid]

    def why_never_began(self, job: FollowedJob, event: events.Failed, reason: str) -> str:
        """Why a job did not begin.

        Args:
            job: the job.
            event: Snakemake's word about it.
            reason: the cluster's; empty if it has none.
        """
        reason = reason or self._hindrance(job) or _first_line(event.message)
        return f"{_NEVER_BEGAN}: {reason}".removesuffix(": ")

    def _hindrance(self, job: FollowedJob) -> str:
        """Why a job of this machine could not begin; empty if that is not known."""
        reason = self.not_started.popleft() if self.not_started else ""
        if "too long" in reason.lower():
            reason = f"its command is too long for this system ({reason}); shorten it"
        return reason or next(iter(obstacles(self.workdir, [job.brief])), "")

    def mark(self, job: FollowedJob, status: str, overrule: bool = False) -> str:
        """Set a status that the job could not set. Returns the status that its flag has then.

        With `overrule`, the status also replaces `failed` or `partial` that the job set itself.
        """
        own = FAILURES if overrule else ()
        expected = (NOT_RUN, "waiting", "running", "completed", *own)
        write_flag(self.workdir, job.brief.flag, status, expected)
        return self.written(job)

    def note(self, job: FollowedJob, status: str, reason: str) -> Failure:
        """Note the death of a job whose flag has this status, and why it died."""
        brief = job.brief
        path = flag_path(self.workdir, brief.flag, status)
        death = Death(
            status, time.time(), stamp_of(path), reason, job.exit_code, job.signal,
            job.external_jobid, job.attempt, begin_since(self.workdir, brief.flag, job.handed_over),
        )  # fmt: skip
        self.journal.record_death(brief.flag, death)
        log = self.workdir / brief.log
        text = explain(death, tail(log)).text
        return Failure(
            brief.pipeline, brief.level, brief.record, status, text, brief.log, excerpt(log)
        )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]

"""The jobs that Snakemake has handed over to its executor in this run, under all their names.

A log record names a job by its completed flag, by Snakemake's number for it, or by the name of the
group that it was submitted with.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..workspace.rows import Brief
from . import log_events as events


@dataclass(slots=True)
class FollowedJob:
    """A job that was handed over, with all that its log records said so far."""

    brief: Brief
    jobid: int
    """Snakemake's number for it."""
    since: float
    """When it was handed over or seen to run, in seconds since the epoch."""
    handed_over: float = field(default_factory=time.time)
    """When its last try was handed over."""
    attempt: int = 1
    external_jobid: str = ""
    exit_code: int | None = None
    signal: str = ""
    status: str = "waiting"

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whichever way; it may be tried again."""
        return self.status not in ("waiting", "running")

    def try_again(self) -> None:
        """Forget how the last try ended."""
        self.attempt += 1
        self.since = self.handed_over = time.time()
        self.external_jobid = ""
        self.exit_code, self.signal = None, ""


@dataclass(slots=True)
class FollowedJobs:
    """All jobs of one plan that were handed over."""

    _jobs: dict[str, FollowedJob] = field(default_factory=dict)
    """By their completed flags."""
    _flags: dict[str, str] = field(default_factory=dict)
    """Completed flags by the numbers of Snakemake's jobs."""
    _groups: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The numbers of a group's jobs, by each name that the group may have."""
    _members: set[int] = field(default_factory=set)
    """The numbers of jobs that are submitted together with others."""
    _lumps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The completed flags of a lump's members, by the lump's marker and its number."""

    def __iter__(self) -> Iterator[FollowedJob]:
        return iter(self._jobs.values())

    def hand_over(self, brief: Brief, jobid: int) -> FollowedJob:
        """Note that a job was handed over, for the first time or again."""
        job = self._jobs.get(brief.flag)
        if job is None:
            job = self._jobs[brief.flag] = FollowedJob(brief, jobid, time.time())
        else:
            job.try_again()
        self._flags[str(jobid)] = brief.flag
        return job

    def name_lump(self, marker: str, jobid: int, flags: Iterable[str]) -> None:
        """Note which members a lump has."""
        self._lumps[marker] = self._lumps[str(jobid)] = tuple(flags)

    def is_in_lump(self, job: FollowedJob) -> bool:
        """Whether a job is a member of a lump."""
        return str(job.jobid) in self._lumps

    def of_flag(self, flag: str) -> FollowedJob | None:
        """The job with this completed flag, if it was handed over."""
        return self._jobs.get(flag)

    def form_group(self, group: events.GroupFormed) -> None:
        """Note which jobs will be submitted as one."""
        self._groups |= dict.fromkeys(group.names, group.jobids)
        self._members |= set(group.jobids)

    def is_member(self, job: FollowedJob) -> bool:
        """Whether a job was submitted together with others."""
        return job.jobid in self._members

    def of_outputs(self, outputs: Iterable[str]) -> list[FollowedJob]:
        """The jobs that have one of these outputs as their completed flag, or that of their lump."""
        flags = (flag for output in outputs for flag in self._lumps.get(output, (output,)))
        return [self._jobs[flag] for flag in flags if flag in self._jobs]

    def named(self, name: str) -> list[FollowedJob]:
        """The jobs of the group with this name, or the job with this number."""
        jobids: Iterable[object] = self._groups.get(name, (name,))
        names = map(str, jobids)
        return self.of_outputs(
            one if one in self._lumps else self._flags.get(one, "") for one in names
        )

"""A run at one moment: the numbers that the views in `show/` are made of.

The controller makes a snapshot whenever a view asks for one. A snapshot is frozen: a view can take
its time while the run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """A pipeline at one level: how many of the jobs that this run planned have each status."""

    pipeline: str
    level: str
    total: int
    waiting: int
    running: int
    completed: int
    failed: int
    partial: int

    @property
    def left(self) -> int:
        """Jobs that have not ended."""
        return self.waiting + self.running


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that runs at this moment."""

    pipeline: str
    level: str
    record: str
    since: float
    """Seconds since the epoch."""
    external_jobid: str
    """Its cluster job; "" on this machine."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that failed or was interrupted, and why."""

    pipeline: str
    level: str
    record: str
    status: str
    reason: str
    log: str
    excerpt: tuple[str, ...] = ()
    """The lines of its log that say why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment."""

    tallies: tuple[Tally, ...]
    running: tuple[RunningJob, ...]
    """The longest running first."""
    others: str
    """Names of running rules that do not run a pipeline, with commas; "" if there are none."""


def together(snapshots: Sequence[Snapshot]) -> Snapshot:
    """One snapshot of several projects that Snakemake runs at once.

    `others` has the rules that are in `others` of every project.
    """
    if len(snapshots) == 1:
        return snapshots[0]
    running = sorted((job for one in snapshots for job in one.running), key=lambda job: job.since)
    others = [set(filter(None, one.others.split(", "))) for one in snapshots]
    return Snapshot(
        tuple(tally for one in snapshots for tally in one.tallies),
        tuple(running),
        ", ".join(sorted(set.intersection(*others))) if others else "",
    )

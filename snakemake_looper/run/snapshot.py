"""A run at one moment, as values: what the live view and the plain lines show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """A pipeline at one level: how many of the jobs that this run has planned have each status."""

    pipeline: str
    level: str
    total: int
    waiting: int
    running: int
    completed: int
    failed: int
    partial: int


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that runs."""

    pipeline: str
    level: str
    record: str
    since: float
    """Seconds since the epoch."""
    external_jobid: str
    """The cluster job; empty on this machine."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that failed or was interrupted in this run."""

    pipeline: str
    level: str
    record: str
    status: str
    reason: str
    log: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment."""

    tallies: tuple[Tally, ...]
    running: tuple[RunningJob, ...]
    """The job that has run longest comes first."""
    others: str
    """The rules that run beside pipelines, with commas between them; empty if there are none."""


def together(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Several projects of one run at one moment.

    Each project takes the jobs of another for rules beside its pipelines, so only those count that
    all of them name.
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

"""TODO: run.snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """One bar: a pipeline at one level, and how far the jobs are that this run has planned."""

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
    pipeline: str
    level: str
    record: str
    since: float  # seconds since the epoch
    external_jobid: str  # "" on this machine


@dataclass(frozen=True, slots=True)
class Failure:
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
    running: tuple[RunningJob, ...]  # longest running first
    others: str  # what runs beside pipelines, e.g. "assembling results"; "" if nothing


def together(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Several projects of one run at one moment: a job of one is not beside those of another."""
    if len(snapshots) == 1:
        return snapshots[0]
    running = sorted((job for one in snapshots for job in one.running), key=lambda job: job.since)
    others = [set(filter(None, one.others.split(", "))) for one in snapshots]
    return Snapshot(
        tuple(tally for one in snapshots for tally in one.tallies),
        tuple(running),
        ", ".join(sorted(set.intersection(*others))) if others else "",
    )

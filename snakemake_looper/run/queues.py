"""Clusters that can be asked whether they still have a job: SLURM, LSF and HTCondor.

Snakemake's executor plugins follow the jobs of the run that submitted them. Nobody follows the jobs
of a run that was killed, so the next run asks the cluster. There is no common way to ask other
clusters. On these, only the lock on a job's log tells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from . import htcondor, lsf, slurm


class Queue(NamedTuple):
    """A cluster that answers."""

    name: str
    cancel: str
    """The command that cancels jobs; their numbers are its arguments."""
    unfinished: Callable[[Iterable[str]], set[str]]
    """Returns those of some jobs that have not ended. It raises an OSError without an answer."""


_QUEUES: Mapping[str, Queue] = {
    "slurm": Queue("SLURM", "scancel", slurm.unfinished_jobs),
    "lsf": Queue("LSF", "bkill", lsf.unfinished_jobs),
    "htcondor": Queue("HTCondor", "condor_rm", htcondor.unfinished_jobs),
}
"""By the names of their executor plugins."""


def queue_of(executor: str) -> Queue | None:
    """The cluster of an executor plugin; None if it cannot be asked."""
    return _QUEUES.get(executor)


def queues_of(executors: Collection[str]) -> tuple[Queue, ...]:
    """The clusters of several executor plugins that can be asked."""
    return tuple(queue for name, queue in _QUEUES.items() if name in executors)

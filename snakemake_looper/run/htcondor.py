"""HTCondor's answers about its jobs: whether they are still there, and how they ended.

HTCondor holds a job that breaks a limit, and keeps it in its queue. The executor plugin (0.3) takes
such a job for failed after a while.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .cluster_answers import Verdict, answer_of

_HELD = re.compile(
    r"HTCondor Cluster ID \S+ (?:is held: |has been held for .*?Hold reason: )(.*)", re.DOTALL
)
_REMOVED = re.compile(r"HTCondor Cluster ID \S+ was removed/aborted")
_GENERAL_ADVICE = "For further error details"
"""Snakemake appends this sentence to each message."""
_GONE = ("3", "4")
"""The numbers of the states `Removed` and `Completed`."""


def verdict_on(message: str) -> Verdict | None:
    """The verdict on a job, from the plugin's message; None if the job's own shell knows better."""
    if _REMOVED.search(message):
        return Verdict("partial", "cancelled")
    if match := _HELD.search(message):
        reason = " ".join(match[1].partition(_GENERAL_ADVICE)[0].split()).rstrip(".")
        return Verdict("failed", f"held by HTCondor: {reason}" if reason else "held by HTCondor")
    return None


def unfinished_jobs(external_jobids: Iterable[str]) -> set[str]:
    """Those HTCondor jobs that wait, run or are held.

    Raises:
        OSError: there is no `condor_q` here, or it does not answer.
    """
    command = ["condor_q", "-autoformat", "ClusterId", "JobStatus"]
    rows = (line.split() for line in answer_of(command).splitlines())
    known = {row[0] for row in rows if len(row) == 2 and row[1] not in _GONE}
    return known.intersection(external_jobids)

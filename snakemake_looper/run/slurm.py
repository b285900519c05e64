"""SLURM's answers about its jobs: whether they are still there, and how they ended.

If SLURM itself ended a job, its reason counts more than the job's own flag: a job that runs out of
time gets SIGTERM first, and may call itself interrupted before it is killed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from .cluster_answers import Verdict, answer_of

OUT_OF_MEMORY = "OUT_OF_MEMORY"
_STATE = re.compile(r"status is: '([A-Z_]+)'")

# States that end a job. None: the job's own shell knows better.
_ENDS: Mapping[str, Verdict | None] = {
    "BOOT_FAIL": Verdict("failed", "its node did not start"),
    "CANCELLED": Verdict("partial", "cancelled"),
    "COMPLETED": None,
    "DEADLINE": Verdict("failed", "deadline exceeded"),
    "FAILED": None,
    "NODE_FAIL": Verdict("failed", "its node failed"),
    OUT_OF_MEMORY: Verdict("failed", "out of memory"),
    "PREEMPTED": Verdict("partial", "preempted"),
    "REVOKED": None,
    "TIMEOUT": Verdict("failed", "wall time exceeded"),
}


def verdict_on(state: str) -> Verdict | None:
    """The verdict on a job that ended in a state, as `squeue` names it; None if there is none."""
    return _ENDS.get(state)


def state_in(message: str) -> str:
    """The state that a message of the executor plugin (2.8) names; empty if it names none."""
    match = _STATE.search(message)
    return match[1] if match else ""


def state_of(external_jobid: str) -> str:
    """The state of one job; empty if SLURM does not know it or does not answer."""
    try:
        return slurm_states([external_jobid]).get(external_jobid, "")
    except OSError:
        return ""


def slurm_states(external_jobids: Iterable[str]) -> dict[str, str]:
    """The state of each SLURM job that is still known, as `squeue` names it.

    Raises:
        OSError: there is no `squeue` here, or it does not answer.
    """
    # This asks for all jobs of the user: `squeue` fails if it is asked for a forgotten job.
    command = [
        "squeue",
        "--noheader",
        f"--user={os.getuid()}",
        "--array",
        "--states=all",
        "--format=%i|%T",
    ]
    pairs = (line.split("|") for line in answer_of(command).splitlines() if "|" in line)
    known = {job: state.split()[0] for job, state in pairs}
    return {job: known[job] for job in external_jobids if job in known}


def unfinished_jobs(external_jobids: Iterable[str]) -> set[str]:
    """Those SLURM jobs that wait or run.

    Raises:
        OSError: there is no `squeue` here, or it does not answer.
    """
    return {job for job, state in slurm_states(external_jobids).items() if state not in _ENDS}

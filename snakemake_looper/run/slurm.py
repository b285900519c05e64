"""What SLURM says of its jobs, when a run begins or when one of its jobs has died.

Snakemake's executor plugins follow the jobs of the run that submitted them. Jobs of a run that was
killed are followed by nobody: here is asked whether they are still there. Other clusters cannot be
asked in a way that is the same everywhere; there the lock on a job's log has to do.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

_ENDED = frozenset(
    {
        "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
        "PREEMPTED", "REVOKED", "TIMEOUT",
    }
)  # fmt: skip


def slurm_states(external_jobids: Iterable[str]) -> dict[str, str]:
    """The state of each SLURM job that is still known, as `squeue` names it.

    Raises:
        OSError: there is no `squeue` here, or it does not answer.
    """
    # All of one's own jobs: a call that names one that is forgotten fails as a whole.
    command = [
        "squeue",
        "--noheader",
        f"--user={os.getuid()}",
        "--array",
        "--states=all",
        "--format=%i|%T",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired as error:
        raise OSError("squeue does not answer") from error
    if done.returncode:
        raise OSError(f"squeue failed: {done.stderr.strip()}")
    pairs = (line.split("|") for line in done.stdout.splitlines() if "|" in line)
    known = {job: state.split()[0] for job, state in pairs}
    return {job: known[job] for job in external_jobids if job in known}


def unfinished(external_jobids: Iterable[str]) -> set[str]:
    """Those SLURM jobs that wait or run.

    Raises:
        OSError: there is no `squeue` here, or it does not answer.
    """
    return {job for job, state in slurm_states(external_jobids).items() if state not in _ENDED}

"""Job arrays of SLURM: who may be in one, and a fault of the executor plugin.

`--slurm-array-jobs` submits the jobs of a rule as one array. All of its tasks are given the memory,
time and cores of the first (seen with snakemake-executor-plugin-slurm 2.8), so jobs that ask for
different things must not be in one.

And each task but the first begins as if it were the first: its Snakemake runs the task's own job,
and then looks after the first one's outputs, whose flag it removes when its own job has failed
(issue 447 of that plugin). What a task is to run is on its command line; here a task becomes
exactly that, before it does anything else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


_EXECS = "--slurm-jobstep-array-execs="


def become_own_task(words: Iterable[str]) -> None:
    """In a task of an array that is not its first: replace this process by the task's own job.

    `words` is the command line of this process. Does nothing elsewhere.
    """
    task, first = (os.environ.get(f"SLURM_ARRAY_TASK_{which}") for which in ("ID", "MIN"))
    execs = next((word.removeprefix(_EXECS) for word in words if word.startswith(_EXECS)), None)
    if task is None or task == first or execs is None:
        return
    from snakemake_executor_plugin_slurm_jobstep import _decompress_array_task_call

    call = _decompress_array_task_call(execs, int(task))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv("/bin/sh", ["sh", "-c", call])

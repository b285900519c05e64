"""Tasks of SLURM's job arrays, and a fault of the executor plugin.

`--slurm-array-jobs` submits the jobs of a rule as one array, see `run.arrays`. Each of its tasks
begins as if it were the first one: its Snakemake runs the task's own job, but then checks the
outputs of the first task's job. If its own job has failed, it removes the flag of the first task's
job (issue 447 of snakemake-executor-plugin-slurm, seen with 2.8). The command of the task's own job
is on the task's command line. So `become_own_task` replaces the process of a task by this command,
before the process does anything else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

_EXECS = "--slurm-jobstep-array-execs="
"""The option of the plugin that has the commands of all tasks, compressed."""


def become_own_task(words: Iterable[str]) -> None:
    """Replace this process by the task's own job, in a task of an array that is not its first.

    Elsewhere this does nothing.

    Args:
        words: the command line of this process.
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

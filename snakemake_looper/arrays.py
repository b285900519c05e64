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
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .jobtable import JobTable

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


def refusal(jobs: JobTable, workflow: Any) -> str | None:
    """Why the arrays that were asked for cannot be; None if they can, or if there are none."""
    asked = str(getattr(workflow.executor_settings, "array_jobs", None) or "")
    wanted = {rule.strip() for rule in asked.replace(";", ",").split(",")}
    given: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for row in jobs.rows():
        if row.rule in wanted or "all" in wanted:
            given[row.rule].add((row.threads, row.resources))
    unequal = sorted(rule for rule, kinds in given.items() if len(kinds) > 1)
    if not unequal:
        return None
    equal = sorted(given.keys() - set(unequal))
    instead = f"name those whose jobs do: --slurm-array-jobs {','.join(equal)}" if equal else ""
    return (
        f"--slurm-array-jobs: the jobs of {', '.join(unequal)} do not all ask for the same memory,"
        f" time and cores, and in an array all get those of the first; {instead or 'leave it out'}"
    )

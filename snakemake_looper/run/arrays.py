"""TODO: run.arrays."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..workspace.engine import Engine
    from ..workspace.job_table import JobTable


def refusal(jobs: JobTable, engine: Engine) -> str | None:
    """Why the arrays that were asked for cannot be; None if they can, or if there are none."""
    wanted = engine.array_rules
    if not wanted:
        return None
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

"""Job arrays of SLURM: which rules' jobs may be one.

`--slurm-array-jobs` submits the jobs of a rule as one array. All tasks of an array get the memory,
time and cores of the first one (seen with snakemake-executor-plugin-slurm 2.8). So a run refuses an
array of jobs that ask for different resources. See also `workspace.array_task`.
"""

from __future__ import annotations

import json
from collections import defaultdict

from ..workspace.engine import Engine
from ..workspace.job_table import JobTable
from ..workspace.lumps import Packed


def why_no_array(table: JobTable, engine: Engine, packed: Packed) -> str | None:
    """Why the arrays that the user asked for are impossible; None if they are possible."""
    wanted = engine.array_rules
    if not wanted:
        return None
    given: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for row in table.rows():
        if row.rule not in table.facts.lumps and (row.rule in wanted or "all" in wanted):
            given[row.rule].add((row.threads, row.resources))
    for lump in packed.lumps.values():
        if lump.rule in wanted or "all" in wanted:
            given[lump.rule].add((lump.needs.threads, json.dumps(lump.needs.resources)))
    unequal = sorted(rule for rule, kinds in given.items() if len(kinds) > 1)
    if not unequal:
        return None
    equal = sorted(given.keys() - set(unequal))
    instead = f"name those whose jobs do: --slurm-array-jobs {','.join(equal)}" if equal else ""
    return (
        f"--slurm-array-jobs: the jobs of {', '.join(unequal)} do not all ask for the same memory,"
        f" time and cores, and in an array all get those of the first; {instead or 'leave it out'}"
    )

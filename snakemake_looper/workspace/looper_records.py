"""Records that looper completed, before the project came to Snakemake.

Such a record has its completed flag, and Snakemake has no metadata about the flag. Without metadata
Snakemake runs the record's job again only for one of these reasons: the job has no flag, it is
forced, an input is newer than the flag, or a job before it is run.
"""

from __future__ import annotations

import json

from ..files import modified
from .engine import Engine
from .job_table import JobTable
from .rows import ConfigRow, JobRow


def is_completed_by_looper(table: JobTable, engine: Engine, row: JobRow, config: ConfigRow) -> bool:
    """Whether looper completed a job: Snakemake has no metadata of it, and no reason to run it.

    Args:
        table: the job table.
        engine: Snakemake.
        row: the job.
        config: the merged pipestat config of its rule.
    """
    after: list[str] = json.loads(config.after)
    if engine.is_forced((config.rule, *after), (row.flag,)):
        return False
    done = modified(row.flag)
    inputs: list[str] = json.loads(row.inputs)
    if done is None or any((modified(path) or 0) > done for path in inputs):
        return False
    if after and not _are_older(table, after, json.loads(config.reads), done):
        return False
    return not engine.is_recorded(row.flag)


def _are_older(table: JobTable, after: list[str], reads: list[str], done: float) -> bool:
    """Whether the jobs before a project-level job, and their results, are older than its flag.

    The flags of the rules before it must not be newer than the results files assembled from them,
    and these not newer than the job's own flag, which was written at `done`. Times are in seconds
    since the epoch.
    """
    bound = done
    for path in reads:
        assembled = modified(path)
        if assembled is None or assembled > done:
            return False
        bound = min(bound, assembled)
    flags = [modified(flag) for flag in table.flags(after)]
    return all(flag is not None and flag <= bound for flag in flags)

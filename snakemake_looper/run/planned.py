"""The jobs of a project that Snakemake will run in this run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..workspace.engine import Engine
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief


class Planned(NamedTuple):
    """A job that Snakemake will run."""

    brief: Brief
    has_prerequisites: bool
    """Whether something is to be run before it."""
    external_jobids: tuple[str, ...]
    """The ids of its cluster jobs that, as far as Snakemake knows, have not ended."""


def planned_jobs(table: JobTable, engine: Engine, submitted: bool) -> Iterator[Planned]:
    """The jobs that Snakemake will run.

    Args:
        table: the jobs of the plan.
        engine: Snakemake.
        submitted: whether any earlier run submitted jobs; only then Snakemake is asked for them.
    """
    ours = {(brief.rule, brief.record): brief for brief in table.briefs()}
    of_project = {brief.rule: brief for brief in ours.values() if brief.level == "project"}
    for job in engine.planned_jobs({rule for rule, _ in ours}):
        brief = ours.get((job.rule, job.sample)) if job.sample else of_project.get(job.rule)
        if brief is not None:
            external = engine.external_jobids(job) if submitted else ()
            yield Planned(brief, job.has_prerequisites, external)


def resumed_flags(planned: Iterable[Planned], engine: Engine) -> set[str]:
    """The completed flags of jobs of a dead run that the executor goes on watching.

    Such a job sets its flag itself.
    """
    if not engine.follows_earlier_jobs:
        return set()
    return {one.brief.flag for one in planned if one.external_jobids}

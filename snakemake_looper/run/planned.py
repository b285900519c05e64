"""The jobs of a project that Snakemake will run in this run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..files import modified
from ..remote_files import is_remote
from ..status.flags import Flags
from ..status.journal import Run
from ..status_words import NOT_RUN
from ..workspace.engine import Engine
from ..workspace.job_table import JobTable, remote_inputs
from ..workspace.lumps import Packed
from ..workspace.rows import Brief


class Planned(NamedTuple):
    """A job that Snakemake will run."""

    brief: Brief
    has_prerequisites: bool
    """Whether something is to be run before it."""
    external_jobids: tuple[str, ...]
    """The ids of its cluster jobs that, as far as Snakemake knows, have not ended."""
    submitted: tuple[str, ...] = ()
    """The ids of cluster jobs that earlier runs noted, as those of lumps."""


def planned_jobs(
    table: JobTable, engine: Engine, past: Sequence[Run], packed: Packed
) -> Iterator[Planned]:
    """The jobs that Snakemake will run; the members of lumps in the place of these.

    Args:
        table: the jobs of the plan.
        engine: Snakemake.
        past: the runs that are over. Snakemake is asked for cluster jobs if there can be any.
        packed: the lumps.
    """
    remote = [run.submitted for run in past if not run.is_local]
    ours = {(brief.rule, brief.record): brief for brief in table.briefs()}
    of_project = {brief.rule: brief for brief in ours.values() if brief.level == "project"}
    for job in engine.planned_jobs({rule for rule, _ in ours}):
        lump = packed.lumps.get((job.rule, job.lump or ""))
        if lump is not None:
            for one in lump.members:
                yield Planned(one, job.has_prerequisites, (), _noted(one, remote))
            continue
        brief = ours.get((job.rule, job.sample)) if job.sample else of_project.get(job.rule)
        if brief is not None:
            external = engine.external_jobids(job) if remote else ()
            yield Planned(brief, job.has_prerequisites, external, _noted(brief, remote))


def learn_input_times(
    planned: Sequence[Planned], past: Sequence[Run], table: JobTable, engine: Engine
) -> None:
    """Ask servers at once for all times that `input_time` will tell about jobs of earlier runs.

    These are jobs that failed or did not end, and those that a dead run may have completed.
    """
    remote = set(remote_inputs(table))
    if not remote or not past:
        return
    flags = Flags(table.facts.workdir)
    never = (NOT_RUN,) if any(run.died for run in past) else (NOT_RUN, "completed")
    before = [one.brief for one in planned if flags.word(one.brief.flag) not in never]
    paths = dict.fromkeys(path for brief in before for path in table.input_files(brief))
    engine.storage.times([path for path in paths if path in remote])


def input_time(engine: Engine, workdir: Path, path: str) -> float | None:
    """The time of an input file, in seconds since the epoch; None if there is no such file.

    Servers are asked about remote files, unless `learn_input_times` has done so. One whose time is not known counts as new.
    """
    if not is_remote(path):
        return modified(str(workdir / path))
    return engine.storage.times([path]).get(path, float("inf"))


def _noted(brief: Brief, remote: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(found[brief.flag] for found in remote if brief.flag in found)


def resumed_flags(planned: Iterable[Planned], engine: Engine) -> set[str]:
    """The completed flags of jobs of a dead run that the executor goes on watching.

    Such a job sets its flag itself.
    """
    if not engine.follows_earlier_jobs:
        return set()
    return {one.brief.flag for one in planned if one.external_jobids}

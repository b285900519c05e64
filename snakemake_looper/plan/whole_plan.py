"""The plan as a whole: the decisions that need all jobs.

These are the files that two records would share, the constraints of wildcards, and the facts that
say how long the plan stays valid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import Problems
from ..model import Job, Pep, Plan, Skip
from ..read.peps.pep import rows_of
from .context import PlanContext
from .hooks import source_of
from .rules import PlannedRule
from .wildcards import constrained


def whole_plan(
    context: PlanContext,
    rules: Sequence[PlannedRule],
    jobs: Sequence[Job],
    skipped: Sequence[Skip],
    inputs: Mapping[str, int],
    warnings: tuple[str, ...],
) -> Plan:
    """The plan of a project.

    Args:
        context: the project and its folders.
        rules: its rules, still without constraints.
        jobs: all jobs.
        skipped: the records without a job.
        inputs: sizes of the input files that planning looked at, in bytes, by path.
        warnings: all warnings of reading and planning.
    """
    settings, found = context.settings, [one.rule for one in rules]
    return Plan(
        workdir=context.workdir,
        rundir=context.rundir,
        looper_config=settings.looper_config,
        project_name=context.pep.name,
        out=settings.out,
        results_dir=settings.results_dir,
        amendments=context.options.amend or (),
        pep=str(settings.pep),
        rules=tuple(constrained(found, jobs)),
        jobs=tuple(jobs),
        skipped=tuple(skipped),
        configs=tuple(rule.config for rule in found if rule.config),
        results=tuple(dict.fromkeys(rule.results for rule in found if rule.results)),
        warnings=warnings,
        sources=_sources(context),
        inputs=inputs,
        volatile=_is_volatile(context),
        narrowed=context.options.narrows(),
        on_end=context.options.on_end or "",
    )


def _is_volatile(context: PlanContext) -> bool:
    """Whether the same files may give another plan the next time."""
    options = context.options
    schemas = [one.input_schema for one in context.project.interfaces if one.input_schema]
    by_flags = options.sel_flag or options.exc_flag
    return bool(context.pep.volatile or by_flags or any(one.volatile for one in schemas))


def _sources(context: PlanContext) -> tuple[Path, ...]:
    """The files that the plan was made from."""
    project = context.project
    files = [*context.settings.files, *context.pep.files, *project.interface_files]
    for interface in project.interfaces:
        files += interface.files
        sources = map(source_of, interface.hooks.python_functions)
        files += [path for path in sources if path]
    return tuple(dict.fromkeys(files))


def check_shared_files(jobs: Sequence[Job], pep: Pep, problems: Problems) -> None:
    """Refuse records that would share a flag or a log. The place is their row of the table."""
    known: dict[str, Job] = {}
    shared: list[tuple[str, str]] = []
    for job in jobs:
        for what, path in (("status flag", job.flag), ("log", job.log)):
            first = known.setdefault(path, job)
            # Reading has refused two interfaces with the same pipeline and level already.
            if (first.pipeline, first.level) == (job.pipeline, job.level):
                continue
            message = (
                f"pipeline '{first.pipeline}' record '{first.record}' and pipeline"
                f" '{job.pipeline}' record '{job.record}' would share the {what}"
                f" {path}; rename one of the samples or pipelines"
            )
            shared.append((job.record, message))
            break
    places = rows_of(pep, {record for record, _ in shared}) if shared else {}
    for record, message in shared:
        problems.add(places[record], pep.index, message)

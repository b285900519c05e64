"""Planning: from a `Project` to a `Plan`.

A plan has one `Rule` for each interface and level, and one `Job` for each selected sample and
interface, with its rendered command. A sample without a job has a `Skip` with the reason.

    Project ─> rules ─> drafts ─> drafts with their files ─> with variables ─> after hooks
            ─> rendered jobs ─> Plan

Each stage is a function in a module of its own that returns new values. Faults go to two
collectors: `Problems` (of the project's files) and `Failures` (of single jobs). When all jobs have
been tried, the failures become problems.

Planning reads the sizes of input files and, if the options ask about statuses, status flags. Servers
are asked about remote input files only through a function that the caller gives. Planning writes
nothing. It also runs the project's hooks, once for each job, if there is no problem.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from .. import collector
from ..errors import Problems
from ..model import Job, Plan
from ..read.options.options import Options
from ..read.project import Project, read_project
from ..remote_files import Ask
from .compute_checks import check_compute
from .context import PlanContext, plan_context
from .drafts import Draft, draft_project, draft_samples
from .dynamic_variables import with_dynamic_variables
from .failures import Failures, JobError
from .images import check_images
from .input_files import FileSizes, as_input, with_rows
from .left_templates import warn_of_left_templates
from .lumps import lump_limits, warn_of_benchmarks, with_sizes
from .missing_files import without_missing_files
from .name_limits import limits_of_rules, report_bad_names
from .namespaces import Namespaces
from .pre_submit import after_hooks, has_hooks
from .remote_inputs import as_shown, with_remote_files
from .render import RenderedJob, rendered, with_variables
from .rules import make_rules
from .whole_plan import check_shared_files, whole_plan
from .wildcards import Producer, producers_of

_T = TypeVar("_T")


class ExplainedJob(NamedTuple):
    """A job, and the namespaces that its templates were rendered with."""

    job: Job
    namespaces: Namespaces


@collector.seldom()
def plan_project(
    looper_config: Path,
    options: Options | None = None,
    workdir: Path | None = None,
    rundir: Path | None = None,
    ask: Ask | None = None,
) -> Plan:
    """Read a looper project and plan it: `read_project` and `make_plan` in one.

    Raises:
        ProjectError: there are problems; it has all those of reading and planning.
    """
    problems = Problems()
    project = read_project(looper_config, options, problems)
    return make_plan(project, workdir, rundir, problems, ask)


@collector.seldom()
def make_plan(
    project: Project,
    workdir: Path | None = None,
    rundir: Path | None = None,
    problems: Problems | None = None,
    ask: Ask | None = None,
) -> Plan:
    """Plan a project.

    Args:
        project: the project, as it was read.
        workdir: Snakemake's working directory, if not the looper config's folder.
        rundir: the folder where commands run, if not the working directory.
        problems: the collector used for reading, to report all problems together.
        ask: asks servers about remote input files; without it, they are taken to exist.

    Raises:
        ProjectError: a template cannot be rendered, a compute value has no known unit, two
            records would share a flag, …; it has all problems together.
    """
    problems = problems if problems is not None else Problems()
    plan, _ = _plan(plan_context(project, workdir, rundir), problems, ask=ask)
    return plan


@collector.seldom()
def explain(
    looper_config: Path, options: Options | None, record: str, ask: Ask | None = None
) -> list[ExplainedJob]:
    """The jobs of one record, each with its namespaces.

    Raises:
        ProjectError: there are problems; it has all those of reading and planning.
    """
    problems = Problems()
    project = read_project(looper_config, options, problems)
    context = plan_context(project)
    _, jobs = _plan(context, problems, record, ask)
    return [
        ExplainedJob(as_shown(one.job, context.workdir), one.namespaces)
        for one in jobs
        if one.job.record == record
    ]


def _plan(
    context: PlanContext,
    problems: Problems,
    record: str | None = None,
    ask: Ask | None = None,
) -> tuple[Plan, list[RenderedJob]]:
    """Run all stages. The jobs beside the plan are the same jobs.

    Those of the record have their namespaces.
    """
    check_images(context, problems)
    check_compute(context, problems)
    rules = make_rules(context, problems)
    find = producers_of([one.rule for one in rules])

    def producers(path: str) -> list[Producer]:
        return list(find(as_input(path, context))) if find else []

    is_made = (lambda path: bool(producers(path))) if find else None
    sizes = FileSizes(context.rundir, is_made, ask)
    limits = limits_of_rules(context, rules, problems)
    samples = draft_samples(context, rules, limits, sizes, problems)
    known = with_remote_files(samples.drafts, sizes, context, problems)
    drafts, lacking = without_missing_files(known, producers, sizes, context)
    failures = Failures()
    drafts += draft_project(context, rules)
    jobs = _render(drafts, context, problems, failures, record)
    lumps = lump_limits(context.options, problems)
    warn_of_benchmarks((one.rule for one in rules), context.options, lumps, problems)
    found = with_sizes(jobs, lumps)
    failures.report(problems)
    report_bad_names(context.pep, samples.bad_names, problems)
    check_shared_files(found, context.pep, problems)
    problems.raise_if_any()
    skipped = [*with_rows(samples.skipped, context.pep), *lacking]
    plan = whole_plan(context, rules, found, skipped, sizes.sizes, problems.warnings)
    return dataclasses.replace(plan, lumps=lumps), jobs


def _render(
    drafts: list[Draft],
    context: PlanContext,
    problems: Problems,
    failures: Failures,
    record: str | None,
) -> list[RenderedJob]:
    """The jobs of the drafts that can be rendered. `failures` gets the others.

    The jobs of a record have their namespaces, and the others may have none.
    """
    jobs = _render_each(drafts, context, record)
    if jobs is None:
        jobs = _render_all(drafts, context, problems, failures)
    warn_of_left_templates(jobs, problems)
    return jobs


def _render_each(
    drafts: list[Draft], context: PlanContext, record: str | None
) -> list[RenderedJob] | None:
    """The jobs, made one after another; None if there is a fault, or code of the project to run.

    The namespaces of a job are forgotten at once: those of all jobs take more memory than the plan.
    """
    hooks = {id(one.interface): one.interface.hooks for one in drafts}.values()
    if any(has_hooks(one) or one.dynamic_variables for one in hooks):
        return None
    found, failures = [], Failures()
    for draft in drafts:
        try:
            job = rendered(with_variables(draft, context, failures), context)
        except JobError:
            return None
        if failures.noted:
            return None
        found.append(job if draft.record == record else job._replace(namespaces={}))
    return found


def _render_all(
    drafts: list[Draft], context: PlanContext, problems: Problems, failures: Failures
) -> list[RenderedJob]:
    """The jobs, made stage by stage; `failures` gets those that have a fault."""
    asked = with_dynamic_variables(drafts, context, problems, failures)
    ready = [with_variables(draft, context, failures) for draft in asked]
    hooked = after_hooks(ready, context, problems, failures)
    return _each(hooked, lambda draft: rendered(draft, context), failures)


def _each(drafts: Iterable[Draft], step: Callable[[Draft], _T], failures: Failures) -> list[_T]:
    """The results of a step for the drafts. `failures` gets the drafts for which it fails."""
    found = []
    for draft in drafts:
        if failures.hopeless(draft.interface):
            continue
        try:
            found.append(step(draft))
        except JobError as error:
            failures.add(draft.interface, draft.record, error)
    return found

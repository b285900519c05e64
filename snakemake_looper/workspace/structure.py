"""The structure of a plan: all that the text of its rules depends on.

A plan has two parts. Its structure is small and seldom changes: which rules there are, where their
flags, logs and results are, and which threads and resources all their jobs share. All that differs
from sample to sample is in the job table. A `Structure` is the first part as a value. It is the
same for 10 samples and for 100,000, and the text of a Snakefile is a function of it alone.

Users keep a Snakefile that `snakemake-looper generate` wrote, while the project changes. It has the
digest of the structure that it was made for, and each run compares this digest with that of the
current plan. The digest is made from the values, not from the text: a later version of this package
may change the words of its rules and comments, and each kept Snakefile still fits. For the same
reason, fields that have their default are not in the digest: a later version may add fields. Two
plans whose rules have the same text have the same digest, so no field says more than the text does.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..files import content_of
from ..formula import Formula
from ..layout import lump_folder, report_folder, table_paths
from ..model import Job, Level, Plan, Published, ResultsFile, Rule
from ..read.secrets import has_secret

_Value = TypeVar("_Value")

Publishes = Published | Literal["statuses"]
"""The kind of store that gets results and statuses; `statuses`: a server gets statuses alone."""

STRUCTURE_FILE = "structure"
"""The file in a plan's folder that holds the digest."""
_IN_COMMENTS = {"only in comments": True}
"""Metadata of fields that only comments and docstrings of the Snakefile show."""
_DIRECTIVES = ("container", "conda", "retries", "group", "priority")
"""Keys of an interface's `snakemake:` section that become directives as they are."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a rule's jobs."""

    name: str
    value: int | str | None
    """The value of all jobs; None if it differs from job to job."""
    grows: bool = False
    """Whether it is a formula of the number of the try, see `formula`."""


@dataclass(frozen=True, slots=True)
class ConfigStructure:
    """A rule's merged pipestat config."""

    path: str
    has_secret: bool = False
    """Whether a password has to be filled in when the config is written."""


@dataclass(frozen=True, slots=True)
class RuleStructure:
    """A rule: one pipeline interface at one level. Paths are as the Snakefile has them."""

    name: str
    pipeline: str
    level: Level
    flag: str
    log: str
    has_inputs: bool = False
    """Whether any job has input files."""
    lumps: str | None = None
    """The folder of the lumps that the jobs are members of; None if each is a job of Snakemake."""
    threads: int | None = 1
    """The threads of all jobs; None if they differ from job to job."""
    resources: tuple[Resource, ...] = ()
    container: str | None = None
    """The image that the compute settings of all jobs name."""
    containers_differ: bool = False
    directives: tuple[tuple[str, int | str], ...] = ()
    constraint: str | None = None
    """A regular expression for `{sample}`, if the default does not do."""
    depends: tuple[str, ...] = ()
    """The rules whose job of the same sample comes before."""
    after: tuple[str, ...] = ()
    """The rules whose jobs all come before."""
    reads: tuple[str, ...] = ()
    """Paths of the results files that must be complete before."""
    outputs: tuple[str, ...] = ()
    """Outputs besides the flag."""
    benchmark: str | None = None
    in_all: bool = True
    """Whether the target `all` runs it."""
    config: ConfigStructure | None = None
    results: str | None = None
    """The path of the results file that the jobs' records are assembled into."""
    publishes: Publishes | None = None
    """The store that something is copied to when the jobs are done."""
    interface: str = field(default="", metadata=_IN_COMMENTS)
    command_template: str = field(default="", metadata=_IN_COMMENTS)

    def deployments(self) -> set[str]:
        """The directives that say what software the jobs run in: `conda`, `container`."""
        named = {name for name, _ in self.directives} & {"conda", "container"}
        return named | ({"container"} if self.container or self.containers_differ else set())


@dataclass(frozen=True, slots=True)
class ResultsStructure:
    """A results file; its folders of record files and its schemas are by pipeline."""

    path: str
    records: tuple[tuple[str, str], ...]
    schemas: tuple[tuple[str, str], ...] = ()
    has_reports: bool = True
    """Whether the plan has a job that reports into it."""


@dataclass(frozen=True, slots=True)
class Structure:
    """All that the text of a plan's rules depends on."""

    project_name: str
    rules: tuple[RuleStructure, ...]
    results: tuple[ResultsStructure, ...]
    logs: str
    """The folder of the logs."""
    tables: tuple[str, ...]
    """The files that the target `table` writes."""
    report: str
    """The folder that the target `report` writes."""
    is_narrowed: bool = False
    """Whether options select only some of the samples, and results are assembled or published."""
    looper_config: str = field(default="", metadata=_IN_COMMENTS)

    def rules_of(self, level: Level) -> tuple[RuleStructure, ...]:
        """The rules of a level, in the order of the plan."""
        return tuple(rule for rule in self.rules if rule.level == level)

    @property
    def rules_in_all(self) -> tuple[RuleStructure, ...]:
        """The rules that the target `all` runs."""
        return tuple(rule for rule in self.rules if rule.in_all)

    def is_reported_into(self, results: str) -> bool:
        """Whether the plan has a job that reports into this results file."""
        return any(file.has_reports for file in self.results if file.path == results)


# --- a plan's structure ---------------------------------------------------------------------------


def structure_of(plan: Plan) -> Structure:
    """The structure of a plan."""
    jobs: dict[str, list[Job]] = {rule.name: [] for rule in plan.rules}
    for job in plan.jobs:
        jobs[job.rule].append(job)
    pipelines = dict.fromkeys(rule.pipeline for rule in plan.rules if rule.config)
    rules = tuple(_in_lumps(_rule(plan, rule, jobs[rule.name])) for rule in plan.rules)
    tables = [table_paths(plan.out, pipeline, plan.amendments) for pipeline in pipelines]
    return Structure(
        project_name=plan.project_name,
        rules=rules,
        results=tuple(_results(plan, file, jobs) for file in plan.results),
        logs=os.path.dirname(plan.rules[0].log),
        tables=tuple(plan.shown(path) for paths in tables for path in paths),
        report=plan.shown(report_folder(plan.out, plan.amendments)),
        is_narrowed=plan.narrowed and any(rule.results or rule.publishes for rule in rules),
        looper_config=plan.shown(plan.looper_config),
    )


def _rule(plan: Plan, rule: Rule, jobs: Sequence[Job]) -> RuleStructure:
    threads = {job.threads for job in jobs} or {1}
    images = {job.container for job in jobs} or {None}
    return RuleStructure(
        name=rule.name,
        pipeline=rule.pipeline,
        level=rule.level,
        flag=rule.flag,
        log=rule.log,
        has_inputs=any(job.inputs for job in jobs),
        lumps=lump_folder(rule.name, rule.flag) if plan.lumps and rule.level == "sample" else None,
        threads=_shared(threads),
        resources=_resources(jobs),
        container=_shared(images),
        containers_differ=len(images) > 1,
        directives=_directives(rule.interface.directives),
        constraint=rule.constraint,
        depends=rule.depends,
        after=rule.after,
        reads=tuple(plan.shown(file.path) for file in rule.reads),
        outputs=rule.outputs,
        benchmark=rule.benchmark,
        in_all=rule.in_all,
        config=ConfigStructure(plan.shown(rule.config.path), has_secret(rule.config.content))
        if rule.config
        else None,
        results=plan.shown(rule.results.path) if rule.results else None,
        publishes=_publishes(rule) if jobs or plan.narrowed else None,
        interface=plan.shown(rule.interface.path),
        command_template=rule.interface.command_template,
    )


def _in_lumps(rule: RuleStructure) -> RuleStructure:
    """A rule without the fields that are no part of its text if its jobs are lumps."""
    if not rule.lumps:
        return rule
    resources = tuple(
        one if isinstance(one.value, str) and not one.grows else replace(one, value=None)
        for one in rule.resources
    )
    return replace(
        rule, log="", has_inputs=False, threads=1, resources=resources, constraint=None,
        depends=(), outputs=(), benchmark=None,
    )  # fmt: skip


def _directives(given: Mapping[str, Any]) -> tuple[tuple[str, int | str], ...]:
    return tuple((key, given[key]) for key in _DIRECTIVES if key in given)


def _publishes(rule: Rule) -> Publishes | None:
    config = rule.config
    if config is None or rule.interface.output_schema is None:
        return None
    return config.published or ("statuses" if config.back_end == "database" else None)


def _results(plan: Plan, file: ResultsFile, jobs: Mapping[str, Sequence[Job]]) -> ResultsStructure:
    return ResultsStructure(
        plan.shown(file.path),
        _shown(plan, file.sources),
        _shown(plan, file.schemas),
        any(jobs[rule.name] for rule in plan.rules if rule.results == file),
    )


def _shown(plan: Plan, paths: Sequence[tuple[str, Path]]) -> tuple[tuple[str, str], ...]:
    """Paths by pipeline, as the Snakefile has them; a pipeline's last path counts."""
    return tuple({pipeline: plan.shown(path) for pipeline, path in paths}.items())


def _resources(jobs: Sequence[Job]) -> tuple[Resource, ...]:
    found = []
    for name in sorted({name for job in jobs for name in job.resources}):
        values = {job.resources.get(name) for job in jobs}
        grows = any(isinstance(value, Formula) for value in values)
        found.append(Resource(name, _shared(values), grows))
    return tuple(found)


def _shared(values: set[_Value]) -> _Value | None:
    """The value, if there is only one."""
    return next(iter(values)) if len(values) == 1 else None


# --- its digest -----------------------------------------------------------------------------------


def digest_of(structure: Structure) -> str:
    """A digest of a structure, without the fields that only comments show."""
    text = json.dumps(_compared(structure), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def digest_in(folder: Path) -> str:
    """The digest of the structure that the plan in a folder has.

    Raises:
        OSError: the folder has none.
    """
    return content_of(folder / STRUCTURE_FILE).decode()


def _compared(value: Any) -> Any:
    if is_dataclass(value):
        return {
            one.name: _compared(getattr(value, one.name))
            for one in fields(value)
            if not one.metadata and getattr(value, one.name) != one.default
        }
    return [_compared(item) for item in value] if isinstance(value, tuple) else value

"""Rules: one for each interface and level, with everything that its jobs have in common.

A rule says where the flags and logs of its jobs go, where its jobs report, and which rules come
before it. All of this comes from the interfaces, not from the samples.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Problems, near
from ..layout import flag_name
from ..model import Interface, ResultsFile, Rule
from ..read.documents.yaml_lines import resolve
from ..read.schemas.input_schema import Validator
from ..read.templates.template_checks import directive_paths
from ..read.templates.templates import TemplateError, template
from .context import PlanContext
from .fault_places import template_place
from .namespaces import looper_namespace
from .pipestat_config import Reporting, merge_results, reporting_of
from .wildcards import WILDCARD

RESERVED = frozenset({"all", "samples", "project", "report", "table"})
"""Names of the target rules that every Snakefile has."""


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """A rule, and more facts for the planning of its jobs."""

    rule: Rule
    reporting: Reporting
    validator: Validator | None
    """Checks the attributes of samples; None without an input schema, or if options forbid it."""


def make_rules(context: PlanContext, problems: Problems) -> tuple[PlannedRule, ...]:
    """The rules of a project, sample level first. `problems` gets their faults."""
    project = context.project
    interfaces = sorted(project.interfaces, key=lambda one: one.level == "project")
    reportings = _reportings(context, interfaces, problems)
    of_samples = [
        one.results
        for interface, one in zip(interfaces, reportings, strict=True)
        if one.results and interface.level == "sample"
    ]
    results = {file.path: file for file in merge_results(of_samples)}
    names = _rule_names(interfaces)
    made = [
        _planned_rule(context, interface, reporting, names[id(interface)], results, problems)
        for interface, reporting in zip(interfaces, reportings, strict=True)
    ]
    rules = [one.rule for one in made]
    if project.whole:
        _check_references(rules, problems)
    return tuple(dataclasses.replace(one, rule=_with_predecessors(one.rule, rules)) for one in made)


def _reportings(
    context: PlanContext, interfaces: Sequence[Interface], problems: Problems
) -> list[Reporting]:
    levels: dict[str, set[str]] = defaultdict(set)
    for interface in interfaces:
        levels[interface.pipeline_name].add(interface.level)
    return [
        reporting_of(
            interface,
            context.settings,
            context.pep.name,
            len(levels[interface.pipeline_name]) == 2,
            problems,
        )
        for interface in interfaces
    ]


def _planned_rule(
    context: PlanContext,
    interface: Interface,
    reporting: Reporting,
    name: str,
    results: Mapping[Path, ResultsFile],
    problems: Problems,
) -> PlannedRule:
    settings = context.settings
    is_sample = interface.level == "sample"
    record = WILDCARD if is_sample else str(reporting.record)
    log_record = WILDCARD if is_sample else context.pep.name
    folder = reporting.flag_dir or settings.results_dir / log_record
    pipeline = interface.pipeline_name
    own_results = reporting.results if is_sample else None
    rule = Rule(
        name=name,
        interface=interface,
        flag=context.shown(folder / flag_name(pipeline, record, "completed")),
        log=context.shown(settings.submission_dir / f"{pipeline}_{log_record}.log"),
        config=reporting.config,
        results=results.get(own_results.path) if own_results else None,
        outputs=_output_patterns(context, interface, "output", problems),
        benchmark=next(iter(_output_patterns(context, interface, "benchmark", problems)), None),
        in_all=is_sample or not context.options.narrows(),
    )
    schema = interface.input_schema
    check = schema is not None and not context.options.skip_file_checks
    return PlannedRule(rule, reporting, Validator(schema) if schema and check else None)


def _output_patterns(
    context: PlanContext, interface: Interface, key: str, problems: Problems
) -> tuple[str, ...]:
    """The paths under a key of `snakemake:`, with `{sample}` in the place of the sample's name."""
    is_sample = interface.level == "sample"
    record = WILDCARD if is_sample else context.pep.name
    own = {context.pep.index: WILDCARD, "sample_name": WILDCARD}
    namespaces: dict[str, Any] = {
        "looper": looper_namespace(context, interface, record, 0.0),
        "project": context.pep.config,
        "pipeline": interface.data,
        **({"sample": own} if is_sample else {}),
    }
    found = []
    for index, text in enumerate(directive_texts(interface, key)):
        try:
            path = resolve(template(text).render(namespaces), context.settings.root)
        except TemplateError as error:
            paths = directive_paths(interface, key, index)
            place = template_place(error, interface, paths, namespaces)
            why = " (this path can depend on the sample's name only)" if error.missing else ""
            problems.add(place, f"snakemake.{key}", f"{error}{why}")
            continue
        found.append(context.shown(path))
    return tuple(found)


def directive_texts(interface: Interface, key: str) -> list[str]:
    """The texts under a key of an interface's `snakemake:` section; empty if it has no such key."""
    value = interface.directives.get(key)
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _check_references(rules: Sequence[Rule], problems: Problems) -> None:
    """Refuse references to interfaces and pipelines that are not in the project."""
    pipelines = {rule.pipeline for rule in rules}
    paths = {rule.interface.path for rule in rules if rule.level == "sample"}
    for rule in rules:
        places = rule.interface.places
        for name in directive_texts(rule.interface, "depends_on"):
            if name not in pipelines:
                problems.add(
                    places.get("snakemake", rule.interface.place),
                    "snakemake.depends_on",
                    f"there is no pipeline '{name}'{near(name, pipelines)}",
                )
        for path in rule.interface.linked if rule.level == "project" else ():
            if path not in paths:
                problems.add(
                    places.get("linked_pipeline_interfaces", rule.interface.place),
                    "linked_pipeline_interfaces",
                    f"no sample of this project runs {path}; add it to the looper config",
                )


def _rule_names(interfaces: Sequence[Interface]) -> dict[int, str]:
    """A rule name for each interface, by the interface's `id`.

    A name is an identifier. No other rule and no target rule has it.
    """
    names: dict[int, str] = {}
    taken = set(RESERVED)
    for interface in interfaces:
        base = re.sub(r"\W", "_", interface.pipeline_name, flags=re.ASCII)
        base = base if not base[0].isdigit() else f"_{base}"
        name = f"{base}_{interface.level}"
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}_{interface.level}"
        taken.add(name)
        names[id(interface)] = name
    return names


def _with_predecessors(rule: Rule, rules: Sequence[Rule]) -> Rule:
    """The rule, with the rules that come before it.

    These are the rules of `depends_on`. Without `depends_on`, a project-level rule comes after
    the sample level of the interfaces that it links; if it links none, of its own interface; if
    that has no sample level, of all interfaces. Two project-level rules that report into one
    results file run one after the other, because pipestat would lose a record.
    """
    wanted = set(directive_texts(rule.interface, "depends_on"))
    named = [one for one in rules if one.pipeline in wanted and one.name != rule.name]
    if rule.level == "sample":
        before = tuple(one.name for one in named if one.level == "sample")
        return dataclasses.replace(rule, depends=before)
    samples = [one for one in rules if one.level == "sample"]
    linked = [one for one in samples if one.interface.path in rule.interface.linked]
    same = [one for one in samples if one.interface.path == rule.interface.path]
    after = [one.name for one in named or linked or same or samples]
    for other in rules:
        if other.name == rule.name:
            break
        if other.level == "project" and _reports_to(other) == _reports_to(rule) is not None:
            after.append(other.name)
    reads = [one.results for one in rules if one.name in after and one.results]
    return dataclasses.replace(
        rule, after=tuple(dict.fromkeys(after)), reads=tuple(dict.fromkeys(reads))
    )


def _reports_to(rule: Rule) -> str | None:
    """The results file that the jobs of a rule report into; None if they have no such file."""
    path = rule.config.content.get("results_file_path") if rule.config else None
    return None if path is None else str(path)

"""Limits for the length of names in a project, and the samples whose names are impossible.

Each rule's paths leave a number of bytes for a sample's name. If a pipeline's own name leaves no
bytes, that name is the problem. The names of the pipeline's samples are not checked then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ..errors import Place, Problems
from ..layout import RECORD
from ..model import Pep, Rule
from ..read.peps.pep import rows_of
from .context import PlanContext
from .names import NameLimit, file_fault, name_fault, name_limit, repetition_fault
from .rules import PlannedRule
from .wildcards import WILDCARD

NameLimits = Mapping[str, NameLimit]
"""Limits for the names of samples, by the name of their rule."""


def limits_of_rules(
    context: PlanContext, rules: Sequence[PlannedRule], problems: Problems
) -> NameLimits:
    """The limits for names of samples. `problems` gets names of pipelines that are too long."""
    limits: dict[str, NameLimit] = {}
    for planned in rules:
        rule = planned.rule
        files = _files_of_pipeline(context, rule)
        if rule.level == "sample":
            limit = name_limit(_paths_of_samples(context, rule), WILDCARD, context.workdir)
            limits[rule.name] = limit
            if limit.bytes < 1:
                files.append(os.path.basename(limit.path))
        fault = next(filter(None, map(file_fault, files)), None)
        if fault:
            place, key = _longer_name(context, planned)
            problems.add(place, key, fault)
            limits.pop(rule.name, None)
    return limits


def _files_of_pipeline(context: PlanContext, rule: Rule) -> list[str]:
    """Names of files that are named after the pipeline, without the files of its samples."""
    table = "_".join([rule.pipeline, *(context.options.amend or ())])
    files = [f"{table}_stats_summary.tsv"]
    if rule.config:
        files.append(rule.config.path.name)
    if rule.level == "project":
        files += [os.path.basename(rule.flag), os.path.basename(rule.log)]
    return files


def _paths_of_samples(context: PlanContext, rule: Rule) -> list[str]:
    """Paths that have a sample's name in them, with a wildcard in its place."""
    paths = [rule.flag, rule.log, *rule.outputs, *([rule.benchmark] if rule.benchmark else [])]
    if rule.config:
        paths.append(str(rule.config.content.get("results_file_path")))
    paths.append(str(context.settings.results_dir / WILDCARD))
    paths = [path.replace(RECORD, WILDCARD) for path in paths]
    return [path for path in paths if WILDCARD in path]


def _longer_name(context: PlanContext, planned: PlannedRule) -> tuple[Place, str]:
    """The place and the key of the name that makes a file's name too long."""
    rule, record = planned.rule, str(planned.reporting.record)
    if rule.level == "sample" or len(rule.pipeline) >= len(record):
        places = rule.interface.places
        return places.get("pipeline_name", rule.interface.place), "pipeline_name"
    key, settings = "project_name", context.settings
    if settings.pipestat and settings.pipestat.get(key):
        return settings.pipestat_places[key], f"pipestat.{key}"
    return Place(str(context.pep.config_file or settings.pep)), "name"


def sample_name_fault(name: str, rule: Rule, limits: NameLimits) -> str | None:
    """The fault of a sample's name, or None. A rule without a limit finds no fault."""
    limit = limits.get(rule.name)
    if limit is None:
        return None
    path = rule.config.content.get("results_file_path") if rule.config else None
    to_file = RECORD in str(path)
    return name_fault(name, limit, WILDCARD, to_file) or repetition_fault(name)


def report_bad_names(pep: Pep, bad_names: Mapping[str, str], problems: Problems) -> None:
    """Add a problem for each sample with an impossible name, at its row of the sample table."""
    if not bad_names:
        return
    places = rows_of(pep, bad_names)
    for name, fault in bad_names.items():
        problems.add(places[name], pep.index, f"sample name {fault}")

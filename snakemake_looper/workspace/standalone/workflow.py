"""Writing a workflow to give away: from a looper project to the files of a folder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Problems
from ...layout import data_dir
from ...model import PipestatConfig, Plan
from ...plan.planner import plan_project
from ...read.options.options import Options, without_lumps
from ...read.schemas.output_schema import OutputSchemaError, read_output_schema
from ..pipestat_files import as_yaml, plain
from ..structure import Structure, structure_of
from ..workflow_catalog import OF_THE_REPOSITORY
from ..written_files import check_folder, write_files
from .copies import Copies, find_copies
from .job_rows import table_text
from .refusals import (
    check_folder_is_another,
    check_outputs,
    check_plan,
    outside_results,
    possible_secrets,
)
from .relocation import RESULTS, Relocation, relocation
from .snakefile import Context, snakefile_text
from .texts import texts

_CONVERTED = ("integer", "number", "boolean")
"""The types that text is converted to when results are assembled."""


class Written(NamedTuple):
    """What was written."""

    paths: list[Path]
    warnings: list[str]
    """What is not in the workflow, and what planning warned of."""


def write_standalone(
    looper_config: Path, options: Options, folder: Path, force: bool, everything: bool = False
) -> Written:
    """Write a workflow to give away. A file that is right already is not written.

    Args:
        looper_config: the looper config.
        options: options of the command line. They choose the jobs; lumps are left out.
        folder: the folder to write to.
        force: whether to replace files that somebody else wrote or changed.
        everything: whether large input files are copied, too.

    Raises:
        ProjectError: the project cannot be planned or given away, or a file is in the way.
        OSError: a file cannot be read or written.
    """
    folder = Path(os.path.abspath(folder))
    check_folder(folder)
    plan = replace(plan_project(looper_config, without_lumps(options)), lumps=None)
    problems = Problems()
    check_folder_is_another(folder, plan, problems)
    check_plan(plan, problems)
    problems.raise_if_any()
    structure = _structure(plan)
    copies = find_copies(plan, folder, everything)
    places = _relocation(plan, copies)
    check_outputs(plan, structure, places, problems)
    problems.raise_if_any()
    context = Context(structure, places, _configs(plan, structure), _environments(structure))
    files = _files(plan, context, copies)
    environments = {f"workflow/{name}": Path(path) for path, name in context.environments.items()}
    copied = {**copies.files, **environments}
    paths = write_files(folder, files, force, copied, OF_THE_REPOSITORY)
    left = [f"not copied: {one}; --copy-all copies it" for one in copies.large]
    return Written(paths, [*plan.warnings, *possible_secrets(plan), *left])


def _structure(plan: Plan) -> Structure:
    """The structure of the rules that have a job."""
    found = structure_of(plan)
    used = {job.rule for job in plan.jobs}
    rules = tuple(rule for rule in found.rules if rule.name in used)
    return replace(found, rules=rules, is_narrowed=False)


def _relocation(plan: Plan, copies: Copies) -> Relocation:
    root = plan.looper_config.parent
    outside = {
        path: place
        for path, place in outside_results(plan)
        if not Path(path).is_relative_to(plan.out)
    }
    return relocation(root, {**copies.places, **outside, str(plan.out): RESULTS})


def _configs(plan: Plan, structure: Structure) -> dict[str, PipestatConfig]:
    """The merged pipestat configs, by rule."""
    used = {rule.name for rule in structure.rules}
    return {rule.name: rule.config for rule in plan.rules if rule.config and rule.name in used}


def _environments(structure: Structure) -> dict[str, str]:
    """The conda environments that are files, each with its path below `workflow/`."""
    found: dict[str, str] = {}
    directives = [one for rule in structure.rules for one in rule.directives]
    for path in dict.fromkeys(str(value) for key, value in directives if key == "conda"):
        if os.path.isfile(path):
            name, number = os.path.basename(path), 1
            while f"envs/{name}" in found.values():
                number += 1
                name = f"{number}_{os.path.basename(path)}"
            found[path] = f"envs/{name}"
    return found


def _files(plan: Plan, context: Context, copies: Copies) -> dict[str, str]:
    """The text of each file of the workflow, by path relative to its folder."""
    structure, places = context.structure, context.relocation
    by_name = {rule.name: rule for rule in structure.rules}
    skipped = [f"{one.record}: {one.reason}" for one in plan.skipped if one.fault]
    files = {
        "workflow/Snakefile": snakefile_text(context),
        "config/jobs.tsv": table_text(plan.jobs, by_name, places),
        **texts(structure, plan.project_name, len(plan.jobs), copies, skipped, _of_hooks(plan)),
        **_bundled(has_results=bool(context.names.results)),
    }
    for name, config in context.configs.items():
        content = _relocated(plain(config.content), places)
        files[f"config/pipestat/{name}.yaml"] = as_yaml(content)
    if context.names.results:
        files["config/results.yaml"] = as_yaml(_sources(plan, context))
    return files


def _of_hooks(plan: Plan) -> list[str]:
    """The pipelines whose commands have values that other commands printed on this machine."""
    hooks = {rule.pipeline: rule.interface.hooks for rule in plan.rules}
    return [
        name for name, one in hooks.items() if one.command_templates or one.dynamic_variables
    ]  # fmt: skip


def _bundled(has_results: bool) -> dict[str, str]:
    """The files that are the same in all workflows; without results files, some are left out."""
    base = data_dir("standalone")
    found = {}
    for path in sorted(base.rglob("*")):
        name = str(path.relative_to(base))
        is_left_out = not has_results and name in (
            "rules/results.smk", "scripts/assemble_results.py",
        )  # fmt: skip
        if path.is_file() and path.suffix != ".pyc" and not is_left_out:
            found[f"workflow/{name}"] = path.read_text(encoding="utf-8")
    return found


def _sources(plan: Plan, context: Context) -> dict[str, Any]:
    """What each results file is assembled from, by the name of its rule."""
    found: dict[str, Any] = {}
    for file in context.structure.results:
        if file.path not in context.names.results:
            continue
        own = [rule for rule in context.structure.rules if rule.results == file.path]
        records, schemas = dict(file.records), dict(file.schemas)
        found[context.names.results[file.path]] = {
            "file": context.relocation.path(file.path),
            "pipelines": {
                pipeline: {
                    "rules": [rule.name for rule in own if rule.pipeline == pipeline],
                    "records": context.relocation.path(records[pipeline]),
                    "types": _types(plan, schemas.get(pipeline)),
                }
                for pipeline in dict.fromkeys(rule.pipeline for rule in own)
            },
        }
    return found


def _types(plan: Plan, schema: str | None) -> dict[str, str]:
    """The types of results that text is converted to."""
    if schema is None:
        return {}
    try:
        declared = read_output_schema(plan.workdir / schema).results("sample")
    except (OSError, OutputSchemaError):
        return {}
    return {name: one.type for name, one in declared.items() if one.type in _CONVERTED}


def _relocated(value: Any, places: Relocation) -> Any:
    """The content of a config, with the new places of all paths in it."""
    if isinstance(value, dict):
        return {key: _relocated(one, places) for key, one in value.items()}
    if isinstance(value, list):
        return [_relocated(one, places) for one in value]
    return places.text(value) if isinstance(value, str) else value

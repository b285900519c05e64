"""Projects that cannot become a workflow to give away, or not without a look: a line each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import Problems
from ...layout import command_file
from ...model import Plan, Rule
from ...plan.wildcards import producers_of
from ...read.documents.yaml_lines import read_yaml
from ...read.secrets import has_secret, secret_keys
from ..structure import Structure
from .relocation import NAMES, RESULTS, Relocation

_SECRET = r"passw|passphrase|secret|token|credential|signature|(?:api|access|private)_?key"
_IN_NAME = re.compile(_SECRET, re.IGNORECASE)
_IN_ADDRESS = re.compile(
    rf"://[^\s'\"]*(?::[^\s'\"]*@|[?&][\w.-]*(?:{_SECRET}|sig)[\w.-]*=)", re.IGNORECASE
)
"""A URL with a login, or with a query that lets others in."""
_SHORTEST = 6
"""Characters of a secret. The value of a variable like `TOKEN_SET=yes` is in many texts."""
_WITH_THIS_PACKAGE = "or run 'generate' without --standalone"


def check_folder_is_another(folder: Path, plan: Plan, problems: Problems) -> None:
    """Refuse to write into the project's own folder, or into its results."""
    root, place = plan.looper_config.parent.resolve(), folder.resolve()
    if root.is_relative_to(place):
        what = "is or has the project's own folder; name a new one, as in --standalone ../given"
        problems.add(folder, "", what)
    elif place.is_relative_to(plan.out.resolve()):
        problems.add(folder, "", "is in the project's output folder; name another one")


def check_plan(plan: Plan, problems: Problems) -> None:
    """Refuse a project with something that only this package, or this machine, can do."""
    if plan.looper_config.parent.is_relative_to(plan.out):
        what = "has the project's files in it; name a folder for results alone as 'output_dir'"
        problems.add(plan.out, "", what)
    if not plan.jobs:
        problems.add(plan.looper_config, "", "has no job; see 'snakemake-looper inspect'")
    for rule in plan.rules:
        _check_store(plan, rule, problems)
        hooks, places = rule.interface.hooks, rule.interface.places
        if hooks.python_functions:
            what = (
                "its Python functions run when a project is planned, and may write files that"
                f" only this machine has; remove them, {_WITH_THIS_PACKAGE}"
            )
            problems.add(places.get("pre_submit", rule.interface.place), "pre_submit", what)
    _check_commands(plan, problems)


def _check_store(plan: Plan, rule: Rule, problems: Problems) -> None:
    config = rule.config
    if config is None:
        return
    document = read_yaml(plan.looper_config, Problems())
    assert document
    if config.published == "pephub":
        key, where = "pephub_path", "on PEPhub"
    elif config.published or config.back_end == "database":
        key, where = "database", "in a database"
    else:
        keys = secret_keys(config.content)
        if has_secret(config.content):
            what = "may be a secret, which is not written; write it as ${VARIABLE}, or leave it out"
            problems.add(document.place(*keys), ".".join(map(str, keys)), what)
        return
    what = f"results {where} need this package; name a 'results_file_path', {_WITH_THIS_PACKAGE}"
    problems.add(document.place("pipestat", key), f"pipestat.{key}", what)


def _check_commands(plan: Plan, problems: Problems) -> None:
    places = {rule.name: rule.interface.template_place for rule in plan.rules}
    for job in plan.jobs:
        texts = (job.command, *job.env.values())
        for name in NAMES:
            if any(name in text for text in texts):
                what = f"has the text '{name}', which is a folder in the new workflow; change it"
                problems.add(places[job.rule], "command_template", what)
        if command_file(job.command):
            what = f"the command of '{job.record}' is too long for a table; put it into a script"
            problems.add(places[job.rule], "command_template", what)
        if any("://" in path for path in job.inputs):
            what = f"remote input files need this package; copy them, {_WITH_THIS_PACKAGE}"
            problems.add(places[job.rule], "command_template", what)


def possible_secrets(plan: Plan) -> list[str]:
    """Warnings of secrets that commands or their variables may have, a line for each kind.

    A command has the values of samples, and of variables of the environment that a PEP names.
    """
    named = {
        value: f"the value of ${name}"
        for name, value in os.environ.items()
        if _IN_NAME.search(name) and len(value) >= _SHORTEST
    }
    found: dict[str, None] = {}
    for job in plan.jobs:
        texts = (job.command, *job.env.values())
        kinds = [kind for value, kind in named.items() if any(value in text for text in texts)]
        kinds += [f"a value for ${name}" for name in job.env if _IN_NAME.search(name)]
        if any(map(_IN_ADDRESS.search, texts)):
            kinds.append("a URL with a login or a key")
        found |= dict.fromkeys(f"jobs of {job.pipeline} have {kind}" for kind in kinds)
    return [
        f"{one}, and so has config/jobs.tsv; remove it there before you give it away"
        for one in found
    ]


def check_outputs(
    plan: Plan, structure: Structure, relocation: Relocation, problems: Problems
) -> None:
    """Refuse outputs that the new workflow would share with the project."""
    places = {rule.name: rule.interface.place for rule in plan.rules}
    for rule in structure.rules:
        for path in filter(None, (rule.flag, rule.log, *rule.outputs, rule.benchmark)):
            if not relocation.path(path).startswith(f"{RESULTS}/"):
                what = f"'{path}' is not in the output folder, and both workflows would write it"
                problems.add(places[rule.name], "", f"{what}; begin it with {{looper.output_dir}}")
    _check_results_files(plan, structure, relocation, problems)
    _check_inputs(plan, relocation, problems)


def _check_results_files(
    plan: Plan, structure: Structure, relocation: Relocation, problems: Problems
) -> None:
    used = {rule.name for rule in structure.rules}
    for rule in plan.rules:
        path = str(rule.config.content.get("results_file_path") or "") if rule.config else ""
        if path and rule.name in used and not relocation.path(path).startswith(f"{RESULTS}/"):
            document = read_yaml(plan.looper_config, Problems())
            assert document
            key = "results_file_path"
            what = f"'{path}' is not in the output folder; write a relative path"
            problems.add(document.place("pipestat", key), f"pipestat.{key}", what)


def _check_inputs(plan: Plan, relocation: Relocation, problems: Problems) -> None:
    """Refuse input files that are among the results, and that no job makes."""
    find = producers_of(plan.rules)
    places = {rule.name: rule.interface.place for rule in plan.rules}
    made = {str(file.path) for file in plan.results}
    for job in plan.jobs:
        for path in job.inputs:
            is_result = relocation.path(path).startswith(f"{RESULTS}/")
            if not is_result or (find and find(path)) or path.endswith(".flag"):
                continue
            if str(plan.workdir / path) not in made and job.rule in places:
                what = f"input '{path}' is in the output folder, and no job makes it; move it"
                problems.add(places.pop(job.rule), "", what)  # one for each rule is enough


def outside_results(plan: Plan) -> Iterator[tuple[str, str]]:
    """Folders and files of results that are not below the output folder, with new places there."""
    for rule in plan.rules:
        if rule.config:
            yield str(rule.config.content["flag_file_dir"]), f"{RESULTS}/flags"
    for file in plan.results:
        yield str(file.path), f"{RESULTS}/{file.path.name}"
        for pipeline, folder in file.sources:
            yield str(folder), f"{RESULTS}/{file.path.stem}_records/{pipeline}"
    yield str(plan.results_dir), f"{RESULTS}/results_pipeline"
    for rule in plan.rules[:1]:
        folder = plan.workdir / Path(rule.log).parent
        yield str(folder), f"{RESULTS}/submission"

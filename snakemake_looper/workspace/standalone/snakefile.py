"""The Snakefile of a workflow to give away, laid out as `snakefmt` does."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...errors import one_line
from ...layout import RECORD
from ...model import PipestatConfig
from ..rule_layout import Sections, literal, quoted, rule_text
from ..rule_names import RuleNames, names_of
from ..structure import Resource, ResultsStructure, RuleStructure, Structure
from .relocation import RESULTS, Relocation

_WIDTH = 88
"""The columns of snakefmt."""
_HEAD = """\
# {project}: one rule for each pipeline and level. `snakemake-looper generate --standalone` made this
# workflow from a looper project. It needs neither of the two.
#
# config/jobs.tsv has a row for each job. Edit a command there, and the job runs again; add or remove
# rows to add or remove samples. Status flags and results files are those of looper and pipestat.
#
# Some of what snakemake-looper does is not in here:
#   - Later changes of the looper project do not get here.
#   - Jobs of a killed run run again. Until then, their flags may say `running`.
#   - Failures are not explained beyond the log of the job.
#   - There are no lumps, no tables and reports, no results in databases and on PEPhub, and no
#     warnings about results that break their schema.
from snakemake.utils import min_version

min_version("9.14")


configfile: "config/config.yaml"


include: "rules/common.smk"
"""
_RESULTS = 'include: "rules/results.smk"\n'
_ON_ERROR = """\
# A results file is complete when all its samples are. After a failure, it has those that are there.
onerror:
    assemble_reported()
"""
_PATHS = """\
pathvars:
    results=FOLDERS["<results>"],
"""
_CONSTRAINTS = """\
wildcard_constraints:
    sample="[^/]+",
"""
_CHECK = """\
# A row of the table with the name of no rule would be passed over.
check_rules()
"""
_SHELL = '''"""
        source workflow/scripts/job.sh {{output.completed:q}} {{log:q}}{report}
        (
            {{params.script}}
        )
        job_is_done
        """'''
_OWN_ENVIRONMENT = "lambda wildcards: None"


@dataclass(frozen=True, slots=True)
class Context:
    """The facts that all rules of one Snakefile share."""

    structure: Structure
    """The structure without rules that have no job."""
    relocation: Relocation
    configs: Mapping[str, PipestatConfig]
    """The merged pipestat configs, by rule."""
    environments: Mapping[str, str]
    """Conda environments that are files, each with its path below `workflow/`."""

    @property
    def names(self) -> RuleNames:
        return names_of(self.structure)

    def output(self, path: str) -> str:
        """The path of an output in the new workflow, as a literal."""
        return quoted(self.relocation.path(path))

    def report(self, rule: RuleStructure) -> str:
        """The file that a sample's job reports into, if it is the only job that does; else empty."""
        config = self.configs.get(rule.name)
        if rule.level != "sample" or config is None:
            return ""
        path = str(config.content.get("results_file_path") or "")
        others = (one for name, one in self.configs.items() if name != rule.name)
        is_alone = all(one.content.get("results_file_path") != path for one in others)
        return self.relocation.path(path.replace(RECORD, "{sample}")) if is_alone else ""

    def config_file(self, rule: RuleStructure) -> str:
        """The file that the merged pipestat config is made from."""
        return f"config/pipestat/{rule.name}.yaml"

    def own_rule(self, name: str, docstring: str, sections: Sections) -> str:
        """A rule that runs no pipeline."""
        has_environments = any(rule.deployments() for rule in self.structure.rules)
        own: Sections = {
            "log": [self.output(os.path.join(self.structure.logs, f"{name}.log"))],
            "conda": _OWN_ENVIRONMENT if has_environments else "",
            "localrule": "True",
        }
        return rule_text(name, docstring, {**sections, **own})


def snakefile_text(context: Context) -> str:
    """The text of the Snakefile."""
    parts = "\n\n".join(part.rstrip("\n") + "\n" for part in _parts(context))
    head = _HEAD.format(project=one_line(context.structure.project_name))
    return f"{head}{_RESULTS if context.names.results else ''}\n\n{parts}"


def _parts(context: Context) -> Iterator[str]:
    structure, names = context.structure, context.names
    yield _PATHS
    if names.results:
        yield _ON_ERROR
    yield _CONSTRAINTS
    yield from _targets(context)
    written: set[str] = set()
    for rule in structure.rules:
        if rule.config and rule.config.path not in written:
            written.add(rule.config.path)
            yield _config(context, rule, rule.config.path)
    yield from (_job(context, rule) for rule in structure.rules_of("sample"))
    for file in structure.results:
        if file.path in names.results:
            yield _results(context, file)
    yield from (_job(context, rule) for rule in structure.rules_of("project"))
    yield _CHECK


# --- targets --------------------------------------------------------------------------------------


def _targets(context: Context) -> Iterator[str]:
    structure = context.structure
    yield _target(
        context, "all", "Run every pipeline and assemble the results.", structure.rules_in_all
    )
    levels = [("samples", structure.rules_of("sample")), ("project", structure.rules_of("project"))]
    for name, rules in levels:
        if rules:
            level = rules[0].level
            yield _target(context, name, f"Run the {level}-level pipelines.", rules)
    for name, pipeline in context.names.pipelines:
        own = [rule for rule in structure.rules if rule.pipeline == pipeline]
        yield _target(context, name, f"Run pipeline {pipeline}.", own)


def _target(context: Context, name: str, docstring: str, rules: Sequence[RuleStructure]) -> str:
    inputs = [_all_of(context, rule, rule.flag) for rule in rules]
    inputs += [_all_of(context, rule, path) for rule in rules for path in rule.outputs]
    files = dict.fromkeys(rule.results for rule in rules)
    inputs += [context.output(path) for path in files if path in context.names.results]
    return rule_text(name, docstring, {"input": inputs, "localrule": "True"})


def _all_of(context: Context, rule: RuleStructure, path: str, name: str = "") -> str:
    """An output of all jobs of a rule, as an item of an input."""
    start, pattern = f"{name}=" if name else "", context.output(path)
    if rule.level == "project":
        return f"{start}{pattern}"
    sample = _call("sample=samples", [quoted(rule.name)], indent=12)
    return _call(f"{start}collect", [pattern, sample])


def _call(function: str, arguments: Sequence[str], brackets: str = "()", indent: int = 8) -> str:
    """A call with its arguments, as an item of a directive; with other brackets, an item or a list.

    snakefmt, as black does, splits what is too long for a line: first at the brackets, then at the
    commas; a list at both together.
    """
    start, end = brackets[0], brackets[1]
    inside = ", ".join(arguments)
    if len(f"{function}{start}{inside}{end},") <= _WIDTH - indent and "\n" not in inside:
        return f"{function}{start}{inside}{end}"
    is_short = len(inside) <= _WIDTH - indent - 4 and not function.endswith("=")
    lines = [inside] if len(arguments) == 1 or is_short else [f"{one}," for one in arguments]
    inner = (f"{' ' * (indent + 4)}{line}" for line in lines)
    return "\n".join([f"{function}{start}", *inner, f"{' ' * indent}{end}"])


# --- pipelines ------------------------------------------------------------------------------------


def _job(context: Context, rule: RuleStructure) -> str:
    """The rule whose jobs run a pipeline."""
    name, report = quoted(rule.name), context.report(rule)
    outputs = [f"completed={context.output(rule.flag)}"]
    if rule.outputs:
        outputs.append(_call("files=", [*map(context.output, rule.outputs)], "[]"))
    params = [_call("listed=listed", [name]), _call("script=ready", [name])]
    if report:
        params.append(_call("report=filled", [quoted(report)]))
    sections: Sections = {
        "input": _inputs(context, rule),
        "output": outputs,
        "log": [context.output(rule.log)],
        "wildcard_constraints": [f"sample={quoted(rule.constraint)}"] if rule.constraint else [],
        "params": params,
        "threads": f'value({name}, "threads")' if rule.threads is None else str(rule.threads),
        "resources": [_resource(rule, one) for one in rule.resources],
        **_directives(context, rule),
        "benchmark": context.output(rule.benchmark) if rule.benchmark else "",
        "shell": _SHELL.format(report=" {params.report:q}" if report else ""),
    }
    return rule_text(rule.name, _docstring(rule), sections)


def _docstring(rule: RuleStructure) -> str:
    records = "each sample" if rule.level == "sample" else "the project"
    template = textwrap.dedent(rule.command_template).strip().splitlines()
    lines = [f"    {line.rstrip()}".rstrip() for line in template]
    about = "Template of the commands in config/jobs.tsv:"
    return "\n".join([f"Run {rule.pipeline} for {records}.", "", about, *lines])


def _inputs(context: Context, rule: RuleStructure) -> list[str]:
    structure = context.structure
    by_name = {one.name: one for one in structure.rules}
    inputs = []
    if rule.has_inputs:
        inputs.append(_call("files=inputs", [quoted(rule.name)]))
    for before in (by_name[name] for name in rule.depends if name in by_name):
        flag = context.output(before.flag)
        inputs.append(_call(f"{before.name}=of_sample", [quoted(before.name), flag]))
    for before in (by_name[name] for name in rule.after if name in by_name):
        inputs.append(_all_of(context, before, before.flag, before.name))
    reads = [path for path in rule.reads if structure.is_reported_into(path)]
    for path, number in zip(reads, ["", *range(2, len(reads) + 1)], strict=False):
        inputs.append(f"results{number}={context.output(path)}")
    if rule.config:
        # The content of the config counts: it is made again if this workflow is moved.
        inputs.append(f"pipestat={quoted(context.config_file(rule))}")
        written = context.output(rule.config.path)
        inputs.append(_call("pipestat_config=ancient", [written]))
    return inputs


def _resource(rule: RuleStructure, one: Resource) -> str:
    if one.value is None:
        function = "by_attempt" if one.grows else "value"
        return _call(f"{one.name}={function}", [quoted(rule.name), quoted(one.name)])
    start = "lambda wildcards, attempt: " if one.grows else ""
    return f"{one.name}={start}{one.value if one.grows else literal(one.value)}"


def _directives(context: Context, rule: RuleStructure) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in rule.directives:
        if key == "conda":
            value = context.environments.get(str(value), value)
        found[key] = _image(context, str(value)) if key == "container" else literal(value)
    if rule.containers_differ:
        found["container"] = f"image({quoted(rule.name)})"
    elif rule.container:
        found["container"] = _image(context, rule.container)
    return found


def _image(context: Context, image: str) -> str:
    place = context.relocation.image(image)
    return quoted(image) if place == image else f"filled({quoted(place)})"


# --- rules before and after them ------------------------------------------------------------------


def _config(context: Context, rule: RuleStructure, path: str) -> str:
    sections: Sections = {
        "input": [quoted(context.config_file(rule))],
        "output": [context.output(path)],
        "params": ["folders=ABSOLUTE"],
        "script": quoted("scripts/write_pipestat_config.py"),
    }
    docstring = f"Write the pipestat config of {rule.pipeline}, {rule.level} level."
    return context.own_rule(context.names.configs[rule.name], docstring, sections)


def _results(context: Context, file: ResultsStructure) -> str:
    name = context.names.results[file.path]
    own = [rule for rule in context.structure.rules if rule.results == file.path]
    path = context.output(file.path)
    sections: Sections = {
        "input": [_all_of(context, rule, rule.flag) for rule in own],
        "output": [_call("results=update", [path])],
        "params": [
            _call("source=SOURCES", [quoted(name)], "[]"),
            _call("completed=all_samples", [quoted(name)]),
        ],
        "script": quoted("scripts/assemble_results.py"),
    }
    what = f"{path[1:-1].removeprefix(f'{RESULTS}/')} from one file for each sample"
    return context.own_rule(name, f"Assemble {what}.", sections)

"""The Snakefile: the structure of a plan as text.

One rule for each interface and level, one for each merged pipestat config, one for each results
file, and targets. The text depends on the structure alone, see `structure`. It is laid out as
`snakefmt` does, see `rule_layout`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..layout import LEFT_OVER, marker
from ..model import Level
from .job_rules import job_rule
from .rule_layout import Sections, quoted, quoted_list, quoted_mapping, rule_text
from .rule_names import RuleNames, names_of
from .structure import ConfigStructure, Publishes, ResultsStructure, RuleStructure, Structure

JOB_SCRIPT = "job.sh"
_CAPTION = "report/results.rst"
_HEAD = """\
# Made by snakemake-looper from {config}.
#
# One rule for each pipeline interface and level. What differs from sample to sample (commands,
# inputs, resources) is in the job table, and is looked up by rule and sample.
"""
_OPEN = """\
from snakemake_looper.for_snakefiles import open_project

looper = open_project(workflow)
jobs = looper.jobs
"""
_OPEN_GENERATED = """\
from snakemake_looper.for_snakefiles import open_project


configfile: "config/config.yaml"


# The job table is made anew when a file of the project has changed.
looper = open_project(workflow, config, structure="{digest}", selects=True)
jobs = looper.jobs
"""
_COMMON = """\
# Leftovers of killed runs are settled, and servers are asked whether they will take results.
onstart:
    looper.begin()


# The rule that assembles results needs all jobs to be done. If only some were run, or one has
# failed, the results that they reported get into the results files here.
onsuccess:
    looper.finish()


onerror:
    looper.finish()


wildcard_constraints:
    sample="[^/]+",
"""
_BY_ATTEMPT = "from snakemake_looper.for_snakefiles import by_attempt"
_LUMPS = """\
# A lump is a job that runs several samples. Each sample has its own flag; the job makes a marker.
lumps = looper.lumps
"""
_OWN_ENVIRONMENT = "lambda wildcards: None"
_ABOUT_OWN_ENVIRONMENT = """\
#
# Rules that run no pipeline have no conda environment of their own. They run where Snakemake does.
"""
_COPY = (
    "(cp {input.content:q} {output.config:q};"
    " basename {input.content:q} .yaml > {output.written:q}) 2> {log:q}"
)
_PUBLISHED: Mapping[Publishes, str] = {
    "sqlite": "Copy results and statuses to SQLite",
    "pephub": "Copy results and statuses to PEPhub",
    "statuses": "Write statuses to the database",
}


@dataclass(frozen=True, slots=True)
class _Context:
    """The facts that all rules of one Snakefile share."""

    structure: Structure
    names: RuleNames
    scripts: str
    """The folder of the scripts, relative to the Snakefile."""
    job_script: str
    """`job.sh`, relative to the working directory."""
    is_kept: bool
    """Whether users keep the Snakefile: each run may select other samples."""

    def script(self, name: str) -> str:
        """The path of a script, as a literal."""
        return quoted(f"{self.scripts}/{name}")

    @property
    def has_environments(self) -> bool:
        """Whether a pipeline names a container or a conda environment.

        Then `snakemake --lint` remarks on nothing if our own rules say that they need none.
        """
        return any(rule.deployments() for rule in self.structure.rules)

    def rule(self, name: str, docstring: str, sections: Sections) -> str:
        """A rule that runs no pipeline."""
        own: Sections = {
            "log": [quoted(os.path.join(self.structure.logs, f"{name}.log"))],
            "conda": _OWN_ENVIRONMENT if self.has_environments else "",
            "localrule": "True",
        }
        return rule_text(name, docstring, {**sections, **own})


def snakefile(
    structure: Structure, scripts: str, job_script: str, digest: str | None = None
) -> str:
    """The text of a plan's Snakefile.

    Args:
        structure: the structure of the plan.
        scripts: the folder of the scripts, relative to the Snakefile.
        job_script: `job.sh`, relative to the working directory.
        digest: for a generated workflow, the digest of the structure; without it, the Snakefile
            opens the job table beside itself.
    """
    head = _HEAD.format(config=structure.looper_config)
    opening = _OPEN_GENERATED.format(digest=digest) if digest else _OPEN
    is_kept = bool(digest) and not structure.is_narrowed
    context = _Context(structure, names_of(structure), scripts, job_script, is_kept)
    parts = "\n\n".join(part.rstrip("\n") + "\n" for part in _parts(context))
    about = _ABOUT_OWN_ENVIRONMENT if context.has_environments else ""
    return f"{head}{about}{opening}\n\n{parts}"


def _parts(context: _Context) -> Iterator[str]:
    structure, names = context.structure, context.names
    if any(one.grows for rule in structure.rules for one in rule.resources):
        yield _BY_ATTEMPT
    yield _COMMON
    if any(rule.lumps for rule in structure.rules):
        yield _LUMPS
    yield from _targets(context)
    for rule in structure.rules:
        if rule.config:
            yield _config(context, rule, rule.config)
    yield from (
        job_rule(structure, rule, context.job_script) for rule in structure.rules_of("sample")
    )
    for file in structure.results:
        if file.path in names.results:
            yield _results(context, file)
    yield from (
        job_rule(structure, rule, context.job_script) for rule in structure.rules_of("project")
    )
    for rule in structure.rules:
        if rule.name in names.publications:
            yield _publication(context, rule)
    if names.left_over:
        yield _left_over(context, names.left_over)
    if structure.tables:
        yield _table(context)
    yield _report(context)


# --- targets --------------------------------------------------------------------------------------


def _targets(context: _Context) -> Iterator[str]:
    """The rules that are asked for by name."""
    structure, names = context.structure, context.names
    samples, projects = structure.rules_of("sample"), structure.rules_of("project")
    everything = structure.rules_in_all
    yield _target(context, "all", "Run every pipeline and assemble the results.", everything)
    yield _target(context, "samples", "Run the sample-level pipelines.", samples)
    if projects:
        yield _target(context, "project", "Run the project-level pipelines.", projects)
    for name, pipeline in names.pipelines:
        own = tuple(rule for rule in structure.rules if rule.pipeline == pipeline)
        yield _target(context, name, f"Run pipeline {pipeline}.", own)


def _target(context: _Context, name: str, docstring: str, rules: Sequence[RuleStructure]) -> str:
    inputs = [*_inputs(context, rules), *_outputs(context, rules)]
    return rule_text(name, docstring, {"input": inputs, "localrule": "True"})


def _inputs(context: _Context, rules: Sequence[RuleStructure], published: bool = True) -> list[str]:
    """All that rules make: flags, results files, and notes that results are `published`."""
    structure = context.structure
    is_whole = all(rule in rules for rule in structure.rules_in_all)
    if structure.is_narrowed:
        # The rules of results files and stores are about all samples. `onsuccess` does the same
        # for the samples that were run, and the rule `left_over` for what earlier runs left.
        wanted = published and is_whole
        return [*_flags(rules), *(["jobs.left_over()"] if wanted else [])]
    files = dict.fromkeys(rule.results for rule in rules if rule.results)
    lines = [quoted(path) for path in files if path and structure.is_reported_into(path)]
    if published:
        wanted_of = (rule for rule in rules if rule.publishes)
        lines += [f"jobs.settled({quoted(rule.name)})" for rule in wanted_of]
    if not context.is_kept:
        return [*_flags(rules), *lines]
    # A run of selected samples leaves out all that is about all samples.
    samples = [rule for rule in rules if rule.level == "sample"]
    projects = [rule for rule in rules if rule.level == "project"]
    if not (is_whole and published and samples):
        return [*_flags(rules), *map(_if_whole, lines)]
    return [*_flags(samples), *map(_if_whole, [*_flags(projects), *lines])]


def _flags(rules: Sequence[RuleStructure]) -> list[str]:
    return [f"jobs.flags({quoted_list(rule.name for rule in rules)})"] if rules else []


def _outputs(context: _Context, rules: Sequence[RuleStructure]) -> list[str]:
    """Outputs besides the flags: those of the rules, and of all rules that come before them."""
    structure, wanted = context.structure, list(dict.fromkeys(rule.name for rule in rules))
    before = {rule.name: (*rule.depends, *rule.after) for rule in structure.rules}
    for name in wanted:
        wanted += [one for one in before.get(name, ()) if one not in wanted]
    lines = []
    levels: tuple[Level, Level] = ("sample", "project")
    for level in levels:
        own = [
            one
            for one in structure.rules_of(level)
            if one.outputs and one.name in wanted and not one.lumps
        ]
        line = f"jobs.outputs({quoted_list(one.name for one in own)})"
        is_about_all = level == "project" and context.is_kept
        lines += [_if_whole(line) if is_about_all else line] if own else []
    return lines


def _if_whole(item: str) -> str:
    return f"looper.if_whole({item})"


# --- rules before and after them ------------------------------------------------------------------


def _config(context: _Context, rule: RuleStructure, config: ConfigStructure) -> str:
    """The rule copies the content that the plan has; a script fills in passwords."""
    name = context.names.configs[rule.name]
    sections: dict[str, str | list[str]] = {
        "input": [f"content=jobs.config_source({quoted(rule.name)})"],
        "output": [
            f"config={quoted(config.path)}",
            f"written={quoted(marker(config.path))}",
        ],
        "priority": "1",
    }
    if config.has_secret:
        sections["script"] = context.script("write_pipestat_config.py")
    else:
        sections["shell"] = quoted(_COPY)
    docstring = f"Write the merged pipestat config of {rule.pipeline}, {rule.level} level."
    return context.rule(name, docstring, sections)


def _results(context: _Context, file: ResultsStructure) -> str:
    """The rule assembles the file from one file per record."""
    name = context.names.results[file.path]
    rules = [rule.name for rule in context.structure.rules if rule.results == file.path]
    sections: Sections = {
        "input": [f"samples=jobs.flags({quoted_list(rules)})"],
        "output": [f"results=update({quoted(file.path)})"],
        "params": [
            f"records={quoted_mapping(file.records)}",
            f"schemas={quoted_mapping(file.schemas)}",
        ],
        "script": context.script("assemble_results.py"),
    }
    return context.rule(name, f"Assemble {file.path} from one file per record.", sections)


def _publication(context: _Context, rule: RuleStructure) -> str:
    """The rule publishes the results and statuses of one rule's jobs."""
    assert rule.publishes
    level = "project" if rule.level == "project" else "samples"
    inputs = [f"{level}=jobs.flags({quoted(rule.name)})"]
    copied = rule.results if rule.publishes != "statuses" else None
    if copied and context.structure.is_reported_into(copied):
        inputs.append(f"results={quoted(copied)}")
    docstring = f"{_PUBLISHED[rule.publishes]}: {rule.pipeline}, {rule.level} level."
    note = f"jobs.settled({quoted(rule.name)})"
    name = context.names.publications[rule.name]
    return _publishing(context, name, docstring, inputs, note, [f"rule={quoted(rule.name)}"])


def _left_over(context: _Context, name: str) -> str:
    """In a plan of some samples, the rule publishes all that earlier runs left."""
    rules = [rule.name for rule in context.structure.rules_in_all]
    inputs = [f"jobs.flags({quoted_list(rules)})"]
    docstring = "Bring results and statuses where earlier runs could not."
    return _publishing(context, name, docstring, inputs, quoted(LEFT_OVER), [])


def _publishing(
    context: _Context, name: str, docstring: str, inputs: list[str], note: str, params: list[str]
) -> str:
    sections: Sections = {
        "input": inputs,
        "output": [f"settled={note}"],
        "params": ["jobs=jobs.own_path()", *params],
        "script": context.script("settle.py"),
    }
    return context.rule(name, docstring, sections)


def _table(context: _Context) -> str:
    """The target writes what `snakemake-looper table` writes."""
    structure = context.structure
    rules = [rule for rule in structure.rules if rule.config]
    sections: Sections = {
        "input": _inputs(context, rules, published=False),
        "output": [quoted(path) for path in structure.tables],
        "params": ["jobs=jobs.path"],
        "script": context.script("write_tables.py"),
    }
    docstring = "Write the results of each pipeline as a table, and what is nested as YAML."
    return context.rule("table", docstring, sections)


def _report(context: _Context) -> str:
    """The target writes what `snakemake-looper report` writes; `snakemake --report` includes it."""
    structure = context.structure
    items = [
        f"directory({quoted(structure.report)})",
        f"caption={quoted(os.path.join(os.path.dirname(context.scripts), _CAPTION))}",
        'category="Results"',
        'htmlindex="index.html"',
    ]
    sections: Sections = {
        "input": _inputs(context, structure.rules, published=False),
        "output": ["\n".join(["report(", *(f"            {one}," for one in items), "        )"])],
        "params": ["jobs=jobs.path", f"project={quoted(structure.project_name)}"],
        "script": context.script("write_report.py"),
    }
    return context.rule("report", "Write the results as web pages.", sections)

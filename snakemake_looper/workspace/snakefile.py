"""The Snakefile: a plan's structure as text.

One rule for each interface and level, one for each merged pipestat config, one for each results
file, and targets. The text depends on the structure of a project only: it is the same for 10
samples and for 100,000. It is laid out as `snakefmt` does.
"""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from ..formula import Formula
from ..layout import LEFT_OVER, marker, report_folder, table_paths
from ..model import Plan, ResultsFile, Rule
from ..plan.rules import RESERVED
from ..read.secrets import has_secret

JOB_SCRIPT = "job.sh"
CAPTION = "report/results.rst"
_STORES = {"sqlite": "SQLite", "pephub": "PEPhub"}
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
looper = open_project(workflow, config, structure="{structure}")
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
# A lump is a group job. Its members run one after another: each takes the one `lump` there is.
resource_scopes:
    lump="local",


jobs.prepare_lumps()
"""
_COPY = (
    "(cp {input.content:q} {output.config:q};"
    " basename {input.content:q} .yaml > {output.written:q}) 2> {log:q}"
)


def snakefile(plan: Plan, scripts: str, job_script: str, structure: str | None = None) -> str:
    """The text of a plan's Snakefile.

    Args:
        plan: what to run.
        scripts: folder of the scripts, relative to the Snakefile.
        job_script: `job.sh`, relative to the working directory.
        structure: for a generated workflow, the digest of its rules; else the job table is
            the one beside the Snakefile.
    """
    head = _HEAD.format(config=plan.shown(plan.looper_config))
    opening = _OPEN_GENERATED.format(structure=structure) if structure else _OPEN
    return f"{head}{opening}\n\n{body(plan, scripts, job_script)}"


def body(plan: Plan, scripts: str, job_script: str) -> str:
    """The rules: all that depends on the structure of the project."""
    writer = _Writer(plan, scripts, job_script)
    lumped = any(job.lump for job in plan.jobs)
    grows = any(isinstance(one, Formula) for job in plan.jobs for one in job.resources.values())
    parts = [
        *([_BY_ATTEMPT] if grows else []),
        _COMMON,
        *([_LUMPS] if lumped else []),
        *writer.targets(),
    ]
    parts += [writer.pipestat_config(rule) for rule in plan.rules if rule.config]
    parts += [writer.job(rule) for rule in plan.rules if rule.level == "sample"]
    parts += [writer.results(file) for file in plan.results]
    parts += [writer.job(rule) for rule in plan.rules if rule.level == "project"]
    parts += [writer.publication(rule) for rule in plan.rules]
    parts += [writer.left_over(), writer.table(), writer.report()]
    return "\n\n".join(part.rstrip("\n") + "\n" for part in parts if part)


class _Writer:
    def __init__(self, plan: Plan, scripts: str, job_script: str) -> None:
        self.plan = plan
        self.scripts = scripts
        self.job_script = job_script
        self.taken = {*RESERVED, *(rule.name for rule in plan.rules)}
        self.jobs: dict[str, list[Any]] = {rule.name: [] for rule in plan.rules}
        for job in plan.jobs:
            self.jobs[job.rule].append(job)

    # --- targets -------------------------------------------------------------------------------

    def targets(self) -> Iterable[str]:
        rules = self.plan.rules
        samples = [rule for rule in rules if rule.level == "sample"]
        projects = [rule for rule in rules if rule.level == "project"]
        everything = self._inputs(self._in_all())
        yield _target("all", "Run every pipeline and assemble the results.", everything)
        yield _target("samples", "Run the sample-level pipelines.", self._inputs(samples))
        if projects:
            yield _target("project", "Run the project-level pipelines.", self._inputs(projects))
        for pipeline in dict.fromkeys(rule.pipeline for rule in rules):
            own = [rule for rule in rules if rule.pipeline == pipeline]
            name = own[0].name.removesuffix(f"_{own[0].level}")
            if name not in RESERVED:
                yield _target(self._free(name), f"Run pipeline {pipeline}.", self._inputs(own))

    def _inputs(self, rules: list[Rule], settled: bool = True) -> list[str]:
        lines = []
        if rules:
            lines.append(f"jobs.flags({_names([rule.name for rule in rules])})")
        if self.plan.narrowed:
            # The rules of results files and stores are about all samples: `onsuccess` sees to
            # those that were run, and this one to what earlier runs left.
            whole = settled and self._has_an_end() and all(rule in rules for rule in self._in_all())
            return [*lines, *(["jobs.left_over()"] if whole else [])]
        files = dict.fromkeys(rule.results for rule in rules if rule.results)
        lines += [_text(self._path(file.path)) for file in files if file and self._reports(file)]
        if settled:
            lines += [f"jobs.settled({_text(rule.name)})" for rule in rules if self._end(rule)]
        return lines

    def _in_all(self) -> list[Rule]:
        return [rule for rule in self.plan.rules if rule.in_all]

    def _has_an_end(self) -> bool:
        return any(rule.results or self._end(rule) for rule in self.plan.rules)

    def _end(self, rule: Rule) -> str:
        """What is left to do for a rule when its jobs are done; empty if nothing is."""
        config = rule.config
        if config is None or rule.interface.output_schema is None:
            return ""
        if not (self.plan.narrowed or self.jobs[rule.name]):
            return ""
        if config.published:
            return f"Copy results and statuses to {_STORES[config.published]}"
        return "Write statuses to the database" if config.back_end == "database" else ""

    def _reports(self, file: ResultsFile) -> bool:
        """Whether any job of the plan reports into a results file."""
        return any(self.jobs[rule.name] for rule in self.plan.rules if rule.results == file)

    # --- rules ---------------------------------------------------------------------------------

    def pipestat_config(self, rule: Rule) -> str:
        """A copy of what the plan has; with a password to fill in, a script writes it."""
        assert rule.config
        script = _text(f"{self.scripts}/write_pipestat_config.py")
        secret = has_secret(rule.config.content)
        name = self._free(f"pipestat_config_{rule.name}")
        return _rule(
            name,
            f"Write the merged pipestat config of {rule.pipeline}, {rule.level} level.",
            input=[f"content=jobs.config_source({_text(rule.name)})"],
            output=[
                f"config={_text(self._path(rule.config.path))}",
                f"written={_text(marker(self._path(rule.config.path)))}",
            ],
            log=[_text(self._log(name))],
            localrule="True",
            priority="1",
            **({"script": script} if secret else {"shell": _text(_COPY)}),
        )

    def job(self, rule: Rule) -> str:
        name = _text(rule.name)
        jobs = self.jobs[rule.name]
        inputs = []
        lumped = any(job.lump for job in jobs)
        if lumped or any(job.inputs for job in jobs):
            inputs.append(f"files=jobs.inputs({name})")
        if rule.depends:
            inputs.append(f"before=jobs.flags_of_sample({_names(rule.depends)})")
        if rule.after:
            inputs.append(f"samples=jobs.flags({_names(rule.after)})")
        reads = [_text(self._path(file.path)) for file in rule.reads if self._reports(file)]
        if reads:
            several = f"[{', '.join(reads)}]"
            inputs.append(f"results={several if len(reads) > 1 else reads[0]}")
        if rule.config:
            inputs.append(f"pipestat_config=jobs.config({name})")
        params = [f"command=jobs.command({name})"]
        if rule.config:
            params.append(f"pipestat=jobs.config_digest({name})")
        directives = {
            key: _text(value) if isinstance(value, str) else str(value)
            for key, value in rule.interface.directives.items()
            if key in ("container", "conda", "retries", "group", "priority")
        }
        if "retries" in directives:
            # A Snakemake in a cluster's job reads this rule, too, and would try again in there,
            # with what the job was given (Snakemake's issue 2050, seen with 9.27 and SLURM).
            directives["retries"] += " if workflow.is_main_process else 0"
        image = self._container(rule)
        if image:
            directives["container"] = image
        if lumped:
            # Tried again, a lump would run its completed members again.
            directives |= {"group": f"jobs.lump({name})", "retries": "0"}
        return _rule(
            rule.name,
            self._docstring(rule),
            input=inputs,
            output=[
                f"completed={_text(rule.flag)}",
                *([f"files=[{_names(rule.outputs)}]"] if rule.outputs else []),
            ],
            log=[_text(rule.log)],
            wildcard_constraints=[f"sample={_text(rule.constraint)}"] if rule.constraint else [],
            params=params,
            threads=self._threads(rule),
            resources=[*self._resources(rule), *(["lump=1"] if lumped else [])],
            **directives,
            benchmark=_text(rule.benchmark) if rule.benchmark else "",
            shell=_text(
                f"source {self.job_script} {{output.completed:q}} {{log:q}}\n"
                "(\n{params.command}\n)\nlooper_end_reached"
            ),
        )

    def results(self, file: ResultsFile) -> str:
        rules = [rule for rule in self.plan.rules if rule.results == file]
        if not self._reports(file):
            return ""
        name = self._free(f"results_{rules[0].name.removesuffix('_sample')}")
        records = {pipeline: self._path(folder) for pipeline, folder in file.sources}
        schemas = {pipeline: self._path(schema) for pipeline, schema in file.schemas}
        return _rule(
            name,
            f"Assemble {self._path(file.path)} from one file per record.",
            input=[f"samples=jobs.flags({_names([rule.name for rule in rules])})"],
            output=[f"results=update({_text(self._path(file.path))})"],
            log=[_text(self._log(name))],
            params=[f"records={_mapping(records)}", f"schemas={_mapping(schemas)}"],
            localrule="True",
            script=_text(f"{self.scripts}/assemble_results.py"),
        )

    def publication(self, rule: Rule) -> str:
        """Brings results and statuses of one rule where they belong."""
        end = self._end(rule)
        if self.plan.narrowed or not end:
            return ""
        name = self._free(f"publish_{rule.name}")
        inputs = [f"samples=jobs.flags({_text(rule.name)})"]
        if rule.level == "project":
            inputs = [f"project=jobs.flags({_text(rule.name)})"]
        if rule.results and rule.config and rule.config.published and self._reports(rule.results):
            inputs.append(f"results={_text(self._path(rule.results.path))}")
        return self._settling(
            name,
            f"{end}: {rule.pipeline}, {rule.level} level.",
            inputs,
            f"jobs.settled({_text(rule.name)})",
            [f"rule={_text(rule.name)}"],
        )

    def left_over(self) -> str:
        """For a plan of some samples: all that earlier runs left to do."""
        if not self.plan.narrowed or not self._has_an_end():
            return ""
        return self._settling(
            self._free("left_over"),
            "Bring results and statuses where earlier runs could not.",
            [f"jobs.flags({_names([rule.name for rule in self._in_all()])})"],
            _text(LEFT_OVER),
            [],
        )

    def _settling(
        self, name: str, doc: str, inputs: list[str], marker: str, params: list[str]
    ) -> str:
        return _rule(
            name,
            doc,
            input=inputs,
            output=[f"settled={marker}"],
            log=[_text(self._log(name))],
            params=["jobs=jobs.own_path()", *params],
            localrule="True",
            script=_text(f"{self.scripts}/settle.py"),
        )

    def table(self) -> str:
        """A target: what `snakemake-looper table` writes."""
        rules = [rule for rule in self.plan.rules if rule.config]
        if not rules:
            return ""
        pipelines = dict.fromkeys(rule.pipeline for rule in rules)
        paths = [
            path
            for pipeline in pipelines
            for path in table_paths(self.plan.out, pipeline, self.plan.amendments)
        ]
        return _rule(
            "table",
            "Write the results of each pipeline as a table, and what is nested as YAML.",
            input=self._inputs(rules, settled=False),
            output=[_text(self._path(path)) for path in paths],
            log=[_text(self._log("table"))],
            params=["jobs=jobs.path"],
            localrule="True",
            script=_text(f"{self.scripts}/write_tables.py"),
        )

    def report(self) -> str:
        """A target: what `snakemake-looper report` writes; `snakemake --report` takes it in."""
        folder = report_folder(self.plan.out, self.plan.amendments)
        caption = os.path.join(os.path.dirname(self.scripts), CAPTION)
        flagged = [
            f"directory({_text(self._path(folder))})",
            f"caption={_text(caption)}",
            'category="Results"',
            'htmlindex="index.html"',
        ]
        return _rule(
            "report",
            "Write the results as web pages.",
            input=self._inputs(list(self.plan.rules), settled=False),
            output=[
                "\n".join(["report(", *(f"            {one}," for one in flagged), "        )"])
            ],
            log=[_text(self._log("report"))],
            params=["jobs=jobs.path", f"project={_text(self.plan.project_name)}"],
            localrule="True",
            script=_text(f"{self.scripts}/write_report.py"),
        )

    def _free(self, name: str) -> str:
        """A rule name that no other rule has: this one, or with a number."""
        number = 1
        free = name
        while free in self.taken:
            number += 1
            free = f"{name}_{number}"
        self.taken.add(free)
        return free

    # --- parts ---------------------------------------------------------------------------------

    def _path(self, path: Any) -> str:
        return self.plan.shown(path)

    def _log(self, name: str) -> str:
        return os.path.join(os.path.dirname(self.plan.rules[0].log), f"{name}.log")

    def _docstring(self, rule: Rule) -> str:
        what = "each sample" if rule.level == "sample" else "the project"
        template = textwrap.dedent(rule.interface.command_template).strip()
        lines = [line.rstrip() for line in template.splitlines()]
        return "\n".join(
            [
                f"Run {rule.pipeline} for {what}.",
                "",
                f"Pipeline interface: {self._path(rule.interface.path)}",
                "Command template:",
                *(f"    {line}".rstrip() for line in lines),
            ]
        )

    def _threads(self, rule: Rule) -> str:
        values = {job.threads for job in self.jobs[rule.name]}
        if len(values) > 1:
            return f"jobs.threads({_text(rule.name)})"
        return str(values.pop()) if values else "1"

    def _container(self, rule: Rule) -> str:
        """The image that the compute settings of the jobs name; a lookup where they differ."""
        images = {job.container for job in self.jobs[rule.name]} or {None}
        if len(images) > 1:
            return f"jobs.container({_text(rule.name)})"
        image = images.pop()
        return _text(image) if image else ""

    def _resources(self, rule: Rule) -> list[str]:
        """Literals where all samples agree, lookups where they differ."""
        jobs = self.jobs[rule.name]
        names = sorted({name for job in jobs for name in job.resources})
        lines = []
        for name in names:
            values = {job.resources.get(name) for job in jobs}
            grows = any(isinstance(value, Formula) for value in values)
            if len(values) > 1:
                text = f"jobs.resource({_text(rule.name)}, {_text(name)})"
            else:
                value = values.pop()
                text = _text(value) if isinstance(value, str) else str(value)
            lines.append(f"{name}=by_attempt({text})" if grows else f"{name}={text}")
        return lines


def _target(name: str, doc: str, inputs: list[str]) -> str:
    return _rule(name, doc, input=inputs, localrule="True")


# Directives in the order in which snakefmt (2.1) puts them, and how each is laid out.
_INLINE, _BLOCK, _LIST = range(3)
_DIRECTIVES = {
    "input": _LIST,
    "output": _LIST,
    "log": _LIST,
    "benchmark": _BLOCK,
    "wildcard_constraints": _LIST,
    "priority": _INLINE,
    "retries": _INLINE,
    "group": _BLOCK,
    "localrule": _INLINE,
    "conda": _BLOCK,
    "container": _BLOCK,
    "threads": _INLINE,
    "resources": _LIST,
    "params": _LIST,
    "shell": _BLOCK,
    "script": _BLOCK,
}


def _rule(name: str, doc: str, **sections: str | list[str]) -> str:
    """A rule in snakefmt's layout; sections without a value are left out."""
    lines = [f"rule {name}:", *_doc(doc)]
    for key, layout in _DIRECTIVES.items():
        value = sections.get(key)
        if not value:
            continue
        if layout == _INLINE:
            lines.append(f"    {key}: {value}")
            continue
        comma = "," if layout == _LIST else ""
        lines.append(f"    {key}:")
        lines += [
            f"        {item}{comma}" for item in ([value] if isinstance(value, str) else value)
        ]
    return "\n".join(lines) + "\n"


def _doc(doc: str) -> list[str]:
    """A docstring. Three quotes in a row, of whatever kinds, are parted: to snakefmt they end it."""
    text = re.sub(r"""(["'])(?=["']{2})""", r"\1 ", doc.replace("\\", "\\\\"))
    if "\n" not in text:
        return [f'    """{text}"""']
    first, *rest = text.splitlines()
    return [
        f'    """{first}',
        *(f"    {line}" if line else "" for line in rest),
        '    """',
    ]


def _text(value: str) -> str:
    """A string literal as the formatter writes it."""
    if '"' in value and "'" not in value and "\\" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def _names(names: Iterable[str]) -> str:
    return ", ".join(_text(name) for name in names)


def _mapping(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(key)}: {_text(value)}" for key, value in values.items()) + "}"

"""The rules that run pipelines, as text: one for each pipeline interface and level.

A value that all jobs of a rule share is a literal in the rule. A value that differs from job to job
is a lookup in the job table, see `lookups`.
"""

from __future__ import annotations

import os
import textwrap

from .rule_layout import Sections, literal, quoted, quoted_list, rule_text
from .structure import Resource, RuleStructure, Structure

LUMP_SCRIPT = "lump.sh"
"""The script of a lump's shell, beside that of a job's."""
_SHELL = """\
source {job_script} {{output.completed:q}} {{log:q}}
(
{{params.command}}
)
looper_end_reached"""
_LUMP_SHELL = """\
source {lump_script} {{output.done:q}} {{log:q}} {{threads}}
source {folder}/{{wildcards.lump}}.sh"""


def job_rule(structure: Structure, rule: RuleStructure, job_script: str) -> str:
    """The rule whose jobs run a pipeline.

    Args:
        structure: the structure of the whole plan.
        rule: the rule of this structure to write.
        job_script: `job.sh`, relative to the working directory.
    """
    if rule.lumps:
        return _lump_rule(structure, rule, rule.lumps, job_script)
    name = quoted(rule.name)
    params = [f"command=jobs.command({name})"]
    if rule.config:
        params.append(f"pipestat=jobs.config_digest({name})")
    outputs = [f"completed={quoted(rule.flag)}"]
    if rule.outputs:
        outputs.append(f"files=[{quoted_list(rule.outputs)}]")
    sections: Sections = {
        "input": _inputs(structure, rule),
        "output": outputs,
        "log": [quoted(rule.log)],
        "wildcard_constraints": [f"sample={quoted(rule.constraint)}"] if rule.constraint else [],
        "params": params,
        "threads": f"jobs.threads({name})" if rule.threads is None else str(rule.threads),
        "resources": _resources(rule),
        **_directives(rule),
        "benchmark": quoted(rule.benchmark) if rule.benchmark else "",
        "shell": quoted(_SHELL.format(job_script=job_script)),
    }
    return rule_text(rule.name, _docstring(rule), sections)


def _lump_rule(structure: Structure, rule: RuleStructure, folder: str, job_script: str) -> str:
    """The rule whose jobs run the pipeline for lumps of samples."""
    name = quoted(rule.name)
    inputs = [f"files=lumps.inputs({name})"]
    if rule.config:
        inputs.append(f"pipestat_config=lumps.config({name})")
    script = os.path.join(os.path.dirname(job_script), LUMP_SCRIPT)
    sections: Sections = {
        "input": inputs,
        "output": [f"done={quoted(f'{folder}/{{lump}}.done')}"],
        "log": [quoted(f"{folder}/{{lump}}.log")],
        "wildcard_constraints": ['lump="[0-9a-z]+-[0-9]+"'],
        "threads": f"lumps.threads({name})",
        "resources": [f"{one.name}={_lump_resource(rule, one)}" for one in rule.resources],
        **_directives(rule),
        "shell": quoted(_LUMP_SHELL.format(lump_script=script, folder=folder)),
    }
    return rule_text(rule.name, _docstring(rule), sections)


def _lump_resource(rule: RuleStructure, one: Resource) -> str:
    if isinstance(one.value, str) and not one.grows:
        return literal(one.value)
    text = f"lumps.resource({quoted(rule.name)}, {quoted(one.name)})"
    return f"by_attempt({text})" if one.grows else text


def _docstring(rule: RuleStructure) -> str:
    records = "each sample" if rule.level == "sample" else "the project"
    if rule.lumps:
        records = "each sample, several samples in one job"
    template = textwrap.dedent(rule.command_template).strip()
    return "\n".join(
        [
            f"Run {rule.pipeline} for {records}.",
            "",
            f"Pipeline interface: {rule.interface}",
            "Command template:",
            *(f"    {line.rstrip()}".rstrip() for line in template.splitlines()),
        ]
    )


def _inputs(structure: Structure, rule: RuleStructure) -> list[str]:
    name = quoted(rule.name)
    inputs = []
    if rule.has_inputs:
        inputs.append(f"files=jobs.inputs({name})")
    if rule.depends:
        inputs.append(f"before=jobs.flags_of_sample({quoted_list(rule.depends)})")
    if rule.after:
        inputs.append(f"samples=jobs.flags({quoted_list(rule.after)})")
    reads = [path for path in rule.reads if structure.is_reported_into(path)]
    if reads:
        several = f"[{quoted_list(reads)}]"
        inputs.append(f"results={several if len(reads) > 1 else quoted(reads[0])}")
    if rule.config:
        inputs.append(f"pipestat_config=jobs.config({name})")
    return inputs


def _directives(rule: RuleStructure) -> dict[str, str]:
    name = quoted(rule.name)
    directives = {key: literal(value) for key, value in rule.directives}
    if "retries" in directives:
        # The Snakemake inside a cluster job reads this rule, too. It would retry in there, with
        # the resources of the first try (Snakemake's issue 2050, seen with 9.27 and SLURM).
        directives["retries"] += " if workflow.is_main_process else 0"
    lookups = "lumps" if rule.lumps else "jobs"
    if rule.level == "sample":  # samples start in the order of the table
        own = directives.get("priority", "")
        directives["priority"] = (
            f"{lookups}.priority({name}, {own})" if own else f"{lookups}.priority({name})"
        )
    if rule.containers_differ:
        directives["container"] = f"{lookups}.container({name})"
    elif rule.container:
        directives["container"] = quoted(rule.container)
    return directives


def _resources(rule: RuleStructure) -> list[str]:
    """Literals where all jobs agree, lookups where they differ."""
    return [f"{one.name}={_resource(rule, one)}" for one in rule.resources]


def _resource(rule: RuleStructure, one: Resource) -> str:
    if one.value is None:
        text = f"jobs.resource({quoted(rule.name)}, {quoted(one.name)})"
    else:
        text = literal(one.value)
    return f"by_attempt({text})" if one.grows else text

"""README, config and catalog entry of a workflow to give away."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ..structure import Structure
from ..workflow_catalog import CATALOG, README, catalog_entry, rows_of_rules
from .copies import Copies, shortened

_PLAIN = re.compile(r"[\w./][\w./-]*", re.ASCII)
_METHODS = {"conda": "conda", "container": "apptainer"}
"""Snakemake's names for ways to deploy software, by directive."""
_README = """\
# Snakemake workflow: {name}

This Snakemake workflow runs {count} jobs of the project `{name}`. It needs Snakemake 9.14 or
newer{needs} the programs that its commands call. Start it in this folder:

    snakemake --cores 8{software}

| rule | pipeline | runs for |
|---|---|---|
{rows}
`config/README.md` says how to change what runs. If the folder is moved, no job runs again.
{left}"""
_LEFT = """
## What is not in this folder

{lines}
"""
_CONFIG_README = """\
# Configuration

`config.yaml` names the table of jobs and the folders.

`jobs.tsv` has a row for each job, with tabs between its cells:

| column | what it is |
|---|---|
| `rule` | the rule in `workflow/Snakefile` |
| `sample` | the name of the sample; empty for a job of the whole project |
| `command` | the command, in bash |
| `inputs` | the input files |
| `environment` | environment variables of the command |
| others | threads, container and resources, where they differ from job to job |

Columns that no job needs are left out. Several paths or variables in a cell have blanks between
them, and are quoted as in a shell. Cells with line breaks are in double quotes.

`<results>`, `<resources>` and `<pipelines>` stand for `output_dir`, `data_dir` and
`workflow/pipelines`. Commands run in `data_dir`: relative paths in `command` and `inputs` are
relative to it.

If a command or its environment is edited, its job runs again. A new row is a new job; a job whose
row is removed does not run any more, and its results stay. The row of a job of the whole project
can only be removed together with its rule. The commands of project-level jobs may name samples: they
do not follow the other rows.
{more}"""
_PIPESTAT = """
`pipestat/` has the pipestat config of each rule. If one is edited, its jobs run again. `results.yaml`
says what the results files are assembled from, and which results are numbers (`types`).
"""
_CONFIG = """\
# yaml-language-server: $schema=../workflow/schemas/config.schema.yaml
# The table of jobs: see README.md in this folder.
jobs: config/jobs.tsv

# The folder of results, logs and status flags.
output_dir: results

# The folder that commands run in, with the input files that they name by relative paths.
data_dir: {data_dir}
"""


def texts(
    structure: Structure,
    name: str,
    count: int,
    copies: Copies,
    skipped: Sequence[str],
    hooked: Sequence[str],
) -> dict[str, str]:
    """The texts by path.

    Args:
        structure: the rules of the workflow.
        name: the name of the project.
        count: the number of jobs.
        copies: what is copied, and what is not.
        skipped: samples without a job, each with the reason.
        hooked: pipelines with values that commands have printed on this machine.
    """
    has_pipestat = any(rule.config for rule in structure.rules)
    left = _left(copies, skipped, hooked)
    return {
        README: _README.format(
            name=name,
            count=count,
            needs=", pipestat and" if has_pipestat else " and",
            software=_software(structure),
            rows=rows_of_rules(structure),
            left=_LEFT.format(lines="\n".join(left)) if left else "",
        ),
        CATALOG: catalog_entry(structure, report=False),
        "config/README.md": _CONFIG_README.format(more=_PIPESTAT if has_pipestat else ""),
        "config/config.yaml": _CONFIG.format(data_dir=_as_yaml(copies.data_dir)),
    }


def _software(structure: Structure) -> str:
    """The option that makes Snakemake use the environments and images that rules name."""
    named = {name for rule in structure.rules for name in rule.deployments()}
    methods = [word for name, word in _METHODS.items() if name in named]
    return " ".join(["", "--sdm", *methods]) if methods else ""


def _as_yaml(path: str) -> str:
    """A path as YAML has it: in quotes where it needs them."""
    return path if _PLAIN.fullmatch(path) else json.dumps(path, ensure_ascii=False)


def _left(copies: Copies, skipped: Sequence[str], hooked: Sequence[str]) -> list[str]:
    """What is not in the folder, or does not follow a new machine, as lines of a list."""
    lines = [f"- {one}: it stays where it is, since it is large." for one in copies.large]
    if copies.outside:
        lines.append("- Paths in commands that lead elsewhere:")
        lines += [f"  - `{path}`" for path in shortened(copies.outside)]
    if skipped:
        lines.append("- Samples without a job:")
        lines += [f"  - {one}" for one in shortened(skipped)]
    lines += [
        f"- Commands of {name} have values that its `pre_submit` or its dynamic variables printed on"
        " the machine where this workflow was made."
        for name in hooked
    ]
    return lines

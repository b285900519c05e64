"""Files that Snakemake's workflow catalog reads of a generated workflow.

    README.md                            what the workflow is, and how to run it
    .snakemake-workflow-catalog.yml      how its software is deployed
    workflow/schemas/config.schema.yaml  the keys of config/config.yaml

The first two may be there already: the folder can be that of the project, or of a repository. Then
they stay as they are, see `OF_THE_REPOSITORY`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..read.options.options import OPTIONS, Option
from .structure import Structure

README = "README.md"
CATALOG = ".snakemake-workflow-catalog.yml"
SCHEMA = "workflow/schemas/config.schema.yaml"
OF_THE_REPOSITORY = (README, CATALOG)
"""Files that are not replaced, also not by force, if this package did not write them."""

_README = """\
# Snakemake workflow: {name}

This Snakemake workflow runs the looper project `{name}` with the pipelines of its interfaces.
`snakemake-looper generate` made it.

## Usage

The workflow needs Snakemake, snakemake-looper, and the programs that the pipelines call. Start it in
this folder:

    snakemake --cores 8

`config/config.yaml` names the looper project and chooses samples; `config/README.md` explains it.

| rule | pipeline | runs for |
|---|---|---|
{rows}"""
_CATALOG = """\
# How Snakemake's workflow catalog shows this workflow.
usage:
  software-stack-deployment:
    conda: {conda}
    singularity: {container}
    singularity+conda: false
  report: {report}
"""
_SCHEMA_HEAD = """\
$schema: "https://json-schema.org/draft/2020-12/schema"
description: The looper project that the workflow runs, and the options it is run with.
type: object
required: [looper_config]
properties:
"""
_ABOUT_LOOPER_CONFIG = "the looper config, relative to the folder that Snakemake is started in"
_LEVELS = {"sample": "each sample", "project": "the project"}


def catalog_files(structure: Structure, name: str) -> Mapping[str, str]:
    """The texts by path.

    Args:
        structure: the rules of the workflow.
        name: the name of the project.
    """
    return {
        README: _README.format(name=name, rows=rows_of_rules(structure)),
        CATALOG: catalog_entry(structure),
        SCHEMA: config_schema(),
    }


def rows_of_rules(structure: Structure) -> str:
    """The rows of the table of rules in a README."""
    return "".join(
        f"| `{rule.name}` | {rule.pipeline} | {_LEVELS[rule.level]} |\n" for rule in structure.rules
    )


def catalog_entry(structure: Structure, report: bool = True) -> str:
    """The text of the catalog's entry; `report` says whether the workflow has a report."""
    used = {name for rule in structure.rules for name in rule.deployments()}
    conda, container = (json.dumps(name in used) for name in ("conda", "container"))
    return _CATALOG.format(conda=conda, container=container, report=json.dumps(report))


def config_schema() -> str:
    """The JSON Schema of `config/config.yaml`, as YAML."""
    parts = [_SCHEMA_HEAD, _property("looper_config", "string", _ABOUT_LOOPER_CONFIG)]
    parts += [_property(one.name, _types(one), one.comment) for one in OPTIONS if one.comment]
    return "".join(parts)


def _property(name: str, types: str, about: str) -> str:
    return f"  {name}:\n    type: {types}\n    description: {json.dumps(about)}\n"


def _types(option: Option) -> str:
    """The types that the reader of an option takes. It also takes the words of a command line."""
    if option.name == "compute":
        return "[object, array, string]"
    if option.several:
        return "[array, string, number, boolean]"
    return "[string, number]" if option.metavar else "[boolean, string, number]"

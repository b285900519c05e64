"""The texts of a new project's files, with comments for people who have never seen one."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from .samples import NAME

INTERFACE = "pipeline/pipeline_interface.yaml"
INPUTS = "pipeline/input_schema.yaml"
SCHEMA = "pipeline/output_schema.yaml"
REPORTER = "pipeline/report_results.py"
PEP = "project_config.yaml"

SCHEMAS = ".schemas"
"""The folder with JSON Schemas, by which editors complete and check the other files."""

TYPES = ("number", "integer", "string", "boolean")
"""Types of results that a line of output can have."""


_YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan")


@dataclass(frozen=True, slots=True)
class Result:
    """A result that the pipeline reports for each sample."""

    name: str
    type: str


def for_editors(name: str, path: str) -> str:
    """The line that tells editors the schema of a file: a path, so it works on any machine.

    Args:
        name: the name of the schema.
        path: the path of the file in the project.
    """
    up = "../" * path.count("/")
    return f"# yaml-language-server: $schema={up}{schema_file(name)}\n"


def schema_file(name: str) -> str:
    """The path of a schema in a project."""
    return f"{SCHEMAS}/{name}.json"


def looper_config(pep: str, has_results: bool) -> str:
    """The looper config. `pep` is the path of the table or of the PEP."""
    kept = """
# Results and statuses: where they are kept. Databases are possible, too.
pipestat:
  results_file_path: results.yaml
"""
    return f"""\
{for_editors("looper_config", ".looper.yaml")}\
# The looper config ties samples and pipelines together. Paths are relative to this file.
# (The line above is for editors: with it, they complete and check the keys.)

# The samples: a table, or a PEP, which is a table with a config.
pep_config: {_scalar(pep)}

# The folder for outputs, logs and results.
output_dir: results

# One file for each pipeline. Each pipeline runs once per sample.
pipeline_interfaces:
  - {INTERFACE}
{kept if has_results else ""}"""


def pep(table: str, name_column: str) -> str:
    """The PEP: a config that says which column of the table has the names of the samples."""
    return f"""\
{for_editors("pep", PEP)}\
# The PEP: the table of samples, and what is to be known or changed about it.
pep_version: 2.1.0
sample_table: {_scalar(table)}

# The column with the names of the samples. Without this line it is '{NAME}'.
sample_table_index: {_scalar(name_column)}
"""


def interface(
    pipeline: str, command: str, columns: Sequence[str], results: bool, has_inputs: bool = False
) -> str:
    """The pipeline interface.

    Args:
        pipeline: its name.
        command: the command template.
        columns: the columns of the table, for the comment.
        results: whether the command's output is handed over to pipestat.
        has_inputs: whether there is an input schema.
    """
    schema = f"input_schema: {INPUTS.rpartition('/')[2]}\n" if has_inputs else ""
    schema += f"output_schema: {SCHEMA.rpartition('/')[2]}\n" if results else ""
    listed = ", ".join(_attribute(column) for column in columns[:6])
    return f"""\
{for_editors("pipeline_interface", INTERFACE)}\
# A pipeline interface: the command of one pipeline, and what it needs.
pipeline_name: {_scalar(pipeline)}
{schema}
sample_interface:
  # The command runs once per sample, in the folder of the looper config. Names in braces are
  # replaced. There are the cells of the sample's row: {listed}
  # and, among others, {{looper.output_dir}} and {{looper.sample_output_folder}}.
  # 'snakemake-looper inspect --sample NAME' shows all of them, with their values.
  command_template: |
{_indented(_reporting(command) if results else command)}

# Each job asks for this, on this machine or on a cluster.
compute:
  cores: 1
  mem: 1G
"""


def input_schema(pipeline: str, files: Sequence[str]) -> str:
    """The input schema.

    Args:
        pipeline: the name of the pipeline.
        files: the columns that name files.
    """
    declared = "\n".join(f"        {_scalar(one)}:\n          type: string" for one in files)
    listed = "\n".join(f"        - {_scalar(one)}" for one in files)
    return f"""\
# The input schema says what a pipeline needs of each sample.
description: {_scalar(f"What {pipeline} needs of a sample.")}
type: object
properties:
  samples:
    type: array
    items:
      type: object
      properties:
{declared}
      # Files. If one changes, the job of its sample runs again. If one is missing, the sample is
      # skipped.
      tangible:
{listed}
"""


def output_schema(pipeline: str, results: Sequence[Result]) -> str:
    """The output schema."""
    declared = "\n".join(
        f"        {one.name}:\n          type: {one.type}\n          description: {one.name}"
        for one in results
    )
    return f"""\
{for_editors("output_schema", SCHEMA)}\
# The output schema declares the results of a pipeline. Only declared results can be reported.
title: {_scalar(f"Results of {pipeline}")}
description: {_scalar(f"What {pipeline} reports.")}
type: object
properties:
  pipeline_name: {_scalar(pipeline)}
  samples:
    type: array
    items:
      type: object
      properties:
        # A result: its name, its type ({", ".join(TYPES)}, file or image) and what it is.
{declared}
"""


def reporter() -> str:
    """A script that reads results from the output of a command, and reports them."""
    return _REPORTER


def _scalar(text: str) -> str:
    """A text as a value in YAML: quoted, unless it is a word that YAML takes for a text."""
    is_word = re.fullmatch(r"[A-Za-z_.][\w./ -]*[\w/-]|[A-Za-z_]", text)
    if is_word and text.lower() not in _YAML_WORDS and not text.startswith(("-", ". ")):
        return text
    return json.dumps(text, ensure_ascii=False)


def _attribute(column: str) -> str:
    return f"{{sample.{column}}}" if column.isidentifier() else f"{{sample['{column}']}}"


def _reporting(command: str) -> str:
    output = "{looper.sample_output_folder}/output.txt"
    return f"""\
mkdir -p {{looper.sample_output_folder}}
(
{_indented(command, "  ")}
) | tee {output}
python {{looper.piface_dir}}/report_results.py {{pipestat.config_file}} \\
  "{{sample.sample_name}}" {output}"""


def _indented(text: str, by: str = "    ") -> str:
    lines = textwrap.dedent(text).strip().splitlines()
    return "\n".join(f"{by}{line}" if line else "" for line in lines)


_REPORTER = '''\
"""Report results that a command has printed: PIPESTAT_CONFIG SAMPLE OUTPUT_FILE.

A line like `reads: 12` in the output is the value 12 of the result `reads`. If the output schema
has only one result, its value is the first word of the last line. Change this as you need.
"""

import sys

import pipestat
import yaml

config, sample, output_file = sys.argv[1:]

results = pipestat.PipestatManager.from_config(config)
names = list(results.result_schemas)
with open(output_file, encoding="utf-8") as output:
    lines = [line.strip() for line in output if line.strip()]

found = {}
for line in lines:
    name, _, value = line.partition(":")
    if name in names:
        found[name] = yaml.safe_load(value)
if not found and len(names) == 1 and lines:
    found[names[0]] = yaml.safe_load(lines[-1].split()[0])

missing = [str(name) for name in names if name not in found]
if missing:
    sys.exit(f"no line for {', '.join(missing)} in {output_file}, as in '{missing[0]}: 12'")
results.report(record_identifier=sample, values=found)
'''

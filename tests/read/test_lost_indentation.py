"""Sections that are empty since their lines stand beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from snakemake_looper.errors import Problems
from snakemake_looper.read.documents.yaml_lines import Document, parse_yaml
from snakemake_looper.read.interfaces.interface_keys import tell_of_lost_lines
from snakemake_looper.read.lost_indentation import IN_LOOPER_CONFIG, tell_of_lost_indentation

Tell = Callable[[Document, Problems], object]


def in_config(document: Document, problems: Problems) -> None:
    known = ("pep_config", "output_dir", "pipestat", "cli", "sample_modifiers", "name")
    tell_of_lost_indentation(document, IN_LOOPER_CONFIG, known, problems)


def said(tell: Tell, text: str) -> list[str]:
    problems = Problems()
    tell(parse_yaml(text, Path("file.yaml")), problems)
    return [str(problem) for problem in problems]


ONE, SEVERAL = (
    "is empty, since its line stands beside it",
    "is empty, since its lines stand beside it",
)
LOST: list[tuple[Tell, str, str]] = [
    (tell_of_lost_lines, "sample_interface:\ncommand_template: x\n", f"sample_interface: {ONE}: 'command_template' (line 2)"),
    (tell_of_lost_lines, "project_interface:\n\n# x\ncommand_template: x\n", f"project_interface: {ONE}: 'command_template' (line 4)"),
    (tell_of_lost_lines, "compute:\ncores: 2\npartition: long\n", f"compute: {SEVERAL}: 'cores' (line 2), 'partition' (line 3)"),
    (tell_of_lost_lines, "compute:\npartition: long\ngpu: 1\n", f"compute: {SEVERAL}: 'partition' (line 2), 'gpu' (line 3)"),
    (tell_of_lost_lines, "compute:\n\nsize_dependent_variables: x\n", f"compute: {ONE}: 'size_dependent_variables' (line 3)"),
    (tell_of_lost_lines, "pre_submit:\npython_functions:\n- a.b\n", f"pre_submit: {ONE}: 'python_functions' (line 2)"),
    (tell_of_lost_lines, "var_templates:\nplot: x\noutput_schema: y\n", f"var_templates: {ONE}: 'plot' (line 2)"),
    (tell_of_lost_lines, "var_templates:\npath: x\ncommand_template: '{pipeline.var_templates.path}'\n", f"var_templates: {ONE}: 'path' (line 2)"),
    (tell_of_lost_lines, "inject_env_vars:\nHOME_OF_IT: x\n", f"inject_env_vars: {ONE}: 'HOME_OF_IT' (line 2)"),
    (tell_of_lost_lines, "snakemake:\nretries: 2\n", f"snakemake: {ONE}: 'retries' (line 2)"),
    (tell_of_lost_lines, "snakemake:\n  resources:\n  disk: 2\n", f"snakemake.resources: {ONE}: 'disk' (line 3)"),
    (in_config, "pipestat:\nresults_file_path: x\nproject_name: y\n", f"pipestat: {SEVERAL}: 'results_file_path' (line 2), 'project_name' (line 3)"),
    (in_config, "pipestat:\n  database:\n  dialect: x\n  host: y\n", f"pipestat.database: {SEVERAL}: 'dialect' (line 3), 'host' (line 4)"),
    (in_config, "sample_modifiers:\nappend: {a: b}\n", f"sample_modifiers: {ONE}: 'append' (line 2)"),
    (in_config, "sample_modifiers:\n  derive:\n  attributes: [a]\n  sources: {b: c}\n", f"sample_modifiers.derive: {SEVERAL}: 'attributes' (line 3), 'sources' (line 4)"),
    (in_config, "pipeline_interfaces:\nsample: a.yaml\nproject: b.yaml\n", f"pipeline_interfaces: {SEVERAL}: 'sample' (line 2), 'project' (line 3)"),
    (in_config, "cli:\nrun: {limit: 2}\n", f"cli: {ONE}: 'run' (line 2)"),
]  # fmt: skip


@pytest.mark.parametrize(("tell", "text", "message"), LOST)
def test_lines_that_stand_beside_their_section(tell: Tell, text: str, message: str) -> None:
    (found,) = said(tell, text)
    name = message.partition(":")[0].split(".")
    line = next(n for n, one in enumerate(text.splitlines(), 1) if one.strip() == f"{name[-1]}:")
    assert found == f"file.yaml:{line}: {message}; indent by two spaces"


@pytest.mark.parametrize(
    ("tell", "text"),
    [
        (tell_of_lost_lines, "compute:\n#  cores: 2\nmine: 3\n"),
        (tell_of_lost_lines, "compute:\nbioconductor: {a: b}\n"),
        (tell_of_lost_lines, "compute:\noutput_schema: x\nmine: 3\n"),
        (tell_of_lost_lines, "command_template: x\nproject_interface:\n"),
        (tell_of_lost_lines, "var_templates:\npath: x\n"),
        (tell_of_lost_lines, "sample_interface: {command_template: x}\ncommand_template: y\n"),
        (tell_of_lost_lines, "snakemake: {resources: }\ndisk: 3\n"),
        (in_config, "pipestat:\n# results_file_path: x\noutput_dir: y\n"),
        (in_config, "sample_modifiers: [a]\nappend: x\n"),
        (in_config, "cli: {run: }\n"),
    ],
)
def test_an_empty_section_is_no_fault(tell: Tell, text: str) -> None:
    """All of its lines may be comments, and other keys may stand after it."""
    assert said(tell, text) == []

"""A template in a value stays in the command, and is one warning for each rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.projects import TOUCH

from snakemake_looper import Options
from snakemake_looper.plan.planner import plan_project

ONE = (
    "a value has the template {sample.word}, which stays in the command as it is; write it in the"
    " command_template (for a and 2 more)"
)
PEP = "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n"


def interface(command: str, *lines: str) -> dict[str, str]:
    """An interface whose command template is in its last line."""
    level = ("sample_interface:", f"  command_template: {command}", "")
    return {"touch.yaml": "\n".join(["pipeline_name: touch", *lines, *level])}


CASES: Mapping[str, tuple[dict[str, str], str]] = {
    "a variable of another one": (
        interface(
            "run {pipeline.var_templates.q}",
            'var_templates: {r: "{sample.word}", q: "{pipeline.var_templates.r}/z"}',
        ),
        f"touch.yaml:4: command_template: {ONE}",
    ),
    "variables in a circle": (
        interface(
            "run {pipeline.var_templates.r}",
            'var_templates: {r: "{pipeline.var_templates.q}", q: "{pipeline.var_templates.r}"}',
        ),
        "touch.yaml:4: command_template: a value has the template {pipeline.var_templates.r}, which"
        " stays in the command as it is; write it in the command_template (for a and 2 more)",
    ),
    "a key of the interface": (
        interface("run {pipeline.tool}", 'tool: "{sample.word}/bin"'),
        f"touch.yaml:4: command_template: {ONE}",
    ),
    "a key of the PEP": (
        {**interface("run {project.k}"), "project.yaml": PEP + "k: '{sample.word}'\n"},
        f"touch.yaml:3: command_template: {ONE}",
    ),
    "cells that differ": (
        {
            **interface("run"),
            "samples.csv": "sample_name,file,command_extra\na,a.txt,-x {sample.file}\n"
            "b,b.txt,\"-y {sample['file']}\"\nc,c.txt,-z\n",
        },
        "touch.yaml:3: command_template: values have the templates {sample.file}, {sample['file']},"
        " which stay in the command as they are; write them in the command_template (for a and 1"
        " more)",
    ),
}


@pytest.mark.parametrize(("files", "message"), CASES.values(), ids=CASES)
def test_one_warning(project: Callable[..., Path], files: dict[str, str], message: str) -> None:
    folder = project({**TOUCH, **files})
    plan = plan_project(folder / ".looper.yaml")
    assert [one.replace(f"{folder}/", "") for one in plan.warnings] == [message]


def test_extra_arguments_of_the_command_line(project: Callable[..., Path]) -> None:
    folder = project({**TOUCH, **interface("run")})
    (line,) = plan_project(
        folder / ".looper.yaml", Options(command_extra="-x {sample.zz}")
    ).warnings
    assert "touch.yaml:3: command_template: a value has the template {sample.zz}, which" in line


@pytest.mark.parametrize(
    "command",
    [
        "run ${word} ${{sample_name}} {'{print $1}'}",
        "awk '{print sample}' | jq '{sample: .x}'",
        "run {'{'}sample.x}",
        "run {% raw %}{sample.x}{% endraw %}",
        "run {'{sample.x}'}",
    ],
)
def test_braces_that_are_meant(project: Callable[..., Path], command: str) -> None:
    folder = project({**TOUCH, **interface(f"|\n    {command}")})
    plan = plan_project(folder / ".looper.yaml")
    assert not [one for one in plan.warnings if "a value has" in one]

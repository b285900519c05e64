"""The `snakemake:` section of a looper config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH

from snakemake_looper.errors import ProjectError
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options

BELOW = str(TOUCH[".looper.yaml"])


def with_lines(project: Callable[..., Path], *lines: str) -> Path:
    folder = project(TOUCH)
    with (folder / ".looper.yaml").open("a") as file:
        file.writelines(f"{line}\n" for line in lines)
    return folder / ".looper.yaml"


def test_the_command_of_a_looper_config(project: Callable[..., Path]) -> None:
    config = with_lines(project, "snakemake:", "  on_end: mail -s done me")
    plan = plan_project(config)
    assert plan.on_end == "mail -s done me"
    assert plan.warnings == ()


@pytest.mark.parametrize("lines", [(), ("snakemake:",), ("snakemake:", "  on_end:")])
def test_no_command(project: Callable[..., Path], lines: tuple[str, ...]) -> None:
    plan = plan_project(with_lines(project, *lines))
    assert (plan.on_end, plan.warnings) == ("", ())


def test_the_command_line_wins_and_jobs_stay_as_they_are(project: Callable[..., Path]) -> None:
    config = with_lines(project, "snakemake: {on_end: mail me}", "cli: {run: {on_end: mail you}}")
    plain, typed = plan_project(config), plan_project(config, Options(on_end="mail them"))
    assert (plain.on_end, typed.on_end) == ("mail you", "mail them")
    assert (plain.jobs, plain.rules) == (typed.jobs, typed.rules)


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        (
            ("snakemake:", "  on_ends: mail me"),
            ":5: snakemake.on_ends: unknown key, ignored (did you mean 'on_end'?)",
        ),
        (("snakemake:", "  cores: 4"), ":5: snakemake.cores: unknown key, ignored"),
    ],
)
def test_an_unknown_key(project: Callable[..., Path], lines: tuple[str, ...], warning: str) -> None:
    config = with_lines(project, *lines)
    assert [one.replace(str(config), "") for one in plan_project(config).warnings] == [warning]


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (
            ("snakemake:", "  on_end: [mail, me]"),
            ":5: snakemake.on_end: must be a command, not '['mail', 'me']'; write it in quotes",
        ),
        (
            ("snakemake:", "  on_end: 5"),
            ":5: snakemake.on_end: must be a command, not '5'; write it in quotes",
        ),
        (
            ("snakemake: mail me",),
            ":4: snakemake: must be a mapping; write 'key: value' lines below it",
        ),
    ],
)
def test_a_value_of_a_wrong_type(
    project: Callable[..., Path], lines: tuple[str, ...], error: str
) -> None:
    config = with_lines(project, *lines)
    with pytest.raises(ProjectError) as caught:
        plan_project(config)
    assert [str(one).replace(str(config), "") for one in caught.value.problems] == [error]

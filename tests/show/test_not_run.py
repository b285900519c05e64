"""Project-level pipelines that a run left out, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from support.projects import TOUCH, write

from snakemake_looper.layout import flag_with
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.option_sources import from_config
from snakemake_looper.show.not_run import not_run_lines
from snakemake_looper.workspace.plan_folder_writer import write_plan

SAMPLES, PROJECT = ("a", "b", "c"), "demo"
BEGIN = "touch (project level) did not run"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = TOUCH["touch.yaml"].rstrip()
    level = "\n        project_interface:\n          command_template: echo x\n"
    return write(tmp_path, {**TOUCH, "touch.yaml": f"{text}{level}"})


def lines(
    folder: Path,
    statuses: str,
    planned: Iterable[str] = (),
    begun: Iterable[str] = (),
    **options: str,
) -> list[str]:
    """The lines after a run; statuses are those of a, b, c and the project, `-` for none."""
    table = write_plan(plan_project(folder / ".looper.yaml", from_config(options))).jobs()
    flags = {one.record: one.flag for one in table.briefs()}
    for record, status in zip((*SAMPLES, PROJECT), statuses.split(), strict=True):
        if status != "-" and record in flags:
            path = folder / flag_with(flags[record], status)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    began = {flags[record] for record in begun}
    return list(not_run_lines(table, folder, [flags[one] for one in planned], began.__contains__))


@pytest.mark.parametrize(
    ("statuses", "why"),
    [
        ("completed failed failed -", "2 of its 3 samples failed"),
        ("failed partial completed -", "1 of its 3 samples failed"),
        ("completed partial completed failed", "1 of its 3 samples was stopped"),
        ("partial partial - -", "2 of its 3 samples were stopped"),
        ("completed - - -", "2 of its 3 samples did not run"),
        ("completed completed completed -", "the run ended before"),
    ],
)
def test_it_was_planned(folder: Path, statuses: str, why: str) -> None:
    assert lines(folder, statuses, (*SAMPLES, PROJECT), SAMPLES) == [f"{BEGIN}: {why}"]


def test_it_was_planned_again(folder: Path) -> None:
    assert lines(folder, "failed completed completed completed", ("a", PROJECT), "a") == [
        f"{BEGIN} again: 1 of its 3 samples failed"
    ]


def test_it_ran(folder: Path) -> None:
    assert lines(folder, "completed completed completed failed", (PROJECT,), (PROJECT,)) == []


def test_it_is_up_to_date(folder: Path) -> None:
    assert lines(folder, "completed completed completed completed") == []


def test_it_was_not_asked_for(folder: Path) -> None:
    assert lines(folder, "completed completed completed -", SAMPLES, SAMPLES) == [
        f"{BEGIN}: it was not asked for"
    ]
    done = "completed completed completed completed"
    assert lines(folder, done, SAMPLES, SAMPLES) == [f"{BEGIN} again: it was not asked for"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"limit": "2"}, "--limit selected samples"),
        ({"samples": "a,b"}, "--samples selected samples"),
        ({"skip": "1", "sel_attr": "word", "sel_incl": "two,three"}, "--sel-incl and --skip"),
    ],
)
def test_the_run_was_of_selected_samples(folder: Path, options: dict[str, str], why: str) -> None:
    (line,) = lines(folder, "- - - -", (), (), **options)
    assert line.startswith(f"{BEGIN}: {why}") and line.endswith(" selected samples")

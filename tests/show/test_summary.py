"""The closing summary of a run, from flags and logs that a test writes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.projects import TOUCH, write

from snakemake_looper.messages import Output
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.run.outcome import Outcome, State
from snakemake_looper.show.next_steps import shown_from
from snakemake_looper.show.summary import End, closing_summary
from snakemake_looper.status.flags import write_flag
from snakemake_looper.workspace.plan_folder_writer import write_plan

BAD = "reading\nError: {name}.txt: too few reads\nsee the manual\nthe command exited with 1\n"
CUT_OFF = "reading\ninterrupted by SIGINT\n"
WITH_RESULTS = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        pipestat: {flag_file_dir: flags}
        """,
    "touch.yaml": str(TOUCH["touch.yaml"]).replace(
        "input_schema",
        "output_schema: out.yaml\n        pipestat_config_required: false\n        input_schema",
    ),
    "out.yaml": "pipeline_name: touch\nsamples:\n  n: {type: integer, description: n}\n",
    "results/touch/results.yaml": "touch: {}\n",
}


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/snakemake-looper", "run", "--limit", "3"])


def summary(
    folder: Path,
    statuses: Mapping[str, str],
    state: State = "failed",
    logs: Mapping[str, str] | None = None,
    seen_from: Path | None = None,
    options: Options | None = None,
    has_run: bool = True,
    output: Output | None = None,
) -> list[str]:
    """The lines of a summary, if records have these statuses."""
    plan = plan_project(folder / ".looper.yaml", options)
    with_table = write_plan(plan).jobs()
    for brief in with_table.briefs():
        word = statuses.get(brief.record, "")
        if word:
            write_flag(folder, brief.flag, word, ("none",))
        text = (logs or {}).get(brief.record, BAD if word == "failed" else CUT_OFF)
        if word in ("failed", "partial"):
            write(folder, {brief.log: text.format(name=brief.record)})
    done = sum(word == "completed" for word in statuses.values())
    outcome = Outcome(state, 1.0, 3, done)
    end = End(outcome, has_run, seen_from or folder)
    text = closing_summary(with_table, folder, end, output)
    with_table.close()
    return text.splitlines()


def test_all_done_with_results(project: Callable[..., Path]) -> None:
    folder = project({**TOUCH, **WITH_RESULTS})
    assert summary(folder, dict.fromkeys("abc", "completed"), "completed") == [
        "",
        "pipeline  completed",
        "touch     3",
        "",
        "results: results/touch/results.yaml",
        "next: snakemake-looper table, or snakemake-looper report",
    ]


def test_all_done_without_results(project: Callable[..., Path]) -> None:
    assert summary(project(TOUCH), dict.fromkeys("abc", "completed"), "completed")[-2:] == [
        "output: results",
        "next: snakemake-looper check",
    ]


def test_failures_that_are_alike_are_told_once(project: Callable[..., Path]) -> None:
    folder = project({**TOUCH, **WITH_RESULTS})
    assert summary(folder, {"a": "failed", "b": "completed", "c": "failed"}) == [
        "",
        "pipeline  completed  failed",
        "touch     1          2",
        "",
        "touch a and 1 more failed: exit code 1 (also c)",
        "  log: results/submission/touch_a.log",
        "    Error: a.txt: too few reads",
        "    see the manual",
        "",
        "results: results/touch/results.yaml",
        "next: snakemake-looper log a; then snakemake-looper rerun",
    ]


def test_failures_of_several_kinds(project: Callable[..., Path]) -> None:
    logs = {"c": "step.sh: 3: trim: not found\nthe command exited with 127\n"}
    told = summary(project(TOUCH), {"a": "failed", "c": "failed", "b": "failed"}, logs=logs)
    assert [line for line in told if " failed: " in line or line.startswith("    ")] == [
        "touch a and 1 more failed: exit code 1 (also b)",
        "    Error: a.txt: too few reads",
        "    see the manual",
        "touch c failed: exit code 127",
        "    step.sh: 3: trim: not found",
    ]


def test_an_interrupt_is_no_failure(project: Callable[..., Path]) -> None:
    folder = project({**TOUCH, **WITH_RESULTS})
    told = summary(folder, {"a": "completed", "b": "partial"}, "interrupted")
    assert told == [
        "",
        "pipeline  completed  partial  none",
        "touch     1          1        1",
        "",
        "interrupted: 1 of 3 done; go on with: snakemake-looper run --limit 3",
        "results: results/touch/results.yaml",
    ]


def test_a_failure_before_an_interrupt_is_told(project: Callable[..., Path]) -> None:
    told = summary(project(TOUCH), {"a": "failed", "b": "partial"}, "interrupted")
    assert "touch a failed: exit code 1" in told
    assert not any("touch b" in line for line in told)
    assert told[-3:] == [
        "interrupted: 0 of 3 done; go on with: snakemake-looper run --limit 3",
        "output: results",
        "next: snakemake-looper log a",
    ]


def test_a_job_that_somebody_ended_is_told_if_the_run_went_on(project: Callable[..., Path]) -> None:
    told = summary(project(TOUCH), {"a": "partial", "b": "completed", "c": "completed"})
    assert "touch a partial: interrupted by SIGINT" in told


@pytest.mark.parametrize("argv", [["notebook.py"], ["/bin/snakemake", "x" * 200], []])
def test_a_command_line_that_cannot_be_typed_again(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    told = summary(project(TOUCH), {}, "interrupted")
    assert "interrupted: 0 of 3 done; go on with: the same command" in told


def test_nothing_to_do_shows_the_statuses(project: Callable[..., Path]) -> None:
    folder = project({**TOUCH, **WITH_RESULTS})
    done = dict.fromkeys("abc", "completed")
    told = summary(folder, done, "nothing to do", has_run=False)
    assert told[1:3] == ["pipeline  completed", "touch     3"]
    assert told[-1] == "next: snakemake-looper table, or snakemake-looper report"


def test_a_run_that_was_refused_shows_none(project: Callable[..., Path]) -> None:
    assert summary(project(TOUCH), {}, "not begun", has_run=False) == []


def test_paths_and_commands_can_be_typed_from_where_the_user_is(
    project: Callable[..., Path],
) -> None:
    folder = project({**TOUCH, **WITH_RESULTS})
    done = dict.fromkeys("abc", "completed")
    assert summary(folder, done, "completed", seen_from=folder / "results")[-2:] == [
        "results: touch/results.yaml",
        "next: snakemake-looper table, or snakemake-looper report",
    ]
    config = f"--config {folder.name}/.looper.yaml"
    assert summary(folder, done, "completed", seen_from=folder.parent)[-2:] == [
        f"results: {folder.name}/results/touch/results.yaml",
        f"next: snakemake-looper table {config}, or snakemake-looper report {config}",
    ]
    assert shown_from(Path("/a/b/c"), "/x") == "/x"
    assert shown_from(Path("/a"), "PEPhub lab/all:default") == "PEPhub lab/all:default"


@pytest.mark.parametrize(
    ("argv", "again"),
    [
        (["snakemake", "--use-looper-config", "-c2"], "snakemake-looper rerun"),
        (["snakemake", "--logger-looper-use-looper-config=x", "-c2"], "snakemake-looper rerun"),
        (["/bin/snakemake", "--cores", "2"], "snakemake --cores 2"),
        (["snakemake-looper", "run", "-o", "x y", "--", "-o"], "snakemake-looper rerun -o 'x y'"),
        (["snakemake-looper", "run", "--output-dir=x"], "snakemake-looper rerun --output-dir=x"),
    ],
)
def test_failed_records_are_run_again_as_they_were_run(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, argv: list[str], again: str
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    last = summary(project(TOUCH), {"a": "failed"})[-1]
    assert last.startswith("next: snakemake-looper log a") and last.endswith(f"; then {again}")


def test_on_a_terminal_a_summary_has_colours(project: Callable[..., Path]) -> None:
    told = summary(project(TOUCH), {"a": "failed"}, output=Output(120, colour=True))
    assert any("\x1b[" in line and "touch a" in line for line in told)

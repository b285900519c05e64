"""The command that gets a summary when a run has ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.projects import TOUCH, edit
from support.running import wait_until

from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.run import on_end
from snakemake_looper.run.on_end import call_on_end, summary
from snakemake_looper.run.outcome import Outcome
from snakemake_looper.status.flags import write_flag
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.plan_folder_writer import write_plan

FAILED = Outcome("failed", began=1_700_000_000.0, planned=3, completed=1)


def table_of(folder: Path, command: str) -> JobTable:
    """The jobs of a project: `a` is complete, `b` has failed, `c` is skipped."""
    (folder / "c.txt").unlink(missing_ok=True)
    table = write_plan(plan_project(folder / ".looper.yaml", Options(on_end=command))).jobs()
    for brief, word in zip(table.briefs(), ("completed", "failed"), strict=True):
        write_flag(folder, brief.flag, word, ("none",))
        log = folder / brief.log
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("Error: bad\nthe command exited with 1\n")
    return table


def call(project: Callable[..., Path], command: str) -> Path:
    folder = project(TOUCH)
    call_on_end(table_of(folder, command), folder, FAILED)
    return folder


def test_a_summary_reaches_the_command_in_the_folder_of_the_looper_config(
    project: Callable[..., Path],
) -> None:
    folder = call(project, "cat > got.json")
    got = json.loads((folder / "got.json").read_text())
    started, ended = (datetime.fromisoformat(got[key]) for key in ("started", "ended"))
    assert abs((ended - started).total_seconds() - got["took"]) < 0.01
    assert started == datetime.fromtimestamp(1_700_000_000, UTC)
    varying = ("host", "started", "ended", "took")
    assert {key: value for key, value in got.items() if key not in varying} == {
        "project": "demo",
        "looper_config": str(folder / ".looper.yaml"),
        "state": "failed",
        "planned": 3,
        "completed": 1,
        "counts": {"touch": {"completed": 1, "failed": 1, "skipped": 1}},
        "failures": 1,
        "failed": got["failed"],
        "skips": 1,
        "skipped": [
            {"pipeline": "touch", "record": "c", "reason": got["skipped"][0]["reason"]},
        ],
        "output_dir": str(folder / "results"),
        "results": [],
    }
    assert set(varying) < got.keys()
    (failed,) = got["failed"]
    assert (failed["record"], failed["reason"], failed["excerpt"]) == (
        "b",
        "exit code 1",
        ["Error: bad"],
    )
    assert failed["log"] == "results/submission/touch_b.log"


def test_of_many_failures_a_summary_lists_some_and_counts_all(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_end, "MOST_LISTED", 0)
    folder = project(TOUCH)
    got = summary(table_of(folder, "true"), folder, FAILED)
    assert (got["failures"], got["failed"], got["skips"], got["skipped"]) == (1, [], 1, [])


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("exit 3", "its command ended with exit code 3"),
        ("kill -TERM $$", "its command was killed by SIGTERM"),
        ("no-such-program 2> /dev/null", "its command ended with exit code 127"),
    ],
)
def test_a_command_that_fails_is_a_warning(
    project: Callable[..., Path], capfd: pytest.CaptureFixture[str], command: str, problem: str
) -> None:
    folder = call(project, command)
    assert capfd.readouterr().err == (
        f"warning: {folder}/.looper.yaml: on_end: {problem}; the exit code of the run stays as it"
        " is\n"
    )


def test_output_of_the_command_goes_to_standard_error(
    project: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    call(project, "echo one; echo two >&2")  # it does not read the summary: that is no fault
    assert capfd.readouterr() == ("", "one\ntwo\n")


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(
    project: Callable[..., Path],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_end, "SECONDS", 0.2)
    folder = call(project, "(sleep 1000 & echo $! > pid; wait)")
    assert "its command was ended, since it took more than 0 seconds" in capfd.readouterr().err
    if (folder / "pid").exists():  # it may have been ended before that
        stat = Path("/proc", (folder / "pid").read_text().strip(), "stat")
        wait_until(lambda: not stat.exists() or ") Z " in stat.read_text())


def test_a_folder_that_is_gone(
    project: Callable[..., Path], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert on_end._run("true", "{}", tmp_path / "gone").startswith("its command cannot be started")


def test_a_plan_with_a_command_keeps_it(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    edit(folder / ".looper.yaml", "output_dir", "snakemake: {on_end: mail me}\noutput_dir")
    assert write_plan(plan_project(folder / ".looper.yaml")).jobs().facts.on_end == "mail me"

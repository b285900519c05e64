"""The shell of a job in a workflow to give away, by itself."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from support.running import PATIENCE, REPOSITORY, wait_until

SCRIPT = REPOSITORY / "workflow/standalone/scripts/job.sh"


def shell(command: str) -> list[str]:
    """The shell of a job, as a rule has it."""
    source = f"source {SCRIPT} 'flags/p_x_completed.flag' 'a log' 'reports/x.yaml'"
    return ["bash", "-c", f"set -euo pipefail; {source}\n(\n{command}\n)\njob_is_done"]


def job(folder: Path, command: str) -> tuple[int, dict[str, str], str]:
    """The exit code of a job, its flags with their contents, and its log's last line."""
    code = subprocess.run(shell(command), cwd=folder, timeout=PATIENCE).returncode
    return code, *left_by(folder)


def left_by(folder: Path) -> tuple[dict[str, str], str]:
    found = {path.name: path.read_text() for path in folder.rglob("*.flag")}
    return found, ((folder / "a log").read_text().splitlines() or [""])[-1]


def flag(word: str) -> dict[str, str]:
    return {f"p_x_{word}.flag": word}


@pytest.mark.parametrize(
    ("command", "word", "code", "last"),
    [
        ("cat flags/p_x_*.flag; echo; echo oh >&2", "completed", 0, "oh"),
        ("cd / && test -f $OLDPWD/flags/p_x_running.flag; exit 0", "completed", 0, ""),
        ("exit 42", "failed", 42, "the command exited with 42"),
        ("false | true; echo never", "failed", 1, "the command exited with 1"),
        ("kill -KILL $BASHPID", "failed", 137, "the command was killed by SIGKILL"),
        ("bash -c 'kill -TERM $$'", "partial", 143, "the command was killed by SIGTERM"),
        (
            "echo failed > flags/p_x_failed.flag", "failed", 1,
            "the command exited with 0, but set its status to failed",
        ),
        ("echo > flags/p_x_partial.flag; exit 3", "partial", 3, "the command exited with 3"),
    ],
)  # fmt: skip
def test_how_jobs_end(tmp_path: Path, command: str, word: str, code: int, last: str) -> None:
    assert job(tmp_path, command) == (code, flag(word), last)


def test_another_signal_to_the_shell(tmp_path: Path) -> None:
    code, flags, _ = job(tmp_path, "kill -USR1 $$")
    assert (code != 0, flags) == (True, flag("failed"))


def test_leftovers_of_earlier_runs_go(tmp_path: Path) -> None:
    (tmp_path / "flags").mkdir()
    for word in ("waiting", "running", "failed", "partial"):
        (tmp_path / f"flags/p_x_{word}.flag").write_text(word)
    (tmp_path / "flags/p_x_y_failed.flag").write_text("another record's")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/x.yaml").write_text("of an earlier run")
    assert job(tmp_path, "ls reports; ls flags")[0] == 0
    assert (tmp_path / "a log").read_text() == "p_x_running.flag\np_x_y_failed.flag\n"
    assert left_by(tmp_path)[0] == {**flag("completed"), "p_x_y_failed.flag": "another record's"}


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "TERM"])
def test_a_signal_that_asks_a_job_to_end(tmp_path: Path, name: str) -> None:
    command = shell("echo began; while [[ ! -e stop ]]; do sleep 0.05; done")
    running = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    log = tmp_path / "a log"
    wait_until(lambda: log.exists() and "began" in log.read_text())
    os.kill(running.pid, getattr(signal, f"SIG{name}"))
    (tmp_path / "stop").touch()
    assert running.wait(PATIENCE) != 0
    assert left_by(tmp_path) == (flag("partial"), f"interrupted by SIG{name}")

"""Other loggers beside ours: statuses, flags and exit codes are the same, and no two views fight."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH, flags, write
from support.running import BIN, PATIENCE, cli, environment, use_looper

from snakemake_logger_plugin_looper.handler import writes_to_stream

COMPLETED = ["touch_a_completed.flag", "touch_c_completed.flag"]

OURS = "finding out which jobs are due"
"""A line of our live view."""
LOG = "two\nthe command exited with 1\n"


@pytest.fixture
def failing(project: Callable[..., Path]) -> Path:
    """A project of three samples, of which `b` fails."""
    return write(project(TOUCH), {"fail.txt": "b\n"})


def statuses(folder: Path) -> dict[str, str]:
    records = json.loads(cli("check", "--json", cwd=folder).out)["records"]
    return {one["record"]: one["status"] for one in records}


def is_as_without(folder: Path, code: int, text: str) -> None:
    """A run in which `b` failed, whatever other logger looked on."""
    assert code == 1, text
    assert flags(folder) == sorted([*COMPLETED, "touch_b_failed.flag"])
    assert statuses(folder) == {"a": "completed", "b": "failed", "c": "completed"}
    assert (folder / "results/submission/touch_b.log").read_text() == LOG
    assert "Traceback" not in text and "error in the looper logger" not in text
    assert "results/submission/touch_b.log" in text, "the closing summary names the log"


def jobs(database: Path) -> list[tuple[str, str]]:
    """The samples in snkmt's database with the states of their jobs, run by run."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT wildcards, status FROM jobs ORDER BY id").fetchall()
    found = [
        (json.loads(wildcards or "{}").get("sample", ""), status) for wildcards, status in rows
    ]
    return [(sample, status) for sample, status in found if sample]


def workflows(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT status FROM workflows ORDER BY started_at").fetchall()
    return [status for (status,) in rows]


def test_snkmt_has_the_jobs_of_each_run(failing: Path) -> None:
    database = failing / "snkmt.db"
    words = ("--keep-going", "--logger", "snkmt", "--logger-snkmt-db", str(database))
    first = use_looper(*words, cwd=failing)
    is_as_without(failing, first.code, first.text)
    assert sorted(jobs(database)) == [("a", "SUCCESS"), ("b", "ERROR"), ("c", "SUCCESS")]
    (failing / "fail.txt").write_text("")
    second = use_looper(*words, cwd=failing)
    assert second.code == 0, second.text
    assert jobs(database)[3:] == [("b", "SUCCESS")]
    assert workflows(database) == ["ERROR", "SUCCESS"]
    assert flags(failing) == sorted([*COMPLETED, "touch_b_completed.flag"])


def test_rich_shows_the_run_and_we_sum_up(failing: Path) -> None:
    done = use_looper("--keep-going", "--logger", "rich", cwd=failing)
    is_as_without(failing, done.code, done.text)
    assert "Finished job" not in done.text, "Snakemake's own lines are gone"


def test_the_order_of_loggers_and_a_target_behind_them(failing: Path) -> None:
    """`--logger` takes all words behind it, in any order with ours."""
    database = failing / "snkmt.db"
    done = use_looper(
        "--logger-snkmt-db", str(database), "--keep-going", "--logger", "looper", "rich", "snkmt", "touch",
        cwd=failing,
    )  # fmt: skip
    is_as_without(failing, done.code, done.text)
    assert dict(jobs(database)) == {"a": "SUCCESS", "b": "ERROR", "c": "SUCCESS"}


def on_terminal(folder: Path, *words: str) -> tuple[int, str]:
    """Run Snakemake on a terminal; the exit code, and all that got there."""
    ours, theirs = pty.openpty()
    command = [str(BIN / "snakemake"), "--use-looper-config", "--cores", "2", *words]
    env = environment(TERM="xterm", COLUMNS="100", LINES="40")
    env.pop("CI", None)
    with subprocess.Popen(
        command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux: all programs have closed the terminal
                break
            if not part:
                break
            shown += part
        code = process.wait(timeout=PATIENCE)
    os.close(ours)
    return code, shown.decode(errors="replace")


def test_on_one_terminal_with_rich_there_is_one_view(failing: Path) -> None:
    code, shown = on_terminal(failing, "--keep-going", "--logger", "rich")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "")
    is_as_without(failing, code, text)
    assert OURS not in text and "Workflow Progress" in text
    assert shown.rfind("\x1b[?25l") < shown.rfind("\x1b[?25h"), "rich shows the cursor again"
    assert text.rindex("Workflow Progress") < text.rindex("next: snakemake-looper"), (
        "we sum up last"
    )


def test_on_one_terminal_with_snkmt_there_is_our_view(failing: Path) -> None:
    words = ("--keep-going", "--logger", "snkmt", "--logger-snkmt-db", str(failing / "snkmt.db"))
    code, shown = on_terminal(failing, *words)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "")
    is_as_without(failing, code, text)
    assert OURS in text
    assert "Finished jobid" not in text and "rule touch:" not in text


def test_who_writes_to_the_terminal() -> None:
    assert not writes_to_stream("snkmt")
    assert writes_to_stream("rich")
    assert writes_to_stream("no such logger"), "one that cannot be asked counts as one that writes"


@pytest.mark.parametrize(
    ("profile", "words", "loggers"),
    [
        ("logger: [snkmt]", [], ["snkmt", "looper"]),
        ("logger: rich", [], ["rich", "looper"]),
        ("logger: [snkmt]", ["--logger", "rich"], ["rich", "looper"]),
        ("cores: 2", [], ["looper"]),
        ("cores: 2", ["--logger", "snkmt"], ["snkmt", "looper"]),
    ],
)
def test_a_profile_names_loggers(
    failing: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    words: list[str],
    loggers: list[str],
) -> None:
    """The profile beside the plan names ours, and takes no other away."""
    write(failing, {"mine/config.yaml": f"{profile}\n"})
    monkeypatch.chdir(failing)
    monkeypatch.setenv("CONDOR_CONFIG", "/dev/null")  # else importing htcondor warns
    from snakemake.cli import parse_args

    _, parsed = parse_args(["--use-looper-config", "--cores", "2", "--profile", "mine", *words])
    assert parsed.logger == loggers

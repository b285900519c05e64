"""`job.sh` by itself: a flag's whole life, in plain bash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import PATIENCE, REPOSITORY, flags, wait_until

SCRIPT = REPOSITORY / "workflow/scripts/job.sh"


def job(folder: Path, command: str, name: str = "p_x") -> int:
    text = f"set -euo pipefail; source {SCRIPT} 'flags/{name}_completed.flag' 'a log'\n{command}"
    return subprocess.run(["bash", "-c", text], cwd=folder).returncode


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.rglob("*.flag")}


def test_completed(tmp_path: Path) -> None:
    assert job(tmp_path, "cat flags/p_x_*.flag; ls flags; echo; echo oh >&2") == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}
    assert (tmp_path / "a log").read_text() == "runningp_x_running.flag\n\noh\n"


@pytest.mark.parametrize(
    "command", ["exit 3", "false", "false | true", "echo $nothing", "(exit 3)", "f() { false; }; f"]
)
def test_failed(tmp_path: Path, command: str) -> None:
    assert job(tmp_path, f"{command}\necho never") != 0
    assert content(tmp_path) == {"p_x_failed.flag": "failed"}
    assert "never" not in (tmp_path / "a log").read_text()


def test_exit_code_is_kept(tmp_path: Path) -> None:
    assert job(tmp_path, "exit 42") == 42


@pytest.mark.parametrize(("signal", "code"), [("INT", 130), ("TERM", 143)])
def test_interrupted(tmp_path: Path, signal: str, code: int) -> None:
    assert job(tmp_path, f"kill -{signal} $$; sleep 5") == code
    assert content(tmp_path) == {"p_x_partial.flag": "partial"}
    assert (tmp_path / "a log").read_text() == f"interrupted by SIG{signal}\n"


def test_flags_of_dead_runs_go(tmp_path: Path) -> None:
    (tmp_path / "flags").mkdir()
    for word in ("running", "failed", "partial", "waiting"):
        (tmp_path / f"flags/p_x_{word}.flag").write_text(word)
    assert job(tmp_path, "ls flags") == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}
    assert (tmp_path / "a log").read_text() == "p_x_running.flag\n"


def test_neighbours_are_left_alone(tmp_path: Path) -> None:
    """Exact names: `x` is not `x_y`, and `[x]` is no pattern (quirk 12)."""
    (tmp_path / "flags").mkdir()
    neighbours = ["p_x_y_failed.flag", "q_p_x_running.flag", "p_x_running.flag.bak"]
    for name in neighbours:
        (tmp_path / "flags" / name).write_text("mine")
    assert job(tmp_path, "true") == 0
    assert job(tmp_path, "true", name="p_[x]") == 0
    assert flags(tmp_path) == sorted(
        [*neighbours[:2], "p_x_completed.flag", "p_[x]_completed.flag"]
    )


@pytest.mark.parametrize("word", ["failed", "partial"])
def test_own_status_counts(tmp_path: Path, word: str) -> None:
    assert job(tmp_path, f"mv flags/p_x_running.flag flags/p_x_{word}.flag") == 1
    assert list(content(tmp_path)) == [f"p_x_{word}.flag"]
    assert f"set its status to {word}" in (tmp_path / "a log").read_text()


def test_own_completed_and_a_failing_command(tmp_path: Path) -> None:
    assert job(tmp_path, "mv flags/p_x_running.flag flags/p_x_completed.flag; false") == 1
    assert content(tmp_path) == {"p_x_failed.flag": "failed"}


def test_the_command_may_change_folder(tmp_path: Path) -> None:
    assert job(tmp_path, "cd /; pwd") == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}


def test_there_is_never_no_flag_and_never_two(tmp_path: Path) -> None:
    """Watch the folder all the time while jobs come and go."""
    code = f"""
cd {tmp_path}; mkdir -p flags
for i in $(seq 30); do
  bash -c 'source {SCRIPT} flags/p_x_completed.flag log; [ $(('$i' % 2)) = 0 ]' || true
done
touch stop
"""
    process = subprocess.Popen(["bash", "-c", code])
    seen = set()
    while not (tmp_path / "stop").exists():
        names = tuple(flags(tmp_path / "flags"))
        if names or seen:
            seen.add(names)
    process.wait()
    assert {len(names) for names in seen} == {1}
    assert len(seen) >= 2


# --- on a cluster: the lock on the log -------------------------------------------------------------


def on_cluster(folder: Path, command: str) -> subprocess.Popen[bytes]:
    text = f"set -euo pipefail; source {SCRIPT} flags/p_x_completed.flag log\n(\n{command}\n)"
    env = {**os.environ, "SNAKEMAKE_LOOPER_LOCK": "yes"}
    return subprocess.Popen(["bash", "-c", text], cwd=folder, env=env, start_new_session=True)


needs_flock = pytest.mark.skipif(shutil.which("flock") is None, reason="there is no flock here")


@needs_flock
@pytest.mark.parametrize("orphaned", [False, True])
def test_a_job_waits_for_its_earlier_run(tmp_path: Path, orphaned: bool) -> None:
    """Also where only the shell of that was killed, and its command goes on."""
    command = "echo first; touch one; until [ -e go ]; do sleep 0.05; done; echo end >> order"
    first = on_cluster(tmp_path, command)
    wait_until((tmp_path / "one").exists)
    if orphaned:
        first.kill()
        first.wait()
    second = on_cluster(tmp_path, "echo second >> order")
    wait_until(lambda: "waiting: an earlier run" in (tmp_path / "log").read_text())
    assert not (tmp_path / "order").exists()
    (tmp_path / "go").touch()
    assert second.wait(PATIENCE) == 0
    first.wait(PATIENCE)
    assert (tmp_path / "order").read_text() == "end\nsecond\n"
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}
    assert (tmp_path / "log").read_text() == ""


@needs_flock
@pytest.mark.parametrize("end", ["true", "false"])
def test_what_a_command_leaves_in_the_background_holds_up_nobody(tmp_path: Path, end: str) -> None:
    first = on_cluster(tmp_path, f"sleep 6000 & {end}")
    try:
        first.wait(PATIENCE)
        assert on_cluster(tmp_path, "true").wait(PATIENCE) == 0
    finally:
        os.killpg(first.pid, signal.SIGKILL)


def test_a_ticket_says_that_nothing_is_to_be_done(tmp_path: Path) -> None:
    """A killed run has completed this job: it is not run, and its log stays."""
    (tmp_path / "log").write_text("what it said\n")
    ticket = tmp_path / ".snakemake/looper/taken/flags%p_x_completed.flag"
    ticket.parent.mkdir(parents=True)
    ticket.touch()
    assert on_cluster(tmp_path, "echo never >> order").wait(PATIENCE) == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}
    assert (tmp_path / "log").read_text() == "what it said\n"
    assert not ticket.exists()
    assert on_cluster(tmp_path, "echo now >> order").wait(PATIENCE) == 0
    assert (tmp_path / "order").read_text() == "now\n"

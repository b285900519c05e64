"""`job.sh` by itself: a flag's whole life, in plain bash."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.projects import flags
from support.running import PATIENCE, REPOSITORY, needs_flock, wait_until

SCRIPT = REPOSITORY / "workflow/scripts/job.sh"


def shell(command: str, name: str = "p_x", log: str = "'a log'") -> list[str]:
    """The shell of a job, as a rule has it."""
    source = f"source {SCRIPT} 'flags/{name}_completed.flag' {log}"
    return ["bash", "-c", f"set -euo pipefail; {source}\n(\n{command}\n)\nlooper_end_reached"]


def job(folder: Path, command: str, name: str = "p_x") -> int:
    return subprocess.run(shell(command, name), cwd=folder, timeout=PATIENCE).returncode


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.rglob("*.flag")}


def test_a_command_that_succeeds(tmp_path: Path) -> None:
    assert job(tmp_path, "cat flags/p_x_*.flag; ls flags; echo; echo oh >&2") == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}
    assert (tmp_path / "a log").read_text() == "runningp_x_running.flag\n\noh\n"


@pytest.mark.parametrize(
    "command", ["exit 3", "false", "false | true", "echo $nothing", "(exit 3)", "f() { false; }; f"]
)
def test_a_command_that_fails(tmp_path: Path, command: str) -> None:
    assert job(tmp_path, f"{command}\necho never") != 0
    assert content(tmp_path) == {"p_x_failed.flag": "failed"}
    assert "never" not in (tmp_path / "a log").read_text()


def times(folder: Path, name: str = "p_x") -> list[float]:
    """The times that a job's shell has noted."""
    text = (folder / f".snakemake/looper/times/flags%{name}").read_text()
    began, ended = text.splitlines()
    return [float(began), float(ended.split()[0])]


@pytest.mark.parametrize("command", ["true", "exit 3", "kill -TERM $BASHPID"])
def test_times_are_noted(tmp_path: Path, command: str) -> None:
    seen = "cp .snakemake/looper/times/flags%p_x while_it_ran"
    before = time.time()
    for _ in range(2):  # a second try begins a new note
        job(tmp_path, f"{seen}; {command}")
    began, ended = times(tmp_path)
    assert before <= began <= ended <= time.time()
    assert (tmp_path / "while_it_ran").read_text().split() == [f"{began:.6f}"]
    (flag,) = (tmp_path / "flags").iterdir()
    note = tmp_path / ".snakemake/looper/times/flags%p_x"
    assert note.stat().st_mtime >= flag.stat().st_mtime


def test_a_job_that_cannot_note_its_times_runs_all_the_same(tmp_path: Path) -> None:
    long = "p_" + "x" * 238  # its flag may have this name, its note may not
    (tmp_path / ".snakemake").mkdir()
    (tmp_path / ".snakemake/looper").touch()
    for name in ("p_x", long):
        assert job(tmp_path, "true", name) == 0
        assert (tmp_path / "a log").read_text() == ""
    assert sorted(content(tmp_path).values()) == ["completed", "completed"]


def test_exit_code_is_kept(tmp_path: Path) -> None:
    assert job(tmp_path, "exit 42") == 42


# --- signals ---------------------------------------------------------------------------------------

ASKING = ["HUP", "INT", "QUIT", "TERM"]
_OTHERS = (
    *("USR1", "USR2", "ALRM", "PIPE", "XCPU", "XFSZ", "VTALRM"),
    *("PROF", "ABRT", "SYS", "IO", "PWR", "STKFLT", "RTMIN"),
)
KILLING = [name for name in _OTHERS if hasattr(signal, f"SIG{name}")]
HOLD = "touch begun; until [ -e go ]; do sleep 0.02; done; touch done"


def number(name: str) -> int:
    return int(getattr(signal, f"SIG{name}"))


def begun(folder: Path, command: str = HOLD) -> subprocess.Popen[bytes]:
    """A job whose command runs, in a process group of its own; it ends once there is a file `go`.

    Python ignores some signals, which a shell inherits, and could then not trap.
    """

    def plain() -> None:
        for name in [*ASKING, *KILLING]:
            signal.signal(number(name), signal.SIG_DFL)

    process = subprocess.Popen(shell(command), cwd=folder, start_new_session=True, preexec_fn=plain)
    wait_until((folder / "begun").exists)
    return process


def last_line(folder: Path) -> str:
    return (folder / "a log").read_text().splitlines()[-1]


def ending(name: str) -> str:
    if name.startswith("RT"):
        return "the job's shell was killed by a real-time signal"
    return (
        f"interrupted by SIG{name}"
        if name in ASKING
        else f"the job's shell was killed by SIG{name}"
    )


@pytest.mark.parametrize("name", [*ASKING, *KILLING])
def test_a_signal_to_the_shell_alone(tmp_path: Path, name: str) -> None:
    """The command goes on to its end, which counts for nothing: the job was asked to end."""
    process = begun(tmp_path)
    process.send_signal(number(name))
    assert content(tmp_path) == {"p_x_running.flag": "running"}
    (tmp_path / "go").touch()
    assert process.wait(PATIENCE) > 0
    word = "partial" if name in ASKING else "failed"
    assert content(tmp_path) == {f"p_x_{word}.flag": word}
    assert last_line(tmp_path) == ending(name)
    assert (tmp_path / "done").exists(), "the command did not outlive its shell"


@pytest.mark.parametrize("name", [*ASKING, *KILLING])
def test_a_signal_to_the_group(tmp_path: Path, name: str) -> None:
    process = begun(tmp_path)
    os.killpg(process.pid, number(name))
    (tmp_path / "go").touch()  # bash may lose a SIGINT that comes while it starts a process
    assert process.wait(PATIENCE) > 0
    word = "partial" if name in ASKING else "failed"
    assert content(tmp_path) == {f"p_x_{word}.flag": word}
    assert last_line(tmp_path) == ending(name)


@pytest.mark.parametrize(
    ("name", "word"),
    [(name, "partial") for name in ASKING]
    + [(name, "failed") for name in ("KILL", "SEGV", "ABRT", "USR1", "XCPU")],
)
def test_a_signal_to_the_command_alone(tmp_path: Path, name: str, word: str) -> None:
    process = begun(tmp_path, f"sh -c 'touch begun; kill -{name} $$; sleep 60'")
    assert process.wait(PATIENCE) == 128 + number(name)
    assert content(tmp_path) == {f"p_x_{word}.flag": word}
    assert last_line(tmp_path) == f"the command was killed by SIG{name}"


def test_a_signal_that_no_trap_sees(tmp_path: Path) -> None:
    """bash runs its exit trap with `$?` 0 then."""
    process = begun(tmp_path)
    os.killpg(process.pid, signal.SIGSEGV)
    assert process.wait(PATIENCE) != 0
    assert content(tmp_path) == {"p_x_failed.flag": "failed"}
    assert last_line(tmp_path) == "the job's shell ended before its last line, as by a signal"


def test_a_shell_that_is_killed_leaves_its_flag(tmp_path: Path) -> None:
    process = begun(tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    assert content(tmp_path) == {"p_x_running.flag": "running"}


@pytest.mark.parametrize("gap", [0.0, 0.003, 0.02])
@pytest.mark.parametrize("second", ["TERM", "HUP", "USR1"])
def test_signals_in_quick_succession(tmp_path: Path, second: str, gap: float) -> None:
    """The second one arrives at any moment of the end that the first one began."""
    process = begun(tmp_path)
    for name in ["TERM", second, "HUP", "USR2"]:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number(name))
        time.sleep(gap)
    (tmp_path / "go").touch()
    assert process.wait(PATIENCE) != 0
    ((name, word),) = content(tmp_path).items()
    assert word in ("failed", "partial")
    assert name == f"p_x_{word}.flag"


def test_signals_while_a_job_ends(tmp_path: Path) -> None:
    """Whatever moment of its last steps a signal meets: `completed` goes with an exit code of 0.

    Each round is a job of its own whose command sends signals to its shell when it is over.
    """
    for turn in range(20):
        name = f"p_{turn}"
        command = f"( sleep 0.00{turn % 10}; kill -TERM $$; kill -USR1 $$ ) & true"
        code = job(tmp_path, command, name=name)
        found = [one for one in content(tmp_path) if one.startswith(f"{name}_")]
        assert len(found) == 1
        assert (found == [f"{name}_completed.flag"]) == (code == 0), (turn, found, code)
        assert found[0].rpartition("_")[2] not in ("running.flag", "waiting.flag")


@pytest.mark.parametrize("name", ["TERM", "HUP", "USR1"])
def test_a_signal_behind_the_last_line(tmp_path: Path, name: str) -> None:
    """bash runs the trap when it exits already, and no exit trap after it."""
    *words, text = shell("true")
    done = subprocess.run([*words, f"{text}\nkill -{name} $$"], cwd=tmp_path, timeout=PATIENCE)
    assert done.returncode == 128 + number(name)
    word = "partial" if name in ASKING else "failed"
    assert content(tmp_path) == {f"p_x_{word}.flag": word}
    assert last_line(tmp_path) == ending(name)


def renaming_with(folder: Path, act: str, turn: int) -> dict[str, str]:
    """An environment whose `mv` does something else first, when it is called for that time."""
    (folder / "bin").mkdir()
    (folder / "bin/mv").write_text(
        f"#!/bin/bash\necho >> {folder}/turns\n"
        f'[ $(wc -l < {folder}/turns) != {turn} ] || {act}\nPATH=${{PATH#*:}}\nexec mv "$@"\n'
    )
    (folder / "bin/mv").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("turn", "act"),
    [
        *((1, "kill -TERM 0"), (1, "kill -USR1 0"), (1, "kill -HUP $PPID")),
        *((2, "kill -TERM 0"), (2, "kill -USR1 0"), (2, "kill -HUP $$")),
    ],
)
def test_signals_while_a_flag_is_renamed(tmp_path: Path, act: str, turn: int) -> None:
    """The first time to `running`: the job ends. The last time to `completed`: it is completed.

    The last `mv` is the job's shell, which has become it.
    """
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags/p_x_waiting.flag").write_text("waiting")
    code = subprocess.run(
        shell("touch run"), cwd=tmp_path, env=renaming_with(tmp_path, act, turn),
        start_new_session=True, timeout=PATIENCE,
    ).returncode  # fmt: skip
    word = "completed" if turn == 2 else "failed" if "USR1" in act else "partial"
    assert (tmp_path / "run").exists() == (turn == 2)
    assert content(tmp_path) == {f"p_x_{word}.flag": word}
    assert (code == 0) == (turn == 2)


@pytest.mark.parametrize("act", ["exit 1", "kill -KILL $$"])
def test_a_rename_that_fails(tmp_path: Path, act: str) -> None:
    """As on a file system that is full or gone: the exit code is not 0 then.

    The flag is that of a job that was killed: the main process, or the next run, sets it.
    """
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags/p_x_waiting.flag").write_text("waiting")
    env = renaming_with(tmp_path, act, 2)
    done = subprocess.run(shell("true"), cwd=tmp_path, env=env, timeout=PATIENCE)
    assert done.returncode != 0
    assert list(content(tmp_path)) == ["p_x_running.flag"]
    assert job(tmp_path, "true") == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}


@needs_flock
def test_a_rename_that_fails_on_a_cluster(tmp_path: Path) -> None:
    """The lock is given back after the last rename, so the job's shell is still there."""
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags/p_x_waiting.flag").write_text("waiting")
    env = renaming_with(tmp_path, "exit 1", 2) | {"SNAKEMAKE_LOOPER_LOCK": "yes"}
    done = subprocess.run(shell("true"), cwd=tmp_path, env=env, timeout=PATIENCE)
    assert done.returncode == 1
    assert content(tmp_path) == {"p_x_failed.flag": "failed"}
    assert last_line(tmp_path) == "the command exited with 0, but its status could not be set"


def test_ignored_signals_stay_ignored(tmp_path: Path) -> None:
    """As under nohup: command and shell go on."""

    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = subprocess.Popen(shell(HOLD), cwd=tmp_path, start_new_session=True, preexec_fn=nohup)
    wait_until((tmp_path / "begun").exists)
    os.killpg(process.pid, signal.SIGHUP)
    (tmp_path / "go").touch()
    assert process.wait(PATIENCE) == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}


# --- completed is earned ---------------------------------------------------------------------------


def test_only_the_last_line_makes_it_completed(tmp_path: Path) -> None:
    """Without it there is no `completed`, whatever the exit code."""
    for text in ("(\ntrue\n)", "exit 0", "(\ntrue\n)\nexit 0"):
        source = f"set -euo pipefail; source {SCRIPT} flags/p_x_completed.flag 'a log'"
        done = subprocess.run(["bash", "-c", f"{source}\n{text}"], cwd=tmp_path)
        assert done.returncode == 1
        assert content(tmp_path) == {"p_x_failed.flag": "failed"}


@pytest.mark.parametrize("options", ["set -euo pipefail", "set +e", ":"])
def test_a_shell_that_is_not_strict(tmp_path: Path, options: str) -> None:
    """The last line looks at the command's exit code itself."""
    *words, text = shell("exit 7")
    done = subprocess.run([*words, text.replace("set -euo pipefail", options)], cwd=tmp_path)
    assert done.returncode == 7
    assert content(tmp_path) == {"p_x_failed.flag": "failed"}
    assert last_line(tmp_path) == "the command exited with 7"


@pytest.mark.parametrize("command", ["cat <<END\nno end", "echo 'open", "echo )", "if true; then"])
def test_a_command_that_is_no_command(tmp_path: Path, command: str) -> None:
    """It must not swallow the lines behind it, or end its own subshell, and be completed."""
    assert job(tmp_path, command) != 0
    assert content(tmp_path) == {"p_x_failed.flag": "failed"}


# --- what is in a flag's place ---------------------------------------------------------------------


@pytest.mark.parametrize("garbage", [b"", b"\0\0\0", b"completed" * 999])
def test_garbage_in_a_flag(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags/p_x_failed.flag").write_bytes(garbage)
    assert job(tmp_path, "cat flags/*") == 0
    assert (tmp_path / "a log").read_text() == "running"
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}


@pytest.mark.parametrize("word", ["running", "completed", "failed"])
@pytest.mark.parametrize("target", ["nowhere/at/all", "precious"])
def test_a_link_in_a_flags_place(tmp_path: Path, word: str, target: str) -> None:
    """It is replaced, never written through."""
    (tmp_path / "flags").mkdir()
    (tmp_path / "precious").write_text("mine")
    (tmp_path / f"flags/p_x_{word}.flag").symlink_to(tmp_path / target)
    assert job(tmp_path, "true") == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}
    assert not (tmp_path / "flags/p_x_completed.flag").is_symlink()
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("word", ["completed", "running", "partial"])
@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_no_file_in_a_flags_place(tmp_path: Path, word: str, kind: str) -> None:
    """The command is not run, and the log says what to remove."""
    path = tmp_path / f"flags/p_x_{word}.flag"
    path.parent.mkdir()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    assert job(tmp_path, "touch run") == 1
    assert not (tmp_path / "run").exists()
    assert last_line(tmp_path) == f"{path} is not a file; remove it"
    assert not path.is_dir() or not list(path.iterdir())
    assert [name for name in flags(tmp_path / "flags") if name != path.name] == ["p_x_failed.flag"]
    path.rmdir() if kind == "folder" else path.unlink()
    assert job(tmp_path, "true") == 0
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_no_file_in_the_logs_place(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a log"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    done = subprocess.run(shell("touch run"), cwd=tmp_path, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert done.stderr.decode() == "a log is not a file; remove it\n"
    assert not (tmp_path / "run").exists()


def test_a_flag_of_somebody_else(tmp_path: Path) -> None:
    """It cannot be written, and the folder can: it is replaced."""
    (tmp_path / "flags").mkdir()
    flag = tmp_path / "flags/p_x_failed.flag"
    flag.write_text("failed")
    flag.chmod(0o444)
    assert job(tmp_path, "cat flags/*") == 0
    assert (tmp_path / "a log").read_text() == "running"
    assert content(tmp_path) == {"p_x_completed.flag": "completed"}


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
  bash -c 'source {SCRIPT} flags/p_x_completed.flag log; ( [ $(('$i' % 2)) = 0 ] ); looper_end_reached' || true
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
    env = {**os.environ, "SNAKEMAKE_LOOPER_LOCK": "yes"}
    words = shell(command, log="log")
    return subprocess.Popen(words, cwd=folder, env=env, start_new_session=True)


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

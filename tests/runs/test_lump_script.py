"""`lump.sh` by itself: many members in one shell, in plain bash."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from support.projects import flags
from support.running import PATIENCE, REPOSITORY, wait_until

from snakemake_looper.workspace.lump_script import Member, lump_script

SCRIPT = REPOSITORY / "workflow/scripts/lump.sh"
ASKING = ["HUP", "INT", "QUIT", "TERM"]
KILLING = ["USR1", "XCPU", "ABRT", "RTMIN"]
HOLD = "touch begun; until [ -e go ]; do sleep 0.02; done; touch done"


def member(name: str, script: str, threads: int = 1, *outputs: str) -> Member:
    return Member(f"flags/p_{name}_completed.flag", f"logs/{name}.log", threads, script, outputs)


def lump(folder: Path, *members: Member, threads: int = 1) -> list[str]:
    """The shell of a lump, as a rule has it. The main process has set the flags to `waiting`."""
    (folder / "flags").mkdir(exist_ok=True)
    for one in members:
        stem = one.flag.removesuffix("_completed.flag")
        if not list(folder.glob(f"{stem}_*.flag")):
            (folder / f"{stem}_waiting.flag").write_text("waiting")
    (folder / "script").write_text("".join(lump_script(members)))
    return shell(threads)


def shell(threads: int = 1) -> list[str]:
    source = f"source {shlex.quote(str(SCRIPT))} lumps/one.done lumps/one.log {threads}"
    return ["bash", "-c", f"set -euo pipefail;  {source}\nsource ./script"]


def run(folder: Path, *members: Member, threads: int = 1, **env: str) -> int:
    words = lump(folder, *members, threads=threads)
    return subprocess.run(words, cwd=folder, env={**os.environ, **env}, timeout=PATIENCE).returncode


def statuses(folder: Path) -> dict[str, str]:
    """The status of each member, which is also the content of its only flag."""
    found: dict[str, str] = {}
    for path in sorted((folder / "flags").iterdir()):
        name, _, word = path.stem.removeprefix("p_").rpartition("_")
        assert name not in found, "two flags"
        assert path.read_text() == word
        found[name] = word
    return found


def log(folder: Path, name: str) -> str:
    return (folder / f"logs/{name}.log").read_text()


def lines(folder: Path) -> list[str]:
    return (folder / "lumps/one.log").read_text().splitlines()


def is_done(folder: Path) -> bool:
    return (folder / "lumps/one.done").exists()


def test_the_text_of_a_script() -> None:
    members = [member("a", "echo it's"), member("b c", "true\nfalse", 2, "an output")]
    assert list(lump_script(members)) == [
        "looper_member flags/p_a_completed.flag logs/a.log 1 'echo it'\"'\"'s'\n",
        "looper_member 'flags/p_b c_completed.flag' 'logs/b c.log' 2 'true\nfalse' 'an output'\n",
        "looper_lump_end\n",
    ]


# --- a lump's whole life ---------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_all_members_are_completed(tmp_path: Path, threads: int) -> None:
    names = ["a", "b", "c"]
    said = "echo {0}; cat flags/p_{0}_*; echo; echo oh >&2"
    members = [member(name, said.format(name)) for name in names]
    assert run(tmp_path, *members, threads=threads) == 0
    assert statuses(tmp_path) == dict.fromkeys(names, "completed")
    assert [log(tmp_path, name) for name in names] == [f"{name}\nrunning\noh\n" for name in names]
    assert is_done(tmp_path)
    assert lines(tmp_path) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_a_member_fails_alone(tmp_path: Path, threads: int) -> None:
    members = [member("a", "exit 3"), member("b", "echo b"), member("c", "false\necho never")]
    assert run(tmp_path, *members, threads=threads) == 1
    assert statuses(tmp_path) == {"a": "failed", "b": "completed", "c": "failed"}
    assert log(tmp_path, "a") == "the command exited with 3\n"
    assert log(tmp_path, "c") == "the command exited with 1\n"
    assert sorted(lines(tmp_path)) == [
        "2 of 3 members are not completed",
        "p_a: failed, see logs/a.log",
        "p_c: failed, see logs/c.log",
    ]
    assert not is_done(tmp_path)


def test_a_second_try_runs_what_is_left(tmp_path: Path) -> None:
    members = [
        member("a", "echo a >> ran"),
        member("b", "echo b >> ran; [ -e go ]"),
        member("c", "echo c >> ran"),
    ]
    assert run(tmp_path, *members) == 1
    (tmp_path / "go").touch()
    assert run(tmp_path, *members) == 0
    assert (tmp_path / "ran").read_text().split() == ["a", "b", "c", "b"]
    assert statuses(tmp_path) == dict.fromkeys("abc", "completed")
    assert is_done(tmp_path)
    assert lines(tmp_path) == []


def test_a_script_that_was_cut_off(tmp_path: Path) -> None:
    words = lump(tmp_path, member("a", "true"), member("b", "true"))
    text = (tmp_path / "script").read_text()
    for cut in (text.rindex("looper_lump_end"), text.rindex("true") + 2):
        (tmp_path / "script").write_text(text[:cut])
        assert subprocess.run(words, cwd=tmp_path, timeout=PATIENCE).returncode != 0
        assert lines(tmp_path)[-1] == "the lump's shell ended before its last line, as by a signal"
        assert not is_done(tmp_path)


# --- members at once -------------------------------------------------------------------------------


def test_members_run_at_once(tmp_path: Path) -> None:
    """Each waits for the other."""
    meet = "touch {0}; until [ -e {1} ]; do sleep 0.02; done"
    members = [member("a", meet.format("x", "y")), member("b", meet.format("y", "x"))]
    assert run(tmp_path, *members, threads=2) == 0


def test_a_member_that_needs_more_than_there_is_runs_alone(tmp_path: Path) -> None:
    """Nobody begins before the last has ended."""
    alone = "mkdir alone; sleep 0.05; rmdir alone"
    beside = "mkdir alone{0} && rmdir alone{0}; [ ! -e alone ]"
    members = [
        member("a", beside.format("a")),
        member("b", alone, 9),
        member("c", beside.format("c")),
        member("d", alone, 2),
        member("e", beside.format("e")),
    ]
    assert run(tmp_path, *members, threads=2) == 0
    assert statuses(tmp_path) == dict.fromkeys("abcde", "completed")


# --- signals ---------------------------------------------------------------------------------------


def number(name: str) -> int:
    return int(getattr(signal, f"SIG{name}"))


def begun(folder: Path, *members: Member, threads: int = 1) -> subprocess.Popen[bytes]:
    """A lump whose first member runs, in a process group of its own."""

    def plain() -> None:
        for name in [*ASKING, *KILLING, "PIPE"]:
            signal.signal(number(name), signal.SIG_DFL)

    words = lump(folder, *members, threads=threads)
    process = subprocess.Popen(words, cwd=folder, start_new_session=True, preexec_fn=plain)
    wait_until((folder / "begun").exists)
    return process


@pytest.mark.parametrize("to", ["shell", "group"])
@pytest.mark.parametrize("name", [*ASKING, *KILLING])
def test_a_signal_to_the_lump(tmp_path: Path, name: str, to: str) -> None:
    """The member that runs ends as a job would, and no further one begins."""
    process = begun(tmp_path, member("a", HOLD), member("b", "touch never"))
    os.kill(process.pid, number(name)) if to == "shell" else os.killpg(process.pid, number(name))
    if to == "shell":
        wait_until(lambda: (tmp_path / "done").exists() or not (tmp_path / "go").touch())
    (tmp_path / "go").touch()
    code = process.wait(PATIENCE)
    word = "partial" if name in ASKING else "failed"
    assert statuses(tmp_path) == {"a": word, "b": "waiting"}
    assert not (tmp_path / "never").exists()
    assert not is_done(tmp_path)
    assert code == 128 + number(name)
    shown = "a real-time signal" if name == "RTMIN" else f"SIG{name}"
    asked = "interrupted by" if name in ASKING else "shell was killed by"
    assert log(tmp_path, "a").splitlines()[-1].endswith(f"{asked} {shown}")
    assert lines(tmp_path)[-1].endswith(f"{asked} {shown}")


@pytest.mark.parametrize("name", [*ASKING, "KILL", "SEGV", "USR1"])
def test_a_signal_to_a_members_command(tmp_path: Path, name: str) -> None:
    kill = f"sh -c 'kill -{name} $$; sleep 60'"
    assert run(tmp_path, member("a", kill), member("b", "true")) == 1
    word = "partial" if name in ASKING else "failed"
    assert statuses(tmp_path) == {"a": word, "b": "completed"}
    assert log(tmp_path, "a").splitlines()[-1] == f"the command was killed by SIG{name}"


@pytest.mark.parametrize("name", [*ASKING, "KILL", "SEGV", "USR1"])
def test_a_signal_to_a_members_shell(tmp_path: Path, name: str) -> None:
    """The lump sets the flag of a member whose shell was killed, and runs the others."""
    lump_shell = begun(tmp_path, member("a", HOLD), member("b", "true"))
    (shell_of_a,) = psutil.Process(lump_shell.pid).children()
    shell_of_a.send_signal(number(name))
    if name != "KILL":
        (tmp_path / "go").touch()
    assert lump_shell.wait(PATIENCE) == 1
    (tmp_path / "go").touch()
    word = "partial" if name in ASKING else "failed"
    assert statuses(tmp_path) == {"a": word, "b": "completed"}
    said = log(tmp_path, "a").splitlines()[-1]
    asked = "interrupted by" if name in ASKING else "the job's shell was killed by"
    assert said == f"{asked} SIG{name}" or name == "SEGV"
    assert f"p_a: {word}, see logs/a.log" in lines(tmp_path)  # bash may add a line


def test_a_lump_whose_shell_is_killed(tmp_path: Path) -> None:
    """Its member goes on to its end. The next try waits for it, and runs the others."""
    members = [member("a", f"echo a >> ran; {HOLD}"), member("b", "echo b >> ran")]
    process = begun(tmp_path, *members)
    process.kill()
    process.wait()
    with subprocess.Popen(shell(), cwd=tmp_path) as second:
        wait_until(lambda: "waiting: an earlier run" in (tmp_path / "lumps/one.log").read_text())
        assert statuses(tmp_path) == {"a": "running", "b": "waiting"}
        (tmp_path / "go").touch()
        assert second.wait(PATIENCE) == 0
    assert (tmp_path / "ran").read_text().split() == ["a", "b"]
    assert statuses(tmp_path) == {"a": "completed", "b": "completed"}


def test_tickets_of_members(tmp_path: Path) -> None:
    """A killed run has completed this member: it is not run, and its log stays."""
    ticket = tmp_path / ".snakemake/looper/taken/flags%p_a_completed.flag"
    ticket.parent.mkdir(parents=True)
    ticket.touch()
    assert run(tmp_path, member("a", "touch never"), member("b", "true")) == 0
    assert statuses(tmp_path) == {"a": "completed", "b": "completed"}
    assert not (tmp_path / "never").exists()
    assert not ticket.exists()


def test_outputs_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    members = [member("a", "cd /", 1, "old"), member("b", "touch out/b", 1, "out/b")]
    assert run(tmp_path, *members) == 1
    assert statuses(tmp_path) == {"a": "failed", "b": "completed"}
    assert log(tmp_path, "a") == (
        f"the command exited with 0, but its outputs are missing: {tmp_path}/old\n"
    )


def test_flags_are_looked_at_by_their_names(tmp_path: Path) -> None:
    assert run(tmp_path, member("a", "true")) == 0
    assert flags(tmp_path) == ["p_a_completed.flag"]

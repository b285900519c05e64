"""`lump.sh` by itself: many members in one shell, in plain bash."""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from support.projects import flags
from support.running import PATIENCE, REPOSITORY, needs_flock, wait_until

from snakemake_looper.status.reasons import Reason, ending, last_lines
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
    assert code == (1 if name == "RTMIN" else 128 + number(name))
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


@pytest.mark.parametrize("name", ["HUP", "TERM", "KILL", "ABRT", "USR1"])
def test_a_signal_to_a_members_process(tmp_path: Path, name: str) -> None:
    lump_shell = begun(tmp_path, member("a", HOLD), member("b", "true"))
    children = psutil.Process(lump_shell.pid).children()
    (process,) = (one for one in children if one.name() != "perl")
    process.send_signal(number(name))
    assert lump_shell.wait(PATIENCE) == 1
    word = "partial" if name in ASKING else "failed"
    assert statuses(tmp_path) == {"a": word, "b": "completed"}
    assert log(tmp_path, "a").splitlines()[-1] == f"the command was killed by SIG{name}"
    assert f"p_a: {word}, see logs/a.log" in lines(tmp_path)  # bash may add a line


def test_a_lump_whose_shell_is_killed(tmp_path: Path) -> None:
    """Its member goes on, for nothing. The next try waits for it."""
    members = [member("a", f"echo a >> ran; {HOLD}; echo end >> ran"), member("b", "echo b >> ran")]
    process = begun(tmp_path, *members)
    process.kill()
    process.wait()
    assert statuses(tmp_path) == {"a": "running", "b": "waiting"}
    with subprocess.Popen(shell(), cwd=tmp_path) as second:
        wait_until(lambda: "waiting: an earlier run" in log(tmp_path, "a"))
        assert statuses(tmp_path) == {"a": "running", "b": "waiting"}
        (tmp_path / "go").touch()
        assert second.wait(PATIENCE) == 0
    assert (tmp_path / "ran").read_text().split() == ["a", "end", "a", "end", "b"]
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
    assert log(tmp_path, "a") == ("the command exited with 0, but its outputs are missing: old\n")


@pytest.mark.parametrize("name", ASKING)
def test_a_signal_to_the_group_reaches_the_programs(tmp_path: Path, name: str) -> None:
    """Also INT and QUIT, which shells ignore in the background."""
    members = [member("a", "touch begun; exec sleep 600"), member("b", "touch never")]
    process = begun(tmp_path, *members)
    while process.poll() is None:  # bash may lose a signal that comes while it starts a process
        os.killpg(process.pid, number(name))
        time.sleep(0.1)
    assert statuses(tmp_path) == {"a": "partial", "b": "waiting"}
    assert not (tmp_path / "never").exists()


# --- commands of any kind --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("exit 0", "completed"),
        ("exec true", "completed"),
        ("exec false", "failed"),
        ("set +e; false; true", "completed"),
        ("set +e; trap 'echo bye' EXIT; false", "failed"),
        ("exec >&- 2>&-", "completed"),
        ("cat <<END\nno end", "failed"),
        ("echo )", "failed"),
        ("echo 'open", "failed"),
        ("if true; then", "failed"),
        ("true | false | true", "failed"),
        ("echo $nothing", "failed"),
        ("echo $1", "failed"),
        ("return 0", "failed"),
        ("export __looper_flag=x __looper_stop=TERM; PATH=; cd /", "completed"),
        ("mv flags/p_a_running.flag flags/p_a_failed.flag", "failed"),
        ("mv flags/p_a_running.flag flags/p_a_partial.flag", "partial"),
        ("mv flags/p_a_running.flag flags/p_a_completed.flag; false", "failed"),
        ("rm flags/p_a_running.flag", "completed"),
        ("kill -KILL $BASHPID", "failed"),
        ("printf failed > flags/p_a_failed.flag", "failed"),
    ],
)
def test_a_command_harms_nobody(tmp_path: Path, command: str, word: str) -> None:
    members = [member("a", command), member("b", "[ -z ${__looper_x-} ]; [ $PWD != / ]; echo b")]
    assert run(tmp_path, *members) == (0 if word == "completed" else 1)
    assert statuses(tmp_path) == {"a": word, "b": "completed"}
    assert log(tmp_path, "b") == "b\n"


def test_numbers_of_shells_differ(tmp_path: Path) -> None:
    """Commands make names of temporary files of `$$`."""
    assert run(tmp_path, member("a", "echo $$"), member("b", "echo $$"), threads=2) == 0
    assert log(tmp_path, "a") != log(tmp_path, "b")


def test_a_member_that_kills_its_group(tmp_path: Path) -> None:
    words = lump(tmp_path, member("a", "kill -TERM 0; sleep 60"), member("b", "true"))
    process = subprocess.Popen(words, cwd=tmp_path, start_new_session=True)
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert statuses(tmp_path) == {"a": "partial", "b": "waiting"}


def test_what_a_member_leaves_in_the_background_holds_up_nobody(tmp_path: Path) -> None:
    words = lump(tmp_path, member("a", "sleep 600 & echo a"), member("b", "true"))
    env = {**os.environ, "SNAKEMAKE_LOOPER_LOCK": "yes"}
    for _ in range(2):
        process = subprocess.Popen(words, cwd=tmp_path, env=env, start_new_session=True)
        try:
            assert process.wait(PATIENCE) == 0
            (tmp_path / "flags/p_a_completed.flag").rename(tmp_path / "flags/p_a_waiting.flag")
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("word", ["completed", "running", "partial"])
@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_no_file_in_a_flags_place(tmp_path: Path, word: str, kind: str) -> None:
    path = tmp_path / f"flags/p_a_{word}.flag"
    path.parent.mkdir()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    assert run(tmp_path, member("a", "touch never"), member("b", "true")) == 1
    assert not (tmp_path / "never").exists()
    assert log(tmp_path, "a").splitlines()[-1] == f"{path} is not a file; remove it"
    assert (tmp_path / "flags/p_a_failed.flag").read_text() == "failed"
    assert (tmp_path / "flags/p_b_completed.flag").exists()
    path.rmdir() if kind == "folder" else path.unlink()
    assert run(tmp_path, member("a", "true"), member("b", "true")) == 0


def test_no_file_in_a_logs_place(tmp_path: Path) -> None:
    (tmp_path / "logs/a.log").mkdir(parents=True)
    assert run(tmp_path, member("a", "touch never"), member("b", "true")) == 1
    assert statuses(tmp_path) == {"a": "failed", "b": "completed"}
    assert "p_a: logs/a.log is not a file that can be written; remove it" in lines(tmp_path)


NAMES = ["it's", 'a "b"', "a b", "$x", "`x`", "né 漢字", "a\nb", "-n", "*", "[a]", "a%b", "\\"]


def test_names_of_any_kind(tmp_path: Path) -> None:
    members = [
        member(
            name, f"printf %s {shlex.quote(name)} > {shlex.quote('out/' + name)}", 1, "out/" + name
        )
        for name in NAMES
    ]
    assert run(tmp_path, *members, threads=2) == 0
    assert statuses(tmp_path) == dict.fromkeys(NAMES, "completed")
    assert sorted(path.read_text() for path in (tmp_path / "out").iterdir()) == sorted(NAMES)


def test_long_commands(tmp_path: Path) -> None:
    """No argument of a program may be that long."""
    text = "x" * 200_000
    members = [member(str(one), f"x={text}; echo ${{#x}}; echo $BASHPID") for one in range(5)]
    assert run(tmp_path, *members) == 0
    assert all(log(tmp_path, str(one)).startswith("200000\n") for one in range(5))


def test_many_members(tmp_path: Path) -> None:
    members = [member(f"{one}", f"((({one} % 100 != 7)))") for one in range(500)]
    assert run(tmp_path, *members, threads=3) == 1
    found = statuses(tmp_path)
    assert [name for name, word in found.items() if word != "completed"] == [
        "107", "207", "307", "407", "7",
    ]  # fmt: skip
    assert lines(tmp_path)[-1] == "5 of 500 members are not completed"


@needs_flock
def test_a_member_waits_for_its_earlier_run_on_a_cluster(tmp_path: Path) -> None:
    """It then runs all the same: the earlier run may have had another command."""
    (tmp_path / "logs").mkdir()
    holder = subprocess.Popen(
        [
            "bash",
            "-c",
            "exec >> logs/a.log; flock 1; touch held; until [ -e go ]; do sleep 0.02; done",
        ],
        cwd=tmp_path,
    )
    wait_until((tmp_path / "held").exists)
    words = lump(tmp_path, member("a", "echo a"), member("b", "true"))
    env = {**os.environ, "SNAKEMAKE_LOOPER_LOCK": "yes"}
    process = subprocess.Popen(words, cwd=tmp_path, env=env)
    wait_until(lambda: "waiting: an earlier run" in log(tmp_path, "a"))
    assert statuses(tmp_path) == {"a": "waiting", "b": "waiting"}
    (tmp_path / "go").touch()
    assert process.wait(PATIENCE) == 0
    holder.wait(PATIENCE)
    assert log(tmp_path, "a") == "a\n"


@needs_flock
def test_a_signal_ends_the_wait_for_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with (tmp_path / "logs/a.log").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        words = lump(tmp_path, member("a", "touch never"))
        env = {**os.environ, "SNAKEMAKE_LOOPER_LOCK": "yes"}
        process = subprocess.Popen(words, cwd=tmp_path, env=env)
        wait_until(lambda: "waiting: an earlier run" in log(tmp_path, "a"))
        process.terminate()
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    assert statuses(tmp_path) == {"a": "waiting"}


# --- the process that renames flags ----------------------------------------------------------------

PERLS = {
    "none": "exit 127",
    "one that refuses": "while read -r -d '' a && read -r -d '' b; do echo failed; done",
    "one that is killed": """
for i in 1 2 3; do read -r -d '' a && read -r -d '' b && mv "$a" "$b" && echo done; done; kill -9 $$""",
    "one that is killed after its work": """
read -r -d '' a && read -r -d '' b && mv "$a" "$b"; kill -9 $$""",
    "one that hangs": "read -r -d '' a; read -r -d '' b; exec sleep 600",
}


@pytest.mark.parametrize("kind", PERLS)
def test_flags_are_renamed_without_perl(tmp_path: Path, kind: str) -> None:
    """`mv` does the rest."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/perl").write_text(f"#!/bin/bash\n{PERLS[kind]}\n")
    (tmp_path / "bin/perl").chmod(0o755)
    path = f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"
    members = [member(name, f"cat flags/p_{name}_*") for name in "abcd"]
    assert run(tmp_path, *members, member("e", "exit 3"), PATH=path) == 1
    assert statuses(tmp_path) == {**dict.fromkeys("abcd", "completed"), "e": "failed"}
    assert [log(tmp_path, name) for name in "abcd"] == ["running"] * 4
    assert lines(tmp_path)[-1] == "1 of 5 members are not completed"


@pytest.mark.parametrize("name", ["TERM", "USR1"])
def test_a_signal_while_a_flag_is_renamed(tmp_path: Path, name: str) -> None:
    """It does not end that `mv`, and is not lost."""
    (tmp_path / "bin").mkdir()
    for program, text in {
        "perl": "exit 127",
        "mv": f'kill -{name} 0\nPATH=${{PATH#*:}}\nexec mv "$@"',
    }.items():
        (tmp_path / "bin" / program).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / "bin" / program).chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"}
    words = lump(tmp_path, member("a", "true"), member("b", "touch never"))
    process = subprocess.Popen(words, cwd=tmp_path, env=env, start_new_session=True)
    assert process.wait(PATIENCE) == 128 + number(name)
    word = "partial" if name == "TERM" else "failed"
    assert statuses(tmp_path) == {"a": word, "b": "waiting"}
    assert not (tmp_path / "never").exists()


def test_the_journal_of_a_lump(tmp_path: Path) -> None:
    assert run(tmp_path, member("a", "true"), member("b", "exit 3")) == 1
    text = (tmp_path / "lumps/one.members").read_text()
    assert [line.split()[:2] for line in text.splitlines()[1:]] == [
        ["0", "running"], ["0", "completed"], ["1", "running"], ["1", "failed"],
    ]  # fmt: skip


def test_flags_are_looked_at_by_their_names(tmp_path: Path) -> None:
    assert run(tmp_path, member("a", "true")) == 0
    assert flags(tmp_path) == ["p_a_completed.flag"]


def test_the_reason_of_a_missing_output(tmp_path: Path) -> None:
    assert run(tmp_path, member("a", "true", 1, "out")) == 1
    said = ending(last_lines(tmp_path / "logs/a.log"))
    assert said == Reason("exit code 0, but its outputs are missing", 0)

"""Real runs: the commands of this environment as a user starts them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.preloaded import Preloaded

REPOSITORY = Path(__file__).resolve().parent.parent.parent
EXAMPLES = REPOSITORY / "examples"
BIN = Path(sys.executable).parent
needs_flock = pytest.mark.skipif(shutil.which("flock") is None, reason="there is no flock here")
PATIENCE = 300
"""Seconds to wait for something that must happen: more than a busy machine needs."""


@dataclass(frozen=True)
class Run:
    """A finished process."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    def jobs(self) -> list[str]:
        """Jobs that were run (or would be), as `rule` or `rule:sample`, targets left out."""
        assert "Nothing was run" not in self.text, "a dry run without Snakemake's blocks"
        found = []
        text = re.sub(
            r"^ {4}(?=\[|(?:local)?rule | {4})", "", self.text, flags=re.MULTILINE
        )  # groups
        for block in re.split(r"\n(?=(?:local)?rule )", text):
            head = re.match(r"(?:local)?rule (\w+):\n(.*?)(?:\n\S|\Z)", block, re.DOTALL)
            if head and "output:" in head[2]:
                sample = re.search(r"wildcards: sample=(.*)", head[2])
                found.append(head[1] + (f":{sample[1]}" if sample else ""))
        return sorted(found)


def environment(**extra: str) -> dict[str, str]:
    """The environment of the tests' programs: this one, and this Python's programs come first."""
    # Without bytecode, each process that a scheduler starts compiles the package anew.
    left_out = ("PIPESTAT", "PYTHONDONTWRITEBYTECODE")
    env = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    env["PATH"] = f"{BIN}{os.pathsep}{env['PATH']}"
    return {**env, **extra}


def run(*command: str, cwd: Path, stdin: str = "", **env: str) -> Run:
    """Run a command to its end; `env` is added to the environment."""
    done = subprocess.run(
        command, cwd=cwd, env=environment(**env), input=stdin, capture_output=True, text=True,
        timeout=2 * PATIENCE,
    )  # fmt: skip
    return Run(done.returncode, done.stdout, done.stderr)


@cache
def preloaded() -> Preloaded:
    """The server of forks, started once in each process of the tests."""
    return Preloaded(environment())


def program(
    name: str, words: tuple[str, ...], cwd: Path, env: Mapping[str, str], stdin: str = ""
) -> Run:
    """Run a Python program of this environment, or a script by its full path, as `run` does."""
    command, full = (str(BIN / name), *words), environment(**env)
    if "LOOPER_TESTS_FRESH" in os.environ or not preloaded().can_run(full):
        start = (sys.executable,) if name.endswith(".py") else ()
        return run(*start, *command, cwd=cwd, stdin=stdin, **env)
    return Run(*preloaded().run(command, cwd, full, 2 * PATIENCE, stdin))


def python(code: str, *words: str, cwd: Path, stdin: str = "", **env: str) -> Run:
    """Run Python code in a process of its own, as `python -c` does."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "code.py")
        script.write_text(code, encoding="utf-8")
        return program(str(script), words, cwd, env, stdin)


def snakemake(*words: str, cwd: Path, **env: str) -> Run:
    """Run `snakemake WORDS…` in a folder. A dry run prints a block for each job."""
    blocks = ["-p"] if {"-n", "--dry-run"} & {*words} else []
    return program("snakemake", (*blocks, *words), cwd, env)


def use_looper(*words: str, cwd: Path, **env: str) -> Run:
    """The way most people come in: two cores, in the project's folder."""
    return snakemake("--use-looper-config", "--cores", "2", *words, cwd=cwd, **env)


def cli(*words: str, cwd: Path, **env: str) -> Run:
    """Run `snakemake-looper WORDS…` in a folder. A dry run prints a block for each job."""
    is_dry = words[:1] in (("run",), ("rerun",)) and {"-n", "-d", "--dry-run"} & {*words}
    blocks = ["-p"] if is_dry else []
    return program("snakemake-looper", (*words[:1], *blocks, *words[1:]), cwd, env)


def wait_until(condition: Callable[[], object], what: str = "nothing happens") -> None:
    """Wait for a condition. A fixed time is too short on some machine, and too long on others."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process is at work. A zombie, which nobody has waited for, is not."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def start_run(folder: Path, *words: str, **env: str) -> subprocess.Popen[str]:
    """Start a run in a session of its own, so that it gets no signal of the tests' own terminal.

    All that it prints is in `out.txt`.
    """
    command = [str(BIN / "snakemake"), "--use-looper-config", *words]
    with (folder / "out.txt").open("w") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment(**env), stdout=output, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip


def children(pid: int) -> list[psutil.Process]:
    """All processes that a process started, at any depth; none if it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def command_line(process: psutil.Process) -> str:
    """The command line of a process; empty if it has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def end(processes: Iterable[psutil.Process]) -> None:
    """Kill processes; some may have ended meanwhile."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def inspect_json(cwd: Path, *words: str, **env: str) -> dict[str, Any]:
    """The output of `snakemake-looper inspect --json`."""
    done = cli("inspect", "--json", *words, cwd=cwd, **env)
    assert done.code < 2, done.err  # 1: somebody is skipped
    loaded: dict[str, Any] = json.loads(done.out)
    return loaded

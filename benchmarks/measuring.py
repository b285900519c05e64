"""Run commands, and compare them.

Each command is measured in three ways: seconds that pass, seconds of processor time that it and its
child processes take, and the memory of its largest process. On a busy machine the first says
little, and the second is nearly as good as on an idle one.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Measured:
    """Time and memory that one command took."""

    wall: float
    cpu: float
    memory: float
    """In GB of 1,000³ bytes."""


@dataclass(frozen=True)
class Compared:
    """Two commands that ran in turn: medians of the pairs' ratios, and of each in seconds."""

    wall: float
    cpu: float
    ours: Measured
    theirs: Measured
    pairs: tuple[tuple[Measured, Measured], ...]


Command = Callable[[], Measured]


def measure(folder: Path, *words: str, clean: Sequence[str] = (), code: int = 0) -> Measured:
    """Run a command to its end, after the folders `clean` were removed.

    The command must end with `code`. If it does not, the benchmarks end with its last words.
    """
    for name in clean:
        shutil.rmtree(folder / name, ignore_errors=True)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    env["PATH"] = f"{BIN}{os.pathsep}{env['PATH']}"
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != code:
            output.seek(0)
            text = output.read().decode(errors="replace")[-3000:]
            sys.exit(f"{folder}: {' '.join(words)} ends with {process.returncode}:\n{text}")
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    return Measured(wall, usage.ru_utime + usage.ru_stime, largest)


def in_turn(rounds: int, *commands: Command) -> list[list[Measured]]:
    """Run commands in turn, A B C A B C …; returns what each took, by command."""
    found: list[list[Measured]] = [[] for _ in commands]
    for _ in range(rounds):
        for number, command in enumerate(commands):
            found[number].append(command())
    return found


def compared(ours: Sequence[Measured], theirs: Sequence[Measured]) -> Compared:
    """Compare two commands that ran in turn."""
    pairs = tuple(zip(ours, theirs, strict=True))
    return Compared(
        statistics.median(a.wall / b.wall for a, b in pairs),
        statistics.median(a.cpu / b.cpu for a, b in pairs),
        median(ours), median(theirs), pairs,
    )  # fmt: skip


def median(found: Sequence[Measured]) -> Measured:
    """The median of each quantity."""
    return Measured(
        statistics.median(one.wall for one in found),
        statistics.median(one.cpu for one in found),
        statistics.median(one.memory for one in found),
    )

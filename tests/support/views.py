"""Helpers for tests of views: a run, streams, and Snakemake's settings of its output."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from snakemake_looper.run.snapshot import Failure, RunningJob, Snapshot, Tally

SAMPLES = Tally("count_lines", "sample", 120, 82, 4, 32, 2, 0)
PROJECT = Tally("count_lines", "project", 1, 1, 0, 0, 0, 0)
FAILURE = Failure("count_lines", "sample", "b", "failed", "the command exited with 3", "logs/b.log")
NOTHING = Snapshot((), (), "")


def job(record: str, since: float, external: str = "") -> RunningJob:
    """A running job; `since` is in seconds."""
    return RunningJob("count_lines", "sample", record, since, external)


RUN = Snapshot(
    (SAMPLES, PROJECT),
    (job("canada", 0), job("mexico", 75, "4711"), job("peru", 95), job("chile", 99)),
    "",
)


def tally(completed: int, running: int = 1, total: int = 10, level: str = "sample") -> Tally:
    """A pipeline of which nothing failed."""
    return Tally("p", level, total, total - completed - running, running, completed, 0, 0)


class Stream(io.StringIO):
    """A stream that may be a terminal, with any encoding."""

    def __init__(self, tty: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self._tty, self._encoding = tty, encoding

    def isatty(self) -> bool:
        return self._tty

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def settings(**changes: Any) -> SimpleNamespace:
    """Snakemake's settings of its output: all off, except `changes`."""
    off = dict.fromkeys(
        (
            "dryrun",
            "verbose",
            "printshellcmds",
            "debug_dag",
            "show_failed_logs",
            "nocolor",
            "stdout",
        ),
        False,
    )
    return SimpleNamespace(**{**off, "quiet": None, **changes})

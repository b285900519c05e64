"""Living runs in a project's folder: their processes, when they began, and how far they are."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from ..messages import counted
from ..status.flags import Flags, stamp_of
from ..status.journal import Run, read_runs
from ..workspace.job_table import JobTable

_LOOK_ON = "'snakemake-looper check --watch' shows how it goes on"
_NAMED = 5
"""The number of jobs that a message names."""


def why_locked(workdir: Path) -> str | None:
    """Why this folder is locked: the living run that holds it; None if there is none."""
    living = [run for run in read_runs(workdir) if run.alive and run.pid != os.getpid()]
    return f"{_described(living[0], workdir)}; {_LOOK_ON}" if living else None


def why_in_use(table: JobTable, workdir: Path) -> str | None:
    """Why files of these jobs must not be removed: a run or a job goes on. None if they may be."""
    flags = {brief.flag: brief for brief in table.briefs()}
    for run in read_runs(workdir):
        if run.alive and (run.began is None or run.planned.keys() & flags.keys()):
            return f"{_described(run, workdir)}; wait for its end, or end it first. {_LOOK_ON}"
    known = Flags(workdir)
    left = [one for flag, one in flags.items() if known.status(flag, one.log) == "running"]
    if not left:
        return None
    named = ", ".join(f"{one.pipeline} {one.record}" for one in left[:_NAMED])
    more = f" and {len(left) - _NAMED} more" if left[_NAMED:] else ""
    jobs = counted(len(left), "job")
    return f"{jobs} still running: {named}{more}; wait for them, or end them first"


def _described(run: Run, workdir: Path) -> str:
    """A run in words: its process, since when it runs, and how far it is."""
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
    where = "" if run.host == socket.gethostname() else f" on {run.host}"
    who = f"process {run.pid}{where} has been running this project since {since}"
    if run.began is None:
        return f"{who} and has not begun its jobs yet"
    flags = Flags(workdir)
    began = run.began * 1e9
    words = [flags.word(flag) for flag in run.planned]
    done = sum(
        word == "completed" and (stamp_of(workdir / flag) or 0) >= began
        for flag, word in zip(run.planned, words, strict=True)
    )
    jobs = counted(len(words), "job")
    return f"{who}: {done} of {jobs} completed, {words.count('running')} running"

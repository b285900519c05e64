"""Entering a project's folder: the journal of a new run, and the lock of a killed one.

Snakemake locks its working directory while it runs. If it is killed, the lock stays, and the next
run would be refused. The lock is removed if the run was on this machine, no run of this folder is
alive, and no Snakemake works in it any more.

Runs enter one after the other, through a *door*: a file whose lock each of them holds for a moment.
So of two that are started at once, the first removes a stale lock, and the second finds the first
alive. Commands that remove files hold the door for as long as they take.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..files import open_to_lock
from ..layout import JOURNALS, LOCKS
from ..messages import counted, note
from ..status.flags import remove_surplus_flags
from ..status.journal import Journal, Run, read_runs
from ..status.processes import controllers_in

_DOOR = "door"
"""A file in the folder of journals."""


def enter(workdir: Path, plan: str, flags: Iterable[str] = ()) -> Journal:
    """Begin a journal, remove the lock of a dead run, and heal these records' flags.

    Snakemake looks at the completed flag only. So a record that has another flag beside it is
    healed here, before Snakemake builds its graph of jobs.

    Args:
        workdir: Snakemake's working directory.
        plan: the id of the plan.
        flags: completed flags of the plan's records, relative to the working directory.

    Raises:
        OSError: the folder cannot be written.
    """
    with closed_door(workdir):
        journal = Journal.open(workdir, plan)
        runs = [run for run in read_runs(workdir) if run.path != journal.path]
        if not any(run.alive for run in runs):
            _remove_stale_lock(workdir, runs)
            healed = remove_surplus_flags(workdir, flags)
            if healed:
                several = counted(len(healed), "record")
                note(f"{several} had several flags; the least favourable one was kept")
        return journal


@contextlib.contextmanager
def closed_door(workdir: Path) -> Iterator[None]:
    """Keep runs from entering the folder; each of them waits until this block ends.

    Raises:
        OSError: the folder cannot be written.
    """
    path = workdir / JOURNALS / _DOOR
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_to_lock(path) as door:
        with contextlib.suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                note("waiting for a command that is at work in this folder ('destroy' or 'clean')")
                fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _remove_stale_lock(workdir: Path, runs: Iterable[Run]) -> None:
    """Remove Snakemake's lock if a run of this project, killed on this machine, left it.

    A journal must show such a run, and no Snakemake may be at work in the folder. Call this only if
    none of the `runs` of this folder is alive on any machine.
    """
    try:
        locks = sorted((workdir / LOCKS).iterdir())
    except OSError:
        return
    dead = [run for run in runs if run.died]
    if not locks or not dead:
        return
    last = dead[-1]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(last.started))
    if last.host != socket.gethostname():
        note(
            f"the run of {when} on {last.host} (process {last.pid}) seems to be dead, and its lock"
            " is still there; if you are sure, run this again with --unlock first"
        )
        return
    if any(controllers_in(workdir)):
        return
    for lock in locks:
        with contextlib.suppress(OSError):
            if lock.stat().st_mtime >= dead[0].started - 1:  # older ones are of somebody else
                lock.unlink(missing_ok=True)
    note(f"the run of {when} (process {last.pid}) was killed; its lock is removed")

"""Which runs and jobs are alive, by the files that they hold.

A run holds a lock on its journal, and a job on a cluster holds one on its log (see `job.sh`). Every
machine that shares the file system sees these locks. A job on this machine takes no lock, but its
processes have its log open, which psutil can see.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_PROGRAMS = ("snakemake", "snakemake-looper")


def locked(path: Path) -> bool | None:
    """Whether a process holds a lock on a file; None if the file system cannot tell."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError:
        return None
    return False


def is_process(pid: int) -> bool:
    """Whether a process of this machine has this number. A zombie has ended."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def process_namespace() -> str:
    """The process namespace of this process; empty on systems without namespaces."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


class Present:
    """The jobs that are alive, by the logs that they write to.

    The processes are listed once, at the first question.
    """

    def __init__(self) -> None:
        self._writers: Mapping[str, tuple[int, ...]] | None = None

    def uses(self, log: Path) -> bool:
        """Whether a job is alive: a process has its log locked, or open for writing."""
        return bool(self.writers(log)) or bool(locked(log))

    def writers(self, log: Path) -> tuple[int, ...]:
        """The numbers of the processes of this machine that have a log open for writing."""
        if not log.exists():
            return ()
        if self._writers is None:
            self._writers = _writers()
        return self._writers.get(os.path.realpath(log), ())


def _writers() -> Mapping[str, tuple[int, ...]]:
    """For each file, the processes that have it open for writing.

    Processes that this user may not look at are left out.
    """
    import psutil

    found: dict[str, tuple[int, ...]] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            for file in process.open_files():
                # macOS does not tell the mode, so a process that only reads counts there too.
                pids = found.get(file.path, ())
                if getattr(file, "mode", "w") != "r" and process.pid not in pids:
                    found[file.path] = (*pids, process.pid)
    return found


def controllers_in(folder: Path) -> Iterator[int]:
    """The numbers of other processes that run Snakemake in a folder of this machine."""
    import psutil

    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            # With `--nolock`, it is a single job, maybe left over from a killed run.
            takes_locks = "--nolock" not in words
            is_snakemake = any(Path(word).name in _PROGRAMS for word in words[:3])
            is_other = takes_locks and is_snakemake and process.pid not in own
            if is_other and Path(process.cwd()) == folder:
                yield process.pid

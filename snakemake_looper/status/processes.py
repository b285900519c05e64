"""Who is there: runs that hold their journal, jobs that hold their log.

A run keeps a lock on its journal, a cluster's job one on its log (see `job.sh`), which is seen from
every machine that shares the file system. A job of this machine takes no lock: its processes have
its log open, and that can be seen from outside.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path


def locked(path: Path) -> bool | None:
    """Whether some process holds a lock on a file; None if that cannot be told."""
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
    """Whether a process of this machine has this number; one that only waits to be reaped has ended."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def process_namespace() -> str:
    """The namespace that this process's number belongs to; empty where there are none."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


class Present:
    """Which logs some job writes to. Processes are looked at once, when that is first asked."""

    def __init__(self) -> None:
        self._writers: Mapping[str, tuple[int, ...]] | None = None

    def uses(self, log: Path) -> bool:
        """Whether a process of a job is there: it has its log locked, or open for writing."""
        return bool(self.writers(log)) or bool(locked(log))

    def writers(self, log: Path) -> tuple[int, ...]:
        """The numbers of the processes of this machine that have a log open for writing."""
        if not log.exists():
            return ()
        if self._writers is None:
            self._writers = _writers()
        return self._writers.get(os.path.realpath(log), ())


def _writers() -> Mapping[str, tuple[int, ...]]:
    """Who has which files open for writing, as far as one may see."""
    import psutil

    found: dict[str, tuple[int, ...]] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            for file in process.open_files():
                # Where the mode is not told, as on macOS, somebody who only reads counts as well.
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
            # A job that is a process of its own takes no lock: it may be what a run has left.
            takes_locks = "--nolock" not in words
            is_snakemake = any(Path(word).name in _PROGRAMS for word in words[:3])
            is_other = takes_locks and is_snakemake and process.pid not in own
            if is_other and Path(process.cwd()) == folder:
                yield process.pid


_PROGRAMS = ("snakemake", "snakemake-looper")

"""Status flags: their names, and reading and changing them from Python.

A record's flag is `<folder>/<pipeline>_<record>_<status>.flag`, its content the status word, as
in pipestat and pypiper. Names are exact: they are made from the plan and looked up, never
globbed, so record `a` is not `a_b` and `[x]` is found (quirk 12). Jobs set their own flags in
shell (`workflow/scripts/job.sh`); this module reads them, one listing per folder.

A flag that a killed run left behind may say what is no longer so. Where the run's journal shows
that it is dead, and no process of the job is there, the corrected status is reported. Reading never
changes a flag.

A flag is a file, and its name counts: its content may be anything. The next change of a record's
status leaves it one flag with the right content. A symbolic link that leads to no file counts as nothing.
A folder, a pipe, or anything else that is no file is never a flag: `obstacles` names it, since it
has to be removed by hand.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from ..status_words import LEAST_FIRST, NOT_RUN, STATUSES
from .journal import Run, read_runs
from .processes import Present

_SUFFIX = "_completed.flag"


class HasFlag(Protocol):
    """A job, as far as its flag and log are concerned."""

    @property
    def flag(self) -> str: ...

    @property
    def log(self) -> str: ...


class _Listing(NamedTuple):
    """What a folder holds, by name."""

    files: frozenset[str]
    others: frozenset[str]
    """Folders, pipes and the like. A link that leads to no file is in neither."""


class Flags:
    """Statuses by the flags as they were when a folder was first asked about."""

    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir
        self._listings: dict[str, _Listing] = {}

    @cached_property
    def runs(self) -> list[Run]:
        """The runs that may have left flags, the last first."""
        return read_runs(self._workdir)[::-1]

    @cached_property
    def present(self) -> Present:
        """Jobs whose processes are there."""
        return Present()

    def run_of(self, flag: str) -> Run | None:
        """The last run that set out to run a record."""
        return next((run for run in self.runs if flag in run.planned), None)

    def written(self, completed_flag: str) -> str:
        """The status that a record's flag says; the flag relative to the working directory."""
        return next(iter(self.all_written(completed_flag)), NOT_RUN)

    def all_written(self, completed_flag: str) -> list[str]:
        """Each status that a flag of a record says, the one that promises least first."""
        folder, name = os.path.split(completed_flag)
        stem = name.removesuffix(_SUFFIX)
        present = self._listing(folder).files
        return [word for word in LEAST_FIRST if f"{stem}_{word}.flag" in present]

    def obstacle(self, completed_flag: str, log: str = "") -> str | None:
        """What is in the place of a record's flag or log and no file; None if nothing is."""
        folder, name = os.path.split(completed_flag)
        others = self._listing(folder).others
        if others:
            stem = name.removesuffix(_SUFFIX)
            for word in LEAST_FIRST:
                if f"{stem}_{word}.flag" in others:
                    return os.path.join(folder, f"{stem}_{word}.flag")
        folder, name = os.path.split(log)
        return log if log and name in self._listing(folder).others else None

    def _listing(self, folder: str) -> _Listing:
        if folder not in self._listings:
            self._listings[folder] = _listing(self._workdir / folder)
        return self._listings[folder]

    def status(self, completed_flag: str, log: str) -> str:
        """The status that a record has: what its flag says, unless its run is known to be dead."""
        word = self.written(completed_flag)
        if word not in ("running", "waiting"):
            return word
        run = self.run_of(completed_flag)
        if run is None or run.alive or completed_flag in run.submitted:
            return word  # a cluster may still have it
        if word == "waiting":
            return run.planned[completed_flag] or NOT_RUN
        is_here = run.is_local and run.host == socket.gethostname()
        return word if not is_here or self.present.uses(self._workdir / log) else "failed"


def flag_path(workdir: Path, completed_flag: str, status: str) -> Path:
    """The flag that a record has with a status."""
    return Path(f"{str(workdir / completed_flag).removesuffix(_SUFFIX)}_{status}.flag")


def written_now(workdir: Path, completed_flag: str) -> str:
    """The status that one record's flag says at this moment."""
    return next(iter(_all_written_now(workdir, completed_flag)), NOT_RUN)


def _all_written_now(workdir: Path, completed_flag: str) -> list[str]:
    return [word for word in LEAST_FIRST if flag_path(workdir, completed_flag, word).is_file()]


def stamp_of(path: Path) -> int | None:
    """When a file was last written, in nanoseconds since the epoch; None if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _listing(folder: Path) -> _Listing:
    files, others = set(), set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file():
                    files.add(entry.name)
                elif not entry.is_symlink():
                    others.add(entry.name)
    except OSError:
        return _Listing(frozenset(), frozenset())
    return _Listing(frozenset(files), frozenset(others))


def obstacles(workdir: Path, jobs: Iterable[HasFlag]) -> list[str]:
    """A line for each folder or other thing that is in the place of a job's flag or log."""
    flags = Flags(workdir)
    found = (flags.obstacle(job.flag, job.log) for job in jobs)
    return [advice_on(path) for path in dict.fromkeys(found) if path]


def advice_on(obstacle: str) -> str:
    return f"{obstacle} is not a file; remove it"


def heal(workdir: Path, completed_flags: Iterable[str]) -> list[str]:
    """Leave each record that has several flags the one that promises least.

    Snakemake looks at the completed flag only, so this comes before it does. No run may be going
    on: a pipeline that sets its own status may have two flags for a moment.

    Returns the completed flags of the records that had several.
    """
    flags = Flags(workdir)
    healed = []
    for completed_flag in completed_flags:
        _, *surplus = flags.all_written(completed_flag) or [""]
        for word in surplus:
            clear_flag(workdir, completed_flag, word)
        if surplus:
            healed.append(completed_flag)
    return healed


def write_flag(
    workdir: Path, completed_flag: str, status: str, expected: Sequence[str] = STATUSES
) -> str | None:
    """Set the status of a record, if it is one of those expected; `none` may be among them.

    The file is rewritten, then renamed, so there is never none and never a second one; if the
    job changes it at the same time, the job wins. Of several flags the one that promises least
    counts, and the others go.

    Returns the status that it had, None if that was not expected, or if something that is no file
    is in the flag's place: then nothing was changed.
    """
    found = _all_written_now(workdir, completed_flag)
    word = found[0] if found else NOT_RUN
    target = flag_path(workdir, completed_flag, status)
    if word not in expected or not (target.is_file() or _is_free(target)):
        return None
    if not found:
        target.parent.mkdir(parents=True, exist_ok=True)
        _make(target, status)
        return word
    path = flag_path(workdir, completed_flag, word)
    try:
        _rewrite(path, status)
        path.rename(target)
    except FileNotFoundError:
        return None
    for other in found[1:]:
        if other != status:
            clear_flag(workdir, completed_flag, other)
    return word


def _is_free(path: Path) -> bool:
    """Whether nothing is there, or a link that leads to no file."""
    return path.is_symlink() or not path.exists()


def _make(path: Path, status: str) -> None:
    """Make a flag anew; a link is replaced, never written through."""
    path.unlink(missing_ok=True)
    path.write_text(status, encoding="utf-8")


def _rewrite(path: Path, status: str) -> None:
    if path.is_symlink():
        _make(path, status)
        return
    try:
        with path.open("r+", encoding="utf-8") as file:
            file.write(status)
            file.truncate()
    except PermissionError:  # it is somebody else's; the folder may be ours as well
        _make(path, status)


def clear_flag(workdir: Path, completed_flag: str, status: str) -> None:
    """Take a record's flag away, if it has this status."""
    path = flag_path(workdir, completed_flag, status)
    if path.is_file() or path.is_symlink():
        path.unlink(missing_ok=True)

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

import dataclasses
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .jobtable import JobTable, Row
from .journal import Death, Run, read_runs
from .model import STATUSES
from .processes import Present
from .reasons import Reason, explain, remedy, stale_locks, tail

if TYPE_CHECKING:
    from .jobtable import Brief
    from .model import Job

NOT_RUN = "none"
"""What a record without any flag has for a status."""
KILLED_WITH_ITS_RUN = "killed together with its run"
_SUFFIX = "_completed.flag"
# If a dead run left several flags, the one that promises least counts.
_ORDER = ("failed", "partial", "running", "waiting", "completed")
DESCRIPTIONS: Mapping[str, str] = {
    "completed": "the command exited with 0",
    "running": "the command runs",
    "waiting": "a run that is going on has it before itself, or it waits in a cluster's queue",
    "partial": "stopped before it was complete, as by Ctrl+C or scancel",
    "failed": "the command failed, was killed, or took more than it was given",
    "skipped": "cannot be run: something of its own is missing or wrong",
    NOT_RUN: "never run",
}


@dataclass(frozen=True, slots=True)
class RecordStatus:
    """The status of one record, as `check` shows it."""

    pipeline: str
    level: str
    record: str
    status: str
    reason: str = ""
    log: str = ""
    """Relative to the working directory."""
    exit_code: int | None = None
    signal: str = ""
    """As `SIGKILL`."""
    external_jobid: str = ""
    """The cluster job that it runs as, or ran as."""
    attempt: int | None = None
    tail: tuple[str, ...] = ()
    """The last lines of its log, where it did not complete."""
    remedy: str = ""
    """What to do before it can be run again, if anything."""


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
        return [word for word in _ORDER if f"{stem}_{word}.flag" in present]

    def obstacle(self, completed_flag: str, log: str = "") -> str | None:
        """What is in the place of a record's flag or log and no file; None if nothing is."""
        folder, name = os.path.split(completed_flag)
        others = self._listing(folder).others
        if others:
            stem = name.removesuffix(_SUFFIX)
            for word in _ORDER:
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


def read_statuses(jobs: JobTable, workdir: Path, why: bool = False) -> list[RecordStatus]:
    """The status of every job of a plan and of every record skipped for a fault of its own.

    With `why`, also what is behind it: of those that did not complete, that costs reading a log.
    """
    flags = Flags(workdir)
    results_dir = Path(jobs.value("results_dir"))
    found = [_status_of(row, flags, workdir, results_dir, why) for row in jobs.rows()]
    found += [
        RecordStatus(skip.pipeline, "sample", skip.record, "skipped", skip.reason)
        for skip in jobs.skipped()
        if skip.fault
    ]
    return found


def _status_of(row: Row, flags: Flags, workdir: Path, results_dir: Path, why: bool) -> RecordStatus:
    status = flags.status(row.flag, row.log)
    if status == "completed" and _is_ahead(row.flag, flags, workdir):
        status = "waiting"
    known = RecordStatus(row.pipeline, row.level, row.record, status, log=row.log)
    obstacle = flags.obstacle(row.flag, row.log if why and status != "completed" else "")
    if obstacle:
        return dataclasses.replace(known, reason=_remove(obstacle))
    if status in ("running", "waiting"):
        run = flags.run_of(row.flag)
        external = run.submitted.get(row.flag, "") if run else ""
        return dataclasses.replace(known, external_jobid=external, reason=_doubt(run, external))
    if status not in ("failed", "partial") or not why:
        return known
    death = _death_of(row.flag, status, flags, workdir)
    last_lines = tail(workdir / row.log)
    if flags.written(row.flag) != status:
        reason = Reason(KILLED_WITH_ITS_RUN)
    else:
        reason = explain(death, last_lines)
    folder = results_dir / row.record
    return dataclasses.replace(
        known,
        reason=reason.text,
        exit_code=reason.exit_code,
        signal=reason.signal,
        external_jobid=death.external_jobid if death else "",
        attempt=death.attempt if death else None,
        tail=last_lines,
        remedy=remedy(folder, stale_locks(folder)) if row.level == "sample" else "",
    )


def _doubt(run: Run | None, external_jobid: str) -> str:
    """What is to be said of a record that is on its way, though its run is over."""
    if run is None or run.alive:
        return ""
    if external_jobid:
        return f"its run is over; cluster job {external_jobid} may still be there"
    return f"its run on {run.host} is over" if run.host != socket.gethostname() else ""


def _is_ahead(flag: str, flags: Flags, workdir: Path) -> bool:
    """Whether a run that is going on will run a completed record again, and has not yet."""
    alive = next((run for run in flags.runs if run.alive and flag in run.planned), None)
    if alive is None or alive.began is None:
        return False
    stamp = stamp_of(workdir / flag)
    return stamp is not None and stamp < alive.began * 1e9


def _death_of(flag: str, status: str, flags: Flags, workdir: Path) -> Death | None:
    """What the journals say of the very flag that is there."""
    death = next((run.deaths[flag] for run in flags.runs if flag in run.deaths), None)
    if death is None or death.status != status:
        return None
    return death if stamp_of(flag_path(workdir, flag, status)) == death.stamp else None


def flag_path(workdir: Path, completed_flag: str, status: str) -> Path:
    """The flag that a record has with a status."""
    return Path(f"{str(workdir / completed_flag).removesuffix(_SUFFIX)}_{status}.flag")


def written_now(workdir: Path, completed_flag: str) -> str:
    """The status that one record's flag says at this moment."""
    return next(iter(_all_written_now(workdir, completed_flag)), NOT_RUN)


def _all_written_now(workdir: Path, completed_flag: str) -> list[str]:
    return [word for word in _ORDER if flag_path(workdir, completed_flag, word).is_file()]


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


def obstacles(workdir: Path, jobs: Iterable[Brief | Job]) -> list[str]:
    """A line for each folder or other thing that is in the place of a job's flag or log."""
    flags = Flags(workdir)
    found = (flags.obstacle(job.flag, job.log) for job in jobs)
    return [_remove(path) for path in dict.fromkeys(found) if path]


def _remove(obstacle: str) -> str:
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


def counts(records: Iterable[RecordStatus]) -> dict[str, dict[str, int]]:
    """How many records of each pipeline have each status."""
    table: dict[str, dict[str, int]] = {}
    for record in records:
        row = table.setdefault(record.pipeline, {})
        row[record.status] = row.get(record.status, 0) + 1
    return table


def order(status: str) -> int:
    """Sort key: the order in which statuses are shown."""
    shown = ("completed", "running", "waiting", "partial", "failed", "skipped", NOT_RUN)
    return shown.index(status) if status in shown else len(shown)


assert set(_ORDER) == set(STATUSES)

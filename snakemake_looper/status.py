"""Status flags: their names, and reading and changing them from Python.

A record's flag is `<folder>/<pipeline>_<record>_<status>.flag`, its content the status word, as
in pipestat and pypiper. Names are exact: they are made from the plan and looked up, never
globbed, so record `a` is not `a_b` and `[x]` is found (quirk 12). Jobs set their own flags in
shell (`workflow/scripts/job.sh`); this module reads them, one listing per folder.

A flag that a killed run left behind may say what is no longer so. Where the run's journal shows
that it is dead, and no process of the job is there, what is true is told instead of what is
written: nobody who asks changes a flag.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .jobtable import JobTable, Row
from .journal import Death, Run, read_runs
from .model import STATUSES
from .processes import Present
from .reasons import Reason, explain, remedy, stale_locks, tail

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


class Flags:
    """Statuses by the flags as they were when a folder was first asked about."""

    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir
        self._listings: dict[str, frozenset[str]] = {}

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
        folder, name = os.path.split(completed_flag)
        if folder not in self._listings:
            self._listings[folder] = _listing(self._workdir / folder)
        stem = name.removesuffix(_SUFFIX)
        present = self._listings[folder]
        return next((word for word in _ORDER if f"{stem}_{word}.flag" in present), NOT_RUN)

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
    present = (word for word in _ORDER if flag_path(workdir, completed_flag, word).exists())
    return next(present, NOT_RUN)


def stamp_of(path: Path) -> int | None:
    """When a file was last written, in nanoseconds since the epoch; None if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _listing(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


def write_flag(
    workdir: Path, completed_flag: str, status: str, expected: Sequence[str] = STATUSES
) -> str | None:
    """Set the status of a record, if it is one of those expected; `none` may be among them.

    The file is rewritten, then renamed, so there is never none and never a second one; if the
    job changes it at the same time, the job wins.

    Returns the status that it had, None if that was not expected: then nothing was changed.
    """
    target = flag_path(workdir, completed_flag, status)
    for word in _ORDER:
        path = flag_path(workdir, completed_flag, word)
        if not path.exists():
            continue
        if word not in expected:
            return None
        with contextlib.suppress(FileNotFoundError), path.open("r+", encoding="utf-8") as file:
            file.write(status)
            file.truncate()
            path.rename(target)
            return word
        return None
    if NOT_RUN not in expected:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(status, encoding="utf-8")
    return NOT_RUN


def clear_flag(workdir: Path, completed_flag: str, status: str) -> None:
    """Take a record's flag away, if it has this status."""
    flag_path(workdir, completed_flag, status).unlink(missing_ok=True)


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

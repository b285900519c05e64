"""Status flags: their names, and reading and changing them from Python.

A record's flag is `<folder>/<pipeline>_<record>_<status>.flag`, its content the status word, as
in pipestat and pypiper. Names are exact: they are made from the plan and looked up, never
globbed, so record `a` is not `a_b` and `[x]` is found (quirk 12). Jobs set their own flags in
shell (`workflow/scripts/job.sh`); this module reads them, one listing per folder.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .jobtable import JobTable
from .model import STATUSES

NOT_RUN = "none"
"""What a record without any flag has for a status."""
_SUFFIX = "_completed.flag"
# If a dead run left several flags, the one that promises least counts.
_ORDER = ("failed", "partial", "running", "waiting", "completed")


@dataclass(frozen=True, slots=True)
class RecordStatus:
    """The status of one record, as `check` shows it."""

    pipeline: str
    level: str
    record: str
    status: str
    reason: str
    log: str


class Flags:
    """Statuses by the flags as they were when a folder was first asked about."""

    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir
        self._listings: dict[str, frozenset[str]] = {}

    def status(self, completed_flag: str) -> str:
        """The status of the record with this completed flag (relative to the working directory)."""
        folder, name = os.path.split(completed_flag)
        if folder not in self._listings:
            self._listings[folder] = _listing(self._workdir / folder)
        stem = name.removesuffix(_SUFFIX)
        present = self._listings[folder]
        return next((word for word in _ORDER if f"{stem}_{word}.flag" in present), NOT_RUN)


def read_statuses(jobs: JobTable, workdir: Path) -> list[RecordStatus]:
    """The status of every job of a plan and of every record skipped for a fault of its own."""
    flags = Flags(workdir)
    found = [
        RecordStatus(row.pipeline, row.level, row.record, flags.status(row.flag), "", row.log)
        for row in jobs.rows()
    ]
    found += [
        RecordStatus(skip.pipeline, "sample", skip.record, "skipped", skip.reason, "")
        for skip in jobs.skipped()
        if skip.fault
    ]
    return found


def _listing(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


def replace_flag(completed_flag: Path, status: str) -> None:
    """Make a completed flag one of another status, in one step."""
    stem = str(completed_flag)[: -len(_SUFFIX)]
    with contextlib.suppress(FileNotFoundError):
        completed_flag.write_text(status)
        completed_flag.rename(f"{stem}_{status}.flag")


def mark_failed(completed_flag: Path) -> bool:
    """Set `failed` for a job that its executor gave up and that still claims to be running.

    Returns whether there was anything to change. Files that are no completed flag are left.
    """
    if not completed_flag.name.endswith(_SUFFIX):
        return False
    stem = str(completed_flag)[: -len(_SUFFIX)]
    for word in ("running", "waiting"):
        failed = Path(f"{stem}_failed.flag")
        with contextlib.suppress(FileNotFoundError):  # there is none, or the job is just ending
            Path(f"{stem}_{word}.flag").rename(failed)
            failed.write_text("failed")
            return True
    return False


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

"""The status of each record, as `check` shows it: the flag, corrected by the journal of its run.

A flag says `running` also after the process that wrote it was killed. So the flag is compared
with the journals of runs, and the corrected status is reported. Reading never changes a flag.
"""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..collector import seldom
from ..status.excerpts import log_end
from ..status.flags import Flags, advice_on, flag_path, stamp_of
from ..status.journal import Death, Run
from ..status.reasons import Reason, explain, remedy, stale_locks
from ..status_words import FAILURES, SKIPPED
from ..workspace.job_table import JobTable
from ..workspace.rows import JobRow, brief_of
from .json_values import fields_of, moment
from .times import KILLED_WITH_ITS_RUN, times_of


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
    """The id of its cluster job; empty if there was none."""
    attempt: int | None = None
    tail: tuple[str, ...] = ()
    """The last lines of its log, where it did not complete."""
    excerpt: tuple[str, ...] = ()
    """The lines of its log that say why: from the first error on, else the last ones."""
    remedy: str = ""
    """Advice: something to do before it can be run again. Empty if there is nothing to do."""
    started: float | None = None
    """The time when its last try began, in seconds since the epoch; None if that is not known."""
    took: float | None = None
    """The time from there to its end, in seconds."""
    memory_mb: float | None = None
    """The most memory that it held, in MB (1,024² bytes), as Snakemake's benchmarks measure it."""
    outdated: str | None = None
    """Why a run would run it again though it is completed; None if it would not, or that is not
    known. See `outdated`."""


def record_form(record: RecordStatus) -> dict[str, Any]:
    """The form of a record in all JSON of ours: times as text, see `json_values.moment`."""
    took = None if record.took is None else round(record.took, 3)
    return fields_of(record) | {"started": moment(record.started), "took": took}


@seldom()
def read_statuses(
    table: JobTable, workdir: Path, why: bool = False, times: bool = False
) -> list[RecordStatus]:
    """The status of every job of a plan and of every record skipped for a fault of its own.

    Args:
        table: the job table.
        workdir: Snakemake's working directory.
        why: whether statuses have reasons: the logs of failed and partial records are read.
        times: whether they have times and memory: up to three small files are read per record.
    """
    flags, facts = Flags(workdir), table.facts
    found = []
    for row in table.rows():
        one = _status_of(row, flags, workdir, facts.results_dir, why)
        if times:
            death = _death_of(row.flag, one.status, flags, workdir)
            known = times_of(brief_of(row), one.status, death, facts, workdir)
            one = dataclasses.replace(one, **known._asdict())
        found.append(one)
    found += [
        RecordStatus(skip.pipeline, "sample", skip.record, SKIPPED, skip.reason)
        for skip in table.skipped()
        if skip.fault
    ]
    return found


def _status_of(
    row: JobRow, flags: Flags, workdir: Path, results_dir: Path, why: bool
) -> RecordStatus:
    status = flags.status(row.flag, row.log)
    if status == "completed" and _is_ahead(row.flag, flags, workdir):
        status = "waiting"
    known = RecordStatus(row.pipeline, row.level, row.record, status, log=row.log)
    log = row.log if why and status != "completed" else ""
    obstacle = next(flags.obstacles(row.flag, log), "")
    if obstacle:
        return dataclasses.replace(known, reason=advice_on(obstacle, workdir))
    if status in ("running", "waiting"):
        run = flags.run_of(row.flag)
        external = run.submitted.get(row.flag, "") if run else ""
        return dataclasses.replace(known, external_jobid=external, reason=_doubt(run, external))
    if status not in FAILURES or not why:
        return known
    death = _death_of(row.flag, status, flags, workdir)
    end = log_end(workdir / row.log)
    if flags.word(row.flag) != status:
        reason = Reason(KILLED_WITH_ITS_RUN)
    else:
        reason = explain(death, end.tail)
    folder = results_dir / row.record
    return dataclasses.replace(
        known,
        reason=reason.text,
        exit_code=reason.exit_code,
        signal=reason.signal,
        external_jobid=death.external_jobid if death else "",
        attempt=death.attempt if death else None,
        tail=end.tail,
        excerpt=end.excerpt,
        remedy=remedy(folder, stale_locks(folder)) if row.level == "sample" else "",
    )


def _doubt(run: Run | None, external_jobid: str) -> str:
    """A remark on a record that is running or waiting, though its run is over; else empty."""
    if run is None or run.alive:
        return ""
    if external_jobid:
        return f"its run is over; cluster job {external_jobid} may still be there"
    return f"its run on {run.host} is over" if run.host != socket.gethostname() else ""


def _is_ahead(flag: str, flags: Flags, workdir: Path) -> bool:
    """Whether the current run will run a completed record again, and has not begun it yet."""
    alive = next((run for run in flags.runs if run.alive and flag in run.planned), None)
    if alive is None or alive.began is None:
        return False
    stamp = stamp_of(workdir / flag)
    return stamp is not None and stamp < alive.began * 1e9


def _death_of(flag: str, status: str, flags: Flags, workdir: Path) -> Death | None:
    """The death that a journal has for this very flag; None if there is none."""
    death = next((run.deaths[flag] for run in flags.runs if flag in run.deaths), None)
    if death is None or death.status != status:
        return None
    return death if stamp_of(flag_path(workdir, flag, status)) == death.stamp else None


def counts(records: Iterable[RecordStatus]) -> dict[str, dict[str, int]]:
    """How many records of each pipeline have each status."""
    table: dict[str, dict[str, int]] = {}
    for record in records:
        row = table.setdefault(record.pipeline, {})
        row[record.status] = row.get(record.status, 0) + 1
    return table

"""When the last try of a record began, how long it took, and how much memory it held.

Numbers of an earlier try are worse than none. So each source is compared with the flag:

- The note that a job's shell writes, if it is as new as the flag, see `status.times`.
- If the main process set the flag, since the shell was killed: the journal of the run.
- Memory: the file of Snakemake's `benchmark:`, which is written after a job that completed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ..files import open_file
from ..status.flags import flag_path
from ..status.journal import Death
from ..status.times import GRAIN, Note, read_note
from ..status_words import FAILURES
from ..workspace.rows import Facts, JobRow

KILLED_WITH_ITS_RUN = "killed together with its run"
_MEMORY = "max_rss"
_LONGEST = 100_000
"""Bytes that are read of a benchmark file."""


class Times(NamedTuple):
    """The numbers of a record's last try, as far as they are known; see `RecordStatus`."""

    started: float | None = None
    took: float | None = None
    memory_mb: float | None = None


def times_of(row: JobRow, status: str, death: Death | None, facts: Facts, workdir: Path) -> Times:
    """The numbers of a record's last try.

    Args:
        row: the record's job.
        status: its status, as it is shown.
        death: the death that the journal has for its flag.
        facts: facts about the plan.
        workdir: Snakemake's working directory.
    """
    if status != "running" and status != "completed" and status not in FAILURES:
        return Times()
    note = read_note(workdir, row.flag)
    if status == "running":
        return Times(note.began) if note is not None and note.ended is None else Times()
    flagged = _written(flag_path(workdir, row.flag, status))
    if flagged is None:  # the flag says `running`, and its run was killed
        return Times(note.began) if note is not None and note.ended is None else Times()
    memory = None
    if status == "completed" and row.rule in facts.benchmarks:
        path = workdir / facts.benchmarks[row.rule].replace("{sample}", row.record)
        memory = _memory_in(path, flagged)
    if note is not None and note.ended is not None and note.written >= flagged - GRAIN:
        return Times(note.began, note.ended - note.began, memory)
    return Times(*_of_death(death, note), memory)


def _of_death(death: Death | None, note: Note | None) -> tuple[float | None, float | None]:
    """When a job began whose flag the main process has set, and how long it took."""
    if death is None or death.started is None:
        return None, None
    ended: float | None = death.at
    if note is not None and note.began == death.started and note.ended is not None:
        ended = note.ended
    elif death.reason == KILLED_WITH_ITS_RUN:
        ended = None  # the next run has noted it
    return death.started, None if ended is None else max(ended - death.started, 0.0)


def _memory_in(path: Path, since: float) -> float | None:
    """The most memory in a benchmark file; None if it is older than `since`, or has no number."""
    try:
        with open_file(path) as file:
            if os.fstat(file.fileno()).st_mtime < since - GRAIN:
                return None
            heading, *rows = file.read(_LONGEST).decode(errors="replace").splitlines()
        column = heading.split("\t").index(_MEMORY)
        found = [float(row.split("\t")[column]) for row in rows]
    except (OSError, ValueError, IndexError):  # `NA` for a job that was too short
        return None
    return max(found) if found and all(0 <= one < float("inf") for one in found) else None


def _written(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None

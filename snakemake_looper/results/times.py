"""When the last try of a record began, how long it took, and how much memory it held.

Numbers of an earlier try are worse than none. So each source is compared with the flag:

- The note that a job's shell writes, see `status.times`. It is as new as the flag. Only the flag of
  a completed job may be newer: Snakemake touches outputs when it has noticed that a job is complete,
  on a cluster some time later. Then the log tells: whoever runs the job without a note writes one.
- If the main process set the flag, since the shell was killed: the journal of the run.
- Memory: the file of Snakemake's `benchmark:`, which is written after a job that completed; else
  pypiper's `<pipeline>_profile.tsv` in the sample's output folder, if this try has written it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ..files import modified, open_file
from ..layout import flag_with
from ..status.journal import Death
from ..status.times import GRAIN, Note, read_note
from ..status_words import FAILURES
from ..workspace.rows import Brief, Facts

KILLED_WITH_ITS_RUN = "killed together with its run"
_MEMORY = "max_rss"
_LONGEST = 100_000
"""Bytes that are read of a file with numbers: the first, or the last of one that grows."""


class Times(NamedTuple):
    """The numbers of a record's last try, as far as they are known; see `RecordStatus`."""

    started: float | None = None
    took: float | None = None
    memory_mb: float | None = None


def times_of(job: Brief, status: str, death: Death | None, facts: Facts, workdir: Path) -> Times:
    """The numbers of a record's last try.

    Args:
        job: the record's job.
        status: its status, as it is shown.
        death: the death that the journal has for its flag.
        facts: facts about the plan.
        workdir: Snakemake's working directory.
    """
    if status != "running" and status != "completed" and status not in FAILURES:
        return Times()
    note = read_note(workdir, job.flag)
    flagged = modified(os.path.join(workdir, flag_with(job.flag, status)))
    if status == "running" or flagged is None:  # without its flag, it was killed with its run
        return Times(note.began) if note is not None and note.ended is None else Times()
    started, took = _of_death(death, note)
    since = flagged
    if note is not None and note.ended is not None and _is_of(note, status, flagged, job, workdir):
        started, took, since = note.began, note.ended - note.began, note.written
    memory = None
    if status == "completed" and job.rule in facts.benchmarks:
        benchmark = facts.benchmarks[job.rule].replace("{sample}", job.record)
        memory = _memory_in(workdir / benchmark, since)
    if memory is None and started is not None:
        profile = f"{facts.results_dir}/{job.record}/{job.pipeline}_profile.tsv"
        memory = _memory_of_pypiper(profile, started)
    return Times(started, took, memory)


def _is_of(note: Note, status: str, flagged: float, job: Brief, workdir: Path) -> bool:
    """Whether a note of a job that ended is about the try that its flag is about."""
    log = modified(os.path.join(workdir, job.log)) if status == "completed" else None
    newest = flagged if log is None else min(flagged, log)
    return note.status == status and note.written >= newest - GRAIN


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


def _memory_of_pypiper(path: str, since: float) -> float | None:
    """The most memory of a command of pypiper's last run; None if that is older than `since`.

    Each run adds a heading and its commands to the file. Memory is in millions of kB.
    """
    try:
        with open_file(path) as file:
            about = os.fstat(file.fileno())
            if about.st_mtime < since:
                return None
            file.seek(max(0, about.st_size - _LONGEST))
            lines = file.read(_LONGEST).decode(errors="replace").splitlines()
        last = max(number for number, line in enumerate(lines) if line.startswith("# pid\t"))
        column = lines[last].split("\t").index("mem")
        found = [float(line.split("\t")[column]) for line in lines[last + 1 :] if line.strip()]
    except (OSError, ValueError, IndexError):
        return None
    known = found and all(0 <= one < float("inf") for one in found)
    return round(max(found) * 1e6 / 1024, 2) if known else None

"""When jobs began and ended: a job's shell notes it where it runs, see `workflow/scripts/job.sh`.

    .snakemake/looper/times/<completed flag without its end, and with % for each />

    1795600000.123456       the command is about to begin
    1795600012.654321       the flag has the status that it will keep

Only the shell knows the time of its own job: Snakemake's records have the time when a job was
submitted to a cluster, and none of a job that failed. A note costs a job no process. It is written
anew with each try, and it is never older than the flag of its try. So if a note is older than the
flag, something else has set the flag since, and the note says nothing about it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ..files import open_file
from ..layout import note_on_times

GRAIN = 2.0
"""Seconds by which two times of one moment may differ: some file systems round so coarsely."""
_LONGEST = 200
"""Bytes that are read of a note."""
_NEVER = 2.0**35
"""A time in a thousand years; a note with a later one is damaged."""


class Note(NamedTuple):
    """The times of a job's last try, in seconds since the epoch."""

    began: float
    ended: float | None
    """None if its shell has not ended, or was killed."""
    written: float
    """When the note was written last, by the clock of its file system, as a flag's time is."""


def read_note(workdir: Path, completed_flag: str) -> Note | None:
    """The note on a record's last try; None if there is none, or it is damaged."""
    try:
        with open_file(workdir / note_on_times(completed_flag)) as file:
            # In some languages, bash writes a comma.
            lines = file.read(_LONGEST).replace(b",", b".").split()
            written = os.fstat(file.fileno()).st_mtime
        began, *ended = map(float, lines)
    except (OSError, ValueError):
        return None
    end = next(iter(ended), None)
    if not 0 <= began <= (began if end is None else end) < _NEVER:
        return None
    return Note(began, end, written)


def begin_since(workdir: Path, completed_flag: str, since: float) -> float | None:
    """When a job's shell began, if it has begun since a time."""
    note = read_note(workdir, completed_flag)
    return note.began if note is not None and note.written >= since - GRAIN else None

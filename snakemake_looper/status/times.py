"""When jobs began and ended: a job's shell notes it where it runs, see `workflow/scripts/job.sh`.

    .snakemake/looper/times/<completed flag without its end, and with % for each />

    1795600000.123456               the command is about to begin
    1795600012.654321 completed     the flag has its last status

Only the shell knows the times of its own job. Snakemake's metadata of a job on a cluster may have
the beginning of an earlier try, and its end is the moment when the main process has noticed it
(seen with 9.27 and `cluster-generic`). A note costs a job no process. It is written anew with each
try, and never before the flag of its try.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ..files import start_of
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
    status: str
    """The last status that the shell has set; empty if it has set none."""
    written: float
    """When the note was written last, by the clock of its file system, as a flag's time is."""


def read_note(workdir: Path, completed_flag: str) -> Note | None:
    """The note on a record's last try; None if there is none, or it is damaged."""
    try:
        text, info = start_of(os.path.join(workdir, note_on_times(completed_flag)), _LONGEST)
        first, *others = text.replace(b",", b".").split()  # bash writes a comma in some languages
        began = float(first)
        end, status = (float(others[0]), others[1].decode()) if others else (None, "")
    except (OSError, ValueError, IndexError):
        return None
    if not 0 <= began <= (began if end is None else end) < _NEVER:
        return None
    return Note(began, end, status, info.st_mtime)


def begin_since(workdir: Path, completed_flag: str, since: float) -> float | None:
    """When a job's shell began, if it has begun since a time."""
    note = read_note(workdir, completed_flag)
    return note.began if note is not None and note.written >= since - GRAIN else None

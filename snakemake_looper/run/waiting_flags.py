"""All records of a run are flagged `waiting` before its first job, and nothing else begins then.

`write_flag` looks at each of a record's flags before it changes one. Nobody changes flags at this
time if no job of an earlier run can begin any more. Then one listing of the folder tells which
records have no flag, and each of these gets a new file at once. For 1,000 records this takes a
tenth of the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..status.flags import Flags, flag_path, write_flag
from ..status_words import NOT_RUN

_STATUS = "waiting"


def flag_as_waiting(
    workdir: Path, completed_flags: Iterable[str], flags: Flags, is_quiet: bool
) -> None:
    """Flag records `waiting`, unless they are completed, running or waiting already.

    Args:
        workdir: Snakemake's working directory.
        completed_flags: the records.
        flags: the flags as they are now.
        is_quiet: whether nobody else changes a flag meanwhile.

    Raises:
        OSError: a flag cannot be written.
    """
    for flag in completed_flags:
        is_new = is_quiet and not flags.words(flag)
        if not (is_new and _make_new(os.fspath(flag_path(workdir, flag, _STATUS)))):
            write_flag(workdir, flag, _STATUS, (NOT_RUN, "failed", "partial"))


def _make_new(path: str) -> bool:
    """Make a flag. False if its folder is missing, or something has the name already."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except (FileNotFoundError, FileExistsError):
        return False
    try:
        os.write(file, _STATUS.encode())
    finally:
        os.close(file)
    return True

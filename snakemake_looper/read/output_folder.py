"""Checks of the folders that a project writes to, before anything is written."""

from __future__ import annotations

import errno
from pathlib import Path

_OF_KERNEL = ("/proc", "/sys")


def folder_fault(folder: Path) -> str | None:
    """Why a folder cannot be made: a file is in its place, or above it. None if it can.

    A folder that this user may not write to is no fault of the project: `run` refuses it, and
    all that only reads works.
    """
    for path in (folder, *folder.parents):
        try:
            if path.is_dir():
                return _of_kernel(folder)
            if path.exists() or path.is_symlink():
                return f"'{path}' is not a folder; name another folder"
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return f"'{path.name}' is too long for the name of a folder; write a shorter one"
    return None


def _of_kernel(folder: Path) -> str | None:
    """Why nobody can make a folder where the kernel shows its own state; None if it can be made."""
    for top in _OF_KERNEL:
        if folder.is_relative_to(top):
            return f"'{folder}' cannot be made: {top} keeps no files; write another folder"
    return None

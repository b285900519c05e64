"""Errors of the operating system in our words: which file or folder, the reason, what to do.

A full disk says "No space left on device", and often not on which one. So code that writes gives
the path with `at`, and messages are made by `explained`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

_REASONS = {
    errno.ENOSPC: "the disk is full; free space on it",
    errno.EDQUOT: "your quota on this disk is used up; remove files there, or ask for more",
    errno.EROFS: "this file system is read-only; write to another, or have it mounted for writing",
    errno.EACCES: "permission denied; ask its owner, or name another",
    errno.EPERM: "permission denied; ask its owner, or name another",
    errno.ENOTDIR: "a file is in the place of a folder; move it, or name another",
    errno.EISDIR: "a folder is in the place of a file; move it, or name another",
    errno.EEXIST: "a file is in its place; move it, or name another",
    errno.ENAMETOOLONG: "the name is too long for this file system; write a shorter one",
    errno.EMFILE: "too many files are open; raise the limit with 'ulimit -n'",
    errno.ENFILE: "too many files are open on this machine; wait, or ask its administrator",
    errno.EFBIG: "the file is too large for this disk or for your limit ('ulimit -f')",
    errno.EIO: "the disk has an error; ask the administrator of this machine",
    errno.ESTALE: "the file server has lost this file; mount its disk again",
    errno.ENOMEM: "there is no memory left; close other programs, or ask for more",
}
"""Reasons and advice for errors that users can mend."""
_OF_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)
_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_PROBE = 64 * 1024
"""Bytes: more than a file system keeps in the place of a small file's address."""


def reason(error: OSError) -> str:
    """The reason of an error, and what to do; the system's own words if this is a rare one."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def explained(error: OSError, otherwise: str | Path = "") -> str:
    """An error in one line, with its file; `otherwise` is named if the error names none."""
    path = error.filename or otherwise
    return f"{os.fsdecode(path)}: {reason(error)}" if path else reason(error)


def is_of_permission(error: OSError) -> bool:
    """Whether another user, or another place, might be allowed to do this."""
    return error.errno in _OF_PERMISSION


def is_of_space(error: OSError) -> bool:
    """Whether nothing else can be written to this disk, either."""
    return error.errno in _OF_SPACE


@contextlib.contextmanager
def at(path: Path) -> Iterator[None]:
    """Name a path in errors of this block that name none.

    Raises:
        OSError: as the block, with a path.
    """
    try:
        yield
    except OSError as error:
        if error.filename or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def write_faults(folders: Iterable[Path]) -> list[str]:
    """Why nothing can be written to these folders, a line for each; folders may be missing."""
    found: dict[str, str] = {}
    for folder in folders:
        if folder.is_dir():
            try:
                with at(folder):
                    probe(folder, to_disk=True)
            except OSError as error:
                found.setdefault(reason(error), f"{folder}: {reason(error)}")
    return list(found.values())


def probe(folder: Path, to_disk: bool = False) -> None:
    """Write a small file and remove it: nothing else shows a quota, or a limit of a server.

    Args:
        folder: the folder to write to.
        to_disk: whether to wait for the disk; some servers say no only then.

    Raises:
        OSError: it cannot be written.
    """
    path = folder / f".probe.{secrets.token_hex(4)}.tmp"
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC)
    try:
        left = _PROBE
        while left:  # a disk takes what it has space for, and refuses the rest
            left -= os.write(handle, bytes(left))
        if to_disk:
            os.fsync(handle)
    finally:
        os.close(handle)
        path.unlink(missing_ok=True)

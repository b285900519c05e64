"""Files and folders that are whole after a crash, and that a group can share.

A file is written under another name in its folder, brought to the disk, and renamed. So after a
power cut, its name has the old content or the new one. Modes come from the umask and from the
folder, as for any new file. (`tempfile` would make files that only their owner can read.)
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from .system_errors import at

_Made = TypeVar("_Made")
_Item = TypeVar("_Item")
_AT_ONCE = 8
"""The most calls that `at_once` makes at the same time."""


def write_atomic(path: Path, text: str, mode: int = 0o666, *, is_new: bool = False) -> None:
    """Replace a file in one step.

    Args:
        path: the file; its folder is made if it is missing.
        text: the new content.
        mode: the mode of the file; the umask takes bits away from it.
        is_new: whether to refuse if the file exists, also if another process has just made it.

    Raises:
        FileExistsError: `is_new`, and there is such a file.
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = _new(
        path, lambda name: os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    )
    try:
        with at(path), os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _link(temporary, path)
        else:
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _link(temporary: Path, path: Path) -> None:
    """Give a file its name, if no other file has it. (A rename would replace the other file.)"""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
    temporary.unlink()


def write_if_changed(path: Path, text: str) -> bool:
    """Replace a file in one step. A file that has the content already keeps its time.

    Returns whether the file was written.

    Raises:
        OSError: the file cannot be written.
    """
    if read_text(path) == text:
        return False
    write_atomic(path, text)
    return True


def open_file(path: Path | str) -> IO[bytes]:
    """Open a file to read it, and nothing else: a pipe has no end to wait for, nor has a device.

    Raises:
        OSError: it cannot be read, or is not a file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return open(handle, "rb")
    os.close(handle)
    raise OSError(errno.EINVAL, "is not a file", str(path))


def content_of(path: Path | str) -> bytes:
    """The content of a file.

    Raises:
        OSError: it cannot be read, or is not a file.
    """
    with open_file(path) as file:
        return file.read()


def start_of(path: Path | str, most: int) -> tuple[bytes, os.stat_result]:
    """The first bytes of a file, and the facts about it.

    It takes half the time of `open_file`, which counts where a file is read for each record.

    Raises:
        OSError: it cannot be read, or is not a file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "is not a file", str(path))
        return os.read(handle, most), info
    finally:
        os.close(handle)


def read_text(path: Path) -> str | None:
    """The content of a file; None if it cannot be read, or is not UTF-8."""
    try:
        return content_of(path).decode("utf-8")
    except (OSError, ValueError):
        return None


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A new folder that gets its name when it is complete. If the body fails, nothing is left.

    If another process has made a folder of that name meanwhile, the other folder is kept.

    Raises:
        OSError: the folder cannot be made, or something else has its name.
    """
    _, temporary = _new(target, os.mkdir)
    try:
        with at(target):
            yield temporary
            sync_tree(temporary)
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        sync_folder(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def discard(path: Path) -> None:
    """Remove a file or folder. It is renamed first, so its name is free in one step.

    Files in the renamed folder that cannot be removed stay there.

    Raises:
        OSError: the file or folder cannot be renamed.
    """
    aside = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.old")
    path.rename(aside)
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink(missing_ok=True)


def at_once(do: Callable[[_Item], object], items: Iterable[_Item]) -> None:
    """Call a function for each item, in threads: nearly all of its time it waits for a disk.

    A disk that gets many files at the same time writes them as quickly as a few.

    Raises:
        Exception: the first error of a call. The other calls are made before it is raised.
    """
    # Not at the top: commands that only read need no threads, and start sooner.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        calls = [threads.submit(do, item) for item in items]
    for call in calls:
        call.result()


def sync_tree(folder: Path) -> None:
    """Bring a folder and all its files to the disk.

    Raises:
        OSError: a file cannot be read.
    """
    folders, files = [], []
    for path, _, names in os.walk(folder, topdown=False):
        folders.append(Path(path))
        files += [os.path.join(path, name) for name in names]
    at_once(_sync_file, files)
    at_once(sync_folder, folders)


def _sync_file(path: str) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. Some file systems cannot; that is no error."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _new(path: Path, make: Callable[[Path], _Made]) -> tuple[_Made, Path]:
    """Make a file or folder in the folder of `path`, under a name that nothing has."""
    while True:
        name = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.tmp")
        try:
            return make(name), name
        except FileExistsError:
            continue
        except OSError as error:  # users know the path, not the temporary name
            raise OSError(error.errno, error.strerror, str(path)) from None


def open_to_lock(path: Path) -> IO[str]:
    """Open a file in order to lock it. Another user's file can be locked by all who can read it.

    Raises:
        OSError: the file cannot be read, or cannot be made.
    """
    try:
        return path.open("a", encoding="utf-8")
    except PermissionError:
        return path.open(encoding="utf-8")


def modified(path: str) -> float | None:
    """The time when a file was last written, in seconds since the epoch; None if it is missing."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def file_size(path: str) -> int:
    """Size of a file, or of all files below a folder, in bytes; -1 if it does not exist."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: the path has a NUL in it
        return -1
    if not stat.S_ISDIR(found.st_mode):
        return found.st_size
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(path)
        for name in names
    )

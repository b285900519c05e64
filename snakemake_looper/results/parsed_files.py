"""Record files as they were parsed before, so that one edit does not parse 100,000 files again.

    .snakemake/looper/parsed/<folder of the record files>.json

This is an accelerator and nothing more: whatever is wrong with it, the record files are read as if
it were not there. A file counts as unchanged if its times, size and inode are the recorded ones,
and if it was old when it was read. The clock of a file system has a grain: a file that is written
twice within one grain may have the same times after both. So a file that was written shortly before
it was read is read again next time.

Only this user's own file is trusted, and nobody else can read it: record files may hold what not
everybody may see. Values are kept if JSON gives them back exactly.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from ..collector import seldom
from ..files import open_file, write_atomic
from ..layout import PARSED
from ..version import __version__

GRAIN = 2 * 10**9
"""Nanoseconds by which two times of one moment may differ: some file systems round so coarsely."""
FEWEST = 200
"""Record files. Fewer are read in a moment."""
_FOR_OWNER = 0o600


class Stamp(NamedTuple):
    """The facts of the file system about the content of a file. Times are in nanoseconds."""

    modified: int
    changed: int
    size: int
    inode: int

    @property
    def newest(self) -> int:
        """The later of its times. A user can set one of them back, but not both."""
        return max(self.modified, self.changed)


def stamp(info: os.stat_result) -> Stamp:
    """The stamp of a file."""
    return Stamp(info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)


class ParsedFiles:
    """The contents of the record files of a folder. It is read once, used, and saved."""

    def __init__(self, workdir: Path, folder: str, fewest: int = FEWEST) -> None:
        """Read what an earlier process has saved.

        Args:
            workdir: Snakemake's working directory.
            folder: the folder of the record files.
            fewest: nothing is saved for fewer files.
        """
        place = os.path.relpath(os.path.realpath(folder), os.path.realpath(workdir))
        name = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
        self._path = workdir / PARSED / f"{name}.json"
        self._start = len(folder) + 1
        self._fewest = fewest
        self._began, self._clock = time.time_ns(), time.monotonic_ns()
        self._known = _load(self._path)
        self._met: dict[str, list[Any]] = {}
        self._is_changed = False

    def find(self, path: Path, seen: Stamp) -> Any:
        """The data of a file that did not change since it was parsed; None if that is not known.

        Nobody may change the data: it is saved again.
        """
        name = str(path)[self._start :]
        entry = self._known.get(name)
        if entry is None or tuple(entry[:-1]) != seen:
            return None
        self._met[name] = entry
        return entry[-1]

    def keep(self, path: Path, seen: Stamp, data: Any) -> None:
        """Keep the data of a file.

        Args:
            path: the file.
            seen: its stamp, as it was before the file was read.
            data: the data.
        """
        if data and seen.newest < self._began - GRAIN and _is_exact(data, set()):
            self._met[str(path)[self._start :]] = [*seen, data]
            self._is_changed = True

    def save(self) -> None:
        """Save all data, if there is any news. If that fails, the next process parses again."""
        if not self._is_changed and len(self._met) == len(self._known):
            return
        if len(self._met) < self._fewest:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            return
        content = {
            "version": __version__,
            "began": self._began,
            "took": time.monotonic_ns() - self._clock,
            "files": self._met,
        }
        with contextlib.suppress(OSError, ValueError):
            write_atomic(self._path, json.dumps(content, separators=(",", ":")), _FOR_OWNER)


def forget_parsed(workdir: Path) -> None:
    """Remove all that was saved: records were destroyed, and no copy of them shall stay."""
    with contextlib.suppress(OSError):
        for path in (workdir / PARSED).iterdir():
            with contextlib.suppress(OSError):  # the others go all the same
                path.unlink()


@seldom()
def _load(path: Path) -> dict[str, list[Any]]:
    """The saved entries that can be trusted; none if the file is not sound."""
    try:
        with open_file(path) as file:
            info = os.fstat(file.fileno())
            if info.st_uid != os.geteuid() or info.st_mode & 0o022:
                return {}
            found = json.loads(file.read())
        if found["version"] != __version__:
            return {}
        # The clocks of this machine and of the file system may differ: the earlier one counts.
        since = min(int(found["began"]), info.st_mtime_ns - int(found["took"])) - GRAIN
        return {name: one for name, one in found["files"].items() if _is_sound(one, since)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _is_sound(entry: Any, since: int) -> bool:
    return (
        type(entry) is list
        and len(entry) == len(Stamp._fields) + 1
        and all(type(one) is int for one in entry[:-1])
        and max(entry[0], entry[1]) < since
        and type(entry[-1]) is dict
    )


def _is_exact(value: Any, seen: set[int]) -> bool:
    """Whether JSON gives a value back as it is, and no part of it is in two places."""
    kind = type(value)
    if kind is dict or kind is list:
        if id(value) in seen:
            return False
        seen.add(id(value))
        if kind is list:
            return all(_is_exact(one, seen) for one in value)
        return all(type(key) is str and _is_exact(one, seen) for key, one in value.items())
    return value is None or kind in (str, int, float, bool)

"""The manifest: a list of the files in a plan's folder. It tells a damaged plan from a whole one.

It is the last file that is written. A large file whose size and time are as noted is not read
again, so opening a plan of 100,000 samples costs no more than one of 10. A copy that has other
times is compared by content.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ..files import content_of

NAME = "manifest.json"
_SMALL = 64 * 1024


def write_manifest(folder: Path) -> None:
    """Write the manifest of a folder: it lists all files that the folder has now."""
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        info = path.stat()
        files[str(path.relative_to(folder))] = [info.st_size, info.st_mtime_ns, _digest(path)]
    (folder / NAME).write_text(json.dumps({"files": files}, indent=1), encoding="utf-8")


def is_whole(folder: Path, needed: Iterable[str]) -> bool:
    """Whether a folder can be read and has all of its files as they were written."""
    try:
        files = json.loads(content_of(folder / NAME))["files"]
        return set(needed) <= files.keys() and all(
            _is_same(folder / name, *facts) for name, facts in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _is_same(path: Path, size: int, changed: int, digest: str) -> bool:
    info = os.stat(path)
    if not stat.S_ISREG(info.st_mode) or info.st_size != size or not os.access(path, os.R_OK):
        return False
    return (size > _SMALL and info.st_mtime_ns == changed) or _digest(path) == digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

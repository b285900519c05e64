"""Notes on results files: which reports a file had when it was assembled last.

    .snakemake/looper/settled/<results file>.assembly

A note says when the newest record file had been written. A results file lacks something if a
record file is newer, or if the last assembly failed. If a process dies before it writes the note,
the next run assembles again. Doing it twice changes nothing.

A script of the Snakefile cannot know whether Snakemake keeps the file that it made. If the script
dies after it wrote the note, Snakemake puts the earlier file back. So the script's note is *open*
until the end of the run confirms it. Until then the file itself is compared with the note.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import content_of, write_atomic
from ..layout import SETTLED
from ..status.flags import stamp_of
from .results_file import EARLIER


def is_assembly_due(workdir: Path, path: str, folders: Iterable[str]) -> bool:
    """Whether a results file lacks reports, because an assembly failed or was never made.

    Without a note the answer is no: then Snakemake compares the file with the flags.
    """
    note = _read(_path(workdir, path))
    return note is not None and _is_out_of_date(note, workdir / path, folders)


def is_reported_since(workdir: Path, path: str, folders: Iterable[str]) -> bool:
    """Whether records were reported, or set aside, after the last assembly of a results file."""
    note = _read(_path(workdir, path))
    if note is None:
        return newest(folders) > (stamp_of(workdir / path) or 0)
    return _is_out_of_date(note, workdir / path, folders)


def _is_out_of_date(note: Mapping[str, Any], path: Path, folders: Iterable[str]) -> bool:
    if note.get("failed") or newest(folders) > int(note.get("newest") or 0):
        return True
    is_open = note.get("confirmed") is False
    return is_open and list(stamp_of_file(str(path)) or ()) != note.get("file")


def note_assembly(
    workdir: Path,
    path: str,
    seen: int,
    confirmed: bool = True,
    unread: Sequence[str] = (),
    said: Sequence[str] = (),
) -> None:
    """Note that a results file was assembled.

    Args:
        seen: the result of `newest` before the assembly.
        confirmed: whether the file surely stays; a script of the Snakefile cannot know.
        unread: the record files that could not be used.
        said: the warnings, if they were printed and the main process must not repeat them.

    Raises:
        OSError: the note cannot be written.
    """
    _write(workdir, path, seen, False, confirmed, unread=list(unread), said=list(said))


def note_failed_assembly(workdir: Path, path: str) -> None:
    """Note that an assembly failed: the results file is still to be assembled.

    Raises:
        OSError: the note cannot be written.
    """
    note = _read(_path(workdir, path))
    _write(workdir, path, int((note or {}).get("newest") or 0), True, True)


def confirm_assembly(workdir: Path, path: str) -> None:
    """Confirm the note of a script: Snakemake has kept the file.

    Raises:
        OSError: the note cannot be written.
    """
    file = _path(workdir, path)
    note = _read(file)
    if note is not None and note.get("confirmed") is False:
        write_atomic(file, json.dumps({**note, "confirmed": True}))


def said_by_script(workdir: Path, path: str) -> list[str]:
    """The warnings that a script printed, if its note is still open."""
    note = _read(_path(workdir, path)) or {}
    return _texts(note.get("said")) if note.get("confirmed") is False else []


def unread_files(workdir: Path, path: str) -> list[str]:
    """The record files that the last assembly could not use."""
    return _texts((_read(_path(workdir, path)) or {}).get("unread"))


def _texts(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def newest(folders: Iterable[str]) -> int:
    """When the last record file was written, or set aside (ns since the epoch); 0 if none was."""
    found = 0
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as files:
            for file in files:
                if file.name.endswith((".yaml", EARLIER)):
                    found = max(found, _written(file))
    return found


def _written(file: os.DirEntry[str]) -> int:
    """When a file was written; of a link, when it was made, if that is later."""
    if not file.is_symlink():
        return file.stat().st_mtime_ns
    found = file.stat(follow_symlinks=False).st_mtime_ns
    with contextlib.suppress(OSError):  # it leads nowhere
        found = max(found, file.stat().st_mtime_ns)
    return found


def stamp_of_file(path: str) -> tuple[int, ...] | None:
    """When a file was written (ns since the epoch) and its size in bytes; None if it is gone."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size


def _write(
    workdir: Path, path: str, seen: int, failed: bool, confirmed: bool, **more: list[str]
) -> None:
    file = _path(workdir, path)
    stamp = list(stamp_of_file(str(workdir / path)) or ())
    note = {"newest": seen, "failed": failed, "confirmed": confirmed, "file": stamp}
    note |= {key: one for key, one in more.items() if one}
    if _read(file) != note:
        write_atomic(file, json.dumps(note))


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(content_of(file))
    except (OSError, ValueError, RecursionError):
        return None
    is_note = isinstance(found, dict) and isinstance(found.get("newest"), int)
    return found if is_note else None


def _path(workdir: Path, path: str) -> Path:
    name = os.path.relpath(os.path.realpath(workdir / path), os.path.realpath(workdir))
    return workdir / SETTLED / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.assembly"

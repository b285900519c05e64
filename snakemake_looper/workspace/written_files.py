"""Files of a generated workflow on disk: made, brought up to date, and never taken from anybody.

A manifest in the folder notes each file as this package wrote it. A file that somebody else wrote or
changed is a problem, and nothing is written, unless the user forces it. A file that is right already
is left alone, so its time stays. A file of an earlier call that is not needed any more is removed, if
nobody has changed it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from ..errors import Problems
from ..files import content_of, write_atomic

MANIFEST = Path("workflow") / ".snakemake-looper.json"
_NOT_OURS = "exists and was not written by this command; use --force"


def write_files(
    folder: Path,
    files: Mapping[str, str],
    force: bool,
    copies: Mapping[str, Path] | None = None,
    kept: Collection[str] = (),
) -> list[Path]:
    """Write files and copies of files. A file that is right already is not written.

    Args:
        folder: the folder to write to.
        files: texts by path, relative to the folder.
        force: whether to replace files that somebody else wrote or changed.
        copies: files to copy, by the path of the copy.
        kept: paths whose files stay as they are, also by force, if somebody else wrote them.

    Returns:
        The files that were written.

    Raises:
        ProjectError: the folder is no folder, or files are in the way; it names each.
        OSError: a file cannot be read or written.
    """
    check_folder(folder)
    known = _manifest(folder)
    files = {name: files[name] for name in files if name not in _others(folder, kept, known)}
    problems = Problems()
    owned = None if force else known
    changed = _changed(files, folder, owned, problems)
    stale = _stale(copies or {}, folder, owned, problems)
    problems.raise_if_any()
    for name, source in stale.items():
        _copy(source, folder / name)
    for name, text in changed.items():
        write_atomic(folder / name, text)
    manifest = _manifest_of(folder, files, copies or {})
    _remove_old(folder, known, kept=manifest)
    if changed or stale or manifest != known:
        write_atomic(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    return [folder / name for name in (*changed, *stale)]


def check_folder(folder: Path) -> None:
    """Refuse a path at which there is something else than a folder.

    Raises:
        ProjectError: it is no folder.
    """
    if folder.exists() and not folder.is_dir():
        problems = Problems()
        problems.add(folder, "", "is no folder; choose another")
        problems.raise_if_any()


def _others(folder: Path, names: Collection[str], known: Mapping[str, str]) -> set[str]:
    """Those of the files that are there already and were not made here."""

    def is_anothers(path: Path) -> bool:
        try:
            return known.get(path.name) != _digest(content_of(path).decode(errors="replace"))
        except FileNotFoundError:
            return False
        except OSError:
            return True

    return {name for name in names if is_anothers(folder / name)}


def _changed(
    files: Mapping[str, str], folder: Path, known: Mapping[str, str] | None, problems: Problems
) -> dict[str, str]:
    """The files whose text differs from that on disk; `problems` gets those that are in the way.

    Args:
        files: texts by path.
        folder: the folder that the paths are relative to.
        known: digests of the files that this command wrote. Only these may be replaced. None: any
            file may be replaced.
        problems: the collector.
    """
    changed = {}
    for name, text in files.items():
        path = folder / name
        try:
            current = content_of(path).decode(errors="replace") if path.exists() else None
        except OSError as error:
            problems.add(path, "", f"cannot be written: {error.strerror}; move it")
            continue
        if current == text:
            continue
        if current is not None and known is not None and known.get(name) != _digest(current):
            problems.add(path, "", _NOT_OURS)
        changed[name] = text
    return changed


def _stale(
    copies: Mapping[str, Path], folder: Path, known: Mapping[str, str] | None, problems: Problems
) -> dict[str, Path]:
    """The copies that are missing or not as new as their files; see `_changed`."""
    stale = {}
    for name, source in copies.items():
        path = folder / name
        current = _stamp(path)
        if current == _stamp(source):
            continue
        if path.is_dir():
            problems.add(path, "", "is a folder, and a file has to be there; move it")
        elif current and known is not None and known.get(name) != current:
            problems.add(path, "", _NOT_OURS)
        stale[name] = source
    return stale


def _remove_old(folder: Path, known: Mapping[str, str], kept: Collection[str]) -> None:
    """Remove files of an earlier call that are still as it wrote them, and no others.

    A copy of an input file that no job needs any more would be given away with the rest.
    """
    for name in known.keys() - set(kept):
        path = folder / name
        is_inside = path.parent.resolve().is_relative_to(folder.resolve())
        is_file = is_inside and path.is_file() and not path.is_symlink()
        if is_file and _is_as_noted(path, str(known[name])):
            path.unlink(missing_ok=True)


def _is_as_noted(path: Path, noted: str) -> bool:
    if " " in noted:
        return noted == _stamp(path)
    return noted == _digest(content_of(path).decode(errors="replace"))


def _copy(source: Path, target: Path) -> None:
    """Copy a file with its mode and times; the copy gets its name when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name[:50]}.{os.getpid()}.tmp")
    try:
        shutil.copy2(source, temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _stamp(path: Path) -> str:
    """The size and time of a file, in the form of the manifest; empty if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def _manifest(folder: Path) -> dict[str, str]:
    try:
        found = json.loads(content_of(folder / MANIFEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _manifest_of(folder: Path, files: Mapping[str, str], copies: Collection[str]) -> dict[str, str]:
    digests = {name: _digest(text) for name, text in files.items()}
    return digests | {name: _stamp(folder / name) for name in copies}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

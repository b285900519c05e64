"""The files of a report: their names, the links between them, and how they are written.

A folder is written beside the old report and renamed, so a reader sees a whole report at any
moment. If it is written again while a run goes on, only files that changed are replaced, one by one.
A portable report is one zip, with copies of all files that its pages show and link to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from ...errors import LooperError
from ...messages import counted, note, warn
from .report_live import Document
from .report_values import DRAWN

Documents = Iterator[tuple[str, str]]
"""Names of files of the report, with their texts."""
_MOST_NAMED = 3
_MARKER = ".snakemake-looper-report"
_PACKED = DRAWN - {".svg", ".bmp"} | {".gz", ".bgz", ".bam", ".cram", ".bz2", ".xz", ".zip"}
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


class ReportError(LooperError):
    """The report cannot be written at its place. Nothing was written."""


class FileNames:
    """Makes file names that differ, even if case is ignored, and that Windows allows."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def name(self, text: str) -> str:
        """A file name that resembles a text and was not given before."""
        safe = re.sub(r"[^A-Za-z0-9._+-]+", "_", text).strip(".")[:80]
        if safe != text or safe.casefold() in self._taken or _RESERVED.match(safe):
            digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            safe = f"{safe}-{digest}"
        self._taken.add(safe.casefold())
        return safe


class LinkedFiles:
    """Links to results and logs; in a portable report also what has to be copied for them.

    A pipeline can report any path. A portable report is given to other people, so it has only files
    that lie inside some folders, where links really lead.
    """

    def __init__(
        self, root: str, folder: str, portable: bool, inside: Sequence[str | os.PathLike[str]]
    ) -> None:
        self._root, self._folder, self.portable = root, folder, portable
        self._inside = [os.path.join(os.path.realpath(one), "") for one in inside]
        self._found: dict[str, bool] = {}
        self.copies: dict[str, str] = {}
        """Files that go into a portable report, with their names there."""
        self.left_out: dict[str, list[str]] = {}
        """Files that do not, by the reason."""

    def link(self, page_folder: str, path: str) -> str:
        """A link from pages of one of the report's folders to a file; empty if it is missing."""
        source = os.path.normpath(os.path.join(self._root, path))
        if source not in self._found:
            self._found[source] = self._usable(source)
        if not self._found[source]:
            return ""
        target = source
        if self.portable:
            target = os.path.join(self._folder, self._copy(source))
        relative = os.path.relpath(target, os.path.join(self._folder, page_folder))
        return quote(os.fsencode(relative))

    def _usable(self, source: str) -> bool:
        try:
            mode = os.stat(source).st_mode
        except (OSError, ValueError):  # not there, or no path at all
            return False
        if not self.portable:
            return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
        why = self._why_left_out(source, mode)
        if why:
            self.left_out.setdefault(why, []).append(source)
        return not why

    def _why_left_out(self, source: str, mode: int) -> str:
        """Why a portable report does not have this file; empty if it has it."""
        if not os.path.join(os.path.realpath(source), "").startswith(tuple(self._inside)):
            return "outside the project's folder and its output folder"
        if stat.S_ISDIR(mode):
            return "folders, and not files"
        if not stat.S_ISREG(mode):
            return "pipes or devices, and not files"
        return "" if os.access(source, os.R_OK) else "not readable"

    def _copy(self, source: str) -> str:
        """The name of a copy: a numbered folder each, so that the file's own name can stay."""
        if source not in self.copies:
            name = re.sub(r"[^\w.+-]+", "_", os.path.basename(source))[-100:]
            self.copies[source] = f"files/{len(self.copies) + 1}/{name}"
        return self.copies[source]


def write_folder(folder: Path, documents: Iterable[Document]) -> Path:
    """Write a new folder beside the old one, then replace the old one.

    Returns:
        The index page.

    Raises:
        ReportError: the folder holds something else than a report.
        OSError: something cannot be written.
    """
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    try:
        new = work / "new"
        made: set[Path] = set()
        for name, text, _ in documents:
            path = new / name
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            path.write_text(text, encoding="utf-8", errors="replace")
        (new / _MARKER).write_text("The next report replaces this folder.\n")
        _take_place(new, folder, work)
    finally:
        # On a network file system, a file that a reader has open cannot be removed. It is left.
        shutil.rmtree(work, ignore_errors=True)
    return folder / "index.html"


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder / _MARKER).exists():
        return
    if not folder.is_dir():
        raise ReportError(f"{folder}: is a file; name another folder for the report")
    if next(folder.iterdir(), None) is not None:
        raise ReportError(f"{folder}: holds something else than a report; name another folder")


def _take_place(new: Path, folder: Path, work: Path) -> None:
    """Rename the new folder; again if another report took its place. The last report stays."""
    for attempt in range(10):
        old = work / f"old{attempt}"
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        try:
            new.rename(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                if old.exists():
                    old.rename(folder)
                raise
    raise ReportError(f"{folder}: others keep writing to it; write one report at a time")


class FollowedFolder:
    """A report's folder that is written again and again, as far as it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._versions: dict[str, str] = {}

    def write(self, documents: Iterable[Document]) -> Path:
        """Write the report: all of it if it is not there, else the files that changed.

        Returns:
            The index page.

        Raises:
            ReportError, OSError: see `write_folder`.
        """
        found: dict[str, str] = {}
        if not (self._versions and (self._folder / _MARKER).exists()):
            self._versions = {}
            index = write_folder(self._folder, _noting(documents, found))
            self._versions = found
            return index
        for name, text, version in documents:
            found[name] = version
            if self._versions.get(name) != version:
                _replace(self._folder / name, text)
                self._versions[name] = version
        for name in self._versions.keys() - found.keys():
            (self._folder / name).unlink(missing_ok=True)
        self._versions = found
        return self._folder / "index.html"


def _replace(path: Path, text: str) -> None:
    """Replace a file in one step. It need not outlast a power cut, so nothing waits for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        new.write_text(text, encoding="utf-8", errors="replace")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def _noting(documents: Iterable[Document], versions: dict[str, str]) -> Iterator[Document]:
    for document in documents:
        versions[document.name] = document.version
        yield document


def _announce(files: LinkedFiles) -> None:
    """Print what is packed now, which may take long, and what is not."""
    size = sum(os.path.getsize(one) for one in files.copies)
    note(f"packing {counted(len(files.copies), 'file')} of results and logs: {_in_words(size)}")
    for why, paths in files.left_out.items():
        warn(
            f"{counted(len(paths), 'reported path')} left out of the zip: {why}"
            f" ({', '.join(paths[:_MOST_NAMED])}{', …' if paths[_MOST_NAMED:] else ''})"
        )


def _in_words(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def write_zip(folder: Path, documents: Iterable[Document], files: LinkedFiles) -> Path:
    """Write the report, and the files that it shows, straight into a zip. Returns the zip.

    Notes say how large it gets, and what is not in it.

    Raises:
        OSError: something cannot be written, or a file cannot be read.
    """
    target = folder.with_name(f"{folder.name}.zip")
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    try:
        new = work / "new.zip"
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for name, text, _ in documents:
                entry = zipfile.ZipInfo(f"{folder.name}/{name}", time.localtime()[:6])
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(entry, text.encode("utf-8", "replace"), zipfile.ZIP_DEFLATED)
            _announce(files)
            for source, name in files.copies.items():
                packed = os.path.splitext(source)[1].lower() in _PACKED
                method = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
                archive.write(source, f"{folder.name}/{name}", method)
        os.replace(new, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target

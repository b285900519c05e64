"""Status flags: small files that say the status of a record.

A record is a sample, or the project, of one pipeline. Its flag is the file

    <folder>/<pipeline>_<record>_<status>.flag

with the status word as its content, as in pipestat and pypiper. The completed flag
(`…_completed.flag`) is the output of the record's rule. Its path identifies the record here.

The names of flags come from the plan and are looked up exactly, never by a pattern. So record `a`
is not taken for `a_b`, and a record `[x]` is found (quirk 12). Jobs set their own flags in shell
(`workflow/scripts/job.sh`). This module reads flags, with one listing per folder, and changes them
for records that have no job.

A killed run can leave flags that are no longer true. If the run's journal shows that it is dead,
and no process of the job is left, the corrected status is reported. Reading never changes a flag.

A flag is a file, and only its name counts. The next change of a record's status leaves it one flag,
with the right content. A symbolic link that leads to no file counts as nothing. A folder or
a pipe is never a flag: `obstacles` names it, because a user has to remove it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from ..layout import FOLDER, flag_with, stem_of_flag
from ..status_words import LEAST_FIRST, NOT_RUN, STATUSES
from .journal import Run, read_runs
from .processes import Present

_ENDING = ".flag"
_ALONE = {word: (word,) for word in STATUSES}
"""The words of a record with one flag. All these records share them."""


class HasFlag(Protocol):
    """A job, or anything else with the paths of a flag and a log."""

    @property
    def flag(self) -> str:
        """The path of the completed flag."""

    @property
    def log(self) -> str:
        """The path of the log."""


class HasRecords(Protocol):
    """A results file that is assembled from the files of records."""

    @property
    def path(self) -> str:
        """Its path."""

    @property
    def sources(self) -> Mapping[str, str]:
        """The folders of the records' files, by pipeline."""


class _Listing(NamedTuple):
    """The names in a folder. Files that are no flags are left out."""

    words: Mapping[str, tuple[str, ...]]
    """The status words of each record, by its flag without `_<status>.flag`."""
    others: frozenset[str]
    """Folders, pipes and the like. A link that leads to no file is in neither."""
    is_blocked: bool = False
    """Whether the folder cannot be: a file is in its place, or in that of a folder above it."""


class Flags:
    """The statuses of records, by their flags. It lists each folder once, when first asked."""

    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir
        self._listings: dict[str, _Listing] = {}

    @cached_property
    def runs(self) -> list[Run]:
        """The runs whose journals are kept, the last first."""
        return read_runs(self._workdir)[::-1]

    @cached_property
    def present(self) -> Present:
        """The processes of jobs, looked up once."""
        return Present()

    def run_of(self, flag: str) -> Run | None:
        """The last run that planned to run a record."""
        return next((run for run in self.runs if flag in run.planned), None)

    def word(self, completed_flag: str) -> str:
        """The status word of a record's flag, which may be outdated; see `status`.

        `completed_flag` is relative to the working directory, here and below.
        """
        return next(iter(self.words(completed_flag)), NOT_RUN)

    def words(self, completed_flag: str) -> list[str]:
        """The status words of all flags of a record, in the order of `LEAST_FIRST`."""
        folder, name = _split(completed_flag)
        words = self._listing(folder).words.get(stem_of_flag(name), ())
        return [word for word in LEAST_FIRST if word in words] if len(words) > 1 else list(words)

    def obstacles(self, completed_flag: str, log: str = "") -> Iterator[str]:
        """The paths at which something is in the way of a record's flag or log.

        It is not a file and should be one, or the other way round.
        """
        folder, name = _split(completed_flag)
        listing = self._listing(folder)
        if listing.is_blocked:
            yield self._first_file(folder)
        elif listing.others:
            names = (flag_with(name, word) for word in LEAST_FIRST)
            yield from (os.path.join(folder, one) for one in names if one in listing.others)
        if not log:
            return
        folder, name = _split(log)
        listing = self._listing(folder)
        if listing.is_blocked:
            yield self._first_file(folder)
        elif name in listing.others:
            yield log

    def _listing(self, folder: str) -> _Listing:
        if folder not in self._listings:
            self._listings[folder] = _listing(self._workdir / folder)
        return self._listings[folder]

    def _first_file(self, folder: str) -> str:
        """The file that is in the place of a folder, or of a folder above it."""
        above = [folder, *map(str, Path(folder).parents)]
        return next(one for one in reversed(above) if not os.path.isdir(self._workdir / one))

    def status(self, completed_flag: str, log: str) -> str:
        """The status that a record's flag says, corrected if its run is known to be dead."""
        word = self.word(completed_flag)
        if word not in ("running", "waiting"):
            return word
        run = self.run_of(completed_flag)
        if run is None or run.alive or completed_flag in run.submitted:
            return word  # on a cluster, the job may outlive its run
        if word == "waiting":
            return run.planned[completed_flag] or NOT_RUN
        is_here = run.is_local and run.host == socket.gethostname()
        return word if not is_here or self.present.uses(self._workdir / log) else "failed"


def _split(path: str) -> tuple[str, str]:
    """A path's folder and name. `os.path.split` takes five times as long."""
    folder, _, name = path.rpartition("/")
    return (folder, name) if folder else os.path.split(path)


def flag_path(workdir: Path, completed_flag: str, status: str) -> Path:
    """The flag that a record has with a status."""
    return workdir / flag_with(completed_flag, status)


def word_now(workdir: Path, completed_flag: str) -> str:
    """The status word of one record's flag at this moment."""
    return next(iter(_words_now(workdir, completed_flag)), NOT_RUN)


def _words_now(workdir: Path, completed_flag: str) -> list[str]:
    return [word for word in LEAST_FIRST if flag_path(workdir, completed_flag, word).is_file()]


def stamp_of(path: Path | str) -> int | None:
    """The time when a file was last written, in ns since the epoch; None if it is missing."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _listing(folder: Path) -> _Listing:
    words: dict[str, tuple[str, ...]] = {}
    others = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file():
                    stem, _, last = entry.name.rpartition("_")  # no status has an underline
                    word = last.removesuffix(_ENDING)
                    if word in _ALONE and word != last:
                        known = words.get(stem)
                        words[stem] = _ALONE[word] if known is None else (*known, word)
                elif not entry.is_symlink():
                    others.add(entry.name)
    except NotADirectoryError:
        return _Listing({}, frozenset(), is_blocked=True)
    except OSError:
        return _Listing({}, frozenset())
    return _Listing(words, frozenset(others))


def obstacles(
    workdir: Path, jobs: Iterable[HasFlag], results: Iterable[HasRecords] = ()
) -> list[str]:
    """A message for each file of these jobs whose place something else has taken.

    Args:
        jobs: the jobs, for their flags and logs.
        results: the results files that are assembled from files of these jobs.
    """
    flags = Flags(workdir)
    paths = dict.fromkeys(one for job in jobs for one in flags.obstacles(job.flag, job.log))
    paths |= dict.fromkeys(one for file in results for one in _in_way_of_results(workdir, file))
    own = str(FOLDER.parent)
    if os.path.lexists(workdir / own) and not os.path.isdir(workdir / own):
        paths = {own: None, **paths}
    return [advice_on(path, workdir) for path in paths]


def _in_way_of_results(workdir: Path, file: HasRecords) -> Iterator[str]:
    """The paths at which something is in the way of a results file, or of its records' folders."""
    if os.path.exists(workdir / file.path) and not os.path.isfile(workdir / file.path):
        yield file.path
    for folder in file.sources.values():
        for one in (*reversed(Path(folder).parents), Path(folder)):
            if os.path.exists(workdir / one) and not os.path.isdir(workdir / one):
                yield str(one)
                break


def advice_on(obstacle: str, workdir: Path) -> str:
    """The message for a path that is in the way of a flag or a log."""
    if os.path.isfile(workdir / obstacle):
        return f"{obstacle} is a file, and a folder is needed there; move it"
    return f"{obstacle} is not a file; remove it"


def remove_surplus_flags(workdir: Path, completed_flags: Iterable[str]) -> list[str]:
    """Leave one flag to each record that has several: the one that promises least.

    Snakemake looks at the completed flag only, so call this before Snakemake looks. Do not call it
    while a run is active: a pipeline that sets its own status has two flags for a moment.

    Returns:
        The completed flags of the records that had several.
    """
    flags = Flags(workdir)
    healed = []
    for completed_flag in completed_flags:
        _, *surplus = flags.words(completed_flag) or [""]
        for word in surplus:
            clear_flag(workdir, completed_flag, word)
        if surplus:
            healed.append(completed_flag)
    return healed


def write_flag(
    workdir: Path, completed_flag: str, status: str, expected: Sequence[str] = STATUSES
) -> str | None:
    """Set the status of a record, if its present one is among those expected.

    The file is rewritten, then renamed: at each moment the record has exactly one flag. If the job
    changes it at the same time, the job wins. If there are several flags, the one that promises
    least counts, and the others are removed.

    Args:
        expected: statuses that may be replaced; `none` stands for a record without a flag.

    Returns:
        The status that the record had. None if it was not expected, or if something other than a
        file is in the flag's place; nothing was changed then.

    Raises:
        OSError: the flag cannot be written.
    """
    found = _words_now(workdir, completed_flag)
    word = found[0] if found else NOT_RUN
    target = flag_path(workdir, completed_flag, status)
    if word not in expected or not (target.is_file() or _is_free(target)):
        return None
    if not found:
        target.parent.mkdir(parents=True, exist_ok=True)
        _make(target, status)
        return word
    path = flag_path(workdir, completed_flag, word)
    try:
        _rewrite(path, status)
        path.rename(target)
    except FileNotFoundError:
        return None
    for other in found[1:]:
        if other != status:
            clear_flag(workdir, completed_flag, other)
    return word


def swap_flag(workdir: Path, completed_flag: str, status: str, new: str) -> bool:
    """Replace a flag by one of another status that has the same time.

    At each moment there is one of them, and it has this time: an input file that is newer than the
    flag stays newer.

    Returns:
        Whether the record had a flag of this status.

    Raises:
        OSError: the flag cannot be changed.
    """
    target = flag_path(workdir, completed_flag, new)
    try:
        flag_path(workdir, completed_flag, status).rename(target)
    except FileNotFoundError:
        return False
    times = target.stat()
    temporary = target.with_name(".looper_flag~")
    temporary.write_text(new, encoding="utf-8")
    os.utime(temporary, ns=(times.st_atime_ns, times.st_mtime_ns))
    temporary.replace(target)
    return True


def _is_free(path: Path) -> bool:
    """Whether a path is free: nothing is there, or a link that leads to no file."""
    return path.is_symlink() or not path.exists()


def _make(path: Path, status: str) -> None:
    """Make a flag. A link is replaced; the file that it leads to is never written to."""
    path.unlink(missing_ok=True)
    path.write_text(status, encoding="utf-8")


def _rewrite(path: Path, status: str) -> None:
    if path.is_symlink():
        _make(path, status)
        return
    try:
        with path.open("r+", encoding="utf-8") as file:
            file.write(status)
            file.truncate()
    except PermissionError:  # another user's file, but its folder may be shared
        _make(path, status)


def clear_flag(workdir: Path, completed_flag: str, status: str) -> None:
    """Remove a record's flag of this status, if there is one."""
    path = flag_path(workdir, completed_flag, status)
    if path.is_file() or path.is_symlink():
        path.unlink(missing_ok=True)

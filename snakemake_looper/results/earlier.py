"""Results of earlier runs: where they lie while a record runs again, and what counts now.

A record that runs again because something changed must not find its old results: pipestat's
command line does not overwrite a value, and a result that is no longer reported would stay. So
before the first job, the file that a record reported into is set aside: it is renamed.

    records/a.yaml  ->  records/a.yaml.earlier

The renamed file is touched at that moment, and its age tells what it is worth later:

    obsolete   the job began and completed since: only what it reported counts
    current    the flag `completed` is older: the job did not begin, the run ended before
    earlier    all else (failed, interrupted, running): these values are below what the new attempt
               has reported, and readers say that they are of an earlier run

Each step leaves a state that the next run understands: `conclude_files` removes what is obsolete,
and puts back what is current. The name ends in no way that pipestat or `results.assemble` take
for a record file. Records that share a file with others (`stash`) have no file to rename.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..files import write_atomic
from ..status.flags import Flags, stamp_of
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from .assemble import assemble
from .results_file import (
    EARLIER,
    RECORD,
    Records,
    ResultsFileError,
    below,
    dump,
    levels_of,
    load,
    record_paths,
)

Fate = Literal["obsolete", "current", "earlier"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The files of a rule's records, and those that are set aside."""

    rule: str
    pipeline: str
    level: str
    pattern: str
    """The path of a record's file, with `{record_identifier}`."""
    aside: str
    """The same for what is set aside."""
    is_shared: bool
    """Whether another pipeline or level reports into the same files."""

    def files(self) -> dict[str, Path]:
        return record_paths(self.pattern)

    def asides(self) -> dict[str, Path]:
        return record_paths(self.aside)

    def file_of(self, record: str) -> Path:
        return Path(self.pattern.replace(RECORD, record))

    def aside_of(self, record: str) -> Path:
        return Path(self.aside.replace(RECORD, record))


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that was set aside."""

    shelf: Shelf
    record: str
    path: Path
    fate: Fate
    flag: str | None
    """The completed flag of the record; None if the plan has no such job."""


def shelves(jobs: JobTable) -> list[Shelf]:
    """The rules whose records have files of their own."""
    folders: Mapping[str, str] = jobs.facts.record_folders
    found = []
    for store in jobs.stores():
        if store.rule in folders:
            found.append((store, f"{folders[store.rule]}/{RECORD}.yaml"))
        elif store.back_end == "records":
            found.append((store, store.location))
    users: dict[str, set[tuple[str, str]]] = {}
    for store, pattern in found:
        users.setdefault(pattern, set()).add((store.pipeline, store.level))
    return [
        Shelf(
            store.rule,
            store.pipeline,
            store.level,
            pattern,
            f"{pattern}.{store.rule}{EARLIER}" if len(users[pattern]) > 1 else pattern + EARLIER,
            len(users[pattern]) > 1,
        )
        for store, pattern in found
    ]


def asides(jobs: JobTable, workdir: Path, flags: Flags | None = None) -> Iterator[Aside]:
    """All files that are set aside, with what they are worth. One listing per folder."""
    briefs: dict[tuple[str, str], Brief] | None = None
    for shelf in shelves(jobs):
        there: dict[str, Path] = {}
        with contextlib.suppress(OSError):  # a folder that this user may not read
            there = shelf.asides()
        for record, path in there.items():
            if briefs is None:
                briefs = {(brief.rule, brief.record): brief for brief in jobs.briefs()}
                flags = flags or Flags(workdir)
            assert flags is not None
            brief = briefs.get((shelf.rule, record))
            stamp = stamp_of(path)
            if stamp is not None:
                worth = fate(brief, stamp, flags, workdir)
                yield Aside(shelf, record, path, worth, brief.flag if brief else None)


def fate(brief: Brief | None, stamp: int, flags: Flags, workdir: Path) -> Fate:
    """What values are worth that were set aside at this moment (ns)."""
    if brief is None or flags.written(brief.flag) != "completed":
        return "earlier"
    done, log = stamp_of(workdir / brief.flag), stamp_of(workdir / brief.log)
    # A job empties its log when it begins. A flag alone may have been touched (`--touch`).
    began = log is None or log >= stamp
    return "obsolete" if began and done is not None and done >= stamp else "current"


# --- before the first job -------------------------------------------------------------------------


def set_aside_files(jobs: JobTable, afresh: Iterable[Brief]) -> None:
    """Set aside what records reported that begin afresh.

    Raises:
        OSError: a file cannot be renamed or written.
    """
    names: dict[str, set[str]] = {}
    for brief in afresh:
        names.setdefault(brief.rule, set()).add(brief.record)
    for shelf in shelves(jobs):
        wanted = names.get(shelf.rule)
        if not wanted:
            continue
        there = shelf.files()
        known = shelf.asides() if there else {}
        for record in wanted & there.keys():
            _set_aside(shelf, record, there[record], record in known)


def _set_aside(shelf: Shelf, record: str, file: Path, again: bool) -> None:
    aside = shelf.aside_of(record)
    if not again and not shelf.is_shared:
        try:
            os.utime(file)  # before it is renamed: nobody sees it there with its old age
            file.rename(aside)
        except PermissionError:  # it is another user's; this user may still replace it
            write_atomic(aside, file.read_text(encoding="utf-8"))
            file.unlink()
        return
    mine, others = _parted(shelf, record, _or_nothing(file))
    if mine:
        earlier = _or_nothing(aside) if again else {}
        write_atomic(aside, dump(below(earlier, mine, 3)))
    elif again:
        os.utime(aside)
    if shelf.is_shared and others:
        if mine:
            write_atomic(file, dump(others))
    else:
        file.unlink(missing_ok=True)


def _parted(shelf: Shelf, record: str, data: Records) -> tuple[Records, Records]:
    """What a file has of a shelf's record, and what it has of others."""
    if not shelf.is_shared:
        return data, {}
    records = (data.get(shelf.pipeline) or {}).get(shelf.level) or {}
    if record not in records:
        return {}, data
    mine = {shelf.pipeline: {shelf.level: {record: records[record]}}}
    rest = {key: value for key, value in records.items() if key != record}
    return mine, {**data, shelf.pipeline: {**data[shelf.pipeline], shelf.level: rest}}


def _or_nothing(path: Path) -> Records:
    """A record file; one that cannot be read is worth nothing."""
    try:
        return load(path)
    except (OSError, ResultsFileError):
        return {}


# --- when a run is over, or a dead one is settled -------------------------------------------------


def completed_again(jobs: JobTable, workdir: Path) -> Callable[[str, str], bool]:
    """Tells of records, by pipeline and name, whether their earlier results count no longer."""
    return _among(one for one in asides(jobs, workdir) if one.fate == "obsolete")


def _among(obsolete: Iterable[Aside]) -> Callable[[str, str], bool]:
    names = {(one.shelf.pipeline, one.record) for one in obsolete}
    return lambda pipeline, record: (pipeline, record) in names


def conclude_files(
    jobs: JobTable, workdir: Path, assembled: Collection[str], spared: Collection[str]
) -> list[Aside]:
    """Remove what is obsolete, put back what is current.

    Args:
        assembled: results files that hold already what completed records have reported.
        spared: completed flags of records that are left as they are.

    Returns:
        What is obsolete, before it is removed: the caller reads it and calls `discard`.
    """
    found = [one for one in asides(jobs, workdir) if one.flag not in spared]
    for one in found:
        if one.fate == "current":
            _put_back(one)
    obsolete = [one for one in found if one.fate == "obsolete"]
    failed: set[str] = set()
    for path, sources, schemas in jobs.results() if obsolete else ():
        ours = set(sources.values())
        if path in assembled or not any(_is_in(one, ours) for one in obsolete):
            continue
        try:
            assemble(path, sources, schemas, _among(obsolete))
        except (OSError, ResultsFileError):  # said when the run ends; the next one tries again
            failed |= ours
    return [one for one in obsolete if not _is_in(one, failed)]


def discard(obsolete: Iterable[Aside]) -> None:
    """Remove files that were set aside."""
    for one in obsolete:
        one.path.unlink(missing_ok=True)


def _is_in(one: Aside, folders: Collection[str]) -> bool:
    return os.path.dirname(one.shelf.pattern) in folders


def _put_back(one: Aside) -> None:
    file = one.shelf.file_of(one.record)
    with contextlib.suppress(FileNotFoundError):
        if not file.exists():
            one.path.rename(file)
            return
        write_atomic(file, dump(below(_or_nothing(one.path), _or_nothing(file), 3)))
        one.path.unlink()


# --- for readers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """The results of a record of which something is set aside, as they count now."""

    results: Mapping[str, Any] | None
    """None if it has reported nothing that counts."""
    earlier: frozenset[str] = frozenset()
    """Those that are of an earlier run."""


def seen(one: Aside, warnings: list[str]) -> Seen:
    """What a record has reported, earlier results below; reads two files."""
    now = results_in(one.shelf.file_of(one.record), one, warnings)
    if one.fate == "obsolete":
        return Seen(now)
    then = results_in(one.path, one, [])
    if now is None and then is None:
        return Seen(None)
    earlier = frozenset(then or {}) - frozenset(now or {})
    return Seen({**(then or {}), **(now or {})}, earlier if one.fate == "earlier" else frozenset())


def results_in(path: Path, one: Aside, warnings: list[str]) -> Mapping[str, Any] | None:
    """What a record file holds of the record; None if nothing."""
    shelf = one.shelf
    try:
        levels = levels_of(load(path), shelf.pipeline, str(path), warnings)
    except (OSError, ResultsFileError) as error:
        warnings.append(str(error))
        return None
    found: Mapping[str, Any] | None = levels.get(shelf.level, {}).get(one.record)
    return found


def dropped(one: Aside) -> list[str]:
    """Results that a completed record no longer reports."""
    now = results_in(one.shelf.file_of(one.record), one, []) or {}
    return [key for key in results_in(one.path, one, []) or {} if key not in now]


def part(data: Records, pipeline: str, level: str) -> dict[str, Any]:
    """The records of one pipeline and level; empty if there are none."""
    levels = data.get(pipeline)
    records = levels.get(level) if isinstance(levels, dict) else None
    return records if isinstance(records, dict) else {}

"""Earlier results of records that have a file of their own: the file is renamed.

    records/a.yaml  ->  records/a.yaml.earlier

The file is touched before it is renamed, so its time says when it was set aside. `validity` decides
by this time whether the results count. Each step leaves a state that the next run understands:
`conclude_files` puts back current files, and finds obsolete ones. pipestat and `assemble` do not
take a file with such a name for a record file.

Records that share a file with others have no file to rename, see `earlier_values`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import write_atomic
from ..layout import RECORD
from ..status.flags import Flags, stamp_of
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from .assemble import assemble
from .results_file import (
    EARLIER,
    Records,
    ResultsFileError,
    below,
    levels_of,
    load_record,
    part,
    record_paths,
)
from .stores.open_store import open_stores
from .validity import CountingResults, Validity, validity_of
from .yaml_text import dump


@dataclass(frozen=True, slots=True)
class RecordFiles:
    """The files that the jobs of a rule report into, one for each record."""

    rule: str
    pipeline: str
    level: str
    pattern: str
    """The path of a record's file, with `{record_identifier}`."""
    earlier_pattern: str
    """The path of its earlier file, which was set aside."""
    is_shared: bool
    """Whether another pipeline or level reports into the same files."""

    def present(self) -> dict[str, Path]:
        """The files that are there, by record."""
        return record_paths(self.pattern)

    def earlier(self) -> dict[str, Path]:
        """The earlier files that are there, by record."""
        return record_paths(self.earlier_pattern)

    def file_of(self, record: str) -> Path:
        """The path of a record's file, also if there is none yet."""
        return Path(self.pattern.replace(RECORD, record))

    def earlier_of(self, record: str) -> Path:
        """The path of a record's earlier file, also if there is none."""
        return Path(self.earlier_pattern.replace(RECORD, record))


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """The file of a record that was set aside."""

    files: RecordFiles
    record: str
    path: Path
    validity: Validity
    flag: str | None
    """The completed flag of the record; None if the plan has no such job."""

    def is_in(self, folders: Collection[str]) -> bool:
        """Whether the record's file is in one of some folders."""
        return os.path.dirname(self.files.pattern) in folders


def record_files(table: JobTable) -> list[RecordFiles]:
    """The record files of each rule whose records have files of their own."""
    found = [(one.row, pattern) for one in open_stores(table) if (pattern := one.record_pattern())]
    users: dict[str, set[tuple[str, str]]] = {}
    for row, pattern in found:
        users.setdefault(pattern, set()).add((row.pipeline, row.level))
    return [
        RecordFiles(
            row.rule,
            row.pipeline,
            row.level,
            pattern,
            f"{pattern}.{row.rule}{EARLIER}" if len(users[pattern]) > 1 else pattern + EARLIER,
            len(users[pattern]) > 1,
        )
        for row, pattern in found
    ]


def earlier_files(
    table: JobTable, workdir: Path, flags: Flags | None = None
) -> Iterator[EarlierFile]:
    """All files that are set aside, and whether they count. Each folder is listed once."""
    briefs: dict[tuple[str, str], Brief] | None = None
    for files in record_files(table):
        there: dict[str, Path] = {}
        with contextlib.suppress(OSError):  # a folder that this user may not read
            there = files.earlier()
        for record, path in there.items():
            if briefs is None:
                briefs = {(brief.rule, brief.record): brief for brief in table.briefs()}
                flags = flags or Flags(workdir)
            assert flags is not None
            brief = briefs.get((files.rule, record))
            stamp = stamp_of(path)
            if stamp is not None:
                validity = validity_of(brief, stamp, flags, workdir)
                yield EarlierFile(files, record, path, validity, brief.flag if brief else None)


# --- before the first job -------------------------------------------------------------------------


def set_aside_files(table: JobTable, afresh: Iterable[Brief]) -> None:
    """Set aside the files of records that begin afresh.

    Raises:
        ResultsFileError: there is a pipe in the place of a record file.
        OSError: a file cannot be renamed or written.
    """
    names: dict[str, set[str]] = {}
    for brief in afresh:
        names.setdefault(brief.rule, set()).add(brief.record)
    for files in record_files(table):
        wanted = names.get(files.rule)
        if not wanted:
            continue
        there = files.present()
        known = files.earlier() if there else {}
        for record in wanted & there.keys():
            _set_aside(files, record, there[record], record in known)


def _set_aside(files: RecordFiles, record: str, file: Path, again: bool) -> None:
    earlier_file = files.earlier_of(record)
    if not file.is_file():
        _refuse_pipe(file)
        return
    if not again and not files.is_shared:
        try:
            os.utime(file)  # before it is renamed: nobody sees it there with its old age
            file.rename(earlier_file)
        except PermissionError:  # another user's file, which this user may still replace
            write_atomic(earlier_file, file.read_text(encoding="utf-8"))
            file.unlink()
        return
    mine, others = _parted(files, record, _load_or_empty(file))
    if mine:
        earlier = _load_or_empty(earlier_file) if again else {}
        write_atomic(earlier_file, dump(below(earlier, mine, 3)))
    elif again:
        os.utime(earlier_file)
    if files.is_shared and others:
        if mine:
            write_atomic(file, dump(others))
    else:
        file.unlink(missing_ok=True)


def _refuse_pipe(file: Path) -> None:
    """Refuse a pipe in the place of a record file: the job would wait for it without end.

    A link that leads nowhere, or a folder, has no results. The job writes through it, or fails.

    Raises:
        ResultsFileError: it is a pipe.
    """
    if file.is_fifo():
        raise ResultsFileError(f"{file}: is a pipe, and a job would report into it")


def _parted(files: RecordFiles, record: str, data: Records) -> tuple[Records, Records]:
    """The part of a file's content that is the record's, and the part of others."""
    if not files.is_shared:
        return data, {}
    records = part(data, files.pipeline, files.level)
    if record not in records:
        return {}, data
    mine = {files.pipeline: {files.level: {record: records[record]}}}
    rest = {key: value for key, value in records.items() if key != record}
    return mine, {**data, files.pipeline: {**data[files.pipeline], files.level: rest}}


def _load_or_empty(path: Path) -> Records:
    """The content of a record file; empty if it cannot be read."""
    try:
        return load_record(path)
    except ResultsFileError:
        return {}


# --- after a run, or before one that follows a killed run ----------------------------------------


def obsolete_files(table: JobTable, workdir: Path) -> list[EarlierFile]:
    """The earlier files of records that have completed since."""
    return [one for one in earlier_files(table, workdir) if one.validity == "obsolete"]


def completed_since(obsolete: Iterable[EarlierFile]) -> Callable[[str, str], bool]:
    """A function that says of a pipeline and record whether its earlier file is obsolete."""
    names = {(one.files.pipeline, one.record) for one in obsolete}
    return lambda pipeline, record: (pipeline, record) in names


def conclude_files(
    table: JobTable, workdir: Path, assembled: Collection[str], of_others: Collection[str]
) -> list[EarlierFile]:
    """Put back files that are current, and find those that are obsolete.

    Args:
        assembled: results files that have the results of completed records. Others are assembled
            here, since their earlier files will be removed.
        of_others: completed flags of records that other runs have planned: they are left alone.

    Returns:
        The obsolete files. The caller reads them, then calls `remove_files`.
    """
    found = [one for one in earlier_files(table, workdir) if one.flag not in of_others]
    for one in found:
        if one.validity == "current":
            _put_back(one)
    obsolete = [one for one in found if one.validity == "obsolete"]
    failed: set[str] = set()
    for path, sources, schemas in table.results() if obsolete else ():
        ours = set(sources.values())
        if path in assembled or not any(one.is_in(ours) for one in obsolete):
            continue
        try:
            assemble(path, sources, schemas, completed_since(obsolete), workdir=workdir)
        except (OSError, ResultsFileError):
            # The end of the run reports the failure, and the next run tries again.
            failed |= ours
    return [one for one in obsolete if not one.is_in(failed)]


def remove_files(obsolete: Iterable[EarlierFile]) -> None:
    """Remove files that were set aside.

    Raises:
        OSError: a file cannot be removed.
    """
    for one in obsolete:
        one.path.unlink(missing_ok=True)


def _put_back(one: EarlierFile) -> None:
    file = one.files.file_of(one.record)
    with contextlib.suppress(FileNotFoundError):
        if not file.exists():
            one.path.rename(file)
            return
        write_atomic(file, dump(below(_load_or_empty(one.path), _load_or_empty(file), 3)))
        one.path.unlink()


# --- for readers ----------------------------------------------------------------------------------


def counting(one: EarlierFile, warnings: list[str]) -> CountingResults:
    """The results of a record that count now, from its file and the earlier one."""
    now = results_in(one.files.file_of(one.record), one, warnings)
    if one.validity == "obsolete":
        return CountingResults(now)
    then = results_in(one.path, one, [])
    if now is None and then is None:
        return CountingResults(None)
    earlier = frozenset(then or {}) - frozenset(now or {})
    both = {**(then or {}), **(now or {})}
    return CountingResults(both, earlier if one.validity == "earlier" else frozenset())


def results_in(path: Path, one: EarlierFile, warnings: list[str]) -> Mapping[str, Any] | None:
    """The results of the record in a file; None if there are none."""
    files = one.files
    try:
        levels = levels_of(load_record(path), files.pipeline, str(path), warnings)
    except ResultsFileError as error:
        warnings.append(error.about_record())
        return None
    found: Mapping[str, Any] | None = levels.get(files.level, {}).get(one.record)
    return found


def unreported(one: EarlierFile) -> list[str]:
    """Results that a completed record no longer reports."""
    now = results_in(one.files.file_of(one.record), one, []) or {}
    return [key for key in results_in(one.path, one, []) or {} if key not in now]

"""pipestat's results files: reading, writing, and where the records stand in them.

A results file is YAML: pipelines, their levels (`project`, `sample`), records, results.

    count:                          the pipeline
      project: {}
      sample:
        a:                          the record
          reads: 3                  a result
          meta: {…}                 pipestat's bookkeeping

A file can hold many records, or one. If a record file is damaged or hostile, readers leave out its
record with a warning. So it is never waited for, as a pipe would have it, and has a largest size.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import LooperError
from ..layout import RECORD
from .parsed_files import ParsedFiles, stamp
from .yaml_text import YamlFault, parse_yaml

Records = dict[str, Any]
EARLIER = ".earlier"
"""The end of the name of a record file that was set aside."""
BOOKKEEPING = ("meta", "pipestat_created_time", "pipestat_modified_time")
"""Keys beside the results of a record that pipestat keeps for itself."""
LEVELS = ("project", "sample")
_LOCK = re.compile(r"lock[.-]")
"""The names of pipestat's locks, which are empty files: `lock.a.yaml`, `lock-write-a.yaml`."""
MOST_OF_A_RECORD = 10_000_000
"""The largest size of a record file, in bytes. It takes seconds to read; of usual files, a ms."""


class ResultsFileError(LooperError):
    """A file is no results file. Nothing was written."""

    def __init__(self, fault: str, advice: str = "correct or remove the file") -> None:
        self.fault = fault
        """The file and its fault, without the advice that the message ends with."""
        self.advice = advice
        """The advice if it is the file of one record."""
        super().__init__(f"{fault}; correct or move it")

    def about_record(self, place: str = "left out") -> str:
        """The warning if it is the file of one record, which is then left out."""
        return f"{self.fault}: its record is {place}; {self.advice}"


def below(earlier: Records, now: Records, depth: int = 2) -> Records:
    """Newer results, with earlier ones where there is no newer one.

    Args:
        depth: levels of the data above the results: 3 for pipelines, 2 for the levels of one
            pipeline, 0 for the results of a record. A result is replaced as a whole.
    """
    found = dict(earlier)
    for key, value in now.items():
        old = found.get(key)
        if depth and isinstance(old, dict) and isinstance(value, dict):
            value = below(old, value, depth - 1)
        found[key] = value
    return found


def record_paths(pattern: str) -> dict[str, Path]:
    """The files that a path with `{record_identifier}` stands for, by record, sorted by name.

    Raises:
        OSError: the folder exists and cannot be listed.
    """
    before, _, after = pattern.partition(RECORD)
    folder, _, start = before.rpartition("/")
    here, slash, deeper = after.partition("/")  # a file for each record, or a folder for each
    found = {}
    for name in _names(folder or "."):
        if not (name.startswith(start) and name.endswith(here)):
            continue
        record = name[len(start) : len(name) - len(here)]
        path = Path(folder, f"{name}{slash}{deeper.replace(RECORD, record)}")
        if record and (not slash or path.is_file()):
            found[record] = path
    if not pattern.endswith(EARLIER):
        found = {key: path for key, path in found.items() if not path.name.endswith(EARLIER)}
    return found


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def load(path: Path) -> Records:
    """A results file as data; empty if it is not there.

    Raises:
        ResultsFileError: it is no YAML mapping, or an endless one, or no file.
        OSError: it cannot be read.
    """
    if _info(path) is None:
        return {}
    return _data_of(_content(path), path) or {}


def load_record(
    path: Path,
    pipeline: str = "",
    others: Collection[str] = (),
    parsed: ParsedFiles | None = None,
) -> Records:
    """The file of one record as data; empty if it is not there.

    Args:
        pipeline: the pipeline whose results are wanted; without it, any may be in the file.
        others: pipelines that report into the same file.
        parsed: files that were parsed before. Then nobody may change the data.

    Raises:
        ResultsFileError: it is no file, empty, very large, or no YAML mapping, or it cannot be
            read, or has results, but none of the pipeline. The fault names it.
    """
    try:
        info = _info(path, MOST_OF_A_RECORD)
        found = parsed.find(path, stamp(info)) if parsed and info else None
        content = _content(path) if info and found is None else None
    except OSError as error:
        raise ResultsFileError(f"{path}: cannot be read ({error.strerror})") from error
    if info is None:
        if os.path.islink(path):
            raise ResultsFileError(f"{path}: is a link to a file that is not there")
        return {}
    if content is not None:
        found = _data_of(content, path, pipeline)
        if parsed and found:
            parsed.keep(path, stamp(info), found)
    if found is None and not _LOCK.match(path.name):
        raise ResultsFileError(f"{path}: is empty")
    if found and pipeline and not any(str(name) in (pipeline, *others) for name in found):
        _refuse_others(found, path, pipeline)
    return found or {}


def _refuse_others(data: Records, path: Path, pipeline: str) -> None:
    """Complain of a record file without the pipeline's name, unless it has no results at all.

    Raises:
        ResultsFileError: it has some.
    """
    for name in other_pipelines(data, [pipeline]):
        fault = f"{path}: holds results of pipeline '{name}', not of '{pipeline}'"
        raise ResultsFileError(fault, f"report as '{pipeline}'")
    # pipestat writes a pipeline's name and its levels before the first result.
    if not all(
        one is None or (isinstance(one, dict) and not any(one.values())) for one in data.values()
    ):
        raise ResultsFileError(f"{path}: has no pipeline's name at its top, as in '{pipeline}:'")


def other_pipelines(data: Records, known: Collection[str]) -> list[str]:
    """The pipelines that a results file has records of, without those that are known."""
    return [
        str(name)
        for name, levels in data.items()
        if str(name) not in known
        and isinstance(levels, dict)
        and any(isinstance(levels.get(one), dict) and levels[one] for one in LEVELS)
    ]


def _info(path: Path, most: int | None = None) -> os.stat_result | None:
    """The facts about a file that is to be read; None if it is not there.

    Raises:
        ResultsFileError: it is no file, or has more than `most` bytes.
        OSError: it cannot be looked at.
    """
    try:
        info = os.stat(path)  # a pipe is not opened: that would wait for somebody who writes
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(info.st_mode):
        raise ResultsFileError(f"{path}: is {_kind_of(info.st_mode)}, not a file")
    if most is not None and info.st_size > most:
        has, may = (f"{size / 1e6:.0f} MB" for size in (info.st_size, most))
        raise ResultsFileError(f"{path}: has {has}, and the file of a record may have {may}")
    return info


def _content(path: Path) -> bytes:
    with open(path, "rb", buffering=0) as file:  # in one piece: a buffer is of no use
        return file.readall()


def _kind_of(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "a device")


def _data_of(content: bytes, path: Path, pipeline: str = "") -> Records | None:
    """The content of a results file as data; None if there is nothing in it.

    Raises:
        ResultsFileError: it is no YAML mapping, or an endless one.
    """
    try:
        data = parse_yaml(content)
    except YamlFault as fault:
        where = f"{path}:{fault.line}" if fault.line else str(path)
        raise ResultsFileError(f"{where}: {fault}") from None
    if data is not None and not isinstance(data, dict):
        as_in = f", as in '{pipeline}:'" if pipeline else ""
        said = f"is no results file: it has no pipeline's name at its top{as_in}"
        raise ResultsFileError(f"{path}: {said}")
    return data


def levels_of(data: Records, pipeline: str, where: str, warnings: list[str]) -> Records:
    """The levels of a pipeline with their sound records; `warnings` names the others.

    Args:
        where: the file, for warnings.
    """
    levels = data.get(pipeline) or {}
    if not isinstance(levels, dict):
        warnings.append(f"{where}: '{pipeline}' holds no records; they are left out")
        return {}
    found: Records = {}
    for level, records in levels.items():
        if not isinstance(records or {}, dict):
            warnings.append(f"{where}: '{level}' holds no records; they are left out")
            continue
        found[str(level)] = kept = {}
        for record, results in (records or {}).items():
            if isinstance(results or {}, dict):
                kept[str(record)] = {str(key): value for key, value in (results or {}).items()}
            else:
                warnings.append(f"{where}: record '{record}' has no results; it is left out")
    return found


def part(data: Records, pipeline: str, level: str) -> dict[str, Any]:
    """The records of one pipeline and level, unchecked; empty if there are none.

    A name may stand there as a number, as `7:` does. Here it is text.
    """
    levels = data.get(pipeline)
    records = levels.get(level) if isinstance(levels, dict) else None
    if not isinstance(levels, dict) or not isinstance(records, dict):
        return {}
    if not all(isinstance(name, str) for name in records):
        levels[level] = records = {str(name): one for name, one in records.items()}
    return records

"""pipestat's results files: reading, writing, and where the records stand in them.

A results file is YAML: pipelines, their levels (`project`, `sample`), records, results.

    count:                          the pipeline
      project: {}
      sample:
        a:                          the record
          reads: 3                  a result
          meta: {…}                 pipestat's bookkeeping

A file can hold many records, or one. If a record file is damaged or hostile, readers leave out its
record with a warning.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from ..errors import LooperError
from ..layout import RECORD

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Records = dict[str, Any]
EARLIER = ".earlier"
"""The end of the name of a record file that was set aside."""
BOOKKEEPING = ("meta", "pipestat_created_time", "pipestat_modified_time")
"""Keys beside the results of a record that pipestat keeps for itself."""
_MOST_NODES = 1_000_000
_DEEPEST = 200


class ResultsFileError(LooperError):
    """A file is no results file. Nothing was written."""


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
    """A results file or schema as data; empty if it is not there.

    Raises:
        ResultsFileError: it is no YAML mapping, or an endless one.
        OSError: it cannot be read.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        data = parse_yaml(text) or {}
    except ValueError as error:
        raise ResultsFileError(f"{path}: not valid YAML; correct or move it ({error})") from None
    if not isinstance(data, dict):
        raise ResultsFileError(f"{path}: no results file; correct or move it")
    return data


def parse_yaml(text: bytes) -> Any:
    """YAML as data.

    Raises:
        ValueError: it is no YAML, refers to itself, or is far larger than its text.
    """
    try:
        data = yaml.load(text, _Loader)
        if b"*" in text:  # without an alias, no value can be in several places
            _check_size(data)
    except (yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise ValueError(said or type(error).__name__) from None
    return data


def _check_size(data: Any) -> None:
    """Refuse data that contains itself, or countless values: it cannot be written or compared.

    Raises:
        ValueError: this is such data.
    """
    nodes, level = 0, [data]
    for _ in range(_DEEPEST):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        nodes += len(level)
        if not level:
            return
        if nodes > _MOST_NODES:
            break
    raise ValueError("its anchors refer to themselves, or multiply without end")


def dump(data: Any) -> str:
    """Data as YAML, its keys in the order that they have."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


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
    """The records of one pipeline and level, unchecked; empty if there are none."""
    levels = data.get(pipeline)
    records = levels.get(level) if isinstance(levels, dict) else None
    return records if isinstance(records, dict) else {}

"""The user's results file, assembled from one file per record.

Jobs report into a file each, so none can overwrite another's (see `pipestat`). `assemble` lays
what they hold over what the user's file already has: records of other pipelines, of the project
level, and of samples that are not in this run stay. The file is replaced in one step and only
if it changes; it costs one reading of each file, whatever the number of reports.

A file that was set aside (`earlier`) lies below the record's file: its values count until the
record has completed again. A record file that is damaged or hostile costs its own record.

pipestat does not check results against the output schema when it is built from a config file,
and its command line then stores numbers as text (quirks 22 and 43). Here text that is a number
where the schema wants one becomes one; what is wrong even so is said, and kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import LooperError
from ..files import write_atomic

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Records = dict[str, Any]
RECORD = "{record_identifier}"
EARLIER = ".earlier"
"""The end of the name of a record file that was set aside."""
_META = "meta"
_MOST_NODES = 1_000_000
_DEEPEST = 200


class AssemblyError(LooperError):
    """A results file is not one: nothing was written."""


def assemble(
    path: str | Path,
    sources: Mapping[str, str],
    schemas: Mapping[str, str],
    is_completed: Callable[[str, str], bool] = lambda pipeline, record: False,
) -> list[str]:
    """Bring a results file up to date.

    Args:
        path: the user's results file; made if it is not there.
        sources: for each pipeline, the folder of its record files.
        schemas: for each pipeline that has one, its output schema.
        is_completed: whether a record, by pipeline and name, has completed since its earlier
            results were set aside; these then count no longer.

    Returns:
        Warnings: record files that cannot be read, results that break the schema.

    Raises:
        AssemblyError: the user's file exists and is no results file.
        OSError: it cannot be read or written.
    """
    path = Path(path)
    exists = path.exists()
    data = _parse(path.read_bytes() if exists else b"")
    changed = False
    warnings: list[str] = []
    for pipeline, folder in sources.items():
        wanted = _wanted(schemas.get(pipeline), warnings)
        files = record_paths(f"{folder}/{RECORD}.yaml")
        earlier = record_paths(f"{folder}/{RECORD}.yaml{EARLIER}")
        for record in sorted(files.keys() | earlier.keys()):
            reported: Records = {}
            if record in files:
                try:
                    levels = _records_of(files[record], pipeline, warnings)
                    reported = _own(record, levels, files, warnings)
                except (OSError, AssemblyError) as error:
                    warnings.append(f"{error}; its record is not in {path}")
                    continue
            if record in earlier and is_completed(pipeline, record):
                if record not in reported.get("sample", {}):
                    changed |= _drop(
                        data, pipeline, _earlier_of(earlier[record], pipeline), reported
                    )
            elif record in earlier:
                reported = below(_earlier_of(earlier[record], pipeline), reported)
            changed |= _lay_over(data, reported, pipeline, wanted, warnings)
    if changed or not exists:
        write_atomic(path, dump(data) if data else "")
    return warnings


def below(earlier: Records, now: Records, depth: int = 2) -> Records:
    """Earlier results where there is no newer one.

    Args:
        depth: how far results are from the top: 3 for pipelines, 2 for the levels of one, 0 for
            the results of a record. A result is replaced as a whole.
    """
    found = dict(earlier)
    for key, value in now.items():
        old = found.get(key)
        if depth and isinstance(old, dict) and isinstance(value, dict):
            value = below(old, value, depth - 1)
        found[key] = value
    return found


def record_paths(pattern: str) -> dict[str, Path]:
    """The files that a path with `{record_identifier}` stands for, by record, in order.

    Raises:
        OSError: the folder is there and cannot be listed.
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
        AssemblyError: it is no YAML mapping, or none that ends.
        OSError: it cannot be read.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        data = _yaml(text) or {}
    except ValueError as error:
        raise AssemblyError(f"{path}: not valid YAML; correct or move it ({error})") from None
    if not isinstance(data, dict):
        raise AssemblyError(f"{path}: no results file; correct or move it")
    return data


def _yaml(text: bytes) -> Any:
    """YAML as data.

    Raises:
        ValueError: it is none, or refers to itself, or is far larger than its text.
    """
    try:
        data = yaml.load(text, _Loader)
        if b"*" in text:  # only then a value can be in several places
            _check_size(data)
    except (yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise ValueError(said or type(error).__name__) from None
    return data


def _check_size(data: Any) -> None:
    """Refuse what could not be written or compared: values within themselves, or countless ones."""
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
    """Data as YAML, in the order that it has."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def _parse(text: bytes) -> Records:
    """The user's results file: pipelines, their levels, records. Empty parts are as good as none."""
    try:
        data = _yaml(text) or {}
    except ValueError as error:
        raise AssemblyError(f"it is not valid YAML; correct or move it ({error})") from None
    if not isinstance(data, dict):
        raise AssemblyError("it is no results file; correct or move it")
    for pipeline, levels in data.items():
        data[pipeline] = levels = levels or {}
        if not isinstance(levels, dict) or any(
            not isinstance(records or {}, dict) for records in levels.values()
        ):
            raise AssemblyError(f"'{pipeline}' in it holds no records; correct or move it")
        for level, records in levels.items():
            levels[level] = {str(name): values for name, values in (records or {}).items()}
    return data


def _records_of(file: Path, pipeline: str, warnings: list[str]) -> Records:
    """The levels of a pipeline in a record file, with those of their records that are sound.

    Raises:
        AssemblyError: it is no results file.
        OSError: it cannot be read.
    """
    try:
        data = load(file)
    except AssemblyError:
        raise AssemblyError(f"{file}: cannot be read") from None
    return levels_of(data, pipeline, str(file), warnings)


def levels_of(data: Records, pipeline: str, where: str, warnings: list[str]) -> Records:
    """The levels of a pipeline, with those of their records that are sound; the rest is named."""
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


def _own(record: str, levels: Records, files: Mapping[str, Path], warnings: list[str]) -> Records:
    """The levels of a record's file, without other records that have a file of their own."""
    records = levels.get("sample", {})
    others = [name for name in records if name != record and name in files]
    if not others:
        return levels
    warnings.append(f"{files[record]}: is not the file of record '{others[0]}'; that is left out")
    return {**levels, "sample": {k: v for k, v in records.items() if k not in others}}


def _earlier_of(file: Path, pipeline: str) -> Records:
    try:
        return _records_of(file, pipeline, [])
    except (OSError, AssemblyError):
        return {}


def _drop(data: Records, pipeline: str, then: Records, now: Records) -> bool:
    """Take records out that were reported earlier and are not any more."""
    changed = False
    for level, records in then.items():
        target = data.get(pipeline, {}).get(level, {})
        for record in records.keys() - now.get(level, {}).keys():
            changed |= target.pop(record, None) is not None
    return changed


def _lay_over(
    data: Records,
    levels: Records,
    pipeline: str,
    wanted: Mapping[str, Mapping[str, Any]],
    warnings: list[str],
) -> bool:
    """Put reported records into the data; whether that changed anything."""
    changed = False
    for level, records in levels.items():
        if not records:
            continue
        target = data.setdefault(pipeline, {"project": {}, "sample": {}}).setdefault(level, {})
        for record, results in records.items():
            if level == "sample":
                results = checked(record, results, wanted, warnings)
            if target.get(record) != results:
                target[record] = results
                changed = True
    return changed


def _wanted(schema: str | None, warnings: list[str]) -> Mapping[str, Mapping[str, Any]]:
    """JSON schema of each sample-level result of an output schema, in either of its forms."""
    if schema is None:
        return {}
    try:
        data = _yaml(Path(schema).read_bytes())
    except (OSError, ValueError) as error:
        warnings.append(f"{schema}: cannot be read, results were not checked: {error}")
        return {}
    return wanted_of(data, "sample")


def wanted_of(data: Any, level: str) -> Mapping[str, Mapping[str, Any]]:
    """JSON schema of each result of a level, from an output schema of either form."""
    node: Any = data if isinstance(data, dict) else {}
    node = node.get("properties", node)
    node = (
        node.get("samples" if level == "sample" else "project", node)
        if isinstance(node, dict)
        else {}
    )
    node = node.get("items", node) if isinstance(node, dict) else {}
    node = node.get("properties", node) if isinstance(node, dict) else {}
    return {key: value for key, value in node.items() if isinstance(value, dict)}


def checked(
    record: str, results: Records, wanted: Mapping[str, Mapping[str, Any]], warnings: list[str]
) -> Records:
    """Results with text as numbers where the schema wants them (quirk 43); the rest is named."""
    found = {}
    for key, value in results.items():
        kind = wanted.get(key, {}).get("type") if key != _META else None
        found[key] = _as_number(value, kind)
        if not _is_a(found[key], kind):
            warnings.append(f"record '{record}': {key}: {value!r} is no {kind}")
    return found


def _as_number(value: Any, kind: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value) if any(c in value for c in ".eEnN") else int(value)
    except ValueError:
        pass
    if kind == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "file": (dict,),
    "image": (dict,),
    "link": (dict,),
    "array": (list,),
}


def _is_a(value: Any, kind: Any) -> bool:
    types = _TYPES.get(kind) if isinstance(kind, str) else None
    if types is None:
        return True
    if isinstance(value, bool):
        return bool(kind == "boolean")
    return isinstance(value, types)

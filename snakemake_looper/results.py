"""The user's results file, assembled from one file per record.

Jobs report into a file each, so none can overwrite another's (see `pipestat`). `assemble` lays
what they hold over what the user's file already has: records of other pipelines, of the project
level, and of samples that are not in this run stay. The file is replaced in one step and only
if it changes; it costs one reading of each file, whatever the number of reports.

pipestat does not check results against the output schema when it is built from a config file,
and its command line then stores numbers as text (quirks 22 and 43). Here text that is a number
where the schema wants one becomes one; what is wrong even so is said, and kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .errors import LooperError
from .files import write_atomic

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Records = dict[str, Any]
_META = "meta"


class AssemblyError(LooperError):
    """A results file is not one: nothing was written."""


def assemble(path: str | Path, sources: Mapping[str, str], schemas: Mapping[str, str]) -> list[str]:
    """Bring a results file up to date.

    Args:
        path: the user's results file; made if it is not there.
        sources: for each pipeline, the folder of its record files.
        schemas: for each pipeline that has one, its output schema.

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
        for file in _record_files(Path(folder)):
            try:
                reported = yaml.load(file.read_bytes(), _Loader) or {}
            except (OSError, ValueError, yaml.YAMLError):
                warnings.append(f"{file}: cannot be read; its record is not in {path}")
                continue
            changed |= _lay_over(data, reported, pipeline, wanted, warnings)
    if changed or not exists:
        write_atomic(path, dump(data) if data else "")
    return warnings


def load(path: Path) -> Records:
    """A results file or schema as data; empty if it is not there.

    Raises:
        AssemblyError: it is no YAML mapping.
        OSError: it cannot be read.
    """
    try:
        data = yaml.load(path.read_bytes(), _Loader) or {}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, ValueError) as error:
        raise AssemblyError(f"{path}: not valid YAML; correct or move it ({error})") from None
    if not isinstance(data, dict):
        raise AssemblyError(f"{path}: no results file; correct or move it")
    return data


def dump(data: Any) -> str:
    """Data as YAML, in the order that it has."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def _parse(text: bytes) -> Records:
    """The user's results file: pipelines, their levels, records. Empty parts are as good as none."""
    try:
        data = yaml.load(text, _Loader) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise AssemblyError(f"it is not valid YAML; correct or move it ({error})") from None
    if not isinstance(data, dict):
        raise AssemblyError("it is no results file; correct or move it")
    for pipeline, levels in data.items():
        data[pipeline] = levels = levels or {}
        if not isinstance(levels, dict) or any(
            not isinstance(records or {}, dict) for records in levels.values()
        ):
            raise AssemblyError(f"'{pipeline}' in it holds no records; correct or move it")
        levels.update({level: records or {} for level, records in levels.items()})
    return data


def _record_files(folder: Path) -> Iterable[Path]:
    """Record files in the order of their names; pipestat's lock files are empty."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return ()
    return (folder / name for name in names if name.endswith(".yaml"))


def _lay_over(
    data: Records,
    reported: Any,
    pipeline: str,
    wanted: Mapping[str, Mapping[str, Any]],
    warnings: list[str],
) -> bool:
    """Put reported records into the data; whether that changed anything."""
    changed = False
    levels = reported.get(pipeline) if isinstance(reported, dict) else None
    for level, records in levels.items() if isinstance(levels, dict) else ():
        if not isinstance(records, dict):
            continue
        target = data.setdefault(pipeline, {"project": {}, "sample": {}}).setdefault(level, {})
        for record, results in records.items():
            if level == "sample" and isinstance(results, dict):
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
        data = yaml.load(Path(schema).read_bytes(), _Loader)
    except (OSError, ValueError, yaml.YAMLError) as error:
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

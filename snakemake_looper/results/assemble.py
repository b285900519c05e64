"""TODO: results.assemble."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..files import write_atomic
from .results_file import (
    EARLIER,
    RECORD,
    Records,
    ResultsFileError,
    below,
    dump,
    levels_of,
    load,
    parse_yaml,
    record_paths,
)
from .schema_check import checked, wanted_of


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
        ResultsFileError: the user's file exists and is no results file.
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
                except (OSError, ResultsFileError) as error:
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


def _parse(text: bytes) -> Records:
    """The user's results file: pipelines, their levels, records. Empty parts are as good as none."""
    try:
        data = parse_yaml(text) or {}
    except ValueError as error:
        raise ResultsFileError(f"it is not valid YAML; correct or move it ({error})") from None
    if not isinstance(data, dict):
        raise ResultsFileError("it is no results file; correct or move it")
    for pipeline, levels in data.items():
        data[pipeline] = levels = levels or {}
        if not isinstance(levels, dict) or any(
            not isinstance(records or {}, dict) for records in levels.values()
        ):
            raise ResultsFileError(f"'{pipeline}' in it holds no records; correct or move it")
        for level, records in levels.items():
            levels[level] = {str(name): values for name, values in (records or {}).items()}
    return data


def _records_of(file: Path, pipeline: str, warnings: list[str]) -> Records:
    """The levels of a pipeline in a record file, with those of their records that are sound.

    Raises:
        ResultsFileError: it is no results file.
        OSError: it cannot be read.
    """
    try:
        data = load(file)
    except ResultsFileError:
        raise ResultsFileError(f"{file}: cannot be read") from None
    return levels_of(data, pipeline, str(file), warnings)


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
    except (OSError, ResultsFileError):
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
        data = parse_yaml(Path(schema).read_bytes())
    except (OSError, ValueError) as error:
        warnings.append(f"{schema}: cannot be read, results were not checked: {error}")
        return {}
    return wanted_of(data, "sample")

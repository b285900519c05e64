"""The user's results file, assembled from one file per record.

pipestat rewrites the whole file with each report, so two jobs that report into one file lose
results. Therefore jobs report into a file each (see `plan.pipestat_config`). `assemble` lays the
content of these files over the user's file. Records of other pipelines, of the project level, and
of samples that are not in this run stay in it. The user's file is replaced in one step, and only
if it changes. Each file is read once, whatever the number of reports.

A record may also have an earlier file (`earlier_files`). Until the record has completed again, the
earlier file has the values that the record's own file lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..collector import seldom
from ..files import write_atomic
from ..layout import RECORD
from ..read.schemas.output_schema import DeclaredResult, OutputSchemaError
from .parsed_files import ParsedFiles
from .results_file import (
    EARLIER,
    Records,
    ResultsFileError,
    below,
    levels_of,
    load,
    load_record,
    other_pipelines,
    record_paths,
)
from .schema_check import checked, declared_results
from .yaml_text import dump


class _Source(NamedTuple):
    """The files that the jobs of one pipeline have reported into."""

    pipeline: str
    files: Mapping[str, Path]
    """The file of each record."""
    earlier: Mapping[str, Path]
    """The earlier file of each record that has one."""
    declared: Mapping[str, DeclaredResult]
    """The results that the output schema declares for samples."""
    others: Sequence[str]
    """Other pipelines whose jobs report into the same files."""
    parsed: ParsedFiles


@seldom()
def assemble(
    path: str | Path,
    sources: Mapping[str, str],
    schemas: Mapping[str, str],
    is_completed: Callable[[str, str], bool] = lambda pipeline, record: False,
    unread: list[str] | None = None,
    workdir: Path = Path(),
) -> list[str]:
    """Bring a results file up to date.

    Args:
        path: the user's results file; made if it is not there.
        sources: for each pipeline, the folder of its record files.
        schemas: for each pipeline that has one, its output schema.
        is_completed: says of a pipeline and record whether the record has completed since its
            earlier results were set aside. If so, these no longer count.
        unread: gets the record files that cannot be used.
        workdir: Snakemake's working directory, where parsed files are kept.

    Returns:
        Warnings: such files, and results that break the schema.

    Raises:
        ResultsFileError: the user's file exists and is no results file.
        OSError: the user's file cannot be read or written, or a folder cannot be listed.
    """
    path = Path(path)
    data, changed = _users_file(path), False
    warnings: list[str] = []
    found = list(_sources(sources, schemas, workdir, warnings))
    for source in found:
        for record, reported in _all_reported(source, path, unread, warnings):
            changed |= _update(data, record, source, reported, is_completed, warnings)
    if changed or not path.exists():
        write_atomic(path, dump(data) if data else "")
    for source in found:
        source.parsed.save()
    return warnings


def _sources(
    folders: Mapping[str, str], schemas: Mapping[str, str], workdir: Path, warnings: list[str]
) -> Iterator[_Source]:
    for pipeline, folder in folders.items():
        schema = schemas.get(pipeline)
        try:
            declared = declared_results(schema, "sample")
        except (OSError, OutputSchemaError) as error:
            warnings.append(f"{schema}: cannot be read, results were not checked: {error}")
            declared = {}
        files = record_paths(f"{folder}/{RECORD}.yaml")
        earlier = record_paths(f"{folder}/{RECORD}.yaml{EARLIER}")
        others = [name for name, one in folders.items() if one == folder and name != pipeline]
        parsed = ParsedFiles(workdir, folder)
        yield _Source(pipeline, files, earlier, declared, others, parsed)


def _all_reported(
    source: _Source, path: Path, unread: list[str] | None, warnings: list[str]
) -> Iterator[tuple[str, Records]]:
    """Each record with the levels of its file."""
    for record in sorted(source.files.keys() | source.earlier.keys()):
        try:
            yield record, _reported(record, source, warnings)
        except ResultsFileError as error:
            warnings.append(error.about_record(f"not in {path}"))
            if unread is not None:
                unread.append(str(source.files[record]))
            yield record, {}  # what an obsolete earlier run reported goes all the same


def _reported(record: str, source: _Source, warnings: list[str]) -> Records:
    """The levels of a record's file; empty if it has none.

    Raises:
        ResultsFileError: it is no results file, or cannot be read.
    """
    if record not in source.files:
        return {}
    file, pipeline = source.files[record], source.pipeline
    data = load_record(file, pipeline, source.others, source.parsed)
    for name in other_pipelines(data, [pipeline, *source.others]):
        warnings.append(
            f"{file}: holds results of pipeline '{name}', too, and they are left out;"
            f" report as '{pipeline}'"
        )
    levels = levels_of(data, pipeline, str(file), warnings)
    return _own(record, levels, source.files, warnings)


def _update(
    data: Records,
    record: str,
    source: _Source,
    reported: Records,
    is_completed: Callable[[str, str], bool],
    warnings: list[str],
) -> bool:
    """Bring one record in the data up to date; True if that changed anything."""
    changed = False
    if record in source.earlier:
        if not is_completed(source.pipeline, record):
            reported = below(_earlier_of(source.earlier[record], source.pipeline), reported)
        elif record not in reported.get("sample", {}):
            earlier = _earlier_of(source.earlier[record], source.pipeline)
            changed = _drop(data, source.pipeline, earlier, reported)
    return _lay_over(data, reported, source, warnings) or changed


def _users_file(path: Path) -> Records:
    """The user's results file as data; empty parts become mappings.

    Raises:
        ResultsFileError: it is no results file.
        OSError: it cannot be read.
    """
    data = load(path)
    for pipeline, levels in data.items():
        data[pipeline] = levels = levels or {}
        if not isinstance(levels, dict) or any(
            not isinstance(records or {}, dict) for records in levels.values()
        ):
            raise ResultsFileError(f"{path}: '{pipeline}' holds no records")
        for level, records in levels.items():
            levels[level] = {str(name): values for name, values in (records or {}).items()}
    return data


def _own(record: str, levels: Records, files: Mapping[str, Path], warnings: list[str]) -> Records:
    """The levels of a record's file, without records that have a file of their own."""
    records = levels.get("sample", {})
    others = [name for name in records if name != record and name in files]
    if not others:
        return levels
    warnings.append(f"{files[record]}: is not the file of record '{others[0]}'; that is left out")
    return {**levels, "sample": {k: v for k, v in records.items() if k not in others}}


def _earlier_of(file: Path, pipeline: str) -> Records:
    try:
        return levels_of(load_record(file), pipeline, str(file), [])
    except ResultsFileError:
        return {}


def _drop(data: Records, pipeline: str, then: Records, now: Records) -> bool:
    """Take out records that were reported earlier and not again; True if there were any."""
    changed = False
    for level, records in then.items():
        target = data.get(pipeline, {}).get(level, {})
        for record in records.keys() - now.get(level, {}).keys():
            changed |= target.pop(record, None) is not None
    return changed


def _lay_over(
    data: Records,
    levels: Records,
    source: _Source,
    warnings: list[str],
) -> bool:
    """Put the reported records into the data; True if that changed anything."""
    changed = False
    for level, records in levels.items():
        if not records:
            continue
        target = data.setdefault(source.pipeline, {"project": {}, "sample": {}})
        target = target.setdefault(level, {})
        for record, results in records.items():
            if level == "sample":
                place = f"{source.files.get(record) or source.pipeline}: "
                results = checked(record, results, source.declared, warnings, place)
            if target.get(record) != results:
                target[record] = results
                changed = True
    return changed

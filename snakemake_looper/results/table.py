"""`table`: the results of a project as files that other tools read.

Plain values go into a TSV with a row for each record, objects (files, images, anything nested)
into a YAML file: names and first columns are those of `looper table`. All records are there,
also those with fewer results than others. Where results of a record are of an earlier run, or
its sample has left the table, a last column `Note` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import write_atomic
from ..layout import table_paths
from .json_values import json_text
from .records import Results
from .schema_check import declared_results
from .table_formats import delimited, markdown
from .yaml_text import dump

FORMATS = ("tsv", "csv", "json", "markdown")
NOTE = "Note"
PIPELINE = "Pipeline Name"
"""The column with the name of the pipeline, in a table of several."""
_MOST = 10
"""Records that a remark names."""
_HEAD = ("Sample Index", "Record Identifier", "Pipeline Type")


def by_pipeline(results: Iterable[Results]) -> dict[str, list[Results]]:
    """The levels of each pipeline: they share a table."""
    found: dict[str, list[Results]] = {}
    for one in results:
        found.setdefault(one.pipeline, []).append(one)
    return found


def columns(levels: Sequence[Results]) -> list[str]:
    """Names of the plain results, in the order of the output schema, then as they appear."""
    nested: set[str] = set()
    reported: dict[str, None] = {}
    for one in levels:
        for values in one.records.values():
            reported.update(dict.fromkeys(values))
            nested.update(key for key, value in values.items() if _is_nested(value))
    known = dict.fromkeys(key for one in levels for key in _of_schema(one))
    return [key for key in {**known, **reported} if key in reported and key not in nested]


def objects(levels: Sequence[Results]) -> dict[str, dict[str, Any]]:
    """The results of each record that are in no column."""
    plain = set(columns(levels))
    found = {
        record: {key: value for key, value in values.items() if key not in plain}
        for one in levels
        for record, values in one.records.items()
    }
    return {record: values for record, values in found.items() if values}


def text(results: Sequence[Results], kind: str, raw: bool = False) -> str:
    """The results of one pipeline, or of several, as one table in one of `FORMATS`.

    A table of several pipelines has a column with the pipeline's name. A result that two of them
    report under one name has one column.

    JSON has the objects as well. It has an object for each level, and for several pipelines an
    object for each pipeline that has these.

    Args:
        results: the records of each pipeline and level.
        kind: the format.
        raw: leave text as it is that a spreadsheet would take for a formula.
    """
    pipelines = by_pipeline(results)
    if kind == "json":
        data = {name: _json_form(levels) for name, levels in pipelines.items()}
        only = next(iter(data.values()), {})
        return json_text(data if len(data) > 1 else only) + "\n"
    head, rows = _lines(list(pipelines.values()))
    if kind == "markdown":
        return markdown(head, rows)
    return delimited(head, rows, "\t" if kind == "tsv" else ",", raw)


def _lines(pipelines: Sequence[Sequence[Results]]) -> tuple[list[str], list[list[Any]]]:
    """The head and the rows of one table of all records."""
    own = [columns(levels) for levels in pipelines]
    names = list(dict.fromkeys(name for one in own for name in one))
    several = len(pipelines) > 1
    has_notes = any(one.notes for levels in pipelines for one in levels)
    rows: list[list[Any]] = []
    for levels, known in zip(pipelines, map(set, own), strict=True):
        for one in levels:
            for record, values in one.records.items():
                cells = [values.get(name) if name in known else None for name in names]
                name = [one.pipeline] if several else []
                note = [one.notes.get(record, "")] if has_notes else []
                rows.append([len(rows) + 1, record, *name, one.level, *cells, *note])
    index, record_column, level = _HEAD
    name = [PIPELINE] if several else []
    return [index, record_column, *name, level, *names, *([NOTE] if has_notes else [])], rows


def _json_form(levels: Sequence[Results]) -> dict[str, Any]:
    notes = {one.level: one.notes for one in levels if one.notes}
    return {one.level: one.records for one in levels} | ({"notes": notes} if notes else {})


def write_tables(
    results: Iterable[Results], folder: Path, amendments: Sequence[str] = (), raw: bool = False
) -> list[Path]:
    """Write the table and the objects of each pipeline; `raw` as in `text`.

    Returns:
        The files.

    Raises:
        OSError: a file cannot be written.
    """
    written = []
    for pipeline, levels in by_pipeline(results).items():
        table, nested = table_paths(folder, pipeline, amendments)
        write_atomic(table, text(levels, "tsv", raw))
        write_atomic(nested, dump(objects(levels)))
        written += [table, nested]
    return written


def remarks(results: Iterable[Results]) -> list[str]:
    """Remarks on a table, one line each: notes on records, and files that cannot be read."""
    found: dict[str, None] = {}
    for one in results:
        found.update(dict.fromkeys(one.warnings))
        by_note: dict[str, list[str]] = {}
        for record, note in one.notes.items():
            by_note.setdefault(note, []).append(record)
        for note, records in by_note.items():
            shown = ", ".join(records[:_MOST])
            more = f" and {len(records) - _MOST} more" if records[_MOST:] else ""
            found[f"{one.pipeline}: {shown}{more}: {note}"] = None
    return list(found)


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple | set | frozenset)


def _of_schema(results: Results) -> list[str]:
    return list(declared_results(results.schema, results.level))

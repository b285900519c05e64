"""The results of a project as the files of `looper table`, which other tools read.

Plain values go into a TSV with a row for each record, objects (files, images, anything nested)
into a YAML file: names and first columns are those of `looper table`. All records are there,
also those with fewer results than others. Where results of a record are of an earlier run, or
its sample has left the table, a last column `Note` says so. Statuses are not in these files: such
tools take the columns behind the third for results. `printed_table` has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import write_atomic
from ..layout import table_paths
from .flat import headings
from .records import Results
from .schema_check import declared_results
from .table_formats import delimited
from .yaml_text import dump

NUMBER, RECORD, LEVEL, NOTE = "Sample Index", "Record Identifier", "Pipeline Type", "Note"
"""Columns beside the results. The first three are looper's."""
_MOST = 10
"""Records that a remark names."""


def by_pipeline(results: Iterable[Results]) -> dict[str, list[Results]]:
    """The levels of each pipeline: they share a table."""
    found: dict[str, list[Results]] = {}
    for one in results:
        found.setdefault(one.pipeline, []).append(one)
    return found


def columns(levels: Sequence[Results]) -> list[str]:
    """Names of the plain results, in the order of the output schema, then as they appear."""
    reported: set[str] = set()
    nested: set[str] = set()
    for one in levels:
        for values in one.records.values():
            reported.update(values)
            nested.update(key for key, value in values.items() if is_nested(value))
    names = dict.fromkeys(name for one in levels for name in result_names(one))
    return [name for name in names if name in reported and name not in nested]


def result_names(results: Results) -> tuple[str, ...]:
    """All results that the output schema declares, in its order, then others as they appear."""
    names = dict.fromkeys(declared_results(results.schema, results.level))
    for values in results.records.values():
        names.update(dict.fromkeys(values))
    return tuple(names)


def objects(levels: Sequence[Results]) -> dict[str, dict[str, Any]]:
    """The results of each record that are in no column."""
    plain = set(columns(levels))
    found = {
        record: {key: value for key, value in values.items() if key not in plain}
        for one in levels
        for record, values in one.records.items()
    }
    return {record: values for record, values in found.items() if values}


def stats_text(levels: Sequence[Results], raw: bool = False) -> str:
    """The plain results of one pipeline as looper's TSV; `raw` as in `table_formats.delimited`."""
    names = columns(levels)
    note = [NOTE] if any(one.notes for one in levels) else []
    rows: list[list[Any]] = []
    for one in levels:
        for record, values in one.records.items():
            cells = [values.get(name) for name in names]
            last = [one.notes.get(record, "")] if note else []
            rows.append([len(rows) + 1, record, one.level, *cells, *last])
    own = [NUMBER, RECORD, LEVEL]
    return delimited([*own, *headings([*own, *note], names, "result"), *note], rows, "\t", raw)


def write_tables(
    results: Iterable[Results], folder: Path, amendments: Sequence[str] = (), raw: bool = False
) -> list[Path]:
    """Write the table and the objects of each pipeline; `raw` as in `stats_text`.

    Returns:
        The files.

    Raises:
        OSError: a file cannot be written.
    """
    written = []
    for pipeline, levels in by_pipeline(results).items():
        table, nested = table_paths(folder, pipeline, amendments)
        write_atomic(table, stats_text(levels, raw))
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


def is_nested(value: Any) -> bool:
    """Whether a value is no plain one: a file, an image, a list, a mapping."""
    return isinstance(value, Mapping | list | tuple | set | frozenset)

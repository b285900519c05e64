"""`table`: the results of a project as files that other tools read.

Plain values go into a TSV with a row for each record, objects (files, images, anything nested)
into a YAML file: names and first columns are those of `looper table`. All records are there,
also those with fewer results than others. Where results of a record are of an earlier run, or
its sample has left the table, a last column `Note` says so.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files import write_atomic
from ..layout import table_paths
from .records import Results
from .results_file import dump
from .schema_check import declared_results

FORMATS = ("tsv", "csv", "json", "markdown")
NOTE = "Note"
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


def text(levels: Sequence[Results], kind: str) -> str:
    """The table of a pipeline in one of `FORMATS`; JSON has the objects as well."""
    if kind == "json":
        data: dict[str, Any] = {one.level: one.records for one in levels}
        notes = {one.level: one.notes for one in levels if one.notes}
        data |= {"notes": notes} if notes else {}
        data = _json_keys(data)
        return json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n"
    names = columns(levels)
    pairs = [(one.level, *record) for one in levels for record in one.records.items()]
    notes_of = {one.level: one.notes for one in levels if one.notes}
    rows = (
        [
            str(number),
            record,
            level,
            *(_cell(values.get(name)) for name in names),
            *([notes_of.get(level, {}).get(record, "")] if notes_of else []),
        ]
        for number, (level, record, values) in enumerate(pairs, start=1)
    )
    head = [*_HEAD, *names, *([NOTE] if notes_of else [])]
    if kind == "markdown":
        return _markdown(head, rows)
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t" if kind == "tsv" else ",", lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def write_tables(
    results: Iterable[Results], folder: Path, amendments: Sequence[str] = ()
) -> list[Path]:
    """Write the table and the objects of each pipeline.

    Returns:
        The files.

    Raises:
        OSError: a file cannot be written.
    """
    written = []
    for pipeline, levels in by_pipeline(results).items():
        table, nested = table_paths(folder, pipeline, amendments)
        write_atomic(table, text(levels, "tsv"))
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


def _json_keys(value: Any) -> Any:
    """Mappings with keys that JSON can have: dates and the like as text."""
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, str) else str(key): _json_keys(item)
            for key, item in value.items()
        }
    return [_json_keys(item) for item in value] if isinstance(value, list) else value


def _is_nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _of_schema(results: Results) -> list[str]:
    return list(declared_results(results.schema, results.level))


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _markdown(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_escaped, line))} |\n" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")

"""One table of all pipelines as text, to print or to write to a file that the user names.

It has a row for each record, or (wide) for each sample. Unlike looper's files it has the status of
each record, and so also records that reported nothing. If the records have attributes of samples,
these are in columns between the status and the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .flat import Names, Rows, per_record, per_sample
from .json_values import json_text
from .project_records import Records
from .record import Place, Record
from .table import LEVEL, NOTE, NUMBER, RECORD, is_nested
from .table_formats import delimited, markdown

PIPELINE = "Pipeline Name"
"""The column with the name of the pipeline, in a table of several."""
STATUS = "Record Status"


def text(records: Records, kind: str, raw: bool = False, wide: bool = False) -> str:
    """The records as one table in one of `table_formats.FORMATS`.

    Nested results are only in JSON. JSON has an object for each level, with the results of each
    record, and beside these objects for statuses, notes and attributes. For several pipelines it
    has an object for each pipeline that has these. In the wide form it is a list of rows.

    Args:
        records: the records; those of pipelines that keep no results are left out.
        kind: the format.
        raw: leave text as it is that a spreadsheet would take for a formula.
        wide: a row for each sample, see `flat.per_sample`.
    """
    pipelines = _pipelines(records)
    kept = [one for one in records if one.pipeline in pipelines]
    if kind == "json":
        data = _json_rows(_wide(records, kept)) if wide else _json_form(records, kept)
        return json_text(data) + "\n"
    table = _wide(records, kept, is_plain=True) if wide else _long(records, kept)
    rows = [[_spaced(value) for value in row] for row in table.rows]
    if kind == "markdown":
        return markdown(table.head, rows)
    return delimited(table.head, rows, "\t" if kind == "tsv" else ",", raw)


def _long(records: Records, kept: Sequence[Record]) -> Rows:
    several = {PIPELINE: "pipeline"} if len(_pipelines(records)) > 1 else {}
    first = {RECORD: "record", **several, LEVEL: "level", STATUS: "status"}
    names = Names(first, _note(kept), NUMBER)
    return per_record(kept, _columns(records, kept), names)


def _wide(records: Records, kept: Sequence[Record], is_plain: bool = False) -> Rows:
    of_samples = [one for one in kept if one.level == "sample"]
    names = Names({STATUS: "status"}, _note(of_samples))
    return per_sample(of_samples, _columns(records, kept, is_plain), names, records.order or {})


def _pipelines(records: Records) -> list[str]:
    """The pipelines that keep results."""
    return list(dict.fromkeys(pipeline for pipeline, _ in records.result_names))


def _note(records: Sequence[Record]) -> dict[str, str]:
    return {NOTE: "note"} if any(one.note for one in records) else {}


def _columns(
    records: Records, kept: Sequence[Record], is_plain: bool = True
) -> dict[Place, list[str]]:
    """The results of each pipeline and level that have a column: those that were reported, and
    without nested values if all shall be plain."""
    reported: set[tuple[str, str, str]] = set()
    nested: set[tuple[str, str, str]] = set()
    for one in kept:
        for name, value in one.results.items():
            reported.add((one.pipeline, one.level, name))
            if is_plain and is_nested(value):
                nested.add((one.pipeline, one.level, name))
    shown = reported - nested
    return {
        place: [name for name in names if (*place, name) in shown]
        for place, names in records.result_names.items()
    }


def _spaced(value: Any) -> Any:
    """A list as a command gets it: its items with blanks between them."""
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _json_form(records: Records, kept: Sequence[Record]) -> dict[str, Any]:
    of_pipeline: dict[str, list[Record]] = {name: [] for name in _pipelines(records)}
    for one in kept:
        of_pipeline[one.pipeline].append(one)
    data = {name: _json_levels(one) for name, one in of_pipeline.items()}
    return data if len(data) > 1 else next(iter(data.values()), {})


def _json_levels(records: Sequence[Record]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    extra: dict[str, Any] = {"statuses": {}, "notes": {}, "attributes": {}}
    for one in records:
        level = found.setdefault(one.level, {})
        if one.results:
            level[one.record] = one.results
        extra["statuses"].setdefault(one.level, {})[one.record] = one.status
        if one.note:
            extra["notes"].setdefault(one.level, {})[one.record] = one.note
        if one.attributes:
            extra["attributes"][one.record] = one.attributes
    return {**found, **{key: value for key, value in extra.items() if value}}


def _json_rows(table: Rows) -> list[dict[str, Any]]:
    return [dict(zip(table.head, row, strict=True)) for row in table.rows]

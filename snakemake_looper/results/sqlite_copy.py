"""A SQLite database that is filled from the files that jobs reported into.

pipestat 0.13 cannot make its tables in SQLite (a JSONB column), so jobs report into files, and
`publish`, the only writer, copies their records. pipestat can read the database as it is, with
`sqlite_url` a bare path (pipestat itself puts `sqlite:///` before it). pipestat then makes only
tables that are missing. A reader that opens pipelines or levels without a table needs this line:

    sqlalchemy.ext.compiler.compiles(JSONB, "sqlite")(lambda *_, **__: "JSON")

`file_state` and `is_as_it_was` tell whether somebody has changed the file since it was filled. They
are called at every start of Snakemake, so they read the file without SQLAlchemy.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from .database_connection import DatabaseError, is_file_to_be_made, sqlite_path, transaction
from .database_tables import (
    CREATED,
    EXTENDED,
    MODIFIED,
    PROJECT,
    RECORD_COLUMN,
    STATUS,
    Tables,
    check_statuses,
    kind_of,
    make_tables,
    tables_of,
)
from .json_values import plain

if TYPE_CHECKING:
    from sqlalchemy import Connection

_META = "meta"
"""The key under which pipestat's files keep the times of a record."""


class _Rows(NamedTuple):
    """Rows that `publish` has to write, and results that it cannot."""

    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    """Each with its `id` under `_row`. No result has this name: pydantic allows no leading `_`."""
    unfit: list[str]
    """Results that have no place in the table, in words."""


def publish(
    config: Mapping[str, Any],
    records: Mapping[str, Mapping[str, Any]],
    statuses: Mapping[str, str] | None = None,
) -> int:
    """Bring a SQLite database up to date with what jobs reported into files, in one transaction.

    A missing file and missing tables are made. A given record gets exactly the given results: all
    others are emptied. Its status changes only if one is given. Other records stay.
    Times come from `meta` in pipestat's files, else from the clock. A value that its column cannot
    hold (text where the schema wants a number) is stored with the results that have no column.

    Returns:
        How many records were new or changed.

    Raises:
        DatabaseError: the database cannot be used, and nothing was written; or some results have
            no place in it, and all others were written.
    """
    from sqlalchemy import bindparam, insert, update

    tables = tables_of(config)
    statuses = statuses or {}
    check_statuses(tables, statuses)
    if sqlite_path(config) is None:
        raise DatabaseError("jobs report to this database themselves; only SQLite is published to")
    is_file_to_be_made(config)  # its message says more than SQLite's
    table = tables.main
    with transaction(config, write=True) as connection:
        make_tables(connection, tables)
        rows = _rows_to_write(tables, _present(connection, tables), records, statuses)
        if rows.new:
            connection.execute(insert(table), rows.new)
        if rows.changed:
            connection.execute(update(table).where(table.c.id == bindparam("_row")), rows.changed)
    if rows.unfit:
        raise DatabaseError(_no_place(config, rows.unfit))
    return len(rows.new) + len(rows.changed)


def _present(connection: Connection, tables: Tables) -> dict[str, dict[str, Any]]:
    from sqlalchemy import select

    ours = select(tables.main).where(tables.main.c[PROJECT] == tables.project)
    return {row[RECORD_COLUMN]: dict(row) for row in connection.execute(ours).mappings()}


def _rows_to_write(
    tables: Tables,
    present: Mapping[str, dict[str, Any]],
    records: Mapping[str, Mapping[str, Any]],
    statuses: Mapping[str, str],
) -> _Rows:
    rows, now = _Rows([], [], []), datetime.now()
    blank = {column.name: None for column in tables.main.c if column.name != "id"}
    for record in {**records, **statuses}:
        wanted: dict[str, Any] = {}
        if record in records:
            wanted, left = _columns_of(tables, records[record])
            rows.unfit.extend(f"'{key}' of record '{record}'" for key in left)
        if record in statuses:
            wanted[STATUS] = statuses[record]
        current = present.get(record)
        if current is None:
            names = {RECORD_COLUMN: record, PROJECT: tables.project}
            rows.new.append({**blank, CREATED: now, MODIFIED: now, **wanted, **names})
            continue
        wanted.pop(CREATED, None)
        if not _agrees(tables, current, wanted):
            row = {**current, MODIFIED: now, **wanted}
            rows.changed.append({**row, "_row": row.pop("id")})
    return rows


def _no_place(config: Mapping[str, Any], unfit: list[str]) -> str:
    shown = ", ".join(unfit[:3]) + (f" and {len(unfit) - 3} more" if len(unfit) > 3 else "")
    return (
        f"{config.get('schema_path')}: has no place for {shown};"
        " declare what is reported, with its type (all other results are in the database)"
    )


def file_state(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state of the file, for `is_as_it_was`; None if there is no such file or table.

    Raises:
        DatabaseError: the config names no SQLite file, or its schema makes no table.
    """
    path, tables = sqlite_path(config), tables_of(config)
    stamp, records = _stamp(path), _count(path, tables.main.name, tables.project)
    if stamp is None or records is None:
        return None
    return {"stamp": stamp, "table": tables.main.name, "records": records}


def is_as_it_was(config: Mapping[str, Any], seen: Mapping[str, Any] | None) -> bool:
    """Whether a SQLite file still is the one that was looked at and has as many of our records.

    Other pipelines have tables of their own in the file, so others may write to it. It is opened
    only if its age or size has changed.
    """
    path = sqlite_path(config)
    stamp = _stamp(path)
    if not seen or stamp is None:
        return False
    try:
        if stamp == seen["stamp"]:
            return True
        if stamp[0] != seen["stamp"][0]:
            return False
        return bool(_count(path, seen["table"], config.get("project_name")) == seen["records"])
    except (KeyError, IndexError, TypeError, AttributeError):  # a damaged note
        return False


def _stamp(path: Path | None) -> list[int] | None:
    try:
        info = os.stat(path or "")
    except OSError:
        return None
    return [info.st_ino, info.st_size, info.st_mtime_ns]


def _count(path: Path | None, table: str, project: Any) -> int | None:
    quoted = table.replace('"', '""')
    query = f'SELECT COUNT(*) FROM "{quoted}" WHERE {PROJECT} = ?'
    try:
        address = f"file:{quote(str(path))}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            return int(connection.execute(query, (project,)).fetchone()[0])
    except sqlite3.Error:
        return None


def _columns_of(tables: Tables, results: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Values of the columns for results and times; and names of results without a place there."""
    row: dict[str, Any] = dict.fromkeys(tables.results)
    more: dict[str, Any] = {}
    left = []
    for key, value in results.items():
        declared = key in tables.results
        if value is None or (key == _META and not declared):
            continue
        fitting = _fit(value, kind_of(tables.main.c[key].type)) if declared else None
        if fitting is not None:
            row[key] = fitting
        elif EXTENDED in tables.main.c:
            more[str(key)] = plain(value)
        else:
            left.append(str(key))
    if EXTENDED in tables.main.c:
        row[EXTENDED] = more or None
    meta = results.get(_META)
    for name in (CREATED, MODIFIED):
        if isinstance(meta, Mapping) and _META not in tables.results:
            with contextlib.suppress(ValueError):
                row[name] = datetime.fromisoformat(str(meta.get(name)))
    return row, left


def _fit(value: Any, kind: str | None) -> Any:
    """The value as a SQLite column of this kind holds it; None if it cannot hold it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "object":
        return plain(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "string":
        # PostgreSQL makes text of numbers, too.
        return str(value) if number or isinstance(value, str | date | PurePath) else None
    if kind == "integer" and number:
        whole = int(value) if value == value and abs(value) < 2**63 else None
        return whole if whole == value else None
    if kind == "number" and number and value == value:  # SQLite stores "not a number" as NULL
        return float(value) if isinstance(value, float) or abs(value) < 2**1023 else None
    return None


def _agrees(tables: Tables, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a row has the wanted values already."""
    for name, value in wanted.items():
        if kind_of(tables.main.c[name].type) != "object":
            if current[name] != value:
                return False
        elif json.dumps(current[name], sort_keys=True) != json.dumps(value, sort_keys=True):
            return False  # compared as text: in Python `True == 1`, and NaN is not itself
    return True

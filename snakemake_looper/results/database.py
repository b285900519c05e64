"""Records in the database of a merged pipestat config: read, written and deleted.

PostgreSQL: jobs report to the server themselves, through pipestat. Before the first job, `check`
says why they could not, and `prepare` makes the tables. pipestat itself makes a table when a job
first needs it. If several jobs do so at once, some of them fail.

SQLite: jobs report into files, and `sqlite_copy` fills the database from them.

Each function takes the content of a merged pipestat config, with its secrets. The config's tables
and project say which rows are meant, see `database_tables`. Rows of other projects are never read
or changed. Each call is one transaction on a connection of its own, see `database_connection`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

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
    fault_of_tables,
    make_tables,
    tables_of,
)

_CHUNK = 500  # names in one statement; SQLite before 3.32 takes 999


def check(config: Mapping[str, Any]) -> str | None:
    """Why results could not be stored in this database; None if they can.

    Nothing is made or changed. Each address of a server has 5 seconds to answer.
    """
    try:
        tables = tables_of(config)
        if is_file_to_be_made(config):
            return None
        with transaction(config) as connection:
            return fault_of_tables(connection, tables)
    except DatabaseError as error:
        return str(error)


def prepare(config: Mapping[str, Any]) -> None:
    """Make the tables that pipestat would make, unless they are there.

    Raises:
        DatabaseError: the database cannot be used.
    """
    from sqlalchemy.exc import IntegrityError, ProgrammingError

    tables = tables_of(config)
    with transaction(config, write=True) as connection:
        try:
            with connection.begin_nested():
                make_tables(connection, tables)
        except (IntegrityError, ProgrammingError):
            # Another process was making them: they are there now, or this fails for good.
            make_tables(connection, tables)


def read_records(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The results of all records of the config's table and project.

    A record has the results that were reported, without status and bookkeeping; a record that has
    only these is empty. There are no records if there is no table yet.

    Raises:
        DatabaseError: the database cannot be used.
    """
    tables = tables_of(config)
    extended = [EXTENDED] if EXTENDED in tables.main.c else []
    found = {}
    for row in _rows(config, tables, [*tables.results, *extended]):
        more = row[EXTENDED] if extended else None
        declared = {key: row[key] for key in tables.results if row[key] is not None}
        found[row[RECORD_COLUMN]] = {**declared, **(more if isinstance(more, dict) else {})}
    return found


def read_statuses(config: Mapping[str, Any]) -> dict[str, str]:
    """The status of each record of the config's table and project that has one.

    Raises:
        DatabaseError: the database cannot be used.
    """
    rows = _rows(config, tables_of(config), [STATUS])
    return {row[RECORD_COLUMN]: row[STATUS] for row in rows if row[STATUS] is not None}


def write_statuses(config: Mapping[str, Any], statuses: Mapping[str, str]) -> None:
    """Set the status of records, in one transaction; a status that is set already is left.

    This does for each record what pipestat's `set_status` does, without an entry in the history.
    Missing tables are made, and a record without a row gets one.

    Raises:
        DatabaseError: the database cannot be used, or the pipeline has no such status; nothing
            was written.
    """
    tables = tables_of(config)
    check_statuses(tables, statuses)
    if not statuses:
        return
    prepare(config)
    now = datetime.now()
    # All writers take the rows in one order, so two of them cannot wait for each other.
    same = {PROJECT: tables.project, CREATED: now, MODIFIED: now}
    rows = [{RECORD_COLUMN: name, STATUS: word, **same} for name, word in sorted(statuses.items())]
    with transaction(config, write=True) as connection:
        if connection.dialect.name == "sqlite":
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        new = insert(tables.main)
        connection.execute(
            new.on_conflict_do_update(
                index_elements=[RECORD_COLUMN, PROJECT],
                set_={STATUS: new.excluded[STATUS], MODIFIED: new.excluded[MODIFIED]},
                where=tables.main.c[STATUS].is_distinct_from(new.excluded[STATUS]),
            ),
            rows,
        )


def empty_records(config: Mapping[str, Any], records: Mapping[str, Collection[str] | None]) -> None:
    """Empty results of records, in one transaction; rows, statuses and the history stay.

    Args:
        config: the merged pipestat config.
        records: for each record, the results to empty; None empties all.

    Raises:
        DatabaseError: the database cannot be used; nothing was emptied.
    """
    _change_rows(config, records, _emptied)


def fill_records(config: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> None:
    """Write results into the empty columns of records, in one transaction.

    A result that a row has stays as it is. A record without a row stays without one.

    Raises:
        DatabaseError: the database cannot be used; nothing was written.
    """
    _change_rows(config, records, _filled)


def _change_rows(
    config: Mapping[str, Any],
    records: Mapping[str, Any],
    change: Callable[[Tables, Mapping[str, Any], Any], dict[str, Any]],
) -> None:
    from sqlalchemy import inspect, select, update

    tables = tables_of(config)
    names = sorted(records)
    if not names or is_file_to_be_made(config):
        return
    with transaction(config, write=True) as connection:
        if not inspect(connection).has_table(tables.main.name):
            return
        columns = tables.main.c
        for start in range(0, len(names), _CHUNK):
            chosen = (
                select(tables.main)
                .where(columns[PROJECT] == tables.project)
                .where(columns[RECORD_COLUMN].in_(names[start : start + _CHUNK]))
                .with_for_update()
            )
            for row in connection.execute(chosen).mappings().all():
                values = change(tables, dict(row), records[row[RECORD_COLUMN]])
                if values:
                    changed = update(tables.main).where(columns.id == row["id"])
                    connection.execute(changed.values(values))


def _emptied(
    tables: Tables, row: Mapping[str, Any], names: Collection[str] | None
) -> dict[str, Any]:
    values: dict[str, Any] = {
        key: None
        for key in tables.results
        if row[key] is not None and (names is None or key in names)
    }
    more = row.get(EXTENDED)
    if isinstance(more, dict) and more:
        left = {key: value for key, value in more.items() if names and key not in names}
        if left != more:
            values[EXTENDED] = left or None
    return values


def _filled(tables: Tables, row: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    declared = {key: value for key, value in results.items() if key in tables.results}
    values = {key: value for key, value in declared.items() if row[key] is None}
    others = {key: value for key, value in results.items() if key not in declared}
    if others and EXTENDED in tables.main.c:
        more = row.get(EXTENDED)
        values[EXTENDED] = {**others, **(more if isinstance(more, dict) else {})}
    return values


def delete_records(config: Mapping[str, Any], records: Iterable[str]) -> int:
    """Delete records of the config's table and project with their history, in one transaction.

    Returns:
        How many rows were deleted.

    Raises:
        DatabaseError: the database cannot be used.
    """
    from sqlalchemy import delete, inspect, select

    tables = tables_of(config)
    names = sorted(set(records))
    if not names or is_file_to_be_made(config):
        return 0
    deleted = 0
    with transaction(config, write=True) as connection:
        present = set(inspect(connection).get_table_names())
        if tables.main.name not in present:
            return 0
        columns = tables.main.c
        for start in range(0, len(names), _CHUNK):
            chosen = (
                columns[PROJECT] == tables.project,
                columns[RECORD_COLUMN].in_(names[start : start + _CHUNK]),
            )
            if tables.history.name in present:
                ids = select(columns.id).where(*chosen)
                source = tables.history.c.source_record_id
                connection.execute(delete(tables.history).where(source.in_(ids)))
            deleted += connection.execute(delete(tables.main).where(*chosen)).rowcount
    return deleted


def _rows(config: Mapping[str, Any], tables: Tables, columns: list[str]) -> list[dict[str, Any]]:
    """The identifier and these columns of all records of a project, the oldest first."""
    from sqlalchemy import inspect, select

    path = sqlite_path(config)
    if path is not None and not os.path.exists(path):
        return []
    table = tables.main
    with transaction(config) as connection:
        if not inspect(connection).has_table(table.name):
            return []
        wanted = [table.c[name] for name in (RECORD_COLUMN, *columns)]
        ours = (table.c[PROJECT] == tables.project) & table.c[RECORD_COLUMN].is_not(None)
        statement = select(*wanted).where(ours).order_by(table.c.id)
        return [dict(row) for row in connection.execute(statement).mappings()]

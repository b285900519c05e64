"""The database of a merged pipestat config: looked at before a run, read and written after it.

PostgreSQL: jobs report to the server themselves, through pipestat. Before they do, `check` says
why pipestat could not, and `prepare` makes the tables: pipestat makes them when a job first needs
them, and of several first jobs that do so at once some fail.

SQLite: pipestat 0.13 cannot make its tables there (a JSONB column), so jobs report into files and
`publish`, the only writer, fills the database from them. pipestat then reads it as it is, with
`sqlite_url` a bare path (it puts `sqlite:///` before it itself): it makes only tables that are
missing. A reader that opens pipelines or levels which were not published needs one line more:

    sqlalchemy.ext.compiler.compiles(JSONB, "sqlite")(lambda *_, **__: "JSON")

The tables are pipestat's own: `<pipeline_name of the output schema>__<level>`, a column for each
declared result and a few for bookkeeping, one row per record and project, and a table of earlier
values beside it, `…_history`. Their layout comes from pipestat's code (see `_tables`).

No connection outlives a call. No message holds the password.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from ..errors import LooperError
from ..status_words import STATUSES

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.engine import URL

_INSTALL = "pip install 'snakemake-looper[database]'"
_CONNECT_SECONDS = 5
_LOCK_SECONDS = 60
"""How long a SQLite database that somebody else is writing is waited for."""
_SERVER_KEYS = ("dialect", "driver", "name", "user", "password", "host", "port")
_RECORD, _PROJECT, _STATUS = "record_identifier", "project_name", "status"
_CREATED, _MODIFIED = "pipestat_created_time", "pipestat_modified_time"
_EXTENDED = "pipestat_extended_data"
"""The column of results that the schema does not declare, where it allows any."""
_META = "meta"
"""What pipestat's files keep the times of a record under."""
_CHUNK = 500  # names in one statement; SQLite before 3.32 takes 999
_SQLITE_URL = re.compile(r"^sqlite(\+\w+)?:///")
_VARIABLE = re.compile(r"\$\{\w+\}|\$\w+")
# What a server or driver says, and what helps. Servers may say it in another language: then
# their own words have to do.
_ADVICE = (
    (r"password|role .* does not exist|user .* does not exist", "correct 'user' and 'password'"),
    (r"database .* does not exist", "create it or correct 'name'"),
    (
        r"refused|timed? ?out|translate|resol|not known|route|unreach",
        "start it or correct 'host', 'port'",
    ),
    (r"permission denied", "have its owner grant what is missing"),
    (r"locked", "wait for the program that is writing it, or stop it"),
    (r"not a database", "move the file away or correct 'sqlite_url'"),
    (r"unable to open|readonly", "make the folder and the file writable or correct 'sqlite_url'"),
)


class DatabaseError(LooperError):
    """The database cannot be used: one line that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """pipestat's tables for one schema and level, and what a config selects in them."""

    main: Table
    history: Table
    results: tuple[str, ...]
    """Columns that hold results, in the order of the schema."""
    statuses: set[str]
    """Those of the schema, and those that jobs have in any case."""
    project: str

    @property
    def tables(self) -> tuple[Table, Table]:
        return self.main, self.history


def check(config: Mapping[str, Any]) -> str | None:
    """Why pipestat (for SQLite: `publish`) could not use this database; None if all is well.

    Makes and changes nothing. A server that does not answer is given up after 5 seconds for each
    of its addresses.
    """
    try:
        layout = _layout(config)
        if _missing_file(config):
            return None
        with _transaction(config) as connection:
            return _fault_of_tables(connection, layout)
    except DatabaseError as error:
        return str(error)


def prepare(config: Mapping[str, Any]) -> None:
    """Make the tables that pipestat would make, unless they are there.

    Raises:
        DatabaseError: the database cannot be used.
    """
    from sqlalchemy.exc import IntegrityError, ProgrammingError

    layout = _layout(config)
    with _transaction(config, write=True) as connection:
        try:
            with connection.begin_nested():
                _make_tables(connection, layout)
        except (IntegrityError, ProgrammingError):
            # Somebody else was making them: they are there now, or this fails for good.
            _make_tables(connection, layout)


def read_records(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The results of all records of the config's table and project.

    Results that were not reported are left out, so are the status and bookkeeping; a record
    that has only these is there and empty. {} if there is no table yet.

    Raises:
        DatabaseError: the database cannot be used.
    """
    layout = _layout(config)
    extended = [_EXTENDED] if _EXTENDED in layout.main.c else []
    found = {}
    for row in _rows(config, layout, [*layout.results, *extended]):
        more = row[_EXTENDED] if extended else None
        declared = {key: row[key] for key in layout.results if row[key] is not None}
        found[row[_RECORD]] = {**declared, **(more if isinstance(more, dict) else {})}
    return found


def read_statuses(config: Mapping[str, Any]) -> dict[str, str]:
    """The status of each record of the config's table and project that has one.

    Raises:
        DatabaseError: the database cannot be used.
    """
    rows = _rows(config, _layout(config), [_STATUS])
    return {row[_RECORD]: row[_STATUS] for row in rows if row[_STATUS] is not None}


def write_statuses(config: Mapping[str, Any], statuses: Mapping[str, str]) -> None:
    """Set the status of records, in one transaction; a status that is set already is left.

    Does what pipestat's `set_status` does for each, without an entry in the history: tables that
    are not there are made, a record without a row gets one.

    Raises:
        DatabaseError: the database cannot be used; or a status is none of ours and none that the
            schema declares, and nothing was written.
    """
    layout = _layout(config)
    _check_statuses(layout, statuses)
    if not statuses:
        return
    prepare(config)
    now = datetime.now()
    # All writers take the rows in one order: two of them then cannot wait for each other.
    rows = [
        {_RECORD: record, _PROJECT: layout.project, _STATUS: status, _CREATED: now, _MODIFIED: now}
        for record, status in sorted(statuses.items())
    ]
    with _transaction(config, write=True) as connection:
        if connection.dialect.name == "sqlite":
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        new = insert(layout.main)
        connection.execute(
            new.on_conflict_do_update(
                index_elements=[_RECORD, _PROJECT],
                set_={_STATUS: new.excluded[_STATUS], _MODIFIED: new.excluded[_MODIFIED]},
                where=layout.main.c[_STATUS].is_distinct_from(new.excluded[_STATUS]),
            ),
            rows,
        )


def empty_records(config: Mapping[str, Any], records: Mapping[str, Collection[str] | None]) -> None:
    """Empty results of records, in one transaction; rows, statuses and the history stay.

    Args:
        config: the merged pipestat config.
        records: for each record the results to empty; None for all.

    Raises:
        DatabaseError: the database cannot be used; nothing was emptied.
    """
    _change_rows(config, records, _emptied)


def fill_records(config: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> None:
    """Put results back that the rows of records do not have, in one transaction.

    A result that a row has stays as it is. A record without a row stays without one.

    Raises:
        DatabaseError: the database cannot be used; nothing was written.
    """
    _change_rows(config, records, _filled)


def _change_rows(
    config: Mapping[str, Any],
    records: Mapping[str, Any],
    change: Callable[[_Layout, Mapping[str, Any], Any], dict[str, Any]],
) -> None:
    from sqlalchemy import inspect, select, update

    layout = _layout(config)
    names = sorted(records)
    if not names or _missing_file(config):
        return
    with _transaction(config, write=True) as connection:
        if not inspect(connection).has_table(layout.main.name):
            return
        columns = layout.main.c
        for start in range(0, len(names), _CHUNK):
            chosen = (
                select(layout.main)
                .where(columns[_PROJECT] == layout.project)
                .where(columns[_RECORD].in_(names[start : start + _CHUNK]))
                .with_for_update()
            )
            for row in connection.execute(chosen).mappings().all():
                values = change(layout, dict(row), records[row[_RECORD]])
                if values:
                    changed = update(layout.main).where(columns.id == row["id"])
                    connection.execute(changed.values(values))


def _emptied(
    layout: _Layout, row: Mapping[str, Any], names: Collection[str] | None
) -> dict[str, Any]:
    values: dict[str, Any] = {
        key: None
        for key in layout.results
        if row[key] is not None and (names is None or key in names)
    }
    more = row.get(_EXTENDED)
    if isinstance(more, dict) and more:
        left = {key: value for key, value in more.items() if names and key not in names}
        if left != more:
            values[_EXTENDED] = left or None
    return values


def _filled(layout: _Layout, row: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    declared = {key: value for key, value in results.items() if key in layout.results}
    values = {key: value for key, value in declared.items() if row[key] is None}
    others = {key: value for key, value in results.items() if key not in declared}
    if others and _EXTENDED in layout.main.c:
        more = row.get(_EXTENDED)
        values[_EXTENDED] = {**others, **(more if isinstance(more, dict) else {})}
    return values


def delete_records(config: Mapping[str, Any], records: Iterable[str]) -> int:
    """Delete records of the config's table and project with their history, in one transaction.

    Returns:
        How many there were.

    Raises:
        DatabaseError: the database cannot be used.
    """
    from sqlalchemy import delete, inspect, select

    layout = _layout(config)
    names = sorted(set(records))
    if not names or _missing_file(config):
        return 0
    deleted = 0
    with _transaction(config, write=True) as connection:
        present = set(inspect(connection).get_table_names())
        if layout.main.name not in present:
            return 0
        columns = layout.main.c
        for start in range(0, len(names), _CHUNK):
            chosen = (
                columns[_PROJECT] == layout.project,
                columns[_RECORD].in_(names[start : start + _CHUNK]),
            )
            if layout.history.name in present:
                ids = select(columns.id).where(*chosen)
                source = layout.history.c.source_record_id
                connection.execute(delete(layout.history).where(source.in_(ids)))
            deleted += connection.execute(delete(layout.main).where(*chosen)).rowcount
    return deleted


def publish(
    config: Mapping[str, Any],
    records: Mapping[str, Mapping[str, Any]],
    statuses: Mapping[str, str] | None = None,
) -> int:
    """Bring a SQLite database up to date with what was reported into files, in one transaction.

    Tables that are not there are made, and so is the file. The row of a given record becomes what
    is given: a result that is not in it is emptied, a status only changes where one is given.
    Other records stay. Times are taken from `meta`, which pipestat's files have, else from the
    clock.

    A value that its column cannot hold (text where the schema wants a number) is kept with the
    results that the schema does not declare.

    Returns:
        How many records were new or changed.

    Raises:
        DatabaseError: the database cannot be used and nothing was written; or the schema allows
            no results that it does not declare and there were some: all others were written.
    """
    from sqlalchemy import bindparam, insert, select, update

    layout = _layout(config)
    statuses = statuses or {}
    _check_statuses(layout, statuses)
    if _sqlite_path(config) is None:
        raise DatabaseError("jobs report to this database themselves; only SQLite is published to")
    _missing_file(config)  # says more than SQLite does
    table, now = layout.main, datetime.now()
    new, changed, unfit = [], [], []
    with _transaction(config, write=True) as connection:
        _make_tables(connection, layout)
        ours = select(table).where(table.c[_PROJECT] == layout.project)
        known = {row[_RECORD]: dict(row) for row in connection.execute(ours).mappings()}
        for record in {**records, **statuses}:
            wanted: dict[str, Any] = {}
            if record in records:
                wanted, left = _row(layout, records[record])
                unfit += [f"'{key}' of record '{record}'" for key in left]
            if record in statuses:
                wanted[_STATUS] = statuses[record]
            current = known.get(record)
            if current is None:
                names = {_RECORD: record, _PROJECT: layout.project}
                times = {_CREATED: now, _MODIFIED: now}
                blank = {column.name: None for column in table.c if column.name != "id"}
                new.append({**blank, **times, **wanted, **names})
            else:
                wanted.pop(_CREATED, None)
                if not _agrees(layout, current, wanted):
                    row = {**current, _MODIFIED: now, **wanted}
                    changed.append({**row, "_row": row.pop("id")})
        if new:
            connection.execute(insert(table), new)
        if changed:
            # pydantic has no field that begins with '_', so no result can have this name.
            connection.execute(update(table).where(table.c.id == bindparam("_row")), changed)
    if unfit:
        shown = ", ".join(unfit[:3]) + (f" and {len(unfit) - 3} more" if len(unfit) > 3 else "")
        raise DatabaseError(
            f"{config.get('schema_path')}: has no place for {shown};"
            " declare what is reported, with its type (all other results are in the database)"
        )
    return len(new) + len(changed)


# --- SQLite: whether a file is still what was filled -----------------------------------------------


def place(config: Mapping[str, Any]) -> str:
    """The file or server of a database, without user and password.

    Raises:
        DatabaseError: the config names none.
    """
    path = _sqlite_path(config)
    if path is not None:
        return str(path)
    section = _section(config)
    return f"{section.get('host')}:{section.get('port')}/{section.get('name')}"


def look(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """What `is_as_it_was` compares with; None if there is no such file or table."""
    path, layout = _sqlite_path(config), _layout(config)
    stamp, records = _stamp(path), _count(path, layout.main.name, layout.project)
    if stamp is None or records is None:
        return None
    return {"stamp": stamp, "table": layout.main.name, "records": records}


def is_as_it_was(config: Mapping[str, Any], seen: Mapping[str, Any] | None) -> bool:
    """Whether a SQLite file still is the one that was looked at and has as many of our records.

    Others may have written to it: other pipelines have tables of their own there. It is opened
    only then, and read without SQLAlchemy, since each start of Snakemake asks this.
    """
    path = _sqlite_path(config)
    stamp = _stamp(path)
    if not seen or stamp is None:
        return False
    if stamp == seen["stamp"]:
        return True
    if stamp[0] != seen["stamp"][0]:
        return False
    return bool(_count(path, seen["table"], config.get("project_name")) == seen["records"])


def _stamp(path: Path | None) -> list[int] | None:
    try:
        info = os.stat(path or "")
    except OSError:
        return None
    return [info.st_ino, info.st_size, info.st_mtime_ns]


def _count(path: Path | None, table: str, project: Any) -> int | None:
    quoted = table.replace('"', '""')
    query = f'SELECT COUNT(*) FROM "{quoted}" WHERE {_PROJECT} = ?'
    try:
        address = f"file:{quote(str(path))}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            return int(connection.execute(query, (project,)).fetchone()[0])
    except sqlite3.Error:
        return None


# --- where ---------------------------------------------------------------------------------------


def _section(config: Mapping[str, Any]) -> dict[str, Any]:
    """The `database:` section, its values expanded as pipestat does."""
    section = config.get("database")
    if not isinstance(section, Mapping):
        raise DatabaseError("'database' is no mapping; write dialect, driver, host, name, …")
    return {
        str(key): os.path.expandvars(os.path.expanduser(value)) if isinstance(value, str) else value
        for key, value in section.items()
    }


def _sqlite_path(config: Mapping[str, Any]) -> Path | None:
    """The file of a SQLite database; None for a server."""
    section = _section(config)
    if "sqlite_url" not in section:
        return None
    text = _SQLITE_URL.sub("", str(section["sqlite_url"] or ""))
    if not text or text == ":memory:" or text.startswith("sqlite:"):
        raise DatabaseError("'sqlite_url' names no file; write 'sqlite_url: results.db'")
    return Path(text)


def _missing_file(config: Mapping[str, Any]) -> bool:
    """Whether this is a SQLite database whose file is still to be made.

    Raises:
        DatabaseError: it cannot be made or written.
    """
    path = _sqlite_path(config)
    if path is None:
        return False
    folder = path.parent
    while not os.path.exists(folder):
        folder = folder.parent
    if os.path.isdir(path):
        raise DatabaseError(f"{path}: is a folder; move it away or correct 'sqlite_url'")
    there = [item for item in (folder, path) if os.path.exists(item)]
    blocked = next((item for item in there if not os.access(item, os.W_OK)), None)
    if blocked or not os.path.isdir(folder):
        raise DatabaseError(
            f"{path}: {blocked or folder} cannot be written to;"
            " make it writable or correct 'sqlite_url'"
        )
    return not os.path.exists(path)


def _address(config: Mapping[str, Any], create: bool) -> URL:
    """Where SQLAlchemy connects to; pipestat's own spelling, so that its faults show here too."""
    try:
        from pipestat.backends.db_backend.db_helpers import construct_db_url
        from sqlalchemy.engine import URL, make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise DatabaseError(_not_installed(error)) from None

    path = _sqlite_path(config)
    if path is not None:
        query = {"mode": "rwc" if create else "rw", "uri": "true"}
        return URL.create("sqlite", database=f"file:{quote(str(path))}", query=query)
    section = _section(config)
    dialect = section.get("dialect", "postgresql")
    if dialect == "sqlite":
        raise DatabaseError("database.dialect: SQLite needs a path; write 'sqlite_url: results.db'")
    if dialect != "postgresql":
        raise DatabaseError(
            f"database.dialect: '{dialect}' cannot hold pipestat's tables; use 'postgresql'"
        )
    missing = [key for key in _SERVER_KEYS if section.get(key) in (None, "")]
    if missing:
        hint = " ('driver: psycopg')" if "driver" in missing else ""
        raise DatabaseError(f"pipestat needs database.{', database.'.join(missing)}; add it{hint}")
    try:
        return make_url(construct_db_url(section))
    except (ArgumentError, ValueError):  # SQLAlchemy may quote the URL, with its password
        raise DatabaseError("'database' makes no address; correct 'host' and 'port'") from None


def _not_installed(error: ImportError) -> str:
    return f"{str(error).splitlines()[0]}, which a database needs; {_INSTALL}"


def _engine(config: Mapping[str, Any], create: bool) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.pool import NullPool

    url = _address(config, create)
    lite = url.get_backend_name() == "sqlite"
    driver = url.drivername.partition("+")[2]
    arguments: dict[str, Any] = {}
    if lite:
        arguments["timeout"] = _LOCK_SECONDS
    elif driver.startswith("psycopg"):
        arguments["connect_timeout"] = _CONNECT_SECONDS
    try:
        # Values are results of users: they do not belong into messages.
        engine = create_engine(
            url, poolclass=NullPool, connect_args=arguments, hide_parameters=True
        )
    except ImportError as error:
        raise DatabaseError(
            f"database.driver: '{driver}' cannot be imported ({str(error).splitlines()[0]});"
            f" {_INSTALL} and write 'driver: psycopg', or install '{driver}'"
        ) from None
    except ArgumentError:
        raise DatabaseError(
            f"database.driver: SQLAlchemy knows no '{driver}'; write 'driver: psycopg'"
        ) from None
    if lite and create:
        # Left to itself, Python's sqlite3 begins a transaction after the tables are made and
        # the rows are read; ours holds all of it.
        @event.listens_for(engine, "connect")
        def no_begin(connection: Any, _: Any) -> None:
            connection.isolation_level = None

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def _transaction(config: Mapping[str, Any], *, write: bool = False) -> Iterator[Connection]:
    """A connection for one transaction.

    Raises:
        DatabaseError: whatever SQLAlchemy raises, in one line.
    """
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(config, create=write)
    try:
        path = _sqlite_path(config)
        if write and path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseError(_explain(error, config)) from None
    except UnicodeError as error:
        raise DatabaseError(f"a result is no valid text ({error}); report it as UTF-8") from None
    except OSError as error:
        raise DatabaseError(f"{error}; make it writable or correct 'sqlite_url'") from None
    finally:
        engine.dispose()


def _explain(error: Exception, config: Mapping[str, Any]) -> str:
    """One line for what a database or its driver said, without the password."""
    words = str(getattr(error, "orig", None) or error).strip()
    said = words.rpartition("FATAL:")[2].strip().splitlines()[0].rstrip(".")
    path = _sqlite_path(config)
    advice = next((text for look, text in _ADVICE if re.search(look, said, re.I)), "")
    advice = advice or "check the 'database' section"
    if path is not None:
        return f"{path}: {said}; {advice}"
    section = _section(config)
    password, shown = str(section["password"]), {str(section[k]) for k in ("host", "name", "user")}
    for secret in {password, quote_plus(password)} - shown:
        said = said.replace(secret, "***")
    given = config["database"]
    unset = [k for k, v in section.items() if given.get(k) == v and _VARIABLE.fullmatch(str(v))]
    if unset:
        advice += f" (is the variable of '{unset[0]}' set?)"
    elif " " in password:
        advice += " (pipestat makes a '+' of the space in the password)"
    place = f"{section['host']}:{section['port']}, database '{section['name']}'"
    return f"PostgreSQL at {place}, user '{section['user']}': {said}; {advice}"


# --- tables --------------------------------------------------------------------------------------


def _layout(config: Mapping[str, Any]) -> _Layout:
    path = config.get("schema_path")
    if not path:
        raise DatabaseError("a database needs an output schema; add 'output_schema' to it")
    project = config.get("project_name")
    if not project:
        raise DatabaseError("a database needs 'project_name' in the 'pipestat' section; add it")
    level = str(config.get("pipeline_type") or "sample")
    try:
        return _parse(os.path.expandvars(os.path.expanduser(str(path))), level, str(project))
    except ImportError as error:
        raise DatabaseError(_not_installed(error)) from None
    except DatabaseError:
        raise
    except Exception as error:  # pipestat and pydantic say in many ways that a schema is none
        said = " ".join(str(error).split()) or type(error).__name__
        raise DatabaseError(
            f"{path}: pipestat can make no tables of it ({type(error).__name__}: {said[:200]});"
            " correct the output schema"
        ) from None


def _parse(schema_path: str, level: str, project: str) -> _Layout:
    # Warnings are about names of results (a result 'schema' hides a method that nobody calls).
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema, main, history = _tables(schema_path, level)
    declared = schema.project_level_data if level == "project" else schema.sample_level_data
    return _Layout(main, history, tuple(declared), {*STATUSES, *schema.status_data}, project)


def _tables(schema_path: str, level: str) -> tuple[Any, Table, Table]:
    """pipestat's parsed schema and its two tables for a level.

    pipestat keeps every model it ever made, by table name, and hangs it into the registry that
    all users of sqlmodel in a process share, Snakemake among them: a schema that was edited
    would have its old tables, and making "all tables" would make Snakemake's too. So a private
    copy of its module is run, with a registry of its own.
    """
    import importlib.util

    from pipestat.backends.db_backend import db_parsed_schema
    from sqlalchemy import JSON, TypeDecorator
    from sqlalchemy.dialects.postgresql import JSONB
    from sqlalchemy.orm import registry
    from sqlmodel import SQLModel

    class Base(SQLModel, registry=registry()):
        pass

    spec = importlib.util.spec_from_file_location(
        db_parsed_schema.__name__, str(db_parsed_schema.__file__)
    )
    assert spec and spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SQLModel = Base
    schema = module.ParsedSchemaDB(schema_path)
    main: Table = schema.build_model(level).__table__
    history: Table = schema.build_history_model(level)[0].__table__
    if isinstance(main.c[_CREATED].type, TypeDecorator):
        # Since 0.0.45 a plain `datetime` must have a time zone, and those of pipestat have none.
        raise DatabaseError(f"pipestat cannot report with this new a sqlmodel; {_INSTALL}")
    for table in (main, history):
        for column in table.columns:
            if isinstance(column.type, JSONB):
                # Empty is NULL, as pipestat leaves it, not the JSON value `null`.
                plain = JSON(none_as_null=True)
                column.type = JSONB(none_as_null=True).with_variant(plain, "sqlite")
    return schema, main, history


def _make_tables(connection: Connection, layout: _Layout) -> None:
    layout.main.metadata.create_all(connection, tables=list(layout.tables))


def _fault_of_tables(connection: Connection, layout: _Layout) -> str | None:
    """Why pipestat could not make these tables, or use those that are there."""
    from sqlalchemy import func, inspect, select
    from sqlalchemy.exc import IdentifierError

    inspector = inspect(connection)
    server = connection.dialect.name == "postgresql"
    for table in layout.tables:
        try:
            connection.dialect.validate_identifier(table.name)
        except IdentifierError as error:
            return f"{error}; shorten 'pipeline_name' of the output schema"
        if not inspector.has_table(table.name):
            allowed = func.has_schema_privilege(func.current_schema(), "CREATE")
            if server and not connection.scalar(select(allowed)):
                return (
                    f"the user may not make table '{table.name}'; have the database's owner run"
                    f" GRANT CREATE ON SCHEMA public TO {connection.engine.url.username}"
                )
            continue
        fault = _fault_of_columns(inspector, table)
        if fault:
            return (
                f"table '{table.name}' was made for another schema: {fault};"
                " rename or drop it, or report to another database"
            )
        name = connection.dialect.identifier_preparer.format_table(table)
        for right in ("SELECT", "INSERT", "UPDATE") if server else ():
            if not connection.scalar(select(func.has_table_privilege(name, right))):
                return (
                    f"the user has no right to {right} in table '{table.name}'; have its owner"
                    f" run GRANT {right} ON {name} TO {connection.engine.url.username}"
                )
    return None


def _fault_of_columns(inspector: Any, table: Table) -> str | None:
    with warnings.catch_warnings():
        # A type that SQLAlchemy does not know is none of ours, and said as such below.
        warnings.simplefilter("ignore")
        present = {column["name"]: column["type"] for column in inspector.get_columns(table.name)}
    # PostgreSQL cuts the names of columns where they are too long, and where they are asked for.
    limit = inspector.dialect.max_identifier_length
    wanted = {name.encode()[:limit].decode(errors="ignore"): c for name, c in table.c.items()}
    missing = [name for name in wanted if name not in present]
    if missing:
        return f"it has no column {', '.join(map(repr, missing))}"
    for name, column in wanted.items():
        is_, should = _kind(present[name]), _kind(column.type)
        if is_ != should:
            return f"column '{name}' is {is_ or 'something else'}, not {should}"
    if "source_record_id" in table.columns:
        return None
    keys = [*inspector.get_unique_constraints(table.name)]
    keys += [index for index in inspector.get_indexes(table.name) if index["unique"]]
    if not any(set(key["column_names"]) == {_RECORD, _PROJECT} for key in keys):
        return f"nothing keeps ({_RECORD}, {_PROJECT}) unique in it"
    return None


def _kind(column_type: Any) -> str | None:
    """What a column holds, as schemas name it; VARCHAR and TEXT are one, so are JSON and JSONB."""
    from sqlalchemy import types

    if isinstance(column_type, types.TypeDecorator):
        column_type = column_type.impl_instance
    kinds = (
        (types.Boolean, "boolean"),
        (types.Integer, "integer"),
        (types.Numeric, "number"),
        (types.String, "string"),
        (types.DateTime, "time"),
        (types.JSON, "object"),
    )
    return next((name for kind, name in kinds if isinstance(column_type, kind)), None)


# --- rows ----------------------------------------------------------------------------------------


def _rows(config: Mapping[str, Any], layout: _Layout, columns: list[str]) -> list[dict[str, Any]]:
    """These columns and the identifier of all records of a project, in the order they came."""
    from sqlalchemy import inspect, select

    path = _sqlite_path(config)
    if path is not None and not os.path.exists(path):
        return []
    table = layout.main
    with _transaction(config) as connection:
        if not inspect(connection).has_table(table.name):
            return []
        wanted = [table.c[name] for name in (_RECORD, *columns)]
        ours = (table.c[_PROJECT] == layout.project) & table.c[_RECORD].is_not(None)
        statement = select(*wanted).where(ours).order_by(table.c.id)
        return [dict(row) for row in connection.execute(statement).mappings()]


def _check_statuses(layout: _Layout, statuses: Mapping[str, str]) -> None:
    unknown = sorted(set(statuses.values()) - layout.statuses)
    if unknown:
        raise DatabaseError(
            f"'{unknown[0]}' is no status of this pipeline; use one of"
            f" {', '.join(sorted(layout.statuses))}"
        )


def _row(layout: _Layout, results: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The columns of a record's results and times, and the results that have no place there."""
    row: dict[str, Any] = dict.fromkeys(layout.results)
    more: dict[str, Any] = {}
    left = []
    for key, value in results.items():
        declared = key in layout.results
        if value is None or (key == _META and not declared):
            continue
        fitting = _fit(value, _kind(layout.main.c[key].type)) if declared else None
        if fitting is not None:
            row[key] = fitting
        elif _EXTENDED in layout.main.c:
            more[str(key)] = _plain(value)
        else:
            left.append(str(key))
    if _EXTENDED in layout.main.c:
        row[_EXTENDED] = more or None
    meta = results.get(_META)
    for name in (_CREATED, _MODIFIED):
        if isinstance(meta, Mapping) and _META not in layout.results:
            with contextlib.suppress(ValueError):
                row[name] = datetime.fromisoformat(str(meta.get(name)))
    return row, left


def _fit(value: Any, kind: str | None) -> Any:
    """The value as a SQLite column of this kind holds it, None if it cannot."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "object":
        return _plain(value)
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


def _plain(value: Any) -> Any:
    """The value as JSON has it: texts as keys, and as whatever JSON has no form for."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _agrees(layout: _Layout, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    for name, value in wanted.items():
        if _kind(layout.main.c[name].type) != "object":
            if current[name] != value:
                return False
        elif json.dumps(current[name], sort_keys=True) != json.dumps(value, sort_keys=True):
            return False  # by their text: in Python `True == 1`, and NaN is not itself
    return True

"""The tables that pipestat reports into, and the faults of tables that are there already.

They are pipestat's own: `<pipeline_name of the output schema>__<level>` has a column for each
declared result and a few for bookkeeping, and one row per record and project. A second table,
`…_history`, has earlier values. pipestat's own code makes their layout (see `pipestat_tables`),
so both agree in every version.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..status_words import STATUSES
from .database_connection import INSTALL, DatabaseError, not_installed

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

RECORD_COLUMN, PROJECT, STATUS = "record_identifier", "project_name", "status"
CREATED, MODIFIED = "pipestat_created_time", "pipestat_modified_time"
EXTENDED = "pipestat_extended_data"
"""The column of results that the schema does not declare, where it allows any."""


@dataclass(frozen=True, slots=True)
class Tables:
    """pipestat's tables for one output schema and level, and the project whose rows are meant."""

    main: Table
    history: Table
    results: tuple[str, ...]
    """Columns that hold results, in the order of the schema."""
    statuses: set[str]
    """The statuses of the schema, and those that every job can have."""
    project: str

    @property
    def both(self) -> tuple[Table, Table]:
        """The main table and the history."""
        return self.main, self.history


def tables_of(config: Mapping[str, Any]) -> Tables:
    """The tables of a merged pipestat config.

    Raises:
        DatabaseError: the config lacks what tables need, or pipestat can make none of its schema.
    """
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
        raise DatabaseError(not_installed(error)) from None
    except DatabaseError:
        raise
    except Exception as error:
        # pipestat, pydantic and sqlmodel raise errors of many kinds for a file that is no output
        # schema. The original error, with its traceback, stays as the cause.
        said = " ".join(str(error).split()) or type(error).__name__
        raise DatabaseError(
            f"{path}: pipestat can make no tables of it ({type(error).__name__}: {said[:200]});"
            " correct the output schema"
        ) from error


def _parse(schema_path: str, level: str, project: str) -> Tables:
    # Warnings are about names of results: a result 'schema' hides a method that nobody calls.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema, main, history = pipestat_tables(schema_path, level)
    declared = schema.project_level_data if level == "project" else schema.sample_level_data
    return Tables(main, history, tuple(declared), {*STATUSES, *schema.status_data}, project)


def pipestat_tables(schema_path: str, level: str) -> tuple[Any, Table, Table]:
    """pipestat's parsed schema and its two tables for a level: the main one and the history.

    pipestat keeps every model that it makes in a registry, by table name. All users of sqlmodel in
    a process share this registry, Snakemake among them. An edited schema would get its old tables,
    and "all tables" would include Snakemake's. So this function runs a private copy of
    pipestat's module, with a registry of its own.
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
    if isinstance(main.c[CREATED].type, TypeDecorator):
        # Since 0.0.45 a plain `datetime` must have a time zone, and those of pipestat have none.
        raise DatabaseError(f"pipestat cannot report with this new a sqlmodel; {INSTALL}")
    for table in (main, history):
        for column in table.columns:
            if isinstance(column.type, JSONB):
                # Empty is NULL, as pipestat leaves it, not the JSON value `null`.
                plain = JSON(none_as_null=True)
                column.type = JSONB(none_as_null=True).with_variant(plain, "sqlite")
    return schema, main, history


def make_tables(connection: Connection, tables: Tables) -> None:
    """Make both tables, unless they are there."""
    tables.main.metadata.create_all(connection, tables=list(tables.both))


def fault_of_tables(connection: Connection, tables: Tables) -> str | None:
    """Why pipestat could not make these tables, or use those that are there; None if it could."""
    from sqlalchemy import func, inspect, select
    from sqlalchemy.exc import IdentifierError

    inspector = inspect(connection)
    server = connection.dialect.name == "postgresql"
    for table in tables.both:
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
        # SQLAlchemy warns of a type that it does not know. Such a column is a fault, said below.
        warnings.simplefilter("ignore")
        present = {column["name"]: column["type"] for column in inspector.get_columns(table.name)}
    # PostgreSQL cuts names of columns that are too long, when they are made and in queries.
    limit = inspector.dialect.max_identifier_length
    wanted = {name.encode()[:limit].decode(errors="ignore"): c for name, c in table.c.items()}
    missing = [name for name in wanted if name not in present]
    if missing:
        return f"it has no column {', '.join(map(repr, missing))}"
    for name, column in wanted.items():
        is_, should = kind_of(present[name]), kind_of(column.type)
        if is_ != should:
            return f"column '{name}' is {is_ or 'something else'}, not {should}"
    if "source_record_id" in table.columns:
        return None
    keys = [*inspector.get_unique_constraints(table.name)]
    keys += [index for index in inspector.get_indexes(table.name) if index["unique"]]
    if not any(set(key["column_names"]) == {RECORD_COLUMN, PROJECT} for key in keys):
        return f"nothing keeps ({RECORD_COLUMN}, {PROJECT}) unique in it"
    return None


def kind_of(column_type: Any) -> str | None:
    """The kind of values of a column, as schemas name it; None if schemas have no such kind.

    VARCHAR and TEXT are one kind, and so are JSON and JSONB.
    """
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


def check_statuses(tables: Tables, statuses: Mapping[str, str]) -> None:
    """Refuse statuses that this pipeline does not have.

    Raises:
        DatabaseError: names the first one, and those that there are.
    """
    unknown = sorted(set(statuses.values()) - tables.statuses)
    if unknown:
        raise DatabaseError(
            f"'{unknown[0]}' is no status of this pipeline; use one of"
            f" {', '.join(sorted(tables.statuses))}"
        )

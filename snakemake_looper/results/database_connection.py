"""Connections to the database that a merged pipestat config names: a server, or a SQLite file.

pipestat's own code makes the addresses, so a wrong address shows here before a job fails with it.
A connection lasts for one transaction. Everything that SQLAlchemy or a driver
raises becomes a `DatabaseError`: one line that says what is wrong and what to do. No message
holds the password.

SQLAlchemy and pipestat are imported inside functions: they take longer than all of planning, and
most projects have no database.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from ..errors import LooperError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL
INSTALL = "pip install 'snakemake-looper[database]'"
_CONNECT_SECONDS = 5
"""How long each address of a server has to answer."""
_LOCK_SECONDS = 60
"""How long this process waits for another one that writes to the SQLite file."""
_SERVER_KEYS = ("dialect", "driver", "name", "user", "password", "host", "port")
_SQLITE_URL = re.compile(r"^sqlite(\+\w+)?:///")
_VARIABLE = re.compile(r"\$\{\w+\}|\$\w+")


# Pieces of the messages of servers and drivers, each with the advice for it. A server may speak
# another language: then its message is shown without such advice.
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


def place_of(config: Mapping[str, Any]) -> str:
    """The file or server of a database, without user and password.

    Raises:
        DatabaseError: the config names none.
    """
    path = sqlite_path(config)
    if path is not None:
        return str(path)
    section = _section(config)
    return f"{section.get('host')}:{section.get('port')}/{section.get('name')}"


def _section(config: Mapping[str, Any]) -> dict[str, Any]:
    """The `database:` section; variables in its values are expanded, as pipestat expands them.

    Raises:
        DatabaseError: it is no mapping.
    """
    section = config.get("database")
    if not isinstance(section, Mapping):
        raise DatabaseError("'database' is no mapping; write dialect, driver, host, name, …")
    return {
        str(key): os.path.expandvars(os.path.expanduser(value)) if isinstance(value, str) else value
        for key, value in section.items()
    }


def sqlite_path(config: Mapping[str, Any]) -> Path | None:
    """The file of a SQLite database; None for a server.

    Raises:
        DatabaseError: `sqlite_url` names no file.
    """
    section = _section(config)
    if "sqlite_url" not in section:
        return None
    text = _SQLITE_URL.sub("", str(section["sqlite_url"] or ""))
    if not text or text == ":memory:" or text.startswith("sqlite:"):
        raise DatabaseError("'sqlite_url' names no file; write 'sqlite_url: results.db'")
    return Path(text)


def is_file_to_be_made(config: Mapping[str, Any]) -> bool:
    """Whether this is a SQLite database whose file does not exist yet.

    Raises:
        DatabaseError: the file cannot be made or written to.
    """
    path = sqlite_path(config)
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
    """The address that SQLAlchemy connects to, made by pipestat's own code for a server."""
    try:
        from pipestat.backends.db_backend.db_helpers import construct_db_url
        from sqlalchemy.engine import URL, make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise DatabaseError(not_installed(error)) from None

    path = sqlite_path(config)
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


def not_installed(error: ImportError) -> str:
    """The message for a package that a database needs and that cannot be imported."""
    return f"{str(error).splitlines()[0]}, which a database needs; {INSTALL}"


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
        # `hide_parameters`: the results of users do not belong in messages.
        engine = create_engine(
            url, poolclass=NullPool, connect_args=arguments, hide_parameters=True
        )
    except ImportError as error:
        raise DatabaseError(
            f"database.driver: '{driver}' cannot be imported ({str(error).splitlines()[0]});"
            f" {INSTALL} and write 'driver: psycopg', or install '{driver}'"
        ) from None
    except ArgumentError:
        raise DatabaseError(
            f"database.driver: SQLAlchemy knows no '{driver}'; write 'driver: psycopg'"
        ) from None
    if lite and create:
        # Without this, Python's sqlite3 begins a transaction only after the tables are made and
        # the rows are read.
        @event.listens_for(engine, "connect")
        def no_begin(connection: Any, _: Any) -> None:
            connection.isolation_level = None

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def transaction(config: Mapping[str, Any], *, write: bool = False) -> Iterator[Connection]:
    """A connection for one transaction; with `write`, a SQLite file is made if it is not there.

    Raises:
        DatabaseError: for whatever SQLAlchemy raises, in one line.
    """
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(config, create=write)
    try:
        path = sqlite_path(config)
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
    """The message of a database or its driver in one line, without the password, with advice."""
    words = str(getattr(error, "orig", None) or error).strip()
    said = words.rpartition("FATAL:")[2].strip().splitlines()[0].rstrip(".")
    path = sqlite_path(config)
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
    host, name = str(section["host"]).rpartition("@")[2], str(section["name"]).partition("?")[0]
    place = f"{host}:{section['port']}, database '{name}'"
    return f"PostgreSQL at {place}, user '{section['user']}': {said}; {advice}"

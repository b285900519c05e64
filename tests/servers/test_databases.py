"""Databases: what pipestat reports there is read, what is written there is as pipestat has it.

pipestat itself runs in processes of its own: it keeps models for as long as a process lives, and
makes the tables of all of them in every database that it opens.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from support.postgres import PASSWORD, USER, Server
from support.projects import write
from support.running import PATIENCE, python, wait_until

from snakemake_looper.results import database_connection
from snakemake_looper.results.database import (
    check,
    delete_records,
    prepare,
    read_records,
    read_statuses,
    write_statuses,
)
from snakemake_looper.results.database_connection import DatabaseError
from snakemake_looper.results.sqlite_copy import publish

SCHEMA = """
    pipeline_name: count-lines
    samples:
      n: {type: integer, description: a count, index: true}
      ratio: {type: number, description: a share}
      word: {type: string, description: a text}
      ok: {type: boolean, description: a verdict}
      at: {type: path, description: a path}
      plot: {type: image, description: a picture}
      parts: {type: object, description: a mapping}
      rows: {type: array, description: a list}
      aligned (%): {type: number, description: a name that needs quotes}
    project:
      total: {type: integer, description: a sum}
    """
STRICT = """
    pipeline_name: strict
    samples:
      additionalProperties: false
      n: {type: integer, description: a count}
    """
FULL: dict[str, Any] = {
    "n": 3,
    "ratio": 0.5,
    "word": "ünï 'quoted'",
    "ok": False,
    "at": "a/b",  # `b.txt` would be made a mapping by pipestat, which its column cannot hold
    "plot": {"path": "p.png", "title": "P", "thumbnail_path": "t.png"},
    "parts": {"a": {"b": [1, None, "x"]}},
    "rows": [{"x": 1}, {"x": 2}],
    "aligned (%)": 99.5,
}
Config = dict[str, Any]
Configure = Callable[..., Config]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """The content of a merged pipestat config; its schema is written."""

    def make(section: dict[str, Any], schema: str = SCHEMA, **changes: Any) -> Config:
        write(tmp_path, {"schema.yaml": schema})
        config = {
            "pipeline_name": "count-lines",
            "pipeline_type": "sample",
            "project_name": "demo",
            "schema_path": str(tmp_path / "schema.yaml"),
            "database": section,
        }
        return {**config, **changes}

    return make


@pytest.fixture
def section(postgres: Server) -> Iterator[dict[str, Any]]:
    """A database of the test's own. No connection to it may be left at the end."""
    name = f"test_{time.time_ns()}"
    postgres.query(f"CREATE DATABASE {name}")
    yield postgres.section(name)
    # A server notices within moments that a client is gone.
    wait_until(lambda: connections(postgres, name) == 0, "a connection is left")
    postgres.query(f"DROP DATABASE {name}")


def connections(server: Server, name: str) -> int:
    return int(
        server.query(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")[0][0]
    )


@pytest.fixture
def lite(configure: Configure, tmp_path: Path) -> Config:
    """A config for SQLite; neither the file nor its folder is there."""
    return configure({"sqlite_url": str(tmp_path / "out" / "results.db")})


def pipestat(folder: Path, config: Config, code: str, before: str = "") -> Any:
    """What `code` leaves in `answer`, run in a process with pipestat's `manager` of a config."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    program = dedent(before) + dedent(
        """
        import json, sys
        from pipestat import PipestatManager
        manager = PipestatManager(config_file="config.yaml")
        answer = None
        """
    )
    end = "\nprint('answer', json.dumps(answer, default=str))\n"
    done = python(program + dedent(code) + end, cwd=folder)
    assert done.code == 0, done.text
    return json.loads(done.out.rpartition("answer ")[2])


JSONB_IN_SQLITE = """
    from sqlalchemy.dialects.postgresql import JSONB
    from sqlalchemy.ext.compiler import compiles
    compiles(JSONB, "sqlite")(lambda *_, **__: "JSON")
    """


# --- PostgreSQL ----------------------------------------------------------------------------------


def test_what_pipestat_reports_is_read(
    configure: Configure, section: dict[str, Any], tmp_path: Path
) -> None:
    config = configure(section)
    assert (read_records(config), read_statuses(config)) == ({}, {})
    code = f"""
        manager.report(record_identifier="a", values={FULL!r})
        manager.report(record_identifier="b", values={{"n": 0}})
        manager.set_status(record_identifier="b", status_identifier="failed")
        """
    pipestat(tmp_path, config, code)
    assert read_records(config) == {"a": FULL, "b": {"n": 0}}
    assert read_statuses(config) == {"b": "failed"}


def test_the_driver_that_looper_documents(
    configure: Configure, section: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("psycopg2")
    config = configure({**section, "driver": "psycopg2"})
    assert check(config) is None
    write_statuses(config, {"b": "failed"})
    pipestat(tmp_path, config, f"manager.report(record_identifier='a', values={FULL!r})")
    assert read_records(config) == {"a": FULL, "b": {}}
    said = check(configure({**section, "driver": "psycopg2", "password": "wrong-secret"}))
    assert said and "password authentication failed" in said and "wrong-secret" not in said


def test_no_record_is_too_many(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
    tmp_path: Path,
) -> None:
    config = configure(section)
    statuses = {f"s{index}": "completed" for index in range(2500)}
    write_statuses(config, statuses)
    postgres.query('UPDATE "count-lines__sample" SET n = id', section["name"])
    shown = pipestat(tmp_path, config, "answer = len(manager.select_records()['records'])")
    assert shown == 1000, "pipestat reads all records now: quirk 23 is history"
    records = read_records(config)
    assert sorted(result["n"] for result in records.values()) == list(range(1, 2501))
    assert read_statuses(config) == statuses
    assert delete_records(config, statuses) == 2500


def test_other_projects_and_levels_are_left_alone(
    configure: Configure, section: dict[str, Any]
) -> None:
    ours = configure(section)
    other = {**ours, "project_name": "other"}
    level = {**ours, "pipeline_type": "project"}
    for config in (ours, other, level):
        write_statuses(config, {"a": "waiting", "b": "waiting"})
    write_statuses(ours, {"a": "completed"})
    assert delete_records(ours, ["b", "unknown"]) == 1
    assert read_statuses(ours) == {"a": "completed"}
    assert read_statuses(other) == {"a": "waiting", "b": "waiting"} == read_statuses(level)
    assert read_records(ours) == {"a": {}}


def test_statuses_are_written_as_pipestat_writes_them(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
    tmp_path: Path,
) -> None:
    config = configure(section)
    code = """
        manager.set_status(record_identifier="theirs", status_identifier="running")
        manager.report(record_identifier="both", values={"n": 1})
        """
    pipestat(tmp_path, config, code)
    write_statuses(config, {"ours": "running", "both": "completed"})
    table = postgres.query(
        "SELECT to_jsonb(t) - ARRAY['id', 'record_identifier', 'pipestat_created_time',"
        " 'pipestat_modified_time'], pipestat_created_time = pipestat_modified_time"
        " FROM \"count-lines__sample\" t WHERE record_identifier IN ('ours', 'theirs')",
        section["name"],
    )
    assert len(table) == 2 and table[0] == table[1]
    code = "answer = [manager.get_status(name) for name in ('theirs', 'ours', 'both')]"
    assert pipestat(tmp_path, config, code) == ["running", "running", "completed"]
    assert read_records(config)["both"] == {"n": 1}


def test_a_status_that_is_set_already_changes_nothing(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
) -> None:
    config = configure(section)
    write_statuses(config, {"a": "running", "b": "running"})
    look = 'SELECT xmin, record_identifier FROM "count-lines__sample" ORDER BY 2'
    before = postgres.query(look, section["name"])
    write_statuses(config, {"a": "running", "b": "failed"})
    after = postgres.query(look, section["name"])
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]


def test_records_are_deleted_with_their_history(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
    tmp_path: Path,
) -> None:
    config = configure(section)
    assert delete_records(config, ["a"]) == 0, "there is no table yet"
    code = """
        for value in (1, 2, 3):
            for name in ("a", "b"):
                manager.report(record_identifier=name, values={"n": value})
        """
    pipestat(tmp_path, config, code)
    history = 'SELECT count(*) FROM "count-lines__sample_history"'
    assert postgres.query(history, section["name"]) == [(4,)]
    assert delete_records(config, ["a"]) == 1
    assert postgres.query(history, section["name"]) == [(2,)]
    assert read_records(config) == {"b": {"n": 3}}


LAYOUT = (
    "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 3",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " ORDER BY 1, 2",
)


def test_prepared_tables_are_pipestats(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
    tmp_path: Path,
) -> None:
    config = configure(section)
    name = section["name"]
    prepare(config)
    ours = [postgres.query(query, name) for query in LAYOUT]
    assert any("n" in row for row in ours[0])
    postgres.query('DROP TABLE "count-lines__sample_history", "count-lines__sample"', name)
    pipestat(tmp_path, config, "")
    assert [postgres.query(query, name) for query in LAYOUT] == ours


def test_tables_that_others_make_at_the_same_time(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
) -> None:
    import psycopg

    config = configure(section)
    faults: list[Exception] = []

    def work() -> None:
        try:
            prepare(config)
        except Exception as error:
            faults.append(error)

    waiting = f"""SELECT 1 FROM pg_stat_activity WHERE datname = '{section["name"]}'
        AND wait_event_type = 'Lock'"""
    with psycopg.connect(
        host="127.0.0.1",
        port=section["port"],
        user=USER,
        password=PASSWORD,
        dbname=section["name"],
    ) as other:
        other.execute('CREATE TABLE "count-lines__sample" (id integer PRIMARY KEY)')
        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: postgres.query(waiting), "nobody waits for the lock")
        other.commit()
        thread.join(PATIENCE)
    assert not thread.is_alive() and not faults


# --- why a database cannot be used ---------------------------------------------------------------


def test_a_database_that_can_be_used(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
    tmp_path: Path,
) -> None:
    config = configure(section)
    assert check(config) is None
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert postgres.query(tables, section["name"]) == [(0,)], "a check makes nothing"
    pipestat(tmp_path, config, "manager.report(record_identifier='a', values={'n': 1})")
    assert check(config) is None


def test_variables_are_expanded(
    configure: Configure, section: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", section["password"])
    assert check(configure({**section, "password": "${DEMO_PASSWORD}"})) is None
    monkeypatch.delenv("DEMO_PASSWORD")
    said = check(configure({**section, "password": "${DEMO_PASSWORD}"}))
    assert said and "is the variable of 'password' set?" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong-secret"}, ("password", "correct 'user' and 'password'")),
        ({"user": "nobody-known"}, ("nobody-known", "correct 'user' and 'password'")),
        ({"name": "no_such"}, ('"no_such" does not exist', "create it or correct 'name'")),
        ({"host": "no-such-host.invalid"}, ("start it or correct 'host', 'port'",)),
        ({"port": "many"}, ("makes no address; correct 'host' and 'port'",)),
        ({"driver": None}, ("needs database.driver; add it ('driver: psycopg')",)),
        ({"driver": "nonsense"}, ("knows no 'nonsense'; write 'driver: psycopg'",)),
        ({"dialect": "mysql"}, ("'mysql' cannot hold", "use 'postgresql'")),
        ({"dialect": "sqlite"}, ("write 'sqlite_url: results.db'",)),
    ],
)
def test_what_is_wrong_with_a_section(
    configure: Configure, section: dict[str, Any], changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    config = configure({**section, **changes})
    said = check(config)
    assert said and all(word in said for word in words), said
    assert "\n" not in said and PASSWORD not in said and "wrong-secret" not in said
    with pytest.raises(DatabaseError) as raised:
        read_records(config)
    assert str(raised.value) == said


def test_a_password_in_what_the_driver_says_is_not_passed_on(configure: Configure) -> None:
    # An address that is none is repeated by the driver, and this one has the password in it.
    section = {"dialect": "postgresql", "driver": "psycopg", "name": "demo", "user": "demo"}
    section |= {"password": "hunter2", "host": "hunter2.invalid", "port": "1"}
    pytest.importorskip("psycopg")
    said = check(configure(section))
    assert said and said.count("hunter2") == 1, "the host is shown, what it failed with is not"


def test_a_server_that_is_down(configure: Configure, section: dict[str, Any]) -> None:
    with socket.socket() as taken:  # bound, so nobody else is there; not listening
        taken.bind(("127.0.0.1", 0))
        said = check(configure({**section, "port": taken.getsockname()[1]}))
    assert said and "refused; start it or correct 'host', 'port'" in said


def test_a_server_that_does_not_answer(
    configure: Configure, section: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_connection, "_CONNECT_SECONDS", 2)  # psycopg takes no less
    import psycopg

    connect, asked = psycopg.connect, dict[str, Any]()
    # Without this, psycopg itself waits for more than two minutes.
    monkeypatch.setattr(psycopg, "connect", lambda **words: asked.update(words) or connect(**words))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = check(configure({**section, "port": silent.getsockname()[1]}))
    assert said and "timeout" in said and "start it or correct 'host', 'port'" in said
    assert asked["connect_timeout"] == 2


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ('ALTER TABLE "{0}" DROP COLUMN n, DROP COLUMN ok', "it has no column 'n', 'ok'"),
        ('ALTER TABLE "{0}" ALTER n TYPE text', "column 'n' is string, not integer"),
        (
            'ALTER TABLE "{0}" ALTER word TYPE xml USING NULL',
            "column 'word' is something else, not string",
        ),
        ('ALTER TABLE "{0}_history" DROP COLUMN word', "it has no column 'word'"),
        (
            'ALTER TABLE "{0}" DROP CONSTRAINT "{0}_record_identifier_project_name_key"',
            "nothing keeps (record_identifier, project_name) unique in it",
        ),
    ],
)
def test_tables_of_another_schema(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
    statement: str,
    fault: str,
) -> None:
    config = configure(section)
    prepare(config)
    postgres.query(statement.format("count-lines__sample"), section["name"])
    said = check(config)
    assert said and f"was made for another schema: {fault}; rename or drop it" in said


def test_types_that_do_as_well(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
) -> None:
    config = configure(section)
    prepare(config)
    postgres.query(
        'ALTER TABLE "count-lines__sample" ALTER n TYPE bigint, ALTER word TYPE text,'
        " ALTER parts TYPE json, ADD more text",
        section["name"],
    )
    assert check(config) is None


def test_rights_that_a_user_lacks(
    configure: Configure,
    section: dict[str, Any],
    postgres: Server,
) -> None:
    name, guest = section["name"], f"guest_{section['name']}"
    config = configure({**section, "user": guest, "password": "guest"})
    owner = configure(section)
    postgres.query(f"CREATE USER {guest} PASSWORD 'guest'")
    try:
        said = check(config)
        assert said and "the user may not make table 'count-lines__sample'; have" in said
        with pytest.raises(DatabaseError, match="permission denied"):
            prepare(config)
        prepare(owner)
        said = check(config)
        assert said and "the user has no right to SELECT" in said
        for table in ("count-lines__sample", "count-lines__sample_history"):
            postgres.query(f'GRANT SELECT, INSERT, UPDATE ON "{table}" TO {guest}', name)
        assert check(config) is None
    finally:
        postgres.query(f"DROP OWNED BY {guest}", name)
        postgres.query(f"DROP USER {guest}")


def test_a_driver_that_is_not_installed(
    configure: Configure, section: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = check(configure(section))
    assert said and "'psycopg' cannot be imported" in said
    assert "pip install 'snakemake-looper[database]'" in said


def test_sqlmodel_is_not_installed(lite: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("pipestat.backends.db_backend")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlmodel", None)
    said = check(lite)
    assert said and "sqlmodel" in said and "pip install 'snakemake-looper[database]'" in said


def test_sqlmodel_is_too_new(lite: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """As 0.0.45 and newer are: `datetime` has a type of its own, which wants time zones."""
    import sqlmodel.main
    from sqlalchemy import DateTime, TypeDecorator

    class UTCDateTime(TypeDecorator[datetime]):
        impl = DateTime
        cache_ok = True

    usual = sqlmodel.main.get_sqlalchemy_type

    def newer(field: Any) -> Any:
        found = usual(field)
        return UTCDateTime() if isinstance(found, DateTime) or found is DateTime else found

    monkeypatch.setattr(sqlmodel.main, "get_sqlalchemy_type", newer)
    said = check(lite)
    assert said == (
        "pipestat cannot report with this new a sqlmodel; pip install 'snakemake-looper[database]'"
    )


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ("pipeline_name: p\n", "Neither sample-level nor project-level"),
        ("pipeline_name: p\nsamples: {n: {type: integer}}\n", "missing required key(s)"),
        ("pipeline_name: p\nsamples: {n: {type: odd, description: d}}\n", "odd"),
        ("pipeline_name: p\nsamples: {status: {type: string, description: d}}\n", "reserved"),
        ("pipeline_name: [\n", "correct the output schema"),
    ],
)
def test_schemas_that_make_no_tables(configure: Configure, schema: str, fault: str) -> None:
    said = check(configure({"sqlite_url": "results.db"}, schema))
    assert said and "schema.yaml: pipestat can make no tables of it" in said and fault in said
    assert "\n" not in said


def test_names_that_are_too_long_for_the_server(
    configure: Configure, section: dict[str, Any]
) -> None:
    schema = "pipeline_name: {}\nsamples: {{{}: {{type: integer, description: d}}}}\n"
    said = check(configure(section, schema.format("p" * 60, "n")))
    assert said and "63 characters; shorten 'pipeline_name' of the output schema" in said
    # Of a result, PostgreSQL drops what is too much whenever it is named.
    config = configure(section, schema.format("p", "n" * 64))
    write_statuses(config, {"a": "waiting"})
    assert check(config) is None
    assert read_records(config) == {"a": {}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_path": None}, "needs an output schema"),
        ({"schema_path": "/no/such/schema.yaml"}, "/no/such/schema.yaml: pipestat can make no"),
        ({"project_name": None}, "needs 'project_name'"),
        ({"database": "postgresql://"}, "'database' is no mapping"),
        ({"database": {"sqlite_url": ":memory:"}}, "names no file"),
        ({"database": {"sqlite_url": "sqlite://"}}, "names no file"),
    ],
)
def test_what_a_config_lacks(lite: Config, changes: dict[str, Any], words: str) -> None:
    said = check({**lite, **changes})
    assert said and words in said


# --- SQLite --------------------------------------------------------------------------------------


def test_what_is_published_is_read(lite: Config) -> None:
    assert publish(lite, {"a": FULL, "b": {}}, {"b": "failed", "c": "waiting"}) == 3
    assert read_records(lite) == {"a": FULL, "b": {}, "c": {}}
    assert read_statuses(lite) == {"b": "failed", "c": "waiting"}
    with sqlite3.connect(lite["database"]["sqlite_url"]) as connection:
        query = 'SELECT count(*), count(n), count(plot) FROM "count-lines__sample"'
        counts = connection.execute(query).fetchone()
    connection.close()
    assert counts == (3, 1, 1), "what was not reported is NULL, also where a column is JSON"


@pytest.mark.parametrize("spelling", ["{}", "sqlite:///{}", "${{DEMO_FOLDER}}/out/results.db"])
def test_spellings_of_a_path(
    lite: Config, spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_FOLDER", str(tmp_path))
    path = tmp_path / "out" / "results.db"
    publish({**lite, "database": {"sqlite_url": spelling.format(path)}}, {"a": {"n": 1}})
    assert path.is_file()
    assert read_records(lite) == {"a": {"n": 1}}


def test_a_path_with_signs_of_a_url(configure: Configure, tmp_path: Path) -> None:
    config = configure({"sqlite_url": str(tmp_path / "50% of #1?" / "r.db")})
    publish(config, {"a": {"n": 1}})
    assert (tmp_path / "50% of #1?" / "r.db").is_file()
    assert read_records(config) == {"a": {"n": 1}}


def test_publishing_again_changes_nothing(lite: Config) -> None:
    path = Path(lite["database"]["sqlite_url"])
    records = {"a": FULL, "b": {"ratio": float("nan"), "rows": [float("nan")], "other": 1}}
    assert publish(lite, records, {"a": "completed"}) == 2
    before = path.read_bytes()
    assert publish(lite, records, {"a": "completed"}) == 0
    assert path.read_bytes() == before


def test_publishing_brings_records_up_to_date(lite: Config) -> None:
    publish(lite, {name: {"n": 1, "word": "w"} for name in "abc"}, {"a": "running"})
    assert publish(lite, {"a": {"n": 2}, "b": {"n": 1, "word": "w"}}) == 1
    assert read_records(lite) == {"a": {"n": 2}, "b": {"n": 1, "word": "w"}} | {
        "c": {"n": 1, "word": "w"}
    }
    assert read_statuses(lite) == {"a": "running"}, "a status stays where none is given"
    assert publish(lite, {}, {"a": "completed"}) == 1
    assert read_records(lite)["a"] == {"n": 2}, "results stay where only a status is given"
    assert publish(lite, {"a": {"n": True}}) == 1, "True is not the number 1"


def test_times_are_those_of_the_report(lite: Config, tmp_path: Path) -> None:
    first, later = "2024-01-02 03:04:05", "2025-01-02 03:04:05"
    meta = {"pipestat_created_time": first, "pipestat_modified_time": first, "history": {}}
    publish(lite, {"a": {"n": 1, "meta": meta}})
    meta = {**meta, "pipestat_created_time": later, "pipestat_modified_time": later}
    assert publish(lite, {"a": {"n": 2, "meta": meta}}) == 1
    assert read_records(lite) == {"a": {"n": 2}}
    code = """
        row = manager.retrieve_one("a")
        answer = row["pipestat_created_time"], row["pipestat_modified_time"]
        """
    assert pipestat(tmp_path, lite, code) == [first, later]


def test_pipestat_reads_what_is_published(lite: Config, tmp_path: Path) -> None:
    """Its manager opens the file as it is, given the path in pipestat's own spelling."""
    publish(lite, {"a": FULL}, {"a": "completed"})
    code = """
        row = manager.retrieve_one("a")
        shown = {key: value for key, value in row.items() if value is not None}
        answer = shown, manager.get_status("a"), manager.count_records()
        """
    row, status, count = pipestat(tmp_path, lite, code)
    assert {key: row[key] for key in FULL} == FULL
    assert set(row) - set(FULL) == {
        *("id", "record_identifier", "project_name", "status"),
        *("pipestat_created_time", "pipestat_modified_time"),
    }
    assert (status, count) == ("completed", 1)


def test_the_layout_is_pipestats(lite: Config, tmp_path: Path) -> None:
    """Which pipestat can make only with its JSONB compiled to something that SQLite has."""

    def layout(path: Path) -> list[Any]:
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
            found = sorted(rows.fetchall(), key=str)
        connection.close()
        return found

    publish(lite, {})
    theirs = {**lite, "database": {"sqlite_url": str(tmp_path / "theirs.db")}}
    with pytest.raises(AssertionError, match="CompileError"):
        pipestat(tmp_path, theirs, "")
    pipestat(tmp_path, theirs, "", JSONB_IN_SQLITE)
    ours = layout(Path(lite["database"]["sqlite_url"]))
    assert any("JSON" in str(row) for row in ours)
    assert ours == layout(tmp_path / "theirs.db")


def test_the_project_level(lite: Config, tmp_path: Path) -> None:
    project = {**lite, "pipeline_type": "project"}
    publish(lite, {"a": {"n": 1}})
    assert publish(project, {"demo": {"total": 7}}, {"demo": "completed"}) == 1
    assert read_records(project) == {"demo": {"total": 7}}
    assert read_records(lite) == {"a": {"n": 1}}
    code = "answer = manager.retrieve_one(result_identifier='total')"
    assert pipestat(tmp_path, project, code) == 7


@pytest.mark.parametrize(
    ("result", "value", "kept"),
    [
        ("n", 4.0, 4),
        ("n", 2**40, 2**40),
        ("ratio", 4, 4.0),
        ("ratio", float("inf"), float("inf")),
        ("word", 5, "5"),
        ("parts", {1: {"when": Path("x")}}, {"1": {"when": "x"}}),
        ("rows", (1, 2), [1, 2]),
        ("rows", [float("nan"), {True: float("-inf")}], ["NaN", {"true": "-Infinity"}]),
    ],
)
def test_values_that_a_column_holds_in_its_own_way(
    lite: Config, result: str, value: Any, kept: Any
) -> None:
    publish(lite, {"a": {result: value}})
    with sqlite3.connect(lite["database"]["sqlite_url"]) as connection:
        stored = connection.execute(f'SELECT "{result}" FROM "count-lines__sample"').fetchone()[0]
    connection.close()
    assert stored is not None
    (found,) = read_records(lite)["a"].values()
    assert found == kept and type(found) is type(kept)


@pytest.mark.parametrize(
    ("result", "value"),
    [
        ("n", "many"),
        ("n", 1.5),
        ("n", True),
        ("n", 2**70),
        ("ratio", 10**400),
        ("ok", 1),
        ("word", {"path": "p", "title": "t"}),
        ("undeclared", [1, {"a": None}]),
    ],
)
def test_values_that_no_column_holds_are_not_lost(lite: Config, result: str, value: Any) -> None:
    publish(lite, {"a": {result: value, "plot": {"path": "p"}}})
    assert read_records(lite)["a"] == {result: value, "plot": {"path": "p"}}


def test_a_schema_that_allows_nothing_else(configure: Configure, tmp_path: Path) -> None:
    config = configure({"sqlite_url": str(tmp_path / "r.db")}, STRICT)
    with pytest.raises(DatabaseError, match=r"no place for 'n' of record 'b', 'x' of record 'b';"):
        publish(config, {"a": {"n": 1}, "b": {"n": "many", "x": 1}, "c": {"n": 3}})
    assert read_records(config) == {"a": {"n": 1}, "b": {}, "c": {"n": 3}}


def test_an_edited_schema_has_its_own_tables(lite: Config, tmp_path: Path) -> None:
    """In the same process, and without a trace in what other users of sqlmodel share."""
    from sqlmodel import SQLModel

    publish(lite, {"a": {"n": 1}})
    assert not [name for name in SQLModel.metadata.tables if name.startswith("count-lines")]
    schema = "pipeline_name: count-lines\nsamples: {m: {type: integer, description: d}}\n"
    write(tmp_path, {"schema.yaml": schema})
    said = check(lite)
    assert said and "made for another schema: it has no column 'm'" in said
    with pytest.raises(DatabaseError, match="m"):
        read_records(lite)
    new = {**lite, "database": {"sqlite_url": str(tmp_path / "new.db")}}
    publish(new, {"a": {"m": 1}})
    assert read_records(new) == {"a": {"m": 1}}


def test_results_named_like_methods(configure: Configure, tmp_path: Path) -> None:
    """pydantic warns about such names, which would be an error here."""
    schema = "pipeline_name: p\nsamples: {schema: {type: string, description: d}}\n"
    config = configure({"sqlite_url": str(tmp_path / "r.db")}, schema)
    publish(config, {"a": {"schema": "x"}})
    assert read_records(config) == {"a": {"schema": "x"}}


def test_reading_makes_nothing(lite: Config) -> None:
    assert check(lite) is None
    assert (read_records(lite), read_statuses(lite)) == ({}, {})
    assert delete_records(lite, ["a"]) == 0
    write_statuses(lite, {})
    assert not Path(lite["database"]["sqlite_url"]).parent.exists()


def test_statuses_and_deletion_in_sqlite(lite: Config) -> None:
    write_statuses(lite, {"a": "running", "b": "running"})
    publish(lite, {"a": {"n": 1}})
    write_statuses(lite, {"a": "completed"})
    assert read_statuses(lite) == {"a": "completed", "b": "running"}
    assert delete_records(lite, ["b", "b", "c"]) == 1
    assert read_records(lite) == {"a": {"n": 1}}


def test_unknown_statuses_are_refused(lite: Config, tmp_path: Path) -> None:
    for attempt in (
        lambda: publish(lite, {"a": {"n": 1}}, {"a": "odd"}),
        lambda: write_statuses(lite, {"a": "odd"}),
    ):
        with pytest.raises(DatabaseError, match="'odd' is no status of this pipeline; use one of"):
            attempt()
    assert read_records(lite) == {}, "nothing was written"
    schema = dedent(SCHEMA) + "status: {odd: {description: an own status}}\n"
    write(tmp_path, {"schema.yaml": schema})
    write_statuses(lite, {"a": "odd", "b": "completed"})
    assert read_statuses(lite) == {"a": "odd", "b": "completed"}, "jobs have theirs in any case"


def test_a_file_that_is_no_database(lite: Config) -> None:
    path = Path(lite["database"]["sqlite_url"])
    write(path.parent, {path.name: "sample_name,n\n" * 100})
    said = check(lite)
    assert said and f"{path}: file is not a database; move the file away" in said
    with pytest.raises(DatabaseError, match="not a database"):
        publish(lite, {"a": {"n": 1}})


def test_a_folder_that_is_none(configure: Configure, tmp_path: Path) -> None:
    write(tmp_path, {"file": "text"})
    config = configure({"sqlite_url": str(tmp_path / "file" / "results.db")})
    said = check(config)
    assert said and f"{tmp_path / 'file'} cannot be written to; make it writable" in said
    with pytest.raises(DatabaseError, match="make it writable or correct 'sqlite_url'"):
        publish(config, {"a": {"n": 1}})


def test_a_file_that_may_not_be_written(lite: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(lite, {"a": {"n": 1}})
    path = Path(lite["database"]["sqlite_url"])
    # Asked of the system only here: tests may run as root, who may write everywhere.
    monkeypatch.setattr(os, "access", lambda item, mode: Path(item) != path)
    said = check(lite)
    assert said and f"{path} cannot be written to; make it writable" in said
    assert read_records(lite) == {"a": {"n": 1}}


def test_a_database_that_somebody_is_writing(lite: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(lite, {"a": {"n": 1}})
    monkeypatch.setattr(database_connection, "_LOCK_SECONDS", 0.1)
    other = sqlite3.connect(lite["database"]["sqlite_url"], isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="is locked; wait for the program"):
            publish(lite, {"a": {"n": 2}})
        assert read_records(lite) == {"a": {"n": 1}}
    finally:
        other.close()


def test_writers_wait_for_each_other(lite: Config) -> None:
    from sqlalchemy import Engine, event

    write_statuses(lite, {"a": "running"})
    faults: list[Exception] = []
    begun: list[str] = []

    def note(_: object, cursor: object, statement: str, *more: object) -> None:
        begun.append(statement)

    def work() -> None:
        try:
            publish(lite, {"b": {"n": 1}})
        except Exception as error:
            faults.append(error)

    other = sqlite3.connect(lite["database"]["sqlite_url"], isolation_level=None)
    event.listen(Engine, "before_cursor_execute", note)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE \"count-lines__sample\" SET status = 'failed'")
        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: begun or faults, "nothing is published")
        # A writer that reads first would have read the values that change here.
        assert begun == ["BEGIN IMMEDIATE"]
        other.execute("COMMIT")
        thread.join(PATIENCE)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        other.close()
    assert not thread.is_alive() and not faults
    assert (read_statuses(lite), read_records(lite)["b"]) == ({"a": "failed"}, {"n": 1})


def test_a_fault_leaves_nothing_behind(lite: Config) -> None:
    with pytest.raises(DatabaseError, match="a result is no valid text"):
        publish(lite, {"a": {"n": 1}, "b": {"word": "\ud800"}})
    with sqlite3.connect(lite["database"]["sqlite_url"]) as connection:
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == []
    connection.close()


def test_a_file_that_goes_away_is_not_made_by_reading(
    lite: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(lite["database"]["sqlite_url"])
    path.parent.mkdir()
    monkeypatch.setattr(os.path, "exists", lambda item: True)
    with pytest.raises(DatabaseError, match="unable to open database file"):
        read_records(lite)
    monkeypatch.undo()
    assert not path.exists()


def test_only_sqlite_is_published_to(configure: Configure, section: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="jobs report to this database themselves"):
        publish(configure(section), {"a": {"n": 1}})

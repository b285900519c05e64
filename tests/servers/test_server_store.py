"""The store of a database server keeps the promises of all stores; on a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import PASSWORD, Server
from support.stores import (
    RECORDS,
    deletes_the_named_records,
    gives_and_takes_values,
    has_its_records,
    has_no_records,
    store_row,
)

from snakemake_looper.results.stores.open_store import open_store
from snakemake_looper.results.stores.server_store import ServerStore


@pytest.fixture
def store(postgres: Server, tmp_path: Path) -> Iterator[ServerStore]:
    name = f"store_{time.time_ns()}"
    postgres.query(f"CREATE DATABASE {name}")
    row = store_row(tmp_path, "database", database=postgres.section(name))
    opened = open_store(row, tmp_path)
    assert isinstance(opened, ServerStore)
    yield opened
    postgres.query(f"DROP DATABASE {name} WITH (FORCE)")


def report(store: ServerStore) -> None:
    """Do what jobs do: each has a row, and reports into it."""
    store.prepare()
    store.write_statuses(dict.fromkeys(RECORDS, "running"))
    store.fill(RECORDS)


def test_a_store_that_nobody_reported_to(store: ServerStore) -> None:
    has_no_records(store)
    assert store.refuse() is None
    store.prepare()
    has_no_records(store)


def test_its_records(store: ServerStore) -> None:
    report(store)
    has_its_records(store)


def test_delete(store: ServerStore) -> None:
    report(store)
    deletes_the_named_records(store)


def test_values_in_and_out(store: ServerStore) -> None:
    report(store)
    gives_and_takes_values(store)


def test_statuses(store: ServerStore) -> None:
    report(store)
    store.write_statuses({"a": "completed", "c": "failed"})
    assert store.read_statuses() == {"a": "completed", "b": "running", "c": "failed"}
    assert store.read([])["c"] == {}


def test_neither_place_nor_show_has_the_password(store: ServerStore) -> None:
    assert store.place().startswith("127.0.0.1:")
    assert PASSWORD not in store.place() + store.show()


def test_without_an_output_schema_there_is_no_table(store: ServerStore) -> None:
    bare = open_store(store.row._replace(schema=None), store.workdir)
    assert bare.read([]) == {} and not bare.names() and bare.shared() is None

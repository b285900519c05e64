"""Stores in files, and copies of them: each keeps the same promises (see `support.stores`)."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.stores import (
    RECORDS,
    deletes_the_named_records,
    gives_and_takes_values,
    has_its_records,
    has_no_records,
    store_row,
)

from snakemake_looper.results import pephub_table
from snakemake_looper.results.stores.open_store import open_store
from snakemake_looper.results.stores.pephub_store import PephubStore
from snakemake_looper.results.stores.record_files_store import RecordFilesStore
from snakemake_looper.results.stores.results_file_store import ResultsFileStore
from snakemake_looper.results.stores.server_store import ServerStore
from snakemake_looper.results.stores.sqlite_store import SqliteStore
from snakemake_looper.results.stores.store import CopyStore, Store, StoreError
from snakemake_looper.workspace.rows import StoreRow

PATTERN = "{record_identifier}.yaml"
SQLITE = {"sqlite_url": "all.db"}


def a_results_file(folder: Path) -> Store:
    return open_store(store_row(folder, "file", "results.yaml"), folder)


def an_assembled_file(folder: Path) -> Store:
    return open_store(store_row(folder, "file", "results.yaml"), folder, str(folder / "records"))


def a_file_for_each_record(folder: Path) -> Store:
    return open_store(store_row(folder, "records", f"records/{PATTERN}"), folder)


def sqlite_copy(folder: Path) -> CopyStore:
    section = {"sqlite_url": str(folder / "all.db")}
    row = store_row(folder, "file", "results.yaml", "sqlite", database=section)
    store = open_store(row, folder)
    assert isinstance(store, CopyStore)
    return store


def write_records(store: Store) -> None:
    """Write what jobs would report."""
    for name, values in RECORDS.items():
        path = Path(store.row.location.replace("{record_identifier}", name))
        path.parent.mkdir(exist_ok=True)
        known = yaml.safe_load(path.read_text()) if path.exists() else None
        data = known or {"count": {"project": {}, "sample": {}}}
        data["count"]["sample"][name] = {**values, "meta": {"pipestat_created_time": "now"}}
        path.write_text(yaml.safe_dump(data))


OPENERS = [a_results_file, an_assembled_file, a_file_for_each_record, sqlite_copy]


@pytest.fixture(params=OPENERS, ids=lambda one: one.__name__)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    opened: Store = request.param(tmp_path)
    return opened


def test_each_back_end_has_its_class(tmp_path: Path) -> None:
    kinds = {
        ("file", None): ResultsFileStore,
        ("records", None): RecordFilesStore,
        ("database", None): ServerStore,
        ("file", "sqlite"): SqliteStore,
        ("file", "pephub"): PephubStore,
    }
    for (back_end, published), kind in kinds.items():
        row = store_row(tmp_path, back_end, "results.yaml", published)
        assert type(open_store(row, tmp_path)) is kind


def test_a_store_that_nobody_reported_to(store: Store) -> None:
    has_no_records(store)
    assert store.refuse() is None


def test_its_records(store: Store) -> None:
    write_records(store)
    has_its_records(store)


def test_delete(store: Store) -> None:
    write_records(store)
    deletes_the_named_records(store)


def test_values_in_and_out_of_a_file_that_records_share(tmp_path: Path) -> None:
    store = a_results_file(tmp_path)
    write_records(store)
    path = Path(store.row.location)
    data = yaml.safe_load(path.read_text())
    for values in data["count"]["sample"].values():
        del values["meta"]
    path.write_text(yaml.safe_dump({**data, "other": {"sample": {"a": {"m": 1}}}}))
    gives_and_takes_values(store)
    assert yaml.safe_load(path.read_text())["other"] == {"sample": {"a": {"m": 1}}}


@pytest.mark.parametrize("opener", [an_assembled_file, a_file_for_each_record])
def test_a_record_with_a_file_of_its_own_shares_nothing(
    opener: Callable[[Path], Store], tmp_path: Path
) -> None:
    store = opener(tmp_path)
    assert store.shared() is None
    assert store.record_pattern() == str(tmp_path / "records" / PATTERN)
    assert store.is_only_record_files() is (opener is a_file_for_each_record)


def test_numbers_that_were_stored_as_text_are_numbers(store: Store) -> None:
    write_records(store)
    for path in store.workdir.rglob("*.yaml"):
        path.write_text(path.read_text().replace("n: 3", "n: '3'"))
    assert store.read([])["a"] == RECORDS["a"]


def test_a_damaged_record_file_costs_its_own_record(tmp_path: Path) -> None:
    store = a_file_for_each_record(tmp_path)
    write_records(store)
    (tmp_path / "records/a.yaml").write_text("{")
    warnings: list[str] = []
    assert store.read(warnings) == {"b": RECORDS["b"]}
    (line,) = warnings
    assert line == (
        f"{tmp_path}/records/a.yaml:1: is not valid YAML: its record is left out;"
        " correct or remove the file"
    )


# --- copies ---------------------------------------------------------------------------------------


def rows(folder: Path) -> dict[str, tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "all.db")) as connection:
        query = "SELECT record_identifier, n, word, status FROM count__sample"
        return {name: tuple(rest) for name, *rest in connection.execute(query)}


def test_sqlite_is_filled_and_not_written_twice(tmp_path: Path) -> None:
    store = sqlite_copy(tmp_path)
    statuses = {"a": "completed", "c": "failed"}
    state = store.publish(RECORDS, statuses, {})
    assert rows(tmp_path) == {
        "a": (3, "x", "completed"),
        "b": (5, None, None),
        "c": (None, None, "failed"),
    }
    before = (tmp_path / "all.db").stat().st_mtime_ns
    store.publish(RECORDS, statuses, {})
    assert (tmp_path / "all.db").stat().st_mtime_ns == before
    assert store.is_as_it_was(state)
    store.publish({}, {}, {"a": ["n", "word"]})
    assert rows(tmp_path)["a"] == (None, None, "completed"), "results go, the status stays"


@pytest.mark.parametrize("change", ["removed", "emptied", "replaced"])
def test_sqlite_is_not_as_it_was(change: str, tmp_path: Path) -> None:
    store = sqlite_copy(tmp_path)
    state = store.publish(RECORDS, {}, {})
    path = tmp_path / "all.db"
    if change == "removed":
        path.unlink()
    elif change == "emptied":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DELETE FROM count__sample")
            connection.commit()
    else:
        (tmp_path / "new.db").write_bytes(b"")
        (tmp_path / "new.db").rename(path)
    assert not store.is_as_it_was(state)


def test_a_deleted_record_leaves_both_the_file_and_its_copy(tmp_path: Path) -> None:
    store = sqlite_copy(tmp_path)
    write_records(store)
    store.publish(store.read([]), {}, {})
    store.delete(["a"])
    assert list(rows(tmp_path)) == ["b"] and sorted(store.names()) == ["b"]


def test_pephub_gets_results_and_is_rid_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(pephub_table, "publish", lambda *words: said.append(("publish", *words)))
    monkeypatch.setattr(
        pephub_table, "delete_records", lambda *words: said.append(("delete", *words))
    )
    row = store_row(tmp_path, "file", "results.yaml", "pephub", pephub_path="lab/all:default")
    store = open_store(row, tmp_path)
    assert isinstance(store, PephubStore)
    store.publish(RECORDS, {"a": "completed"}, {})
    assert said == [("publish", "lab/all:default", RECORDS, {"a": "completed"})]
    said.clear()
    store.publish({}, {}, {"a": ["n"]})
    assert said[0] == ("delete", "lab/all:default", {"a": ["n"]})
    said.clear()
    write_records(store)
    store.delete(["a"])
    assert said == [("delete", "lab/all:default", {"a": ["n", "word", "status"]})]
    assert sorted(store.names()) == ["b"]


def test_a_secret_that_is_gone_is_said(tmp_path: Path) -> None:
    store = sqlite_copy(tmp_path)
    (tmp_path / ".looper.yaml").write_text("pipestat: {}\n")
    keys = {"file": str(tmp_path / ".looper.yaml"), "keys": ["pipestat", "database"]}
    config = {"database": {"secret_from_looper_config": keys}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(StoreError, match="no longer holds a secret"):
        store.config()


def test_results_that_an_older_version_set_aside_are_found(tmp_path: Path) -> None:
    """It named the file after the absolute place of the store."""
    location = str(tmp_path / "results.yaml")
    row = StoreRow("r", "p", "sample", "file", location, "sqlite", None, "config.yaml")
    store = open_store(row, tmp_path)
    new = store.earlier_file(".yaml")
    text = json.dumps(["p", "sample", location, "sqlite"])
    former = new.with_name(f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.yaml")
    former.parent.mkdir(parents=True)
    former.touch()
    assert store.earlier_file(".yaml") == former != new
    new.touch()
    assert store.earlier_file(".yaml") == new

"""The promises that every store keeps, as checks: tests of each back end run them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from snakemake_looper.results.stores.store import SharedStore, Store
from snakemake_looper.workspace.rows import StoreRow

SCHEMA = """
pipeline_name: count
samples:
  n: {type: integer, description: a number}
  word: {type: string, description: a text}
"""
RECORDS: Mapping[str, Mapping[str, Any]] = {"a": {"n": 3, "word": "x"}, "b": {"n": 5}}


def store_row(
    folder: Path, back_end: str, location: str = "", published: str | None = None, **config: Any
) -> StoreRow:
    """A row of the job table; its output schema and merged config are written."""
    (folder / "schema.yaml").write_text(SCHEMA)
    schema = str(folder / "schema.yaml")
    content = {
        "pipeline_name": "count",
        "pipeline_type": "sample",
        "project_name": "demo",
        "schema_path": schema,
        **config,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(content))
    place = str(folder / location) if location else ""
    return StoreRow("count", "count", "sample", back_end, place, published, schema, "config.yaml")


def has_no_records(store: Store) -> None:
    """A store that nobody has reported to is read as an empty one, and reading makes nothing."""
    before = sorted(store.workdir.iterdir())
    assert store.read([]) == {}
    assert list(store.names()) == []
    assert sorted(store.workdir.iterdir()) == before


def has_its_records(store: Store) -> None:
    warnings: list[str] = []
    assert store.read(warnings) == RECORDS and warnings == []
    assert sorted(store.names()) == ["a", "b"]


def deletes_the_named_records(store: Store) -> None:
    store.delete(["a", "unknown"])
    assert store.read([]) == {"b": RECORDS["b"]}
    store.delete(["a"])
    assert sorted(store.names()) == ["b"]


def gives_and_takes_values(store: Store) -> None:
    """Results that are taken out are gone; those that are put in do not replace newer ones."""
    shared = store.shared()
    assert isinstance(shared, SharedStore)
    assert shared.values() == RECORDS
    shared.empty({"a": ["n"], "b": None})
    left = {name: values for name, values in shared.values().items() if values}
    assert left == {"a": {"word": "x"}}
    shared.fill({"a": {"n": 9, "word": "old"}})
    assert shared.values()["a"] == {"n": 9, "word": "x"}

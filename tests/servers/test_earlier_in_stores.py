"""Results of an earlier run in a database server: columns are emptied, and filled again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.earlier import (
    PROJECT,
    PROJECT_LEVEL,
    PlayedProject,
    left,
    notes,
    read,
    sample,
    set_says,
)
from support.postgres import Server
from support.projects import edit

from snakemake_looper.cli import main
from snakemake_looper.results import database as databases
from snakemake_looper.results.database_connection import DatabaseError
from snakemake_looper.results.earlier import conclude


class OnServer(PlayedProject):
    """Jobs report to PostgreSQL themselves; a value that is there stays, as with pipestat."""

    def report(self, config: dict[str, Any], record: str, says: str, level: str) -> list[str]:
        databases.write_statuses(config, {record: "running"})
        known = sorted(databases.read_records(config)[record])
        values = {key: int(value) for key, value in (pair.split("=") for pair in says.split())}
        databases.fill_records(config, {record: values})
        return known


@pytest.fixture
def on_server(project: Callable[..., Path], postgres: Server) -> Iterator[OnServer]:
    count = project(PROJECT)
    name = f"earlier_{time.time_ns()}"
    postgres.query(f"CREATE DATABASE {name}")
    section = json.dumps({"project_name": "demo", "database": postgres.section(name)})
    edit(count / ".looper.yaml", "results_file_path: all.yaml,", section[1:-1] + ",")
    path = count / "count.yaml"
    text = path.read_text().replace("{pipestat.results_file}", "{pipestat.config_file}")
    path.write_text(text + PROJECT_LEVEL)
    yield OnServer(count)
    postgres.query(f"DROP DATABASE {name} WITH (FORCE)")


def test_rows_of_a_server(on_server: OnServer) -> None:
    """A record's columns are empty when its job begins, and filled again if it fails."""
    folder = on_server.folder
    on_server.run(a="n=1 m=2", b="n=5")
    assert on_server.run(a="n=7", b="") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 7}, "b": {}} and left(folder) == []
    assert on_server.run(a="m=3!", b="n=5") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 7, "m": 3}, "b": {"n": 5}}
    some = "failed; some values are of an earlier run"
    assert notes(folder) == {"a": some}
    assert on_server.run(a="!") == {"a": ["m"]}, "what was put back is taken out again"
    assert sample(folder) == {"a": {"n": 7, "m": 3}, "b": {"n": 5}}
    jobs, _ = on_server.begin("a", "b")  # and killed
    assert sample(folder) == {"a": {"n": 7, "m": 3}, "b": {"n": 5}}
    assert notes(folder) == {"a": some}
    on_server.die(jobs)
    assert on_server.run(a="n=8") == {"a": ["m"]}
    assert sample(folder) == {"a": {"n": 8, "m": 3}, "b": {"n": 5}}
    assert notes(folder) == {} and left(folder) == []


def test_rows_of_a_server_at_project_level(on_server: OnServer) -> None:
    folder = on_server.folder
    on_server.run(a="n=1", b="n=5")
    on_server.run("project", demo="total=1 mean=2")
    assert on_server.run("project", demo="total=3!") == {"demo": []}
    results = read(folder)[-1]
    assert results.records == {"demo": {"total": 3, "mean": 2}}
    assert results.notes == {"demo": "failed; some values are of an earlier run"}
    on_server.run("project", demo="")
    assert read(folder)[-1].records == {"demo": {"total": 3}} and left(folder) == []


def test_a_server_that_goes_away_keeps_what_is_kept_here(
    on_server: OnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_server.run(a="n=1")
    jobs, planned = on_server.begin("a")
    on_server.job(jobs, planned[0], "", "failed", "sample")

    def away(*arguments: Any) -> None:
        raise DatabaseError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(databases, "fill_records", away)
        assert conclude(jobs, on_server.folder) == [
            "count: earlier results were not put back: connection refused"
        ]
    assert sample(on_server.folder) == {"a": {"n": 1}}
    assert conclude(jobs, on_server.folder) == []
    assert sample(on_server.folder) == {"a": {"n": 1}}
    assert notes(on_server.folder) == {"a": "failed; values are of an earlier run"}
    on_server.die(jobs)


def test_a_sample_that_left_the_table(
    on_server: OnServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` asks no server: log and flag say that the sample was there."""
    folder = on_server.folder
    on_server.run(a="n=1", b="n=5", c="n=6")
    set_says(folder, b="n=5")
    config = ["-c", str(folder / ".looper.yaml")]
    assert notes(folder) == dict.fromkeys("ac", "not in the sample table")
    main(["check", *config])
    assert "not in the sample table: a, c;" in capsys.readouterr().err
    assert main(["destroy", "--samples", "a", "--force", *config]) == 0
    assert set(sample(folder)) == {"b", "c"}
    assert main(["destroy", "--removed", "--force", *config]) == 0
    assert sample(folder) == {"b": {"n": 5}} and not list(folder.rglob("count_c*"))

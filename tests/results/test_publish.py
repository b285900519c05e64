"""What the main process does about results when a run ends; no Snakemake, jobs are played."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import edit
from support.reporting import REPORTING, SQLITE, jobs_of, record_file, report, set_flag

from snakemake_looper.results import publish, sqlite_copy
from snakemake_looper.results.assembly_notes import is_assembly_due
from snakemake_looper.results.publish import (
    assemble_rule,
    make_tables,
    publish_all,
    publish_rule,
    refusals,
)
from snakemake_looper.results.unfinished import unfinished
from snakemake_looper.workspace.job_table import JobTable

FILE = "out/count/all.yaml"


@pytest.fixture
def folder(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    made = project(REPORTING)
    monkeypatch.chdir(made)  # a run is in its working directory
    return made


@pytest.fixture
def lite(folder: Path) -> Path:
    edit(folder / ".looper.yaml", "results_file_path: all.yaml,", SQLITE)
    return folder


@pytest.fixture
def jobs(folder: Path) -> Iterator[JobTable]:
    table = jobs_of(folder)
    yield table
    table.close()


def completed(jobs: JobTable, record: str, **values: Any) -> None:
    report(jobs, record, **values)
    set_flag(jobs, record, "completed")


def in_file(folder: Path) -> Any:
    return yaml.safe_load((folder / FILE).read_text())["count"]["sample"]


def rows(folder: Path) -> dict[str, tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "all.db")) as connection:
        query = "SELECT record_identifier, n, status FROM count__sample"
        return {name: tuple(rest) for name, *rest in connection.execute(query)}


# --- results files --------------------------------------------------------------------------------


def test_record_files_become_a_results_file(folder: Path, jobs: JobTable) -> None:
    completed(jobs, "a", n="3")
    report(jobs, "b", n=5)
    set_flag(jobs, "b", "failed")
    assert publish_all(jobs) == []
    assert in_file(folder) == {"a": {"n": 3}, "b": {"n": 5}}, "also of jobs that failed"


def test_the_second_time_nothing_is_written(folder: Path, jobs: JobTable) -> None:
    completed(jobs, "a", n=3)
    publish_all(jobs)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert publish_all(jobs) == [] and unfinished(jobs) == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_results_file_that_is_none_is_left_to_the_next_run(
    folder: Path, jobs: JobTable, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / FILE
    path.parent.mkdir(parents=True)
    path.write_text("{")
    completed(jobs, "a", n=3)
    (line,) = publish_all(jobs)
    assert line == (
        f"{path}:1: is not valid YAML; correct or move it; it was not updated: the next run tries again"
    )
    assert capsys.readouterr().err == f"error: {line}\n"
    assert unfinished(jobs) == [FILE] and path.read_text() == "{"
    path.unlink()
    assert publish_all(jobs) == [] and unfinished(jobs) == []
    assert in_file(folder) == {"a": {"n": 3}}


def test_a_wrong_value_is_named_and_is_no_error(
    folder: Path, jobs: JobTable, capsys: pytest.CaptureFixture[str]
) -> None:
    completed(jobs, "a", n="three")
    assert publish_all(jobs) == []
    assert capsys.readouterr().err == (
        f"warning: {record_file(jobs, 'a')}: record 'a': n: 'three' is no integer;"
        " correct the value, or its type in the output schema\n"
    )
    assert in_file(folder) == {"a": {"n": "three"}}


def test_the_warnings_of_a_rule_are_not_repeated(
    folder: Path,
    jobs: JobTable,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Snakemake changes the time of a file that a rule has made: it is assembled again."""
    completed(jobs, "a", n="three")
    record_file(jobs, "b").write_text("- list\n")
    ((path, sources, schemas),) = jobs.results()
    monkeypatch.chdir(folder)
    done, said = assemble_rule(
        os.path.relpath(path),
        {name: os.path.relpath(one) for name, one in sources.items()},
        schemas,
        lambda pipeline, record: True,
    )
    assert done and len(said) == 2
    assert capsys.readouterr().err == "".join(f"warning: {line}\n" for line in said)
    os.utime(path)
    record_file(jobs, "c").write_text("- list\n")
    assert publish_all(jobs) == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: {record_file(jobs, 'c')}: is no results file")


def test_an_unexpected_error_costs_one_file_and_shows_its_traceback(
    folder: Path,
    jobs: JobTable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    completed(jobs, "a", n=3)
    monkeypatch.setattr(publish, "assemble", lambda *_: 1 / 0)
    (line,) = publish_all(jobs)
    assert line == (
        f"{folder}/{FILE} was not updated: ZeroDivisionError: division by zero;"
        " the next run tries again"
    )
    assert "Traceback (most recent call last)" in capsys.readouterr().err
    assert is_assembly_due(folder, FILE, [str(folder / "out/count/all_records")])


# --- SQLite ---------------------------------------------------------------------------------------


def test_results_and_statuses_are_copied(lite: Path, jobs: JobTable) -> None:
    make_tables(jobs)
    assert refusals(jobs) == []
    completed(jobs, "a", n=3)
    set_flag(jobs, "b", "failed")
    (left,) = unfinished(jobs)
    assert left.startswith(".snakemake/looper/settled/")
    assert publish_all(jobs) == [] and unfinished(jobs) == []
    assert rows(lite) == {"a": (3, "completed"), "b": (None, "failed")}


def test_a_database_that_was_removed_is_due(lite: Path, jobs: JobTable) -> None:
    completed(jobs, "a", n=3)
    publish_all(jobs)
    (lite / "all.db").unlink()
    assert len(unfinished(jobs)) == 1
    assert publish_all(jobs) == []
    assert rows(lite) == {"a": (3, "completed")}


def test_a_flag_that_changed_is_due(lite: Path, jobs: JobTable) -> None:
    completed(jobs, "a", n=3)
    publish_all(jobs)
    set_flag(jobs, "a", "failed")
    assert len(unfinished(jobs)) == 1
    publish_all(jobs)
    assert rows(lite) == {"a": (3, "failed")}


def test_a_database_that_refuses(lite: Path, jobs: JobTable) -> None:
    (lite / "all.db").mkdir()
    (why,) = refusals(jobs)
    assert why == f"{lite}/all.db: is a folder; move it away or correct 'sqlite_url'"
    completed(jobs, "a", n=3)
    assert publish_all(jobs) == [f"count: results were not copied: {why}; the next run tries again"]
    assert len(unfinished(jobs)) == 1


def test_what_a_run_could_not_copy_a_later_one_of_other_samples_does(
    lite: Path, jobs: JobTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    completed(jobs, "a", n=3)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_copy, "publish", lambda *_: 1 / 0)
        assert len(publish_all(jobs)) == 1
    for flag in (lite / "flags").iterdir():
        flag.unlink()  # as if the later plan had not this sample
    assert len(unfinished(jobs)) == 1
    assert publish_all(jobs) == []
    assert rows(lite) == {"a": (3, "completed")}


def test_a_rule_publishes_its_own_and_says_nothing_of_errors(
    lite: Path, jobs: JobTable, capsys: pytest.CaptureFixture[str]
) -> None:
    (store,) = jobs.stores()
    completed(jobs, "a", n=3)
    publish_all(jobs)
    assert publish_rule(str(jobs.path), store.rule) == (True, [])
    (lite / "all.db").unlink()
    (lite / "all.db").mkdir()
    done, (line,) = publish_rule(str(jobs.path), store.rule)
    assert not done and "is a folder" in line
    assert capsys.readouterr().err == "", "`publish_all` prints it, unless it is done by then"
    assert publish_rule(str(jobs.path), "another") == (True, [])

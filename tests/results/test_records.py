"""The results of a project as `table` and `report` get them; no Snakemake, jobs are played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.projects import edit
from support.reporting import REPORTING, jobs_of, record_file, report, set_flag

from snakemake_looper.results.earlier import set_aside
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import Results, read_results, with_remarks
from snakemake_looper.results.statuses import read_statuses
from snakemake_looper.workspace.job_table import JobTable


@pytest.fixture
def folder(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    made = project(REPORTING)
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def jobs(folder: Path) -> Iterator[JobTable]:
    table = jobs_of(folder)
    yield table
    table.close()


def read(folder: Path, jobs: JobTable) -> Results:
    publish_all(jobs)
    (found,) = read_results(jobs, folder)
    return found


def test_nothing_was_reported(folder: Path, jobs: JobTable) -> None:
    found = read(folder, jobs)
    assert (found.pipeline, found.level, found.records) == ("count", "sample", {})
    assert found.schema == str(folder / "out.yaml")


def test_records_are_in_the_order_of_the_sample_table(folder: Path, jobs: JobTable) -> None:
    for number, record in enumerate("abc"):
        report(jobs, record, n=number)
        set_flag(jobs, record, "completed")
    found = read(folder, jobs)
    assert list(found.records) == ["b", "a", "c"]
    assert found.notes == {} and found.warnings == ()


def test_records_of_samples_that_left_the_table_come_last(folder: Path, jobs: JobTable) -> None:
    for record in "ab":
        report(jobs, record, n=1)
        set_flag(jobs, record, "completed")
    publish_all(jobs)
    edit(folder / "samples.csv", "b\n", "")
    now = jobs_of(folder)
    found = read(folder, now)
    assert list(found.records) == ["a", "b"]
    assert found.notes == {"b": "not in the sample table"}
    now.close()


def test_bookkeeping_is_left_out_and_numbers_are_numbers(folder: Path, jobs: JobTable) -> None:
    report(jobs, "a", n="3", word="4", meta={"pipestat_created_time": "now"})
    set_flag(jobs, "a", "completed")
    assert read(folder, jobs).records == {"a": {"n": 3, "word": "4"}}


@pytest.mark.parametrize(
    ("status", "note"),
    [
        ("completed", None),
        ("running", None),
        ("failed", "failed; values may be incomplete"),
        ("partial", "partial; values may be incomplete"),
    ],
)
def test_notes_of_a_status(folder: Path, jobs: JobTable, status: str, note: str | None) -> None:
    report(jobs, "a", n=3)
    set_flag(jobs, "a", "completed")
    publish_all(jobs)
    set_flag(jobs, "a", status)
    assert read(folder, jobs).notes.get("a") == note


def test_results_of_an_earlier_run_are_marked(folder: Path, jobs: JobTable) -> None:
    report(jobs, "a", n=3, word="x")
    set_flag(jobs, "a", "completed")
    publish_all(jobs)
    (brief,) = [one for one in jobs.briefs() if one.record == "a"]
    set_aside(jobs, folder, [brief], [brief])
    assert not record_file(jobs, "a").exists()
    set_flag(jobs, "a", "failed")
    assert read(folder, jobs).notes == {"a": "failed; values are of an earlier run"}
    report(jobs, "a", n=4)
    set_flag(jobs, "a", "failed")
    found = read(folder, jobs)
    assert found.records == {"a": {"n": 4, "word": "x"}}
    assert found.notes == {"a": "failed; some values are of an earlier run"}
    statuses = {one.record: one for one in with_remarks(read_statuses(jobs, folder), jobs, folder)}
    assert statuses["a"].reason.endswith("results shown are of an earlier run")
    assert statuses["b"].reason == ""
    set_flag(jobs, "a", "completed")
    found = read(folder, jobs)
    assert found.records == {"a": {"n": 4}}, "the new attempt completed: only its results count"
    assert found.notes == {}

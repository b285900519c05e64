"""The statuses and results of a project from Python, as the public API has them."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest
import yaml
from support.projects import TOUCH, edit, write
from support.reporting import REPORTING, jobs_of, report, set_flag
from support.running import REPOSITORY

from snakemake_looper import (
    LooperError,
    Options,
    ProjectError,
    Record,
    RecordStatus,
    read_results,
    read_statuses,
)
from snakemake_looper.layout import note_on_times
from snakemake_looper.results.publish import publish_all

IMAGE = {"path": "a.png", "title": "A"}
OF_RECORDS = ["pipeline", "level", "record", "status", "note"]
TIMES = ["started", "took", "memory_mb"]


@pytest.fixture
def reported(project: Callable[..., Path]) -> Path:
    """`b` is completed, `a` has failed and reported nothing, `c` never ran."""
    folder = project(
        {**REPORTING, "samples.csv": "sample_name,genome,n\nb,hg38,7\na,mm10,\nc,,8\n"}
    )
    jobs = jobs_of(folder)
    report(jobs, "b", word="x", n=3, plot=IMAGE)
    set_flag(jobs, "b", "completed")
    set_flag(jobs, "a", "failed")
    publish_all(jobs)
    jobs.close()
    return folder


def test_each_record_has_its_status_and_its_results(reported: Path) -> None:
    records = read_results(reported)
    assert list(records) == [
        Record("count", "sample", "b", "completed", {"word": "x", "n": 3, "plot": IMAGE}),
        Record("count", "sample", "a", "failed"),
        Record("count", "sample", "c", "none"),
    ]
    assert (len(records), records[1].record, records[1:][1].record) == (3, "a", "c")
    assert records.result_names == {("count", "sample"): ("n", "word", "plot")}
    assert records.warnings == ()


def test_a_row_for_each_record(reported: Path) -> None:
    """Columns of the schema come first and in its order; all rows have all columns."""
    rows = read_results(reported).rows()
    assert [list(row) for row in rows] == [[*OF_RECORDS, *TIMES, "n", "word", "plot"]] * 3
    assert [(row["record"], row["status"], row["n"]) for row in rows] == [
        ("b", "completed", 3),
        ("a", "failed", None),
        ("c", "none", None),
    ]
    frame = pandas.DataFrame(rows)
    assert frame["n"].sum() == 3 and frame.loc[0, "plot"] == IMAGE


def test_attributes_beside_results(reported: Path) -> None:
    """`n` is both. The result keeps its name."""
    records = read_results(reported, with_samples=True)
    assert records[0].attributes == {"sample_name": "b", "genome": "hg38", "n": "7"}
    first = records.rows()[0]
    assert list(first) == [*OF_RECORDS, *TIMES, "genome", "sample.n", "n", "word", "plot"]
    assert (first["sample.n"], first["n"]) == ("7", 3)


def test_a_row_for_each_result(reported: Path) -> None:
    rows = read_results(reported, with_samples=True).long()
    assert [list(row.values()) for row in rows] == [
        ["count", "sample", "b", "completed", "", "hg38", "7", "n", 3],
        ["count", "sample", "b", "completed", "", "hg38", "7", "plot", IMAGE],
        ["count", "sample", "b", "completed", "", "hg38", "7", "word", "x"],
    ]
    assert list(rows[0]) == [*OF_RECORDS, "genome", "n", "result", "value"]


def test_a_row_for_each_sample(reported: Path) -> None:
    rows = read_results(reported, with_samples=True).wide()
    assert [list(row.values()) for row in rows] == [
        ["b", "hg38", "7", "completed", 3, "x", IMAGE, ""],
        ["a", "mm10", "", "failed", None, None, None, ""],
        ["c", "", "8", "none", None, None, None, ""],
    ]
    assert list(rows[0])[:4] == ["sample_name", "genome", "sample.n", "status"]


def test_attributes_of_several_values_and_of_an_amendment(reported: Path) -> None:
    with (reported / "project.yaml").open("a") as pep:
        pep.write("subsample_table: more.csv\n")
        pep.write("project_modifiers: {amend: {other: {sample_table: other.csv}}}\n")
    write(reported, {"more.csv": "sample_name,file\nb,1.fq\nb,2.fq\n"})
    write(reported, {"other.csv": "sample_name,genome\nb,changed\n"})
    found = read_results(reported, with_samples=True)
    assert found[0].attributes["file"] == ["1.fq", "2.fq"]
    assert [row["file"] for row in found.rows()] == [["1.fq", "2.fq"], None, None]
    amended = read_results(reported, Options(amend=("other",)), with_samples=True)
    assert [one.attributes["genome"] for one in amended] == ["changed"]


def test_samples_that_left_the_table(reported: Path) -> None:
    """Their flags and results are there, their attributes are not."""
    edit(reported / "samples.csv", "b,hg38,7\n", "")
    records = read_results(reported, with_samples=True)
    assert [(one.record, one.status, one.note) for one in records] == [
        ("a", "failed", ""),
        ("c", "none", ""),
        ("b", "completed", "not in the sample table"),
    ]
    assert records[2].attributes == {} and records[2].results["n"] == 3
    assert [row["genome"] for row in records.wide()] == ["mm10", "", None]
    assert records.warnings == ("count: b: not in the sample table",)
    removed = read_statuses(reported)[-1]
    assert (removed.record, removed.status) == ("b", "completed")
    assert removed.reason == "not in the sample table"


def test_options_choose_samples(reported: Path) -> None:
    asked = Options(samples=("a",))
    assert [one.record for one in read_results(reported, asked)] == ["a"]
    assert [one.record for one in read_statuses(reported, asked)] == ["a"]


def test_statuses_have_reasons_unless_details_are_left_out(reported: Path) -> None:
    with (reported / "out/submission/count_a.log").open("a") as log:
        log.write("no memory\nthe command exited with 3\n")
    full, short = read_statuses(reported), read_statuses(reported, details=False)
    assert [(one.record, one.status) for one in full] == [
        ("b", "completed"),
        ("a", "failed"),
        ("c", "none"),
    ]
    assert (full[1].reason, full[1].exit_code) == ("exit code 3", 3)
    assert full[1].tail == ("no memory", "the command exited with 3")
    assert short[1] == RecordStatus("count", "sample", "a", "failed", log=full[1].log)
    assert list(pandas.DataFrame(full)["record"]) == ["b", "a", "c"]


def test_times_are_those_of_the_last_try(reported: Path) -> None:
    jobs = jobs_of(reported)
    brief = next(one for one in jobs.briefs() if one.record == "b")
    began, ended = 1_795_000_000.25, 1_795_000_012.75
    note = reported / note_on_times(brief.flag)
    write(reported, {note_on_times(brief.flag): f"{began}\n{ended} completed\n"})
    for path in (note, reported / brief.flag):
        os.utime(path, (ended, ended))
    jobs.close()
    known = [(began, 12.5), (None, None), (None, None)]
    assert [(one.started, one.took) for one in read_results(reported)] == known
    assert [(one.started, one.took) for one in read_statuses(reported)] == known
    assert [one.started for one in read_statuses(reported, details=False)] == [None] * 3


def test_a_project_that_keeps_no_results(project: Callable[..., Path]) -> None:
    """A sample that is skipped for a fault of its own says why."""
    folder = project(TOUCH)
    (folder / "b.txt").unlink()
    records = read_results(folder, with_samples=True)
    assert [(one.record, one.status) for one in records] == [
        ("a", "none"),
        ("c", "none"),
        ("b", "skipped"),
    ]
    assert "b.txt" in records[2].note and records[2].attributes["word"] == "two"
    assert records.result_names == {} and records.long() == []


def test_nothing_is_printed_written_or_planned_again(
    reported: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record file that cannot be read is a warning, as a value."""
    path = reported / "out/count/all_records/b.yaml"
    path.write_text("- list\n")
    jobs = jobs_of(reported)
    publish_all(jobs)
    jobs.close()
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in reported.rglob("*") if path.is_file()}
    monkeypatch.setattr("snakemake_looper.plan.planner.plan_project", pytest.fail)
    records = read_results(reported, with_samples=True)
    read_statuses(reported)
    (warning,) = records.warnings
    assert "1 record is left out, since its file cannot be used (b)" in warning
    after = {path: path.stat().st_mtime_ns for path in reported.rglob("*") if path.is_file()}
    index = ".snakemake/looper/index"  # the time of its last use
    assert {path for path in after if after[path] != before.get(path)} <= {
        path for path in after if index in str(path)
    }
    assert capsys.readouterr() == ("", "")


def test_errors(reported: Path) -> None:
    with pytest.raises(ProjectError, match="no such looper config"):
        read_results(reported / "other.yaml")
    edit(reported / "count.yaml", "{pipestat.results_file}", "{sample.nothing}")
    with pytest.raises(LooperError, match=r"sample\.nothing"):
        read_statuses(str(reported))


def test_values_can_be_copied_and_sent_to_other_processes(reported: Path) -> None:
    records = read_results(reported, with_samples=True)
    assert pickle.loads(pickle.dumps(records)) == copy.deepcopy(records) == records
    with pytest.raises(dataclasses.FrozenInstanceError):
        records[0].status = "failed"  # type: ignore[misc]
    assert list(pandas.DataFrame(records)["record"]) == ["b", "a", "c"]


def test_the_example_of_the_page(
    example: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The page shows the frame of a project with a failed sample."""
    folder = example("count_lines")
    jobs = jobs_of(folder)
    for name, lines in (("mexico", 32), ("canada", 13)):
        values = {"count_lines": {"project": {}, "sample": {name: {"number_of_lines": lines}}}}
        (rows,) = jobs.facts.record_folders.values()
        write(folder, {f"{rows}/{name}.yaml": yaml.safe_dump(values)})
        set_flag(jobs, name, "completed")
    set_flag(jobs, "switzerland", "failed")
    publish_all(jobs)
    jobs.close()
    page = (REPOSITORY / "docs/python.md").read_text()
    (code,) = re.findall(r"^```py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (shown,) = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(folder)
    exec(code, {"read_results": read_results})
    assert capsys.readouterr().out == shown

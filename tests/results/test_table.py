"""Tables of results: which columns there are, and each format."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from snakemake_looper.results.records import Results
from snakemake_looper.results.table import (
    by_pipeline,
    columns,
    objects,
    remarks,
    text,
    write_tables,
)

IMAGE = {"path": "a.png", "title": "A"}


def results(tmp_path: Path, level: str = "sample", **records: dict[str, object]) -> Results:
    schema = tmp_path / "out.yaml"
    schema.write_text(
        "pipeline_name: count\nsamples:\n  late: {type: string}\n  early: {type: integer}\n"
        "project:\n  total: {type: integer}\n"
    )
    return Results("count", level, str(schema), records)


def test_columns_of_the_schema_come_first_and_in_its_order(tmp_path: Path) -> None:
    found = results(tmp_path, a={"own": 1, "early": 2, "late": "x"}, b={"more": 1})
    assert columns([found]) == ["late", "early", "own", "more"]
    assert columns([results(tmp_path, a={"early": 1})]) == ["early"], "unreported ones are left out"


def test_objects_are_in_no_column(tmp_path: Path) -> None:
    """A result that is nested in one record is in a column of none."""
    found = results(tmp_path, a={"early": 1, "late": IMAGE}, b={"late": "x"}, c={})
    assert columns([found]) == ["early"]
    assert objects([found]) == {"a": {"late": IMAGE}, "b": {"late": "x"}}


def test_each_level_has_its_rows(tmp_path: Path) -> None:
    levels = [results(tmp_path, a={"early": 1}), results(tmp_path, "project", demo={"total": 9})]
    assert text(levels, "tsv") == (
        "Sample Index\tRecord Identifier\tPipeline Type\tearly\ttotal\n"
        "1\ta\tsample\t1\t\n"
        "2\tdemo\tproject\t\t9\n"
    )


def test_a_note_has_a_last_column(tmp_path: Path) -> None:
    found = results(tmp_path, a={"early": 1}, b={"early": 2})
    noted = Results("count", "sample", found.schema, found.records, {"b": "failed"})
    assert text([noted], "csv") == (
        "Sample Index,Record Identifier,Pipeline Type,early,Note\n"
        "1,a,sample,1,\n"
        "2,b,sample,2,failed\n"
    )
    assert json.loads(text([noted], "json"))["notes"] == {"sample": {"b": "failed"}}


def test_cells_that_a_format_would_take_for_its_own(tmp_path: Path) -> None:
    found = results(tmp_path, a={"late": "x|y\nz\tw,v"})
    assert text([found], "csv").endswith('1,a,sample,"x|y\nz\tw,v"\n')
    assert text([found], "markdown") == (
        "| Sample Index | Record Identifier | Pipeline Type | late |\n"
        "| --- | --- | --- | --- |\n"
        "| 1 | a | sample | x\\|y z\tw,v |\n"
    )


def test_json_has_objects_and_any_key(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 2)
    found = results(tmp_path, a={"late": IMAGE, "own": {day: day}})
    assert json.loads(text([found], "json")) == {
        "sample": {"a": {"late": IMAGE, "own": {"2026-01-02": "2026-01-02"}}}
    }


def test_both_files_of_each_pipeline_are_written(tmp_path: Path) -> None:
    found = results(tmp_path, a={"early": 1, "late": IMAGE})
    other = Results("other", "sample", None, {"a": {"x": 1}})
    folder = tmp_path / "tables"
    paths = write_tables([found, other], folder, ["amended"])
    assert [path.name for path in paths] == [
        "count_amended_stats_summary.tsv",
        "count_amended_objs_summary.yaml",
        "other_amended_stats_summary.tsv",
        "other_amended_objs_summary.yaml",
    ]
    assert paths[1].read_text() == "a:\n  late:\n    path: a.png\n    title: A\n"
    assert list(by_pipeline([found, other])) == ["count", "other"]


def test_remarks_name_ten_records_and_count_the_others() -> None:
    names = [f"s{number}" for number in range(12)]
    noted = Results("count", "sample", None, {}, dict.fromkeys(names, "failed"), ("no YAML",))
    assert remarks([noted, noted]) == [
        "no YAML",
        "count: s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 2 more: failed",
    ]

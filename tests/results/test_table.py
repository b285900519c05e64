"""Tables of results: which columns there are, and each format."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from support.tables import table_text as text

from snakemake_looper.results.records import Results
from snakemake_looper.results.table import (
    by_pipeline,
    columns,
    objects,
    remarks,
    stats_text,
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
        "Sample Index\tRecord Identifier\tPipeline Type\tRecord Status\tearly\ttotal\n"
        "1\ta\tsample\tcompleted\t1\t\n"
        "2\tdemo\tproject\tcompleted\t\t9\n"
    )
    assert stats_text(levels) == (
        "Sample Index\tRecord Identifier\tPipeline Type\tearly\ttotal\n"
        "1\ta\tsample\t1\t\n"
        "2\tdemo\tproject\t\t9\n"
    ), "as looper has it"


def test_a_note_has_a_last_column(tmp_path: Path) -> None:
    found = results(tmp_path, a={"early": 1}, b={"early": 2})
    noted = Results("count", "sample", found.schema, found.records, {"b": "failed"})
    assert text([noted], "csv") == (
        "Sample Index,Record Identifier,Pipeline Type,Record Status,early,Note\n"
        "1,a,sample,completed,1,\n"
        "2,b,sample,completed,2,failed\n"
    )
    assert json.loads(text([noted], "json"))["notes"] == {"sample": {"b": "failed"}}


def test_cells_that_a_format_would_take_for_its_own(tmp_path: Path) -> None:
    found = results(tmp_path, a={"late": "x|y\nz\tw,v"})
    assert text([found], "csv").endswith('1,a,sample,completed,"x|y\nz\tw,v"\n')
    assert text([found], "tsv").endswith('1\ta\tsample\tcompleted\t"x|y\nz\tw,v"\n')
    assert text([found], "markdown") == (
        "| Sample Index | Record Identifier | Pipeline Type | Record Status | late |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| 1 | a | sample | completed | x\\|y z\tw,v |\n"
    )


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1-555-0100", "'+1-555-0100"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        (" =1+1", "' =1+1"),
        ("＝1+1", "'＝1+1"),
        ("\x00\ufeff=1", "'\x00\ufeff=1"),
        ("-1.5e-3", "-1.5e-3"),
        ("+7", "+7"),
        (-3, "-3"),
        (-0.5, "-0.5"),
        (float("-inf"), "-inf"),
        ("-", "-"),
        ("+", "+"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
    ],
)
def test_a_spreadsheet_finds_no_formula(value: object, cell: str) -> None:
    found = Results("p", "sample", None, {"a": {"n": value}})
    assert list(csv.reader(text([found], "csv").splitlines()))[1][4] == cell
    tsv = csv.reader(text([found], "tsv", raw=True).splitlines(), delimiter="\t")
    assert list(tsv)[1][4] == str(value), "as it was reported"


def test_names_are_no_formulas_either() -> None:
    found = Results("p", "sample", None, {"@a": {"=n": "\r=1", "m": "\t1"}}, {"@a": "-x"})
    assert list(csv.reader(text([found], "csv").splitlines()))[:1] == [
        ["Sample Index", "Record Identifier", "Pipeline Type", "Record Status", "'=n", "m", "Note"]
    ]
    assert text([found], "csv").endswith('"1","\'@a","sample","completed","\'\r=1","\t1","\'-x"\n')


def test_markup_of_markdown_is_text() -> None:
    values = {"a": "`rm` \\| *b* <script> [x](javascript:y) &amp; ~c~ a_b\u2028c"}
    last = text([Results("p", "sample", None, {"a": values})], "markdown").splitlines()[-1]
    assert last == (
        r"| 1 | a | sample | completed | \`rm\` \\\| \*b\* \<script> \[x\](javascript:y) \&amp; \~c\~ a_b c |"
    )


def several(tmp_path: Path) -> list[Results]:
    """Two pipelines that share a result, one with both levels, one with a note."""
    count = results(tmp_path, a={"early": 1, "late": "x"}, b={"early": 2})
    total = results(tmp_path, "project", demo={"total": 9})
    other = Results("plot", "sample", None, {"a": {"late": IMAGE, "early": 3}}, {"a": "failed"})
    return [count, other, total]


def test_several_pipelines_are_one_table(tmp_path: Path) -> None:
    assert text(several(tmp_path), "csv") == (
        "Sample Index,Record Identifier,Pipeline Name,Pipeline Type,Record Status"
        ",late,early,total,Note\n"
        "1,a,count,sample,completed,x,1,,\n"
        "2,b,count,sample,completed,,2,,\n"
        "3,demo,count,project,completed,,,9,\n"
        "4,a,plot,sample,completed,,3,,failed\n"
    )
    lines = text(several(tmp_path), "markdown").splitlines()
    assert len(lines) == 2 + 4 and len({line.count("|") for line in lines}) == 1


def test_several_pipelines_are_an_object_each_in_json(tmp_path: Path) -> None:
    data = json.loads(text(several(tmp_path), "json"))
    assert {name: list(levels) for name, levels in data.items()} == {
        "count": ["sample", "project", "statuses"],
        "plot": ["sample", "statuses", "notes"],
    }
    assert data["plot"]["sample"]["a"] == {"late": IMAGE, "early": 3}
    assert json.loads(text([], "json")) == {}


def test_json_is_json_whatever_was_reported() -> None:
    """Keys and values that only YAML or Python has; nothing that a terminal would act upon."""
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    values = {
        "numbers": [float("nan"), float("inf"), float("-inf"), 10**400],
        "keys": {True: 1, None: 2, 1.5: 3, float("nan"): 4, datetime.date(2026, 1, 2): 5},
        "set": {"b", "a"},
        "bytes": [b"caf\xc3\xa9", b"\xff"],
        "pair": ("a", {1: 2}),
        "odd": "\x1b[2J\u202e\u2028\x9b\U000e0001\ud800é",
        "deep": deep,
    }
    written = text([Results("p", "sample", None, {"a": values})], "json")
    found = json.loads(written, parse_constant=pytest.fail)["sample"]["a"]
    assert found.pop("deep")[0][0][0]
    assert found == {
        "numbers": ["NaN", "Infinity", "-Infinity", 10**400],
        "keys": {"true": 1, "null": 2, "1.5": 3, "NaN": 4, "2026-01-02": 5},
        "set": ["a", "b"],
        "bytes": ["café", "/w=="],
        "pair": ["a", {"1": 2}],
        "odd": values["odd"],
    }
    assert "é" in written and all(one.isprintable() or one == "\n" for one in written)


def test_json_has_objects_and_any_key(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 2)
    found = results(tmp_path, a={"late": IMAGE, "own": {day: day}})
    assert json.loads(text([found], "json")) == {
        "sample": {"a": {"late": IMAGE, "own": {"2026-01-02": "2026-01-02"}}},
        "statuses": {"sample": {"a": "completed"}},
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

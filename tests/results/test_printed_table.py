"""One table of all records: statuses, attributes of samples, a row for each record or sample."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.projects import TOUCH, edit, write
from support.reporting import REPORTING, jobs_of, report, set_flag
from support.tables import as_records

from snakemake_looper.cli import main
from snakemake_looper.results.printed_table import text
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import Results
from snakemake_looper.results.statuses import RecordStatus

OWN = ["Sample Index", "Record Identifier", "Pipeline Type", "Record Status"]
SAMPLES: dict[str, dict[str, Any]] = {
    "a": {"sample_name": "a", "genome": "hg38", "reads": ["1.fq", "2.fq"]},
    "b": {"sample_name": "b", "genome": "=1", "n": "7"},
}
COUNT = Results("count", "sample", None, {"a": {"n": 1, "word": "x"}, "b": {"n": 2}})
PLOT = Results("plot", "sample", None, {"b": {"n": 3, "image": {"path": "b.png"}}}, {"b": "old"})
TOTAL = Results("count", "project", None, {"demo": {"total": 9}})


def lines(content: str) -> list[list[str]]:
    return list(csv.reader(content.splitlines(), delimiter="\t"))


# --- a row for each record ------------------------------------------------------------------------


def test_a_record_without_results_has_a_row_with_its_status() -> None:
    failed = RecordStatus("count", "sample", "c", "failed")
    skipped = RecordStatus("count", "sample", "d", "skipped", "c.txt is missing")
    records = as_records([COUNT], more=[failed, skipped])
    assert lines(text(records, "tsv"))[3:] == [
        ["3", "c", "sample", "failed", "", "", ""],
        ["4", "d", "sample", "skipped", "", "", "c.txt is missing"],
    ]
    data = json.loads(text(records, "json"))
    assert data["sample"] == COUNT.records
    assert data["statuses"] == {
        "sample": {"a": "completed", "b": "completed", "c": "failed", "d": "skipped"}
    }
    assert data["notes"] == {"sample": {"d": "c.txt is missing"}}


def test_records_of_pipelines_that_keep_no_results_have_no_row() -> None:
    records = as_records([COUNT], more=[RecordStatus("other", "sample", "a", "completed")])
    assert "other" not in text(records, "tsv") + text(records, "json")


def test_attributes_are_between_status_and_results() -> None:
    """A list is written as commands get it; the project has no attributes."""
    records = as_records([COUNT, TOTAL], SAMPLES)
    assert lines(text(records, "tsv")) == [
        [*OWN, "genome", "reads", "sample.n", "n", "word", "total"],
        ["1", "a", "sample", "completed", "hg38", "1.fq 2.fq", "", "1", "x", ""],
        ["2", "b", "sample", "completed", "'=1", "", "7", "2", "", ""],
        ["3", "demo", "project", "completed", "", "", "", "", "", "9"],
    ]
    assert "\t=1\t" in text(records, "tsv", raw=True)
    assert "| hg38 | 1.fq 2.fq |  | 1 | x |" in text(records, "markdown")
    assert json.loads(text(records, "json"))["attributes"] == SAMPLES


@pytest.mark.parametrize("name", ["Sample Index", "Record Identifier", "Record Status", "Note"])
def test_columns_of_ours_keep_their_names(name: str) -> None:
    found = Results("count", "sample", None, {"a": {name: 1}}, {"a": "old"})
    head, row = lines(text(as_records([found], {"a": {name: "of a"}}), "tsv"))
    assert len(set(head)) == len(head)
    cells = dict(zip(head, row, strict=True))
    assert (cells[f"result.{name}"], cells[f"sample.{name}"]) == ("1", "of a")
    assert cells["Record Status"] == "completed" and cells["Note"] == "old"


def test_a_prefix_that_is_taken_is_written_again() -> None:
    found = Results("count", "sample", None, {"a": {"n": 1, "sample.n": 2}})
    head, *_ = lines(text(as_records([found], {"a": {"n": "x", "m": "y"}}), "tsv"))
    assert head[4:] == ["sample.sample.n", "m", "n", "sample.n"]


# --- a row for each sample ------------------------------------------------------------------------


def test_wide_names_the_pipeline_where_several_have_a_column() -> None:
    records = as_records([COUNT, PLOT, TOTAL], order="ab")
    assert lines(text(records, "tsv", wide=True)) == [
        [
            *("sample_name", "count.Record Status", "count.n", "word", "count.Note"),
            *("plot.Record Status", "plot.n", "plot.Note"),
        ],
        ["a", "completed", "1", "x", "", "", "", ""],
        ["b", "completed", "2", "", "", "completed", "3", "old"],
    ]


def test_wide_of_one_pipeline_has_plain_names() -> None:
    records = as_records([COUNT], SAMPLES)
    assert lines(text(records, "tsv", wide=True))[0] == [
        *("sample_name", "genome", "reads", "sample.n", "Record Status", "n", "word")
    ]


def test_wide_results_that_are_called_as_columns_of_ours() -> None:
    """They have the name that they have in the table of records."""
    of_a: dict[str, Any] = {"a": {"Record Status": "x", "sample_name": "y"}}
    one, two = (Results(name, "sample", None, of_a) for name in ("one", "two"))
    assert lines(text(as_records([one]), "tsv", wide=True))[0] == [
        *("sample_name", "Record Status", "result.Record Status", "result.sample_name")
    ]
    assert lines(text(as_records([one, two]), "tsv", wide=True))[0][1:4] == [
        *("one.Record Status", "one.result.Record Status", "one.result.sample_name")
    ]


def test_wide_rows_are_in_the_order_of_the_table() -> None:
    """Also if the first pipeline has only the later samples; samples that left come last."""
    first = Results("p", "sample", None, {"c": {}, "gone": {"n": 1}})
    second = Results("q", "sample", None, {"a": {}, "b": {}, "c": {}})
    rows = lines(text(as_records([first, second], order="abc"), "tsv", wide=True))[1:]
    assert [row[0] for row in rows] == ["a", "b", "c", "gone"]


def test_wide_json_is_a_list_of_rows_with_nested_values() -> None:
    rows = json.loads(
        text(as_records([COUNT, PLOT, TOTAL], SAMPLES, order="ab"), "json", wide=True)
    )
    assert [list(row) for row in rows] == [list(rows[0])] * 2
    assert rows[0]["reads"] == ["1.fq", "2.fq"] and rows[0]["image"] is None
    assert rows[1]["image"] == {"path": "b.png"} and rows[1]["plot.n"] == 3


def test_wide_guards_against_formulas_in_cells_and_names() -> None:
    found = Results("p", "sample", None, {"@a": {"=n": "=1+1"}})
    assert text(as_records([found]), "csv", wide=True) == (
        "sample_name,Record Status,'=n\n'@a,completed,'=1+1\n"
    )


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def two(project: Callable[..., Path]) -> Path:
    """Two pipelines and a project level; `b` is completed in the first, `a` has failed there."""
    folder = project(
        {
            **REPORTING,
            ".looper.yaml": REPORTING[".looper.yaml"].replace(
                "count.yaml", "count.yaml, plot.yaml"
            ),
            "samples.csv": "sample_name,genome\nb,hg38\na,mm10\n",
            "plot.yaml": REPORTING["count.yaml"]
            + 'project_interface: {command_template: "true {pipestat.config_file}"}\n',
        }
    )
    edit(folder / "plot.yaml", "pipeline_name: count", "pipeline_name: plot")
    edit(folder / "plot.yaml", "out.yaml", "out_plot.yaml")
    schema = (folder / "out.yaml").read_text().replace("count", "plot")
    write(folder, {"out_plot.yaml": schema})
    jobs = jobs_of(folder)
    report(jobs, "b", n=3)
    set_flag(jobs, "b", "completed")
    set_flag(jobs, "a", "failed")
    publish_all(jobs)
    jobs.close()
    return folder


def printed(
    folder: Path, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[list[list[str]], str]:
    """The lines of a table, and its messages."""
    assert main(["table", *words, "-c", str(folder)]) == 0
    said = capsys.readouterr()
    return lines(said.out), said.err


def test_options_for_columns_print_one_table(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(two, capsys, "--wide", "--with-samples") == (
        [
            ["sample_name", "genome", "count.Record Status", "n", "plot.Record Status"],
            ["b", "hg38", "completed", "3", "none"],
            ["a", "mm10", "failed", "", "none"],
        ],
        "",
    )
    rows, _ = printed(two, capsys, "--with-samples")
    assert rows[1] == ["1", "b", "count", "sample", "completed", "hg38", "3"]
    assert rows[5] == ["5", "demo", "plot", "project", "none", "", ""]
    assert not list(two.rglob("*summary*")), "printed, not written"


@pytest.mark.parametrize("ending", ["csv", "json", "md", "tsv"])
def test_a_wide_table_in_a_file(two: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    path = two / f"wide.{ending}"
    rows, _ = printed(two, capsys, "--wide", "--with-samples", "--output", str(path))
    assert rows == [[str(path)]]
    assert "hg38" in path.read_text() and "count.Record Status" in path.read_text()


def test_the_project_level_is_named_if_rows_are_samples(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(two, {"out/plot/all.yaml": "plot: {sample: {}, project: {demo: {total: 7}}}\n"})
    rows, said = printed(two, capsys, "--wide")
    assert "total" not in rows[0]
    assert said == (
        "note: rows of samples have no results of the project level (plot); leave out --wide to"
        " see these\n"
    )
    assert printed(two, capsys, "--format", "tsv")[1] == ""


def test_looper_files_have_no_status(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tools that read them take the columns behind the third for results."""
    rows, _ = printed(two, capsys)
    table = Path(rows[0][0]).read_text()
    assert table == "Sample Index\tRecord Identifier\tPipeline Type\tn\n1\tb\tsample\t3\n"


def test_options_choose_the_rows(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, _ = printed(two, capsys, "--wide", "--samples", "a")
    assert [row[0] for row in rows[1:]] == ["a"]
    rows, _ = printed(two, capsys, "--format", "tsv", "--sel-flag", "completed")
    assert [(row[1], row[2]) for row in rows[1:]] == [("b", "count"), ("demo", "plot")]


def test_a_sample_that_left_the_table_has_its_status_and_no_attributes(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(two / "samples.csv", "b,hg38\n", "")
    rows, said = printed(two, capsys, "--wide", "--with-samples")
    assert rows[2][:3] == ["b", "", "completed"]
    assert said == "warning: count: b: not in the sample table\n"


def test_a_project_without_results(
    project: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(TOUCH)
    assert main(["table", "--wide", "-c", str(folder)]) == 1
    assert capsys.readouterr().err == (
        f"error: {folder}/.looper.yaml has no 'pipestat:' section: no results are kept;"
        " add the section to keep them\n"
    )

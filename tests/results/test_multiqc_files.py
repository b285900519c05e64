"""Results as files for MultiQC: text in, text out. `tests/beside` has MultiQC itself read them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import write
from support.reporting import REPORTING, jobs_of, report, set_flag
from support.reports import NASTY, page, png

from snakemake_looper.cli import main
from snakemake_looper.results.multiqc import export as exporting
from snakemake_looper.results.multiqc.export import write_files
from snakemake_looper.results.multiqc.words import Ids, RowNames
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.report.report_levels import Failure, LevelReport

SCHEMA = """
    pipeline_name: count
    samples:
      reads: {type: integer, description: Reads of the file, unit: reads, minimum: 0}
      score: {type: number, title: TSS score, description: Enrichment, maximum: 100}
      word: {type: string, description: A word}
      plot: {type: image, description: Lengths}
    project:
      total: {type: integer, description: All reads}
      plot: {type: image, description: Of all}
    """


def export(root: Path, *pages: LevelReport) -> dict[str, str]:
    """The files for MultiQC, without what their names have in common."""
    assert write_files(pages, root / "mqc", root) == []
    texts = {path.name: path.read_text(encoding="utf-8") for path in (root / "mqc").iterdir()}
    return {name.removeprefix("snakemake_looper_"): text for name, text in texts.items()}


def read(text: str) -> tuple[dict[str, Any], list[list[str]]]:
    """The settings and the cells of a TSV file, as MultiQC reads them."""
    lines = text.splitlines()
    config = yaml.safe_load("\n".join(one[1:] for one in lines if one.startswith("#")))
    rows = [one.split("\t") for one in lines if not one.startswith("#")]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert [unquoted(key) for key in rows[0][1:]] == list(config["headers"])
    return config, rows[1:]


def unquoted(text: str) -> str:
    return text[1:-1] if text.startswith('"') else text


def columns(text: str) -> list[str]:
    return [one["title"] for one in read(text)[0]["headers"].values()]


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    return write(tmp_path, {"schema.yaml": SCHEMA}) / "schema.yaml"


def test_numbers_are_general_statistics(tmp_path: Path, schema: Path) -> None:
    records = {"b": {"score": 1.5, "reads": 12, "word": "x"}, "a": {"reads": -3}, "c": {}}
    files = export(tmp_path, page(records, schema=schema))
    assert files["count_stats_mqc.tsv"] == (
        '# id: "snakemake_looper_count_stats"\n'
        '# plot_type: "generalstats"\n'
        '# headers: {"reads": {"title": "reads", "description": "Reads of the file",'
        ' "namespace": "count", "hidden": false, "format": "{:,d}", "min": 0, "suffix": " reads"},'
        ' "score": {"title": "TSS score", "description": "Enrichment", "namespace": "count",'
        ' "hidden": false, "format": "{:,.6g}", "max": 100}}\n'
        '"Sample"\t"reads"\t"score"\n'
        '"b"\t12\t1.5\n'
        '"a"\t-3\t\n'
    )


def test_all_else_is_a_table_of_texts(tmp_path: Path) -> None:
    records = {
        "a": {
            "yes": True, "list": [1, "x"], "nested": {"k": {"l": 1}}, "none": None, "empty": "",
            "file": {"path": "out/reads.bam", "title": "Reads"}, "number_as_text": "12",
            "nan": float("nan"), "inf": float("-inf"), "huge": 10**30, "text": "a\tb\nc \u2028 'd'",
        }
    }  # fmt: skip
    files = export(tmp_path, page(records))
    config, [row] = read(files["count_results_mqc.tsv"])
    assert dict(zip(config["headers"], map(unquoted, row[1:]), strict=True)) == {
        "yes": "true",
        "list": "1, x",
        "nested": "{ &quot;k&quot;: { &quot;l&quot;: 1 } }",
        "file": "Reads",
        "number_as_text": "12",
        "nan": "nan",
        "inf": "-inf",
        "huge": str(10**30),
        "text": "a b c &#x27;d&#x27;",
    }
    assert all(cell.startswith('"') for cell in row), "MultiQC takes nothing here for a number"
    assert (config["plot_type"], config["parent_name"]) == ("table", "count")
    assert "count_stats_mqc.tsv" not in files


def test_text_of_a_schema_is_no_number(tmp_path: Path, schema: Path) -> None:
    """Each value is sorted by itself: a column of numbers may have a text in it."""
    files = export(
        tmp_path, page({"a": {"word": 12, "reads": "none"}, "b": {"reads": 1}}, schema=schema)
    )
    assert read(files["count_stats_mqc.tsv"])[1] == [['"b"', "1"]]
    assert read(files["count_results_mqc.tsv"])[1] == [['"a"', '"none"', '"12"']]


def test_an_address_is_a_link_without_its_login_and_query(tmp_path: Path) -> None:
    records = {
        "a": {
            "file": {"path": "https://me:secret@example.org/x.bam?token=y", "title": "Reads"},
            "link": "https://example.org/a?X-Amz-Signature=secret",
            "text": "see s3://me:secret@bucket/key?token=secret now",
            "script": {"path": "javascript:alert(1)", "title": "t"},
        }
    }
    text = export(tmp_path, page(records))["count_results_mqc.tsv"]
    assert "secret" not in text and "token" not in text and "javascript" not in text
    assert '<a href="https://example.org/x.bam">Reads</a>' in text
    assert '<a href="https://example.org/a">https://example.org/a</a>' in text


def test_statuses_of_several_pipelines_are_one_table(tmp_path: Path) -> None:
    first = page({}, {"a": "completed", "b": "failed"}, failures={"b": Failure("exit code 1")})
    second = page({}, {"b": "completed"}, pipeline="plot", notes={"b": "values <old>"})
    last = page({}, {"demo": "running"}, level="project")
    config, rows = read(export(tmp_path, first, second, last)["status_mqc.tsv"])
    titles = [one["title"] for one in config["headers"].values()]
    assert titles == ["count", "plot", "count (project)", "Note"]
    assert [[unquoted(cell) for cell in row] for row in rows] == [
        ["a", "completed", "", "", ""],
        ["b", "failed", "completed", "", "exit code 1; values &lt;old&gt;"],
        ["demo", "", "", "running", ""],
    ]
    assert config["description"] == "2 completed, 1 running, 1 failed."


def test_of_very_many_records_those_in_trouble_are_shown(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(600)]
    statuses = {name: "failed" if name == "s599" else "completed" for name in names}
    files = export(tmp_path, page({name: {"n": 1, "w": "x"} for name in names}, statuses))
    config, rows = read(files["status_mqc.tsv"])
    assert len(rows) == 500 and rows[0] == ['"s599"', '"failed"']
    assert config["description"] == (
        "599 completed, 1 failed. The table has 500 of 600 records;"
        " `snakemake-looper check --itemized` has all."
    )
    assert len(read(files["count_stats_mqc.tsv"])[1]) == 600
    assert len(read(files["count_results_mqc.tsv"])[1]) == 500


def test_results_of_the_project_have_a_row_each(tmp_path: Path, schema: Path) -> None:
    """A result that is called as the column of descriptions is in no way."""
    level = page({"demo": {"total": 7, "word": "x"}}, level="project", schema=schema)
    config, rows = read(export(tmp_path, level)["count_project_mqc.tsv"])
    assert columns(export(tmp_path, level)["count_project_mqc.tsv"]) == ["demo", "Description"]
    assert rows == [['"total"', '"7"', '"All reads"'], ['"word"', '"x"', ""]]
    assert config["pconfig"]["no_violin"] is True
    clash = page({"description": {"total": 7}}, level="project", schema=schema)
    assert (
        list(read(export(tmp_path, clash)["count_project_mqc.tsv"])[0]["headers"])[-1]
        == "description"
    )


def test_images_are_sections_of_their_result(tmp_path: Path, schema: Path) -> None:
    png(tmp_path / "a.png")
    png(tmp_path / "small.png")
    records = {
        "a": {"plot": {"path": "a.png", "title": "Plot <1>"}},
        "b": {"plot": {"path": "b.pdf", "thumbnail_path": "small.png", "title": "b"}},
        "c": {"plot": {"path": "gone.png", "title": "gone"}},
    }
    files = export(tmp_path, page(records, schema=schema))
    section = json.loads(files["count_sample_image_plot_mqc.json"])
    assert section["plot_type"] == "html" and section["parent_name"] == "count"
    assert section["data"].count('src="data:image/png;base64,iVBOR') == 2
    captions = re.findall("<figcaption>(.*?)</figcaption>", section["data"])
    assert captions == ["a: Plot &lt;1&gt;", "b"]
    assert read(files["count_results_mqc.tsv"])[1] == [['"c"', '"gone"']], "it is named at least"


def test_images_from_elsewhere_are_left_out_and_counted(tmp_path: Path) -> None:
    png(tmp_path / "away/secret.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link.png").symlink_to("../away/secret.png")
    (tmp_path / "in/large.png").write_bytes(b"x" * 3_000_001)
    records = {"a": {key: {"path": f"{key}.png"} for key in ("link", "large")}}
    remarks = write_files([page(records)], tmp_path / "mqc", tmp_path / "in")
    assert [path.name for path in (tmp_path / "mqc").glob("*image*")] == []
    outside, large = remarks
    assert outside.startswith("images left out for MultiQC: outside the project's folder")
    assert "1 that cannot be read, are larger than 3 MB" in large


def test_a_file_that_is_too_large_for_multiqc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_LARGEST", 300)
    remarks = write_files(
        [page({f"s{one}": {"n": one} for one in range(20)})], tmp_path / "mqc", tmp_path
    )
    assert [one.partition(":")[0] for one in remarks] == [
        f"snakemake_looper_{name}_mqc.tsv" for name in ("status", "count_stats")
    ]
    assert "--cl-config 'log_filesize_limit: 1000000000'" in remarks[0]


def test_several_pipelines_with_results_of_one_name(tmp_path: Path) -> None:
    pages = [page({"a": {"n": 1, "m": 2}}), page({"a": {"n": 3}}, pipeline="plot.it")]
    files = export(tmp_path, *pages)
    assert columns(files["count_stats_mqc.tsv"]) == ["n (count)", "m"]
    assert columns(files["plot_it_stats_mqc.tsv"]) == ["n (plot.it)"]


def test_columns_that_are_highlighted_are_shown_and_others_hidden(tmp_path: Path) -> None:
    write(
        tmp_path, {"s.yaml": "{samples: {b: {type: integer, highlight: true}, a: {type: integer}}}"}
    )
    values = {"a": 1, "b": 2}
    hidden = [
        [one["hidden"] for one in read(text)[0]["headers"].values()]
        for text in (
            export(tmp_path, page({"x": values}, schema=tmp_path / "s.yaml"))[
                "count_stats_mqc.tsv"
            ],
            export(tmp_path, page({"x": {f"n{one}": one for one in range(12)}}))[
                "count_stats_mqc.tsv"
            ],
        )
    ]
    assert hidden == [[False, True], [False] * 10 + [True] * 2]


def test_ids_differ_whatever_the_names_are() -> None:
    ids = Ids("status")
    given = [ids.name(one) for one in ("a.b", "a b", "A_B", "", "…", "status", "x" * 500)]
    assert given[:3] == ["a_b", "a_b_c8687a08", given[2]]
    assert len({one.lower() for one in given}) == len(given)
    assert all(re.fullmatch(r"\w{1,69}", one, re.ASCII) for one in given)


def test_names_of_rows_stay_but_for_what_a_page_takes_for_html() -> None:
    names = RowNames()
    plain = ["frog_1.sorted", "R&D", 'a "b"', "ü"]
    assert [names.name(one) for one in plain] == plain
    assert names.name("<b>&lt;") == "‹b›＆lt;"
    assert names.name("‹b›＆lt;") != "‹b›＆lt;", "another record"
    assert names.name("<b>&lt;") == "‹b›＆lt;", "the same each time"


def test_hostile_texts_bring_no_html(tmp_path: Path) -> None:
    write(tmp_path, {"schema.yaml": ""})
    definition = {"type": "integer", "title": NASTY, "description": NASTY, "unit": NASTY}
    schema = {
        "properties": {"samples": {NASTY: definition, "p": {"type": "image", "title": NASTY}}}
    }
    (tmp_path / "schema.yaml").write_text(json.dumps(schema))
    png(tmp_path / "a.png")
    records = {
        NASTY: {
            NASTY: 1,
            "word": NASTY,
            "p": {"path": "a.png", "title": NASTY},
            "f": {NASTY: NASTY},
        },
        "\x85\ud800#\t\n": {NASTY: 2, "word": "\x1b[2J\ud800"},
    }
    level = page(
        records, {NASTY: NASTY}, pipeline=NASTY, schema=tmp_path / "schema.yaml",
        notes={NASTY: NASTY},
    )  # fmt: skip
    project = page({NASTY: {NASTY: NASTY}}, level="project", pipeline=NASTY)
    for name, text in export(tmp_path, level, project).items():
        assert "<script" not in text and "<img src" not in text, name
        assert all(one.isprintable() for one in text.replace("\n", "").replace("\t", "")), name
        if name.endswith(".tsv"):
            read(text)


def test_old_files_of_ours_are_removed_and_others_stay(tmp_path: Path) -> None:
    export(tmp_path, page({"a": {"n": 1, "w": "x"}}))
    for name in ("multiqc_report.html", "mine_mqc.tsv"):
        (tmp_path / "mqc" / name).write_text("mine")
    before = (tmp_path / "mqc/snakemake_looper_status_mqc.tsv").stat().st_mtime_ns
    files = export(tmp_path, page({"a": {"n": 1}}))
    assert sorted(files) == [
        "count_stats_mqc.tsv",
        "mine_mqc.tsv",
        "multiqc_report.html",
        "status_mqc.tsv",
    ]
    assert (tmp_path / "mqc/snakemake_looper_status_mqc.tsv").stat().st_mtime_ns == before


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def reported(project: Callable[..., Path]) -> Path:
    folder = project(REPORTING)
    jobs = jobs_of(folder)
    report(jobs, "a", n="3", word="x")
    set_flag(jobs, "a", "completed")
    publish_all(jobs)
    jobs.close()
    return folder


def test_the_command_says_where_and_what_to_run(
    reported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ("-c", str(reported / ".looper.yaml"))
    folder = reported / "out/reports_multiqc"
    assert main(["report", "--multiqc", *config]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{folder}\n"
    assert printed.err == f"note: to put it into a report of MultiQC: multiqc {folder}\n"
    text = (folder / "snakemake_looper_count_stats_mqc.tsv").read_text()
    assert read(text)[1] == [['"a"', "3"]], "a number, as the schema says"
    assert main(["report", "--multiqc", str(reported / "my folder"), *config]) == 0
    assert f"multiqc '{reported}/my folder'\n" in capsys.readouterr().err
    assert len(list((reported / "my folder").iterdir())) == 3
    assert main(["report", *config]) == 0 and folder.is_dir(), (
        "a report of pages takes nothing away"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--multiqc", "--watch"], "--watch: is about web pages, and --multiqc writes none; leave out one of them"),
        (["--multiqc", "--portable"], "--portable: is about web pages, and --multiqc writes none; leave out one of them"),
        (["--multiqc", "-r", "x"], "--report-dir: is about web pages, and --multiqc writes none; write '--multiqc DIR'"),
        (["--multiqc", ""], "--multiqc: is empty; write a folder, or no value at all"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(
    reported: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["report", *words, "-c", str(reported / ".looper.yaml")]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"

"""Long lists of a report in parts, and tables for other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from support.earlier import PlayedProject, jobs_of
from support.reports import NASTY, Html, page, png, report, table

from snakemake_looper.cli import main
from snakemake_looper.results.report.report import write_report
from snakemake_looper.results.report.report_files import LinkedFiles
from snakemake_looper.results.report.report_levels import LevelReport
from snakemake_looper.results.report.report_pages import level_pages


def parts(folder: Path, name: str = "index") -> list[list[str]]:
    """The entries in the files beside a page."""
    found: list[list[str]] = []
    for number in range(1, 100):
        path = folder / f"pipelines/count/sample/{name}.{number}.js"
        if not path.exists():
            break
        called = json.loads(f"[{path.read_text().removeprefix('report.entries(')[:-3]}]")
        assert called[:2] == [name, number - 1]
        found.append(called[2])
    return found


def test_a_list_of_five_hundred_is_in_the_page(tmp_path: Path) -> None:
    folder = report(tmp_path, page({f"s{i}": {"n": i} for i in range(500)}))
    assert len(table(folder)) == 501 and parts(folder) == []
    assert "noscript" not in (folder / "pipelines/count/sample/index.html").read_text()


def test_a_longer_list_is_in_parts(tmp_path: Path) -> None:
    folder = report(tmp_path, page({f"s{i}": {"n": i} for i in range(2001)}))
    rows = table(folder)
    assert [row[0] for row in rows] == ["Record", *(f"s{i}" for i in range(250))]
    assert [len(part) for part in parts(folder)] == [1000, 1000, 1]
    assert "s2000.html" in parts(folder)[2][0]
    html = Html(folder / "pipelines/count/sample/index.html")
    assert "The first 250 of 2001 are shown. The others need JavaScript." in html.text


def test_images_are_in_parts(tmp_path: Path) -> None:
    png(tmp_path / "a.png")
    folder = report(tmp_path, page({f"s{i}": {"plot": {"path": "a.png"}} for i in range(501)}))
    assert [len(part) for part in parts(folder, "images-1")] == [501]
    assert len(Html(folder / "pipelines/count/sample/images.html").images) == 250


def test_no_value_leaves_its_text(tmp_path: Path) -> None:
    value = f"{NASTY}</script>\u2028\u2029<!--"
    folder = report(tmp_path, page({f"s{i}": {"text": value} for i in range(501)}))
    for text in (folder / "pipelines/count/sample").glob("index.*.js"):
        content = text.read_bytes()
        assert content.isascii() and b"</script" not in content and b"<!--" not in content


def test_a_changed_part_has_another_address(tmp_path: Path) -> None:
    """So no browser shows an old one that it has kept."""

    def files(value: int) -> list[str]:
        records: dict[str, Any] = {f"s{i}": {"n": i} for i in range(1500)}
        records["s1200"] = {"n": value}
        folder = report(tmp_path, page(records))
        text = (folder / "pipelines/count/sample/index.html").read_text()
        return text.partition('data-files="')[2].partition('"')[0].split()

    before, after = files(1), files(2)
    assert before[0] == after[0] and before[1] != after[1]


# --- tables --------------------------------------------------------------------------------------


def test_tables_to_download_are_those_of_the_command(
    count: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    PlayedProject(count).run(a="n=1", b="n=2!", c="m=3")
    jobs = jobs_of(count)
    write_report(jobs, count / "pages")
    jobs.close()
    capsys.readouterr()
    assert main(["table", "--format", "csv", "-c", str(count / ".looper.yaml")]) == 0
    printed = capsys.readouterr().out
    assert (count / "pages/results.csv").read_text() == printed
    assert (count / "pages/pipelines/count/sample/count.csv").read_text() == printed
    assert {row["Record Identifier"] for row in csv.DictReader(printed.splitlines())} >= {"a", "c"}
    pages = count / "pages"
    assert "results.csv" in Html(pages / "index.html").links
    assert "count.csv" in Html(pages / "pipelines/count/sample/index.html").links


def test_without_results_there_is_nothing_to_download(tmp_path: Path) -> None:
    folder = report(tmp_path, page(statuses={"a": "failed"}))
    assert list(folder.rglob("*.csv")) == []
    assert "CSV" not in Html(folder / "pipelines/count/sample/index.html").text


def test_the_pages_of_records_are_not_kept_in_memory(tmp_path: Path) -> None:
    """Cells are made when a record is asked for, and the facts of the table in one look at each."""
    report = LevelReport(
        "count", "sample", None, {name: {"n": 1} for name in "abc"},
        {"a": "completed", "b": "failed", "d": "completed"}, {},
    )  # fmt: skip
    level = level_pages(report, "x", LinkedFiles(str(tmp_path), str(tmp_path), False, ()))
    assert [one.name for one in level.records] == ["a", "b", "d", "c"]
    assert level.records[1] == level.records[1]
    assert level.records[1] is not level.records[1]
    assert [one.name for one in level.records[2:]] == ["d", "c"]
    assert [one.name for one in level.records.with_status(["failed"])] == ["b"]
    assert (len(level.records), level.records.reported()) == (4, 3)
    assert level.counts == {"completed": 2, "failed": 1, "none": 1}

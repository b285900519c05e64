"""Reports: results in, pages out."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support.projects import write
from support.reports import (
    SCHEMA,
    Html,
    nasty,
    page,
    record,
    report,
    table,
)

from snakemake_looper.results.report.report import write_pages


def test_the_index_counts_by_status(tmp_path: Path) -> None:
    statuses = {"a": "failed", "b": "completed", "c": "completed", "d": "waiting"}
    folder = report(tmp_path, page({"b": {"n": 1}}, statuses), page(pipeline="empty"))
    html = Html(folder / "index.html")
    assert html.rows[1] == ["count", "sample", "4", "1", "2 completed 1 waiting 1 failed"]
    assert html.rows[2] == ["empty", "sample", "0", "0", "no records"]
    assert html.rows[4] == ["a", "count", "sample", "failed", ""], "who failed is named"
    assert "pipelines/count/sample/index.html#status=failed" in html.links


def test_only_the_first_of_many_failures_are_on_the_index(tmp_path: Path) -> None:
    folder = report(tmp_path, page(statuses={f"s{i}": "failed" for i in range(33)}))
    html = Html(folder / "index.html")
    assert len(html.rows) == 2 + 1 + 20 and "and 13 more" in html.text


def test_records_are_there_whatever_became_of_them(tmp_path: Path) -> None:
    folder = report(
        tmp_path,
        page(
            {"done": {"n": 1, "m": 2}, "half": {"n": 3}, "old": {"n": 4}},
            {"done": "completed", "half": "failed", "none": "failed", "odd": "on fire"},
        ),
    )
    assert table(folder) == [
        ["Record", "Status", "Log", "n", "m"],
        ["done", "completed", "", "1", "2"],
        ["half", "failed", "", "3", ""],
        ["none", "failed", "", "", ""],
        ["odd", "on fire", "", "", ""],
        ["old", "none", "", "4", ""],
    ]
    assert "No results were reported" in record(folder, "none").text
    assert ["n", "3"] in [row[:2] for row in record(folder, "half").rows]


def test_more_than_a_thousand_records(tmp_path: Path) -> None:
    folder = report(tmp_path, page({f"s{i}": {"n": i} for i in range(1200)}))
    assert [row[0] for row in table(folder)[1:]] == [f"s{i}" for i in range(250)], "the first part"
    assert ["n", "1199"] in [row[:2] for row in record(folder, "s1199").rows]


def test_work_grows_as_the_records_do(tmp_path: Path) -> None:
    def calls(number: int) -> int:
        pages = [page({f"s{i}": {"n": i, "p": {"path": "a.txt"}} for i in range(number)})]
        count = 0

        def tick(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(tick)
        try:
            write_pages(pages, tmp_path / "report", "demo", tmp_path)
        finally:
            sys.setprofile(None)
        return count

    calls(1)  # what is done once: templates compiled, modules loaded
    few, some, many = calls(50), calls(150), calls(350)
    assert (many - some) / (some - few) == pytest.approx(2, rel=0.05)


def test_pipelines_and_levels_have_their_own_pages(tmp_path: Path) -> None:
    schema = write(tmp_path, {"schema.yaml": SCHEMA}) / "schema.yaml"
    folder = report(
        tmp_path,
        page({"a": {"n": 1}}),
        page({"demo": {"total": 7}}, level="project", schema=schema),
        page({"a": {"k": "v"}}, pipeline="other one"),
    )
    assert ["total All reads", "7"] in record(folder, "demo", "count/project").rows
    pages = [link for link in Html(folder / "index.html").links if link.endswith("index.html")]
    assert len(pages) == 1 + 3 and len(set(pages)) == 1 + 3
    assert ["n", "1"] in record(folder, "a").rows
    (other,) = (folder / "pipelines").glob("other*/sample/a.html")
    assert ["k", "v"] in Html(other).rows


def test_a_pipeline_and_level_is_there_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="once"):
        report(tmp_path, page(), page())


def test_nothing_to_report_is_said(tmp_path: Path) -> None:
    assert "nothing to report" in Html(report(tmp_path) / "index.html").text


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        "pipeline_name: count\nsamples:\n  reads: {type: integer, description: Reads after trimming}\n  raw: {type: file}\n",
        "reads: {type: integer, description: Reads after trimming}\nraw: {type: file}\n",
        "properties:\n  samples:\n    items:\n      properties:\n        reads: {description: Reads after trimming}\n        raw: {type: file}\n  total: {type: integer}\n",
    ],
)  # fmt: skip
def test_the_schema_orders_and_describes(tmp_path: Path, schema: str) -> None:
    path = write(tmp_path, {"schema.yaml": schema, "x.png": "x"}) / "schema.yaml"
    results = {"more": 1, "raw": {"path": "x.png"}, "reads": 5}
    folder = report(tmp_path, page({"a": results}, schema=path))
    assert table(folder)[0][3:] == ["reads", "raw", "more"]
    assert ["reads Reads after trimming", "5"] in record(folder, "a").rows
    assert not record(folder, "a").images, "the schema says file"


@pytest.mark.parametrize("text", [None, "a: [", "- 1\n", "properties: 3\n"])
def test_a_schema_that_cannot_be_read_is_done_without(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "schema.yaml"
    if text is not None:
        path.write_text(text)
    folder = report(tmp_path, page({"a": {"n": 5}}, schema=path))
    assert ["n", "5"] in record(folder, "a").rows


@pytest.mark.parametrize(
    ("value", "brief", "whole"),
    [
        (1234567, "1234567", "1234567"),
        (0.1234567891, "0.123457", "0.123457 0.1234567891"),
        (float("nan"), "nan", "nan"),
        (True, "true", "true"),
        (None, "", "empty"),
        (["a", 1], "a, 1", "a, 1"),
        ({"a": [1, {"b": "ü"}]}, '{ "a": [ 1, { "b": "ü" } ] }', '{\n  "a": [\n    1,\n    {\n      "b": "ü"\n    }\n  ]\n}'),
        ({(1, 2): {}}, '{ "(1, 2)": {} }', '{\n  "(1, 2)": {}\n}'),
        ({"n": float("inf"), True: [{}]}, '{ "n": "Infinity", "true": [ {} ] }', '{\n  "n": "Infinity",\n  "true": [\n    {}\n  ]\n}'),
        ({"b", "a"}, "a, b", "a, b"),
        (b"caf\xc3\xa9", "café", "café"),
        ({"path": ""}, '{ "path": "" }', '{\n  "path": ""\n}'),
        ({"path": None}, '{ "path": null }', '{\n  "path": null\n}'),
        ("x" * 61, "x" * 59 + "…", "x" * 61),
        ("日本 Ærøskøbing", "日本 Ærøskøbing", "日本 Ærøskøbing"),
        ("https://example.org/a?b", "https://example.org/a?b", "https://example.org/a?b"),
    ],
)  # fmt: skip
def test_values(tmp_path: Path, value: Any, brief: str, whole: str) -> None:
    folder = report(tmp_path, page({"a": {"key": value}}))
    assert table(folder)[1][3] == brief
    assert record(folder, "a").rows[1] == ["key", whole]


def test_numbers_carry_what_they_are_sorted_by(tmp_path: Path) -> None:
    values = {"a": 0.1234567891, "b": float("-inf"), "c": float("nan"), "d": 1e-9}
    folder = report(tmp_path, page({name: {"n": value} for name, value in values.items()}))
    text = (folder / "pipelines/count/sample/index.html").read_text()
    found = re.findall(r'<td class="number" data-sort="(.*?)" data-group="result">', text)
    assert found == ["0.1234567891", "-Infinity", "", "1e-09"]


def test_values_are_text_and_nothing_else(tmp_path: Path) -> None:
    folder = nasty(tmp_path)
    pages = list(folder.rglob("*.html"))
    assert len(pages) == 5
    for path in pages:
        text = path.read_text()
        script = os.path.relpath(folder / "assets" / "report.js", path.parent)
        assert re.findall(r"<script[^>]*>", text) == [f'<script src="{script}">']
        assert "<img src=x" not in text
        assert not any(link.startswith("javascript") for link in Html(path).links)


def test_what_is_no_text_does_no_harm(tmp_path: Path) -> None:
    assert "a?b" in record(report(tmp_path, page({"r": {"k": "a\ud800b"}})), "r").text

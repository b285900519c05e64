"""Reports: results in, pages out; and the pages looked at in a real browser."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from struct import pack
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import pytest
from support.projects import write
from support.running import PATIENCE

from snakemake_looper.results.report.report import write_pages
from snakemake_looper.results.report.report_files import ReportError
from snakemake_looper.results.report.report_levels import LevelReport

SCHEMA = """
    properties:
      pipeline_name: count
      samples:
        type: object
        properties:
          reads: {type: integer, description: Reads after trimming}
          plot: {type: image, description: Lengths of reads}
          picture: {type: object, object_type: image}
          plots: {type: array, items: {type: image}}
          raw: {type: file}
      project:
        type: object
        properties:
          total: {type: integer, description: All reads}
    """


def png(path: Path, width: int = 4, height: int = 3) -> None:
    """A picture that a browser really has to decode."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x40\x80\xc0" * width) * height
    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def page(
    records: Mapping[str, Mapping[str, Any]] | None = None,
    statuses: Mapping[str, str] | None = None,
    **more: Any,
) -> LevelReport:
    records = records or {}
    given: dict[str, Any] = {"pipeline": "count", "level": "sample", "schema": None, "logs": {}}
    statuses = dict.fromkeys(records, "completed") if statuses is None else statuses
    return LevelReport(**{**given, "records": records, "statuses": statuses, **more})


def report(root: Path, *pages: LevelReport, name: str = "demo") -> Path:
    """Write a report and see that nothing in it leads nowhere; the folder."""
    root.mkdir(exist_ok=True)
    index = write_pages(pages, root / "report", name, root)
    assert index == root / "report" / "index.html"
    check_links(root / "report")
    return root / "report"


class Html(HTMLParser):
    """Cells of each table, and whatever points anywhere."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._open = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on"), f"{name} would run"
            if name in ("href", "src"):
                (self.images if tag == "img" else self.links).append(value or "")
        if tag == "tr":
            self.rows.append([])
        self._open = tag in ("td", "th") or (self._open and tag != "tr")
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()


def check_links(folder: Path) -> None:
    """Every link of every page is relative and leads to a file, or to the web."""
    seen = 0
    for path in folder.rglob("*.html"):
        html = Html(path)
        for link in (*html.links, *html.images):
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in ("https", "data") and link not in html.images
                continue
            target = path.parent / unquote(parts.path)
            assert parts.path and not parts.path.startswith("/"), f"{path}: {link}"
            assert target.exists(), f"{path}: {link} leads nowhere"
            seen += 1
    assert seen


def table(folder: Path, where: str = "count/sample") -> list[list[str]]:
    return Html(folder / "pipelines" / where / "index.html").rows


def record(folder: Path, name: str, where: str = "count/sample") -> Html:
    return Html(folder / "pipelines" / where / f"{name}.html")


# --- what is in it -----------------------------------------------------------------------------


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
    assert ["n", "3"] in record(folder, "half").rows


def test_more_than_a_thousand_records(tmp_path: Path) -> None:
    folder = report(tmp_path, page({f"s{i}": {"n": i} for i in range(1200)}))
    assert [row[0] for row in table(folder)[1:]] == [f"s{i}" for i in range(1200)]
    assert ["n", "1199"] in record(folder, "s1199").rows


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
        (0.1234567891, "0.123457", "0.1234567891"),
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
    found = re.findall(r'<td class="number" data-sort="(.*?)">', text)
    assert found == ["0.1234567891", "-Infinity", "", "1e-09"]


# --- files, images, links ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "images", "links"),
    [
        ("plot", {"path": "p/a.png", "title": "t"}, ["a.png"], ["a.png"]),
        ("picture", {"path": "p/a.png"}, ["a.png"], ["a.png"]),
        ("plot", {"path": "p/a.pdf", "thumbnail_path": "p/small.png"}, ["small.png"], ["a.pdf"]),
        ("plot", {"path": "p/a.pdf"}, [], ["a.pdf"]),
        ("plot", {"path": "p/a.png", "thumbnail_path": "gone.png"}, ["a.png"], ["a.png"]),
        ("plot", {"path": "gone.pdf", "thumbnail_path": "p/small.png"}, ["small.png"], []),
        ("plot", {"path": "gone.png", "title": "t"}, [], []),
        ("plots", [{"path": "p/a.png"}, {"path": "p/small.png"}], ["a.png", "small.png"], ["a.png", "small.png"]),
        ("raw", {"path": "p/a.png"}, [], ["a.png"]),
        ("undeclared", {"path": "p/a.png"}, ["a.png"], ["a.png"]),
        ("undeclared", {"path": "p/a.pdf"}, [], ["a.pdf"]),
        ("undeclared", {"path": "p"}, [], ["p"]),
        ("plot", {"path": "https://example.org/a.png"}, [], ["https://example.org/a.png"]),
        ("raw", {"path": "javascript:alert(1)"}, [], []),
        ("raw", {"path": "p/a\0.png"}, [], []),
        ("plot", "p/a.png", [], []),
    ],
)  # fmt: skip
def test_files_are_linked_and_images_shown(
    tmp_path: Path, key: str, value: Any, images: list[str], links: list[str]
) -> None:
    schema = write(tmp_path, {"schema.yaml": SCHEMA, "p/a.pdf": "x"}) / "schema.yaml"
    png(tmp_path / "p/a.png")
    png(tmp_path / "p/small.png")
    folder = report(tmp_path, page({"r": {key: value}}, schema=schema))
    html = record(folder, "r")
    assert [Path(image).name for image in html.images] == images
    own = [link for link in html.links if re.search(r"/p\b|example", link)]
    assert [link if "//" in link else Path(link).name for link in own] == links
    gallery = folder / "pipelines/count/sample/images.html"
    assert ([Path(image).name for image in Html(gallery).images] if images else []) == images
    assert gallery.exists() == bool(images)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    results = {"raw": {"path": "gone.txt", "title": "the raw data"}}
    folder = report(tmp_path, page({"a": results}, logs={"a": "gone.log"}))
    assert table(folder)[1] == ["a", "completed", "no log", "the raw data (not found)"]


@pytest.mark.parametrize(
    "name", ["a b.txt", "a#b?c%20.txt", "ü – 日本.txt", "a:b.txt", '"><b>.txt', "a\udce4.txt"]
)
def test_odd_file_names_are_linked(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / name).write_text("x")
    report_page = page({"a": {"f": {"path": name}}}, {"a": "failed"}, logs={"a": f"log/{name}"})
    write_pages([report_page], tmp_path / "report", "demo", tmp_path)
    for path, number in (("index.html", 1), ("pipelines/count/sample/a.html", 2)):
        file = tmp_path / "report" / path
        links = [link for link in Html(file).links if link.endswith("txt")]
        targets = [file.parent / os.fsdecode(unquote_to_bytes(link)) for link in links]
        assert len(targets) == number and all(target.read_text() == "x" for target in targets)


def test_absolute_paths_become_relative_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.txt").write_text("x")
    root = tmp_path / "project"
    folder = report(root, page({"a": {"f": {"path": str(tmp_path / "elsewhere" / "x.txt")}}}))
    assert "../../../../../elsewhere/x.txt" in record(folder, "a").links


def test_logs_are_linked(tmp_path: Path) -> None:
    write(tmp_path, {"submission/count_a.log": "it broke"})
    logs = {"a": "submission/count_a.log"}
    folder = report(tmp_path, page(statuses={"a": "failed"}, logs=logs))
    for path in (
        "index.html",
        "pipelines/count/sample/index.html",
        "pipelines/count/sample/a.html",
    ):
        file = folder / path
        (log,) = (link for link in Html(file).links if link.endswith(".log"))
        assert (file.parent / log).read_text() == "it broke"


def test_each_record_has_a_page_of_its_own(tmp_path: Path) -> None:
    names = ["A", "a", "index", "images", "con", "a/b", "a b", "..", ".hidden", "日本", "本日", "x" * 300]  # fmt: skip
    records = {name: {"n": number} for number, name in enumerate(names)}
    folder = report(tmp_path, page(records)) / "pipelines/count/sample"
    found = {path.name: Html(path) for path in folder.glob("*.html") if path.name != "index.html"}
    assert len(found) == len(names)
    assert len({name.casefold() for name in found}) == len(names), "also on a Mac or on Windows"
    assert "con.html" not in found and not any(len(name) > 100 for name in found)
    for number, name in enumerate(names):
        assert any(
            html.rows[1] == ["n", str(number)] and name in html.text for html in found.values()
        )


NASTY = '"\'><script>window.ran = 1</script><img src=x onerror="window.ran = 1">'


def nasty(root: Path) -> Path:
    """A report of a project in which everything is written by somebody who means ill."""
    schema = {"properties": {"samples": {NASTY: {"description": NASTY}, "p": {"type": "image"}}}}
    (root / "schema.yaml").write_text(json.dumps(schema))
    png(root / "a.png")
    results = {
        NASTY: NASTY,
        "nested": {NASTY: [NASTY, {NASTY: 1}]},
        "link": {"path": "javascript:window.ran=1", "title": NASTY},
        "web": "https://example.org/" + NASTY.replace(" ", ""),
        "script": "javascript:window.ran=1",
        "p": {"path": "a.png", "title": NASTY},
    }
    one = page(
        {NASTY: results}, {NASTY: NASTY, "x": "failed"}, pipeline=NASTY,
        schema=root / "schema.yaml", logs={NASTY: NASTY, "x": NASTY},
    )  # fmt: skip
    return report(root, one, name=NASTY)


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


# --- how it is written -------------------------------------------------------------------------


def test_pages_of_former_records_go(tmp_path: Path) -> None:
    report(tmp_path, page({"a": {}, "b": {}}), page(pipeline="old"))
    folder = report(tmp_path, page({"a": {}}))
    assert {path.name for path in folder.rglob("*.html")} == {"index.html", "a.html"}
    assert [path.name for path in (folder / "pipelines").iterdir()] == ["count"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"], "and nothing is left beside"


def test_the_old_report_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    folder = report(tmp_path, page({"a": {"n": 1}}))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    seen = []

    class Watching(dict[str, str]):
        def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
            seen.append({path: path.read_bytes() for path in folder.rglob("*") if path.is_file()})
            return default

    # The first pipeline's pages are written by the time the second one's logs are asked for.
    report(tmp_path, page({"a": {"n": 2}}), page({"b": {}}, pipeline="other", logs=Watching()))
    assert seen == [before]
    assert ["n", "2"] in record(folder, "a").rows


def test_a_failure_leaves_the_old_report_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = report(tmp_path, page({"a": {"n": 1}}))
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(errno.EIO, "broken")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="broken"):
        report(tmp_path, page({"a": {"n": 2}}))
    assert ["n", "1"] in record(folder, "a").rows
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_reports_written_at_once_are_whole(tmp_path: Path) -> None:
    pages = [[page({f"s{i}": {"n": who} for i in range(60)})] for who in range(6)]
    faults: list[BaseException] = []

    def work(mine: list[LevelReport]) -> None:
        try:
            write_pages(mine, tmp_path / "report", "demo", tmp_path)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=[mine]) for mine in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len({row[3] for row in table(tmp_path / "report")[1:]}) == 1, (
        "one of them, not a mixture"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_folder_with_something_else_is_not_touched(tmp_path: Path) -> None:
    write(tmp_path, {"report/precious.txt": "x", "file": "x"})
    with pytest.raises(ReportError, match="holds something else than a report; name another"):
        write_pages([page()], tmp_path / "report", "demo", tmp_path)
    with pytest.raises(ReportError, match="is a file; name another folder"):
        write_pages([page()], tmp_path / "file", "demo", tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "precious.txt", "report"]


def test_an_empty_folder_is_taken_and_a_link_stays(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "report").symlink_to("web")
    for _ in range(2):
        write_pages([page({"a": {}})], tmp_path / "report", "demo", tmp_path)
    assert (tmp_path / "report").is_symlink()
    assert (tmp_path / "web" / "index.html").exists()


def test_reports_can_be_read_by_others(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        folder = report(tmp_path, page({"a": {}}))
    finally:
        os.umask(old)
    modes = {oct(path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}
    assert modes == {"0o755", "0o644"}


def portable(root: Path, away: Path) -> Path:
    """A portable report, unpacked elsewhere, with what it was made from gone."""
    schema = write(root, {"schema.yaml": SCHEMA, "a.log": "log", "t/a b.txt": "x"}) / "schema.yaml"
    for name in ("p/a.png", "q/a.png", "p/ü.png"):
        png(root / name)
    records = {
        "a": {"plot": {"path": "p/a.png"}, "raw": {"path": "t/a b.txt"}, "folder": {"path": "t"}},
        "b": {
            "plot": {"path": "q/a.png", "thumbnail_path": "p/ü.png"},
            "raw": {"path": str(root / "t/a b.txt"), "title": "same"},
            "reads": 3,
        },
    }
    statuses = {"a": "failed", "b": "completed"}
    one = page(records, statuses, schema=schema, logs={"a": "a.log", "b": "none.log"})
    made = write_pages([one], root / "report", "demo", root, portable=True)
    assert made == root / "report.zip"
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        archive.extractall(away)
    shutil.rmtree(root)
    return away / "report"


def test_a_portable_report_opens_anywhere(tmp_path: Path) -> None:
    folder = portable(tmp_path / "project", tmp_path / "away")
    check_links(folder)
    (log,) = (link for link in Html(folder / "index.html").links if link.endswith(".log"))
    assert (folder / log).read_text() == "log"
    copies = sorted(path.name for path in (folder / "files").rglob("*") if path.is_file())
    assert copies == ["a.log", "a.png", "a.png", "a_b.txt", "ü.png"], "each file once"
    links = [link for path in folder.rglob("*.html") for link in Html(path).links]
    assert not any(str(tmp_path) in link for link in links)
    assert table(folder)[1][-1].endswith("t (not included)"), "a folder would bring who knows what"


def test_a_portable_report_leaves_the_folder_alone(tmp_path: Path) -> None:
    folder = report(tmp_path, page({"a": {"n": 1}}))
    for number in (2, 3):
        write_pages([page({"a": {"n": number}})], folder, "demo", tmp_path, portable=True)
    assert ["n", "1"] in record(folder, "a").rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "report.zip"]
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        names = archive.namelist()
        assert len(set(names)) == len(names) == 2 + 3
        assert {oct(entry.external_attr >> 16) for entry in archive.infolist()} == {"0o100644"}


def test_a_portable_report_that_fails_is_not_there(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("x")

    class Removing(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            log.unlink(missing_ok=True)
            return default

    pages = [
        page(statuses={"a": "failed"}, logs={"a": "a.log"}),
        page(Removing(a={}), {"a": "completed"}, pipeline="other"),
    ]
    with pytest.raises(FileNotFoundError, match=r"a\.log"):
        write_pages(pages, tmp_path / "report", "demo", tmp_path, portable=True)
    assert list(tmp_path.iterdir()) == []


# --- in a browser ------------------------------------------------------------------------------

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_browser = pytest.mark.skipif(BROWSER is None, reason="there is no chromium to look with")

# Runs behind the page's own script, when all pictures are loaded, and leaves what it found.
PROBE = """
<script>
addEventListener("load", async () => {
  const images = Array.from(document.images);
  images.forEach(image => { image.loading = "eager"; });
  await Promise.all(images.map(image => image.decode().catch(() => null)));
  const first = () => Array.from(document.querySelectorAll("#records tbody tr"))
    .filter(row => !row.hidden).map(row => row.cells[0].textContent.trim());
  const sort = name => Array.from(document.querySelectorAll("#records thead button"))
    .find(button => button.textContent === name).click();
  const type = (selector, value) => {
    const field = document.querySelector(selector);
    field.value = value;
    field.dispatchEvent(new Event(selector === "select" ? "change" : "input", {bubbles: true}));
  };
  const found = (() => { ACTION })();
  const text = document.createElement("pre");
  text.id = "probe";
  text.textContent = JSON.stringify({
    found,
    rows: document.querySelectorAll("tbody tr").length,
    widths: images.map(image => image.naturalWidth),
    ran: window.ran ?? null,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    back: getComputedStyle(document.body).backgroundColor,
    sources: performance.getEntriesByType("resource").map(entry => new URL(entry.name).protocol),
  });
  document.body.append(text);
});
</script>
"""


def look(path: Path, action: str = "", hash: str = "", *options: str) -> dict[str, Any]:
    """Open a page, do something there, and tell what is to be seen."""
    assert BROWSER
    probe = path.with_name("probe.html")
    probe.write_text(path.read_text(encoding="utf-8") + PROBE.replace("ACTION", action), "utf-8")
    done = subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={path.parent / '.browser'}", "--enable-logging=stderr",
            "--virtual-time-budget=20000", "--dump-dom", *options, probe.as_uri() + hash,
        ],
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    probe.unlink()
    shutil.rmtree(path.parent / ".browser", ignore_errors=True)
    seen = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert seen, done.stdout + done.stderr
    decoder = HTMLParser()
    text: list[str] = []
    decoder.handle_data = text.append  # type: ignore[method-assign]
    decoder.feed(seen[1])
    decoder.close()
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    loaded: dict[str, Any] = json.loads("".join(text))
    return {**loaded, "console": console}


def clean(seen: Mapping[str, Any]) -> bool:
    """No error, nothing from the network, every picture decoded, no wider than the screen."""
    return (
        seen["console"] == []
        and set(seen["sources"]) <= {"file:", "data:"}
        and all(seen["widths"])
        and seen["overflow"] == 0
        and seen["ran"] is None
    )


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A report with something of everything."""
    schema = write(tmp_path, {"schema.yaml": SCHEMA, "a.log": "x"}) / "schema.yaml"
    png(tmp_path / "p/a.png", width=40)
    values = {"s1": 10, "s2": 9.25, "s10": 100, "s3": 9.5, "S4": -1, "s5": "n/a"}
    records = {
        name: {"reads": value, "plot": {"path": "p/a.png"}, "text": "a long text " * 30}
        for name, value in values.items()
    }
    statuses = {**dict.fromkeys(records, "completed"), "lost": "failed", "late": "waiting"}
    one = page(records, statuses, schema=schema, logs=dict.fromkeys(statuses, "a.log"))
    return report(tmp_path, one, page({"a": {"n": 1}}, level="project", schema=schema))


@in_browser
def test_the_browser_would_tell(tmp_path: Path) -> None:
    """What the other tests rely on: errors, broken pictures and scripts are seen."""
    bad = tmp_path / "bad.html"
    bad.write_text("<img src=gone.png><script>window.ran = 1; nonsense()</script>")
    seen = look(bad)
    assert any("nonsense is not defined" in line for line in seen["console"])
    assert seen["widths"] == [0] and seen["ran"] == 1
    bad.write_text(
        "<div style='width: 5000px'>x</div><script src=https://example.org/x.js></script>"
    )
    seen = look(bad)
    assert seen["overflow"] > 0 and not clean(seen)
    assert seen["console"] or "https:" in seen["sources"]


@in_browser
@pytest.mark.parametrize(
    ("path", "rows", "images"),
    [
        ("index.html", 3, 0),
        ("pipelines/count/sample/index.html", 8, 6),
        ("pipelines/count/sample/images.html", 0, 6),
        ("pipelines/count/sample/s1.html", 3, 1),
        ("pipelines/count/sample/lost.html", 0, 0),
        ("pipelines/count/project/index.html", 1, 0),
    ],
)
def test_pages_open(shown: Path, path: str, rows: int, images: int) -> None:
    seen = look(shown / path, "", "", "--window-size=500,800")  # as narrow as it lets us
    assert clean(seen), seen
    assert seen["rows"] == rows and seen["widths"] == [40] * images


# One after the other on one page; each leaves its order and its filter to the next.
ACTIONS = {
    "return first()": "s1 s2 s10 s3 S4 s5 lost late",
    "sort('Record'); return first()": "late lost s1 s2 s3 S4 s5 s10",
    "sort('reads'); return first()": "S4 s2 s3 s1 s10 s5 late lost",
    "return [document.querySelector('[aria-sort]').ariaSort]": "ascending",
    "sort('reads');  return first()": "s5 s10 s1 s3 s2 S4 late lost",
    "sort('Status'); sort('Status'); return first().slice(0, 2)": "lost late",
    "sort('Record'); type('input', 'S1'); return first()": "s1 s10",
    "return [document.querySelector('output').value]": "2 of 8",
    "type('select', 'completed'); return first()": "s1 s10",
    "type('select', 'failed'); return first()": "",
    "type('input', ''); return first()": "lost",
    "type('select', ''); return [first().length]": "8",
}


@in_browser
def test_tables_are_sorted_and_filtered(shown: Path) -> None:
    action = f"return [{', '.join(f'(() => {{ {one} }})()' for one in ACTIONS)}]"
    seen = look(shown / "pipelines/count/sample/index.html", action)
    assert [" ".join(map(str, one)) for one in seen["found"]] == list(ACTIONS.values())
    assert clean(seen), seen


@in_browser
def test_the_index_leads_to_the_failed_ones(shown: Path) -> None:
    (link,) = (link for link in Html(shown / "index.html").links if link.endswith("failed"))
    path, hash = link.split("#")
    assert look(shown / path, "return first()", f"#{hash}")["found"] == ["lost"]


@in_browser
def test_dark_and_light(shown: Path) -> None:
    light = look(shown / "index.html", "", "", "--blink-settings=preferredColorScheme=1")
    dark = look(shown / "index.html", "", "", "--blink-settings=preferredColorScheme=0")
    assert (light["back"], dark["back"]) == ("rgb(255, 255, 255)", "rgb(21, 24, 29)")


@in_browser
def test_nothing_of_the_values_runs(tmp_path: Path) -> None:
    folder = nasty(tmp_path)
    for path in list(folder.rglob("*.html")):
        seen = look(path, "return document.scripts.length")
        assert clean(seen) and seen["found"] == 2, "ours and the probe"


@in_browser
def test_a_portable_report_shows_its_pictures(tmp_path: Path) -> None:
    folder = portable(tmp_path / "project", tmp_path / "away")
    for name in ("index", "images", "b"):
        seen = look(folder / f"pipelines/count/sample/{name}.html")
        assert clean(seen) and seen["widths"], seen


@in_browser
def test_many_records_in_a_browser(tmp_path: Path) -> None:
    folder = report(tmp_path, page({f"s{i}": {"n": i * 7 % 2001} for i in range(2001)}))
    (best,) = (f"s{i}" for i in range(2001) if i * 7 % 2001 == 2000)
    action = """
      const some = first().length;
      sort('n'); sort('n');
      const best = first()[0], sorted = first().length;
      document.querySelector('.filter button').click();
      return [some, best, sorted, first().length];
    """
    seen = look(folder / "pipelines/count/sample/index.html", action)
    assert clean(seen) and seen["rows"] == 2001
    assert seen["found"] == [1000, best, 1000, 2001], "the first ones are drawn, all are there"


@in_browser
def test_pages_are_whole_without_the_script(shown: Path) -> None:
    (shown / "assets" / "report.js").write_text("")
    seen = look(shown / "pipelines/count/sample/index.html", "return first().length")
    assert clean(seen) and seen["found"] == 8

"""The files of a report: links to results, names of pages, folders and zips."""

from __future__ import annotations

import errno
import os
import re
import threading
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from support.projects import write
from support.reports import (
    SCHEMA,
    Html,
    check_links,
    page,
    png,
    portable,
    record,
    report,
    table,
)

from snakemake_looper.results.report.report import write_pages
from snakemake_looper.results.report.report_files import ReportError
from snakemake_looper.results.report.report_levels import LevelReport


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
            html.rows[1][:2] == ["n", str(number)] and name in html.text for html in found.values()
        )


# --- how it is written ---


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
    assert seen and all(one == before for one in seen)
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
    pages = {"index.html", "pipelines/count/sample/index.html", "pipelines/count/sample/a.html"}
    assets = {f"assets/{name}" for name in ("report.css", "contents.css", "report.js", "state.js")}
    for number in (2, 3):
        write_pages([page({"a": {"n": number}})], folder, "demo", tmp_path, portable=True)
    assert ["n", "1"] in record(folder, "a").rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "report.zip"]
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        names = archive.namelist()
        assert sorted(names) == sorted(f"report/{name}" for name in pages | assets)
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

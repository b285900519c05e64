"""Reports that tests write, and their pages as tests read them."""

from __future__ import annotations

import json
import shutil
import zipfile
import zlib
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from struct import pack
from typing import Any
from urllib.parse import unquote, urlsplit

from snakemake_looper.results.report.report import write_pages
from snakemake_looper.results.report.report_levels import LevelReport
from support.projects import write

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
        self._open = self._in_group = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on"), f"{name} would run"
            if name in ("href", "src"):
                (self.images if tag == "img" else self.links).append(value or "")
        self._in_group = tag == "i"  # three more digits of a number
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
            space = "" if self._in_group else " "
            self.rows[-1][-1] = f"{self.rows[-1][-1]}{space}{data.strip()}".strip()


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

"""The pages of a report, looked at in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browsers import clean, in_browser, look
from support.driven_browser import Browser, browser
from support.projects import write
from support.reports import (
    SCHEMA,
    Html,
    nasty,
    page,
    png,
    portable,
    report,
)

pytestmark = in_browser


@pytest.fixture(scope="module")
def tabs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


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


def test_the_browser_would_tell(tabs: Browser, tmp_path: Path) -> None:
    """What the other tests rely on: errors, broken pictures and scripts are seen."""
    bad = tmp_path / "bad.html"
    bad.write_text("<img src=gone.png><script>window.ran = 1; nonsense()</script>")
    seen = look(tabs, bad)
    assert any("nonsense is not defined" in line for line in seen["console"])
    assert seen["widths"] == [0] and seen["ran"] == 1
    bad.write_text(
        "<div style='width: 5000px'>x</div><script src=https://example.org/x.js></script>"
    )
    seen = look(tabs, bad)
    assert seen["overflow"] > 0 and not clean(seen)
    assert seen["console"] or "https:" in seen["sources"]


@pytest.mark.parametrize(
    ("path", "rows", "images"),
    [
        ("index.html", 4, 0),
        ("pipelines/count/sample/index.html", 8, 6),
        ("pipelines/count/sample/images.html", 0, 6),
        ("pipelines/count/sample/s1.html", 3, 1),
        ("pipelines/count/sample/lost.html", 0, 0),
        ("pipelines/count/project/index.html", 1, 0),
    ],
)
def test_pages_open(tabs: Browser, shown: Path, path: str, rows: int, images: int) -> None:
    seen = look(tabs, shown / path, width=400)
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


def test_tables_are_sorted_and_filtered(tabs: Browser, shown: Path) -> None:
    action = f"return [{', '.join(f'(() => {{ {one} }})()' for one in ACTIONS)}]"
    seen = look(tabs, shown / "pipelines/count/sample/index.html", action)
    assert [" ".join(map(str, one)) for one in seen["found"]] == list(ACTIONS.values())
    assert clean(seen), seen


def test_the_index_leads_to_the_failed_ones(tabs: Browser, shown: Path) -> None:
    (link,) = (link for link in Html(shown / "index.html").links if link.endswith("failed"))
    path, hash = link.split("#")
    assert look(tabs, shown / path, "return first()", hash=f"#{hash}")["found"] == ["lost"]


def test_dark_and_light(tabs: Browser, shown: Path) -> None:
    light = look(tabs, shown / "index.html")
    dark = look(tabs, shown / "index.html", dark=True)
    assert (light["back"], dark["back"]) == ("rgb(255, 255, 255)", "rgb(21, 24, 29)")


def test_nothing_of_the_values_runs(tabs: Browser, tmp_path: Path) -> None:
    folder = nasty(tmp_path)
    for path in list(folder.rglob("*.html")):
        seen = look(tabs, path, "return document.scripts.length")
        assert clean(seen) and seen["found"] == 1, "ours"


def test_a_portable_report_shows_its_pictures(tabs: Browser, tmp_path: Path) -> None:
    folder = portable(tmp_path / "project", tmp_path / "away")
    for name in ("index", "images", "b"):
        seen = look(tabs, folder / f"pipelines/count/sample/{name}.html")
        assert clean(seen) and seen["widths"], seen


def test_pages_are_whole_without_the_script(tabs: Browser, shown: Path) -> None:
    (shown / "assets" / "report.js").write_text("")
    seen = look(tabs, shown / "pipelines/count/sample/index.html", "return first().length")
    assert clean(seen) and seen["found"] == 8

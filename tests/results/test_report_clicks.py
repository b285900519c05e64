"""Pages of a report as people use them: by clicks and keys, and while a run goes on."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browsers import in_browser
from support.driven_browser import Browser, Page, browser
from support.followed_reports import Followed
from support.reports import page, report
from support.running import wait_until

from snakemake_looper.results.report import report_live
from snakemake_looper.results.report.report_live import Live

pytestmark = in_browser
TABLE = "pipelines/count/sample/index.html"


@pytest.fixture(scope="module")
def tabs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


def opened(tabs: Browser, path: Path, width: int = 1280) -> Page:
    tab = tabs.open(path.as_uri(), width)
    tab.wait("document.documentElement.dataset.ready === ''")
    return tab


def rows(tab: Page) -> list[str]:
    found: list[str] = tab.get(
        "Array.from(document.querySelectorAll('#records tbody tr'), one => one.cells[0].innerText)"
    )
    return found


def text(tab: Page, selector: str) -> str:
    found: str = tab.get(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")
    return found


# --- tables --------------------------------------------------------------------------------------


def long_table(root: Path, number: int) -> Path:
    """A table with 17 columns; the last record has the smallest numbers, and failed."""
    records = {
        f"s{i}": {f"n{column}": -i for column in range(12)} | {"word": f"<b>w{i}</b>"}
        for i in range(number)
    }
    statuses = {**dict.fromkeys(records, "completed"), f"s{number - 1}": "failed"}
    attributes = {name: {"organism": "frog"} for name in records}
    return report(root, page(records, statuses, attributes=attributes)) / TABLE


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_table(tmp_path_factory.mktemp("long"), 1201)


def test_long_tables_are_turned_like_a_book(tabs: Browser, long: Path) -> None:
    tab = opened(tabs, long)
    assert len(rows(tab)) == 250 and "1–250 of 1201" in text(tab, ".pager")
    tab.click(".pager button", "next")
    assert rows(tab)[0] == "s250" and "251–500 of 1201" in text(tab, ".pager")
    tab.press("Enter")  # the button has the focus
    assert rows(tab)[0] == "s500"
    tab.click(".pager button", "last")
    assert rows(tab)[-1] == "s1200" and len(rows(tab)) == 201
    assert tab.get("document.querySelector('.pager button:last-child').disabled")
    tab.click(".pager button", "previous")
    assert rows(tab)[0] == "s750"
    assert tab.faults() == []


def test_long_tables_are_sorted_and_narrowed_down_as_a_whole(tabs: Browser, long: Path) -> None:
    tab = opened(tabs, long)
    tab.click("thead button", "n0")
    assert rows(tab)[0] == "s1200", "the smallest number of all"
    assert tab.get("document.querySelector('[aria-sort]').ariaSort") == "ascending"
    tab.press(" ")
    assert rows(tab)[0] == "s0", "a key does as a click does"
    tab.click(".filter input")
    tab.type("W120")
    assert text(tab, "output") == "2 of 1201" and rows(tab) == ["s120", "s1200"]
    assert not tab.get("document.querySelector('.pager').checkVisibility()"), "there is one part"
    assert tab.get("document.querySelector('#records b')") is None and tab.faults() == []


def test_a_link_from_the_index_narrows_a_long_table_down(tabs: Browser, long: Path) -> None:
    tab = opened(tabs, long.parents[3] / "index.html")
    tab.click(".counts a", "failed")
    tab.wait("document.querySelector('output')?.value === '1 of 1201'")
    assert rows(tab) == ["s1200"]


def test_columns_are_chosen(tabs: Browser, tmp_path: Path) -> None:
    """The choice is kept, for this table."""
    long = long_table(tmp_path, 501)

    def heads() -> list[str]:
        found: list[str] = tab.get(
            """Array.from(document.querySelectorAll('#records thead th'))
            .filter(one => one.checkVisibility()).map(one => one.innerText.trim())"""
        )
        return found

    tab = opened(tabs, long)
    assert "organism" not in heads() and "word" in heads()
    assert text(tab, ".chooser summary") == "Columns (16 of 17)"
    tab.click(".chooser summary")
    tab.click(".chooser label", "organism")
    tab.click(".chooser label", "n11")
    assert "organism" in heads() and "n11" not in heads()
    tab.click(".pager button", "next")
    shown = "document.querySelector('#records tbody tr').cells[14].checkVisibility()"
    assert not tab.get(shown), "also in rows that are drawn later"
    tab.click(".chooser summary")
    tab.press("Escape")
    assert not tab.get("document.querySelector('.chooser').open")
    again = opened(tabs, long)
    assert text(again, ".chooser summary") == "Columns (16 of 17)"
    again.click(".chooser summary")
    again.click(".chooser button", "none")
    assert text(again, ".chooser summary") == "Columns (4 of 17)"


def test_few_columns_need_no_chooser(tabs: Browser, tmp_path: Path) -> None:
    folder = report(tmp_path, page({"a": {"n": 1}}, attributes={"a": {"organism": "frog"}}))
    tab = opened(tabs, folder / TABLE)
    assert tab.get("document.querySelector('.chooser')") is None
    assert "frog" in text(tab, "#records")


def test_a_table_is_downloaded(tabs: Browser, tmp_path: Path) -> None:
    one = page({"a": {"n": 1}}, csv="Record Identifier,n\na,1\n")
    folder = report(tmp_path, one)
    place = tmp_path / "downloads"
    place.mkdir()
    tabs.download_to(place)
    opened(tabs, folder / TABLE).click(".download")
    wait_until((place / "count.csv").exists)
    assert (place / "count.csv").read_text() == one.csv


def test_back_leads_to_the_same_view(tabs: Browser, long: Path) -> None:
    tab = opened(tabs, long)
    tab.click("thead button", "n0")
    tab.click(".pager button", "next")
    first = rows(tab)[0]
    tab.click("#records tbody a", first)
    tab.wait(f"document.querySelector('h1').innerText === '{first}'")
    tab.get("void setTimeout(() => history.back(), 100)")  # behind the answer to this
    tab.wait(f"document.querySelector('#records tbody tr')?.cells[0].innerText === '{first}'")
    assert tab.get("document.querySelector('[aria-sort]').ariaSort") == "ascending"


# --- while a run goes on -------------------------------------------------------------------------


@pytest.fixture(params=["disk", "web"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of the report's folder: opened from disk, and behind a web server."""
    if request.param == "disk":
        yield (tmp_path / "report").as_uri()
        return
    handler = functools.partial(Quiet, directory=str(tmp_path / "report"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *values: Any) -> None:
        pass


def levels(n: int, status: str = "running") -> Any:
    """A level whose record `a` has this value."""
    words = {"a": "completed", "b": status, "c": "waiting" if status == "running" else status}
    return page({"a": {"n": n}, **{f"x{i}": {"n": i} for i in range(200)}}, words)


def test_open_pages_follow_a_run(tabs: Browser, tmp_path: Path, address: str) -> None:
    followed = Followed(tmp_path)
    followed.write(levels(1), live=Live(1.0, 240.0))
    index = tabs.open(f"{address}/index.html")
    table, record = tabs.open(f"{address}/{TABLE}"), tabs.open(f"{address}/{TABLE[:-10]}a.html")
    for tab in (index, table, record):
        tab.wait("document.getElementById('live').innerText.includes('about 4 min left')")
        assert "b (count)" in text(tab, "#live") and "1 running" in text(tab, "#live")
    table.click("thead button", "n")
    table.get("document.querySelector('.scroll').scrollTop = 300")
    followed.write(levels(4711))
    for tab in (table, record):
        tab.wait("document.querySelector('main').innerText.includes('4711')")
        tab.wait("document.documentElement.dataset.ready === ''")
    assert table.get("document.querySelector('[aria-sort]').innerText") == "n"
    assert table.get("document.querySelector('.scroll').scrollTop") == 300
    assert table.get("document.activeElement.innerText") == "n", "the focus stays, too"
    followed.write(levels(4711, "completed"), live=Live(1.0, goes_on=False, last=True))
    for tab in (index, table, record):
        tab.wait("document.getElementById('live').innerText.includes('the run ended')")
        assert "b (count)" not in text(tab, "#live") and tab.faults() == []


def test_nobody_is_disturbed(tabs: Browser, tmp_path: Path) -> None:
    """A page is not loaded again under a selection; a button does it."""
    followed = Followed(tmp_path)
    followed.write(levels(1))
    tab = opened(tabs, followed.folder / TABLE)
    tab.get("getSelection().selectAllChildren(document.querySelector('h1'))")
    followed.write(levels(4711))
    tab.wait("document.querySelector('#live button') !== null")
    assert "4711" not in text(tab, "main")
    tab.click("#live button", "Show the new values")
    tab.wait("document.querySelector('main').innerText.includes('4711')")


def asks_again(tab: Page) -> bool:
    """Whether a page looks at the state once more, after a look."""
    found: bool = tab.get(
        """new Promise(done => {
          const before = load;
          window.setTimeout = () => done(true);
          load = (source, then) => before(source, () => { then(); done(false); });
          follow();
        })"""
    )
    return found


def test_a_finished_report_is_not_looked_at_again(tabs: Browser, tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    followed.write(levels(1))
    assert asks_again(opened(tabs, followed.folder / TABLE))
    followed.write(levels(1, "completed"), live=Live(1.0, goes_on=False, last=True))
    assert not asks_again(opened(tabs, followed.folder / TABLE))
    once = report(tmp_path / "once", levels(1))
    tab = opened(tabs, once / TABLE)
    assert not asks_again(tab) and text(tab, "#live") == ""


def test_a_watcher_that_was_killed(
    tabs: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = report_live.time.time()
    monkeypatch.setattr(report_live.time, "time", lambda: now - 3600)
    followed = Followed(tmp_path)
    followed.write(levels(1))
    tab = opened(tabs, followed.folder / "index.html")
    tab.wait("!document.getElementById('live').hidden")
    assert "last written 1 h 0 min ago; nobody updates this report now" in text(tab, "#live")
    assert "b (count)" not in text(tab, "#live"), "nobody knows what runs"
    assert asks_again(tab), "someone may start it again"


def test_the_report_of_a_run_that_nobody_follows_any_more(tabs: Browser, tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    followed.write(levels(1), live=Live(1.0, goes_on=True, last=True))
    tab = opened(tabs, followed.folder / "index.html")
    tab.wait("!document.getElementById('live').hidden")
    assert "the report does not follow the run any more" in text(tab, "#live")

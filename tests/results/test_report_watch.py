"""A report that is written again and again: which files change, and when it ends."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import count as count_up
from pathlib import Path
from typing import Any

import pytest
from support.earlier import PlayedProject
from support.followed_reports import Followed
from support.reports import page

from snakemake_looper.cli import main
from snakemake_looper.errors import LooperError
from snakemake_looper.results.report import report_live
from snakemake_looper.results.report.report_files import ReportError
from snakemake_looper.results.report.report_levels import Times
from snakemake_looper.results.report.report_live import Live
from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.show import report_watch
from snakemake_looper.show.report_watch import follow


def test_only_files_that_changed_are_written(tmp_path: Path) -> None:
    report = Followed(tmp_path)
    report.write(page({"a": {"n": 1}, "b": {"w": "x"}}), page({"c": {"n": 1}}, pipeline="other"))
    before = report.files()
    report.write(page({"a": {"n": 1}, "b": {"w": "y"}}), page({"c": {"n": 1}}, pipeline="other"))
    after = report.files()
    assert {name for name in after if before.get(name) != after[name]} == {
        "assets/state.js",
        "pipelines/count/sample/b.html",
        "pipelines/count/sample/index.html",
        "pipelines/count/sample/versions.js",
    }
    assert before.keys() == after.keys(), "and nothing is left over"


def test_a_page_says_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = Followed(tmp_path)
    clock = map(str, count_up(1))
    monkeypatch.setattr(report_live.time, "strftime", lambda *_: f"at {next(clock)}")
    path = report.folder / "pipelines/count/sample/a.html"
    texts = []
    for status in ("running", "completed", "completed"):
        report.write(page({"a": {"n": 1}}, {"a": status}))
        texts.append(path.read_text())
    assert texts[0] != texts[1] == texts[2]
    assert "Written at " in texts[1] and "<!--" not in texts[1]


def test_the_page_of_a_record_that_left_is_removed(tmp_path: Path) -> None:
    report = Followed(tmp_path)
    report.write(page({"a": {"n": 1}, "b": {"n": 2}}))
    report.write(page({"a": {"n": 1}}))
    assert "pipelines/count/sample/b.html" not in report.files()


def test_a_report_that_was_removed_is_written_anew(tmp_path: Path) -> None:
    report = Followed(tmp_path)
    report.write(page({"a": {"n": 1}}))
    shutil.rmtree(report.folder)
    report.write(page({"a": {"n": 1}}))
    assert (report.folder / "pipelines/count/sample/a.html").exists()
    shutil.rmtree(report.folder)
    report.folder.mkdir()
    (report.folder / "thesis.txt").touch()
    with pytest.raises(ReportError, match="holds something else than a report"):
        report.write(page({"a": {"n": 1}}))


def test_the_state_of_a_run(tmp_path: Path) -> None:
    report = Followed(tmp_path)
    statuses = {"a": "completed", "b": "failed", "c": "running", "d": "running", "e": "waiting"}
    times = {"c": Times(200.0), "d": Times(100.0)}
    report.write(page({}, statuses, times=times), live=Live(2.0, 90.0))
    state = report.state()
    assert {key: state[key] for key in ("last", "goesOn", "every", "left")} == {
        "last": False, "goesOn": True, "every": 2.0, "left": 90.0,
    }  # fmt: skip
    assert dict(state["counts"]) == {"completed": 1, "running": 2, "waiting": 1, "failed": 1}
    assert [(one["record"], one["since"]) for one in state["running"]] == [("d", 100), ("c", 200)]


def test_pages_know_their_version(tmp_path: Path) -> None:
    report = Followed(tmp_path)
    report.write(page({"a": {"n": 1}}))
    folder = report.folder / "pipelines/count/sample"
    versions = json.loads((folder / "versions.js").read_text()[len("report.versions(") : -3])
    for name, version in versions.items():
        found = re.search('name="version" content="(.*?)"', (folder / name).read_text())
        assert found and found[1] == version
    assert versions.keys() == {"index.html", "a.html"}


# --- rounds --------------------------------------------------------------------------------------


class Rounds:
    """Statuses as rounds of a test see them, and a report that notes how it is written."""

    def __init__(self, *rounds: str | type[BaseException]) -> None:
        self._rounds = iter(rounds)
        self.written: list[Live] = []
        self.faults: Iterator[bool] = iter(())

    def read(self) -> list[RecordStatus]:
        one = next(self._rounds)
        if not isinstance(one, str):
            raise one
        return [RecordStatus("p", "sample", str(at), word) for at, word in enumerate(one.split())]

    def write(self, live: Live) -> Path:
        if next(self.faults, False):
            raise LooperError("results.yaml is half written")
        self.written.append(live)
        return Path("index.html")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(report_watch.time, "sleep", found.append)
    return found


def followed(rounds: Rounds) -> Sequence[str]:
    report: Any = rounds
    return [one.status for one in follow(report, rounds.read, 2.0)]


def test_it_ends_with_the_run(pauses: list[float]) -> None:
    rounds = Rounds("running waiting", "completed running", "completed failed")
    assert followed(rounds) == ["completed", "failed"]
    assert [(live.goes_on, live.last) for live in rounds.written] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert min(pauses) >= 2.0 and len(pauses) == 2


def test_it_can_be_interrupted(pauses: list[float]) -> None:
    rounds = Rounds("running", KeyboardInterrupt, "running")
    assert followed(rounds) == ["running"]
    assert rounds.written[-1].goes_on and rounds.written[-1].last, "the pages are told"


@pytest.mark.usefixtures("pauses")
def test_a_round_may_fail() -> None:
    rounds = Rounds(*["running"] * 6, "completed")
    rounds.faults = iter([True, True, True, True, False, True])
    assert followed(rounds) == ["completed"]
    assert len(rounds.written) == 2


@pytest.mark.usefixtures("pauses")
def test_rounds_that_fail_all_the_time_are_told() -> None:
    rounds = Rounds(*["running"] * 6)
    rounds.faults = iter([True] * 6)
    with pytest.raises(LooperError, match="half written"):
        followed(rounds)


# --- the command ---------------------------------------------------------------------------------


def command(folder: Path, *words: str) -> int:
    return main([*words, "-c", str(folder / ".looper.yaml")])


def test_a_project_that_nobody_runs(count: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its report is written once, and its pages do not wait for more."""
    PlayedProject(count).run(a="n=1!", b="n=2")
    capsys.readouterr()
    assert command(count, "report", "--watch", "0.1") == 1, "a failed"
    said = capsys.readouterr()
    index = count / "out/reports/index.html"
    assert said.out == f"{index}\n"
    assert said.err.startswith(f"note: open it in a browser: {index.as_uri()}\n")
    assert "follows" not in said.err
    assert '"last": true' in (count / "out/reports/assets/state.js").read_text()


def test_a_zip_follows_nothing(count: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(count, "report", "--watch", "--portable") == 2
    assert capsys.readouterr().err == (
        "error: --portable: a zip cannot follow a run; leave out --watch, or write the zip when the"
        " run has ended\n"
    )
    assert not (count / "out").exists()

"""A portable report is given away: only files of the project are in it. And why records failed."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.earlier import PlayedProject, jobs_of

from snakemake_looper.results.report.report import write_pages, write_report
from snakemake_looper.results.report.report_levels import Failure, LevelReport


def packed(root: Path, *inside: Path, **results: Any) -> list[str]:
    """The files of results in the zip of a project."""
    report = LevelReport("p", "sample", None, {"a": results}, {"a": "completed"}, {})
    made = write_pages([report], root / "report", "demo", root, portable=True, inside=inside)
    with zipfile.ZipFile(made) as archive:
        return [Path(name).name for name in archive.namelist() if "/files/" in name]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("project/x.txt", "project/plot.png", "out/y.txt", "away/secret.txt", "project2/z"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path / "project"


def test_files_from_elsewhere_are_left_out_and_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "link").symlink_to("../away/secret.txt")
    (root / "away").symlink_to("../away")
    (root / "inner").symlink_to("x.txt")
    os.mkfifo(root / "pipe")
    outside = ["/etc/passwd", "link", "away/secret.txt", "../away/secret.txt", "../project2/z"]
    paths = ["x.txt", "inner", "../out/y.txt", *outside, "pipe", "."]
    image = {"path": "x.txt", "thumbnail_path": "/etc/../etc/hosts.png", "title": "t"}
    found = packed(root, root, root.parent / "out", f=[{"path": one} for one in paths], image=image)
    assert found == ["x.txt", "inner", "y.txt"]
    named = f"/etc/passwd, {root}/link, {root}/away/secret.txt, …"
    assert capsys.readouterr().err.splitlines() == [
        "note: packing 3 files of results and logs: 35 bytes",
        "warning: 5 reported paths left out of the zip: outside the project's folder and its output"
        f" folder ({named})",
        f"warning: 1 reported path left out of the zip: pipes or devices, and not files ({root}/pipe)",
        f"warning: 1 reported path left out of the zip: folders, and not files ({root})",
    ]


def test_images_from_elsewhere_are_left_out(root: Path) -> None:
    (root.parent / "away/plot.png").touch()
    away = {"path": f"{root.parent}/away/plot.png", "thumbnail_path": "../away/plot.png"}
    assert packed(root, root, one=away, two={"path": "plot.png"}) == ["plot.png"]


def test_a_project_behind_a_link_is_the_project(root: Path) -> None:
    link = root.parent / "behind"
    link.symlink_to(root)
    assert packed(link, f={"path": "x.txt"}, g={"path": f"{root}/plot.png"}) == [
        "x.txt",
        "plot.png",
    ]


def test_a_file_that_cannot_be_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("x.txt"))
    assert packed(root, f={"path": "x.txt"}) == []
    assert f"left out of the zip: not readable ({root}/x.txt)" in capsys.readouterr().err


def test_the_page_of_a_failed_record_says_why(count: Path) -> None:
    """The reason, and the end of the log; nothing in it acts upon the page."""
    played = PlayedProject(count)
    played.run(a="n=1!", b="n=2")
    jobs = jobs_of(count)
    brief = next(one for one in jobs.briefs() if one.record == "a")
    lines = [f"line {number}" for number in range(30)] + ["<script>\u202e too few reads", "x"]
    (count / brief.log).write_text("\n".join(lines) + "\nthe command exited with 3\n")
    write_report(jobs, count / "pages")
    jobs.close()
    folder = count / "pages/pipelines/count/sample"
    page = (folder / "a.html").read_text()
    assert '<p class="reason">exit code 3</p>' in page
    assert "line 13\n" in page and "line 12\n" not in page, "twenty lines"
    assert r"&lt;script&gt;\u202e too few reads" in page
    assert "exit code 3" in (count / "pages/index.html").read_text()
    assert "The end of the log" not in (folder / "b.html").read_text()


def test_a_failure_without_a_reason_or_a_log(root: Path) -> None:
    report = LevelReport(
        "p", "sample", None, {}, {"a": "failed"}, {}, failures={"a": Failure("", [])}
    )
    write_pages([report], root / "report", "demo", root)
    assert "details" not in (root / "report/pipelines/p/sample/a.html").read_text()

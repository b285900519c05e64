"""`table`, `link`, `report` as commands, in projects whose jobs are played."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import write
from support.reporting import REPORTING, jobs_of, record_file, report, set_flag

from snakemake_looper.cli import main
from snakemake_looper.results.publish import publish_all


@pytest.fixture
def reported(project: Callable[..., Path]) -> Path:
    """A project with two pipelines, the second without results."""
    files = {
        **REPORTING,
        ".looper.yaml": REPORTING[".looper.yaml"]
        .replace("[count.yaml]", "[count.yaml, plot.yaml]")
        .replace("all.yaml", '"rec_{record_identifier}.yaml"'),
        "plot.yaml": REPORTING["count.yaml"].replace("pipeline_name: count", "pipeline_name: plot"),
    }
    folder = project(files)
    jobs = jobs_of(folder)
    for name, word in (("a", "=1+1"), ("b", "\x1b[2J")):
        files_of = [{"path": "https://user:secret@example.org/x?token=y"}, {"path": f"{name}.txt"}]
        report(jobs, name, n=-3, word=word, files=files_of)
        set_flag(jobs, name, "completed")
    jobs.close()
    return folder


def command(folder: Path, *words: str) -> int:
    return main([*words, "-c", str(folder / ".looper.yaml")])


def test_a_table_in_a_file(reported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its ending names the format; the folder is made."""
    for ending, kind in (("csv", "csv"), ("TSV", "tsv"), ("md", "markdown"), ("json", "json")):
        path = reported / f"new/table.{ending}"
        assert command(reported, "table", "--output", str(path)) == 0
        assert capsys.readouterr().out == f"{path}\n"
        assert command(reported, "table", "--format", kind) == 0
        assert capsys.readouterr().out == path.read_text()
    path = reported / "new/table.txt"
    assert command(reported, "table", "--output", str(path), "--format", "csv") == 0
    assert path.read_text() == (reported / "new/table.csv").read_text()


def test_a_file_whose_ending_names_no_format(
    reported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(reported, "table", "--output", "x.cvs") == 2
    assert capsys.readouterr().err == (
        "error: --output: 'x.cvs' has no ending that names a format (did you mean '.csv'?);"
        " write one of .tsv, .csv, .json, .markdown, .md, or add --format\n"
    )


def test_a_table_into_a_pipe(reported: Path) -> None:
    """The pipe is written to, not replaced."""
    pipe = reported / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert command(reported, "table", "--output", str(pipe), "--format", "json") == 0
    assert json.loads(os.read(reader, 100_000))["count"]["sample"]["a"]["n"] == -3
    os.close(reader)
    assert pipe.is_fifo()


def test_a_table_of_both_pipelines(reported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(reported, "table", "--format", "csv") == 0
    head, *rows = csv.reader(capsys.readouterr().out.splitlines())
    own = "Sample Index,Record Identifier,Pipeline Name,Pipeline Type,Record Status"
    assert head == [*own.split(","), "n", "word"]
    assert rows == [
        ["1", "b", "count", "sample", "completed", "-3", "\x1b[2J"],
        ["2", "a", "count", "sample", "completed", "-3", "'=1+1"],
        ["3", "c", "count", "sample", "none", "", ""],
        ["4", "b", "plot", "sample", "none", "", ""],
        ["5", "a", "plot", "sample", "none", "", ""],
        ["6", "c", "plot", "sample", "none", "", ""],
    ]
    assert command(reported, "table", "--format", "csv", "--raw") == 0
    assert ",-3,=1+1\n" in capsys.readouterr().out
    assert command(reported, "table") == 0
    paths = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.name.split("_")[0] for path in paths] == ["count"] * 2 + ["plot"] * 2
    assert "Pipeline Name" not in paths[0].read_text() and "'=1+1" in paths[0].read_text()


def test_record_files_that_cannot_be_used_are_named_by_each_command(
    project: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The end of the run named them, and nobody has to have seen that."""
    folder = project(REPORTING)
    jobs = jobs_of(folder)
    for name in "abc":
        report(jobs, name, n=1)
        set_flag(jobs, name, "completed")
    files = {name: record_file(jobs, name) for name in "ab"}
    files["a"].write_text("- list\n")
    files["b"].write_text("other: {sample: {b: {n: 1}}}\n")
    publish_all(jobs)
    jobs.close()
    capsys.readouterr()
    said = (
        "warning: count: 2 records are left out, since their files cannot be used (a, b);"
        f" correct or remove them in {files['a'].parent}\n"
    )
    commands = (["table"], ["report"], ["check"], ["check", "--itemized"], ["check", "--json"])
    for words in commands:
        assert command(folder, *words) == 0
        assert capsys.readouterr().err == said
    files["a"].unlink()
    files["b"].write_text("count: {sample: {b: {n: 1}}}\n")
    for words in commands:
        assert command(folder, *words) == 0
        assert capsys.readouterr().err == ""


def test_pipelines_share_record_files(reported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without results of the second pipeline is no fault; one of a third pipeline is."""
    assert command(reported, "table") == 0
    assert capsys.readouterr().err == ""
    (reported / "out/rec_c.yaml").write_text("other: {sample: {c: {n: 1}}}\n")
    assert command(reported, "table") == 0
    assert capsys.readouterr().err == "".join(
        f"warning: {reported}/out/rec_c.yaml: holds results of pipeline 'other', not of"
        f" '{name}': its record is left out; report as '{name}'\n"
        for name in ("count", "plot")
    )


def test_links(reported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An address is not shown, since it may have a password in it."""
    write(reported, {"a.txt": "x", "out/links/files/b_files_b.txt": "mine"})
    for _ in range(2):
        assert command(reported, "link") == 0
        said = capsys.readouterr()
        assert said.out == f"1 link in {reported}/out/links\n"
        assert said.err.splitlines() == [
            f"warning: {reported}/out/links/files/b_files_b.txt: is in the place of a link; move it",
            f"warning: {reported}/b.txt was reported and is not there",
            "note: addresses are no files and have no link: those of files",
        ]
    assert (reported / "out/links/files/a_files_a.txt").read_text() == "x"
    assert (reported / "out/links/files/b_files_b.txt").read_text() == "mine"


def test_a_portable_report(reported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(reported, {"a.txt": "x"})
    (reported / "b.txt").symlink_to("/etc/hosts")
    assert command(reported, "report", "--portable", "-r", str(reported / "pages")) == 0
    said = capsys.readouterr()
    assert said.out == f"{reported}/pages.zip\n"
    assert "1 reported path left out of the zip: outside" in said.err
    with zipfile.ZipFile(reported / "pages.zip") as archive:
        names = {Path(name).name for name in archive.namelist() if "/files/" in name}
    assert "a.txt" in names and "b.txt" not in names

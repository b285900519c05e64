"""Record files that were parsed before are not parsed again, and a changed one always is."""

from __future__ import annotations

import json
import os
import shutil
from argparse import Namespace
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from snakemake_looper.commands import destroy as command
from snakemake_looper.layout import PARSED
from snakemake_looper.results import parsed_files, results_file
from snakemake_looper.results.assemble import assemble
from snakemake_looper.results.parsed_files import GRAIN, ParsedFiles, forget_parsed
from snakemake_looper.results.remove import Removal


def record(name: str, value: object) -> str:
    return f"count:\n  project: {{}}\n  sample:\n    {name}:\n      n: {value}\n"


class Project:
    """Record files in a folder, and the results file that is assembled from them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workdir = folder
        self.records = folder / "records"
        self.records.mkdir()
        self.now = 0
        """The time as this machine's clock shall tell it; 0 if it is left alone."""
        self.parsed: list[bytes] = []
        parse = results_file.parse_yaml

        def counted(text: bytes) -> Any:
            self.parsed.append(text)
            return parse(text)

        monkeypatch.setattr(results_file, "parse_yaml", counted)

    def write(self, name: str, text: str) -> Path:
        path = self.records / f"{name}.yaml"
        path.write_text(text)
        return path

    def assemble(self) -> tuple[list[str], list[str]]:
        """The warnings of an assembly, and the record files that it parsed."""
        self.parsed.clear()
        warnings = assemble(
            self.workdir / "results.yaml", {"count": str(self.records)}, {}, workdir=self.workdir
        )
        for path in (self.workdir / PARSED).glob("*") if self.now else ():
            os.utime(path, ns=(self.now, self.now))
        return warnings, [one.decode().split()[5] for one in self.parsed if b"sample" in one]

    @property
    def results(self) -> str:
        return (self.workdir / "results.yaml").read_text()

    @property
    def kept(self) -> Path:
        (path,) = (self.workdir / PARSED).iterdir()
        return path

    def parses(self) -> int:
        """How many record files an assembly parses that has no results file to begin with."""
        (self.workdir / "results.yaml").unlink()
        return len(self.assemble()[1])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three records, written long ago as far as this machine's clock tells, and assembled."""
    monkeypatch.setattr(ParsedFiles.__init__, "__defaults__", (3,))
    now = parsed_files.time.time_ns() + 10 * GRAIN
    monkeypatch.setattr(parsed_files.time, "time_ns", lambda: now)
    made = Project(tmp_path, monkeypatch)
    made.now = now
    for name in "abc":
        made.write(name, record(name, 1))
    made.assemble()
    return made


def test_files_that_did_not_change_are_not_parsed_again(project: Project) -> None:
    before = project.results
    assert project.parses() == 0
    assert project.results == before


def test_one_changed_file_is_parsed(project: Project) -> None:
    project.write("b", record("b", 22))
    assert project.parses() == 1
    assert "n: 22" in project.results


def test_a_change_of_the_same_size_with_the_old_time_is_seen(project: Project) -> None:
    path = project.records / "b.yaml"
    info = path.stat()
    project.write("b", record("b", 2))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert path.stat().st_mtime_ns == info.st_mtime_ns
    assert path.stat().st_size == info.st_size
    project.parses()
    assert "n: 2" in project.results


def test_another_file_of_the_same_age_and_size_is_seen(project: Project) -> None:
    path, other = project.records / "b.yaml", project.workdir / "other"
    other.write_text(record("b", 2))
    info = path.stat()
    os.utime(other, ns=(info.st_atime_ns, info.st_mtime_ns))
    other.rename(path)
    project.parses()
    assert "n: 2" in project.results


def test_a_file_written_just_before_it_was_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ParsedFiles.__init__, "__defaults__", (1,))
    made = Project(tmp_path, monkeypatch)
    made.write("a", record("a", 1))
    made.assemble()
    assert not (tmp_path / PARSED).exists()
    assert made.parses() == 1


def test_a_clock_of_the_file_system_that_is_late_is_believed(project: Project) -> None:
    """The saved file is no younger than the record files: they may have changed since."""
    written = (project.records / "b.yaml").stat().st_mtime_ns
    os.utime(project.kept, ns=(written, written))
    assert project.parses() == 3


def test_a_removed_record_leaves_the_saved_file(project: Project) -> None:
    project.write("d", record("d", "kept_in_d"))
    project.assemble()
    (project.records / "a.yaml").unlink()
    project.assemble()
    assert set(json.loads(project.kept.read_text())["files"]) == {"b.yaml", "c.yaml", "d.yaml"}
    (project.records / "b.yaml").unlink()
    project.assemble()
    assert not any((project.workdir / PARSED).iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: "[]",
        lambda text: "null",
        lambda text: "[" * 100_000,
        lambda text: "\0" * 50,
        lambda text: text.replace('"version":"', '"version":"9'),
        lambda text: text.replace('"began":', '"began":"x","x":'),
        lambda text: text.replace('"files":{', '"files":[],"x":{'),
        lambda text: text.replace('"files":{', '"files":7,"x":{'),
        lambda text: text.replace('yaml":[', 'yaml":["x",'),
        lambda text: text.replace('yaml":[', 'yaml":[[],'),
        lambda text: text.replace('{"count"', '7,{"count"'),
    ],
)
def test_a_damaged_saved_file_is_as_none(project: Project, damage: Callable[[str], str]) -> None:
    before, path = project.results, project.kept
    info = path.stat()
    path.write_text(damage(path.read_text()))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert project.parses() == 3
    assert project.results == before
    assert set(json.loads(path.read_text())["files"]) == {"a.yaml", "b.yaml", "c.yaml"}


def test_a_saved_file_of_another_user_is_passed_over(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(project.kept).st_uid + 1)
    assert project.parses() == 3


def test_a_saved_file_that_others_may_write_is_passed_over(project: Project) -> None:
    project.kept.chmod(0o620)
    assert project.parses() == 3


def test_only_its_owner_can_read_the_saved_file(project: Project) -> None:
    assert project.kept.stat().st_mode & 0o777 == 0o600


def test_nothing_fails_where_nothing_can_be_saved(project: Project) -> None:
    before = project.results
    shutil.rmtree(project.workdir / PARSED)
    (project.workdir / PARSED).write_text("a file in the place of the folder")
    assert project.assemble()[0] == []
    assert project.results == before


@pytest.mark.parametrize(
    "value",
    ["2026-11-26", "[2026-11-26 10:00:00]", "{1: 2}", "&x [1]\n      m: *x", "!!binary aGk=", "!!set {a}"],
)  # fmt: skip
def test_values_that_json_does_not_give_back_are_parsed_again(project: Project, value: str) -> None:
    project.write("d", record("d", value))
    project.assemble()
    before = project.results
    assert project.parses() == 1
    assert project.results == before


@pytest.mark.parametrize(
    "value", [".nan", "-.inf", "1.0", "-0.0", "'1'", "null", "é", "[{a: [{}]}]"]
)
def test_other_values_are_given_back_as_they_were(project: Project, value: str) -> None:
    project.write("d", record("d", value))
    project.assemble()
    before = project.results
    assert project.parses() == 0
    assert project.results == before


def test_an_unusable_file_is_named_each_time(project: Project) -> None:
    project.write("b", "count: {")
    first, _ = project.assemble()
    second, _ = project.assemble()
    assert first == second
    assert "b.yaml:1: is not valid YAML" in first[0]


def test_a_project_that_moved_keeps_what_was_parsed(project: Project) -> None:
    moved = project.workdir.with_name(f"{project.workdir.name}-moved")
    project.workdir.rename(moved)
    project.workdir, project.records = moved, moved / "records"
    assert project.parses() == 0


def test_destroyed_records_leave_nothing(project: Project) -> None:
    forget_parsed(project.workdir)
    assert not any((project.workdir / PARSED).iterdir())
    forget_parsed(project.workdir / "elsewhere")


def test_something_that_cannot_be_removed_keeps_no_copy(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [project.workdir / PARSED / "a folder", project.kept]
    listed[0].mkdir()
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(listed))
    forget_parsed(project.workdir)
    assert not listed[1].exists()


def test_records_destroyed_in_part_leave_no_copy(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(found: Removal) -> None:
        raise OSError("the disk is gone")

    gone, nobody = Removal((project.records / "a.yaml",), ()), Namespace(dry_run=False)
    monkeypatch.setattr(command, "_found", lambda arguments: (gone, project.workdir, arguments))
    monkeypatch.setattr(command, "is_confirmed", lambda *_: True)
    monkeypatch.setattr(command, "no_run", lambda *_: nullcontext())
    monkeypatch.setattr(command, "destroy", fails)
    with pytest.raises(OSError, match="the disk is gone"):
        command.execute(nobody)
    assert not any((project.workdir / PARSED).iterdir())

"""A full disk, a limit, a file in a folder's place: one line says where, and what to do.

Root passes most refusals of a file system. It passes neither a full disk, nor a file in the place
of a folder, nor its own limits.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.projects import TOUCH, write
from support.running import use_looper

from snakemake_looper.cli import main

RESULTS = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        pipestat: {results_file_path: results.yaml, flag_file_dir: flags}
        """,
    "touch.yaml": """
        pipeline_name: touch
        output_schema: out.yaml
        sample_interface:
          command_template: head -c 9000000 /dev/zero > {sample.sample_name}.big {pipestat.config_file}
        """,
    "out.yaml": """
        title: results
        description: results
        type: object
        properties:
          pipeline_name: touch
          samples:
            type: array
            items:
              type: object
              properties:
                n: {type: integer, description: a number}
        """,
}
COMMANDS = {
    "inspect": 0, "inspect --json": 0, "check": 0, "table": 1, "report": 1, "link": 0,
    "generate -o flow": 1, "profile slurm": 1,
}  # fmt: skip
"""With the exit code where nothing can be written."""
FULL = "the disk is full; free space on it"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here: needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Fill a disk to its last byte."""
    with contextlib.suppress(OSError), open(disk / "fill", "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def outcomes(capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, int, list[str]]]:
    """Each command with its exit code and what it says on standard error."""
    for words in COMMANDS:
        code = main(words.split())
        yield words, code, capsys.readouterr().err.splitlines()


def test_a_disk_that_is_full(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands that only read work; each of the others says which file in one line."""
    folder = write(disk / "project", RESULTS)
    fill(disk)
    monkeypatch.chdir(folder)
    for words, code, said in outcomes(capsys):
        assert code == COMMANDS[words], words
        assert [line[-len(FULL) :] for line in said] == [FULL] * code, words
        assert all(line.startswith(f"error: {folder}/") for line in said) or "profile" in words
    monkeypatch.chdir("/")


def test_a_disk_that_fills_up_during_a_run(disk: Path) -> None:
    """The line before the closing summary says so, and so does the next run, at once."""
    folder = write(disk / "project", RESULTS)
    first = use_looper("-k", cwd=folder, TMPDIR=str(disk.parent))
    lines = first.err.splitlines()
    place = lines.index(f"error: {folder}/.snakemake/looper: {FULL}")
    assert lines[place + 1] == "" and lines[place + 2].startswith("pipeline  failed")
    assert "Logging error" not in first.err
    again = use_looper(cwd=folder, TMPDIR=str(disk.parent))
    assert (again.code, again.err.splitlines()[-1]) == (
        1,
        f"error: {folder}/.snakemake/looper: {FULL}",
    )
    assert "Traceback" not in again.err


@contextlib.contextmanager
def limited(kind: int, number: int) -> Iterator[None]:
    """A limit of this process, as `ulimit` sets it."""
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


def test_a_limit_for_the_size_of_files(
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The database of a plan says it in its own way; pages, profiles and workflows in others."""
    folder = project(RESULTS)
    monkeypatch.chdir(folder)
    assert main(["check"]) == 0
    (folder / "samples.csv").write_text(TOUCH["samples.csv"] + "d,a.txt,x\n")
    for words in ("report", "generate -o flow", "profile slurm"):
        with limited(resource.RLIMIT_FSIZE, 900):
            code = main(words.split())
        (line,) = capsys.readouterr().err.splitlines()
        assert code == 1
        assert line.startswith("error: ") and "/" in line.partition(": ")[2], words
        assert "ulimit -f" in line or FULL in line or "disk has an error" in line, line


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        (
            "flags",
            "inspect",
            ".looper.yaml:4: pipestat.flag_file_dir: 'flags' is not a folder; name another folder",
        ),
        (".snakemake", "inspect", ".snakemake is a file, and a folder is needed there; move it"),
        (
            "results/touch",
            "table",
            "results/touch/results.yaml: a file is in the place of a folder",
        ),
        ("results/reports", "report", "results/reports: is a file; name another folder"),
        ("flow", "generate -o flow", "flow: is no folder; choose another"),
        ("flow/workflow", "generate -o flow", "flow/workflow: a file is in its place; move it"),
        ("profiles", "profile slurm", "profiles/slurm: a file is in the place of a folder"),
        ("profiles/slurm", "profile slurm", "profiles/slurm: is no folder; choose another"),
    ],
)
def test_a_file_in_the_place_of_a_folder(
    project: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    words: str,
    message: str,
) -> None:
    folder = project(RESULTS)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("mine\n")
    monkeypatch.chdir(folder)
    assert main(words.split()) in (1, 2)
    (line,) = capsys.readouterr().err.replace(f"{folder}{os.sep}", "").splitlines()
    assert line.startswith(f"error: {message}")
    assert (folder / name).read_text() == "mine\n"


def test_a_run_names_the_file_before_anything_is_written(project: Callable[..., Path]) -> None:
    folder = project(RESULTS)
    (folder / "results/touch").mkdir(parents=True)
    for name in (".snakemake", "results/touch/results_records"):
        (folder / name).write_text("mine\n")
    before = sorted(folder.iterdir())
    done = use_looper(cwd=folder)
    assert (done.code, done.err.replace(f"{folder}/", "").splitlines()) == (
        2,
        [
            f"error: {name} is a file, and a folder is needed there; move it"
            for name in (".snakemake", "results/touch/results_records")
        ],
    )
    assert sorted(folder.iterdir()) == before


def test_flags_that_cannot_be_written_are_one_line(project: Callable[..., Path]) -> None:
    folder = project(TOUCH)
    (folder / "results").symlink_to("/proc")
    (folder / ".looper.yaml").write_text(
        "pep_config: project.yaml\noutput_dir: results/x\npipeline_interfaces: [touch.yaml]\n"
    )
    done = use_looper(cwd=folder)
    assert done.code == 1
    assert f"error: status flags cannot be written: {folder}/results/x: No such file" in done.err
    assert "WorkflowError" not in done.err and ".py" not in done.err

"""Hostile files of every kind: each command ends in lines of ours, soon, and inside the project.

A small part of what `benchmarks/soak.py` tries, the same part each time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support import hostile

import snakemake_looper.cli


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], Path]:
    """The files of a finished project, and the folder around it."""
    outside = tmp_path_factory.mktemp("hostile") / "outside"
    hostile.preload()
    return hostile.finished(outside / "project"), outside


def test_it_is_a_project_with_every_kind_of_file(
    finished: tuple[dict[str, bytes], Path],
) -> None:
    files, outside = finished
    folder = outside / "project"
    assert folder.is_dir()
    for words in hostile.COMMANDS:
        assert hostile.fault_of(words, folder, outside) == "", words
    kinds = (
        ".looper.yaml",
        "jobs.sqlite",
        "manifest.json",
        ".jsonl",
        ".flag",
        ".log",
        ".csv",
        ".tsv",
    )
    assert [kind for kind in kinds if not any(name.endswith(kind) for name in files)] == []


@pytest.mark.parametrize("seed", range(6))
def test_hostile_files(finished: tuple[dict[str, bytes], Path], seed: int) -> None:
    files, outside = finished
    chosen = random.Random(seed).sample(hostile.COMMANDS, 3)
    assert hostile.search(files, seed, chosen, outside)[1] == {}


def _writes(folder: Path) -> int:
    (folder.parent / "neighbour").write_text("x")
    return 0


def _works(_: Path) -> int:
    while True:
        pass


def _raises(_: Path) -> int:
    raise ValueError("x")


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (_writes, "written outside"),
        (_raises, "ValueError: x"),
        (lambda _: 3, "exit code 3"),
        (lambda _: 2, "exit code 2 without an error"),
        (lambda _: print("\x1b[2J") or 0, "control characters"),
        (_works, "died, or took 1 seconds"),
    ],
)
def test_each_fault_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Path], int],
    fault: str,
) -> None:
    """A search that finds nothing could be blind."""
    folder = tmp_path / "outside/project"
    folder.mkdir(parents=True)
    monkeypatch.setattr(snakemake_looper.cli, "main", lambda words: harm(folder))
    monkeypatch.setattr(hostile, "SECONDS", 1)
    assert fault in hostile.fault_of(["check"], folder, folder.parent)

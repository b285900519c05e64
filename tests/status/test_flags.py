"""Flags on disk: several of a record, any content, links, folders and pipes in their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.projects import flags

from snakemake_looper.status.flags import (
    Flags,
    clear_flag,
    obstacles,
    remove_surplus_flags,
    word_now,
    write_flag,
)
from snakemake_looper.status_words import NOT_RUN
from snakemake_looper.workspace.rows import AssembledFile, Brief

FLAG = "flags/p_x_completed.flag"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flags").mkdir()
    (tmp_path / "logs").mkdir()
    return tmp_path


def put(folder: Path, *words: str, record: str = "x") -> None:
    for word in words:
        (folder / f"flags/p_{record}_{word}.flag").write_text(word)


def path(folder: Path, word: str) -> Path:
    return folder / f"flags/p_x_{word}.flag"


def brief(record: str = "x") -> Brief:
    flag = f"flags/p_{record}_completed.flag"
    return Brief("p_sample", record, "p", "sample", f"logs/{record}.log", flag)


@pytest.mark.parametrize(
    ("words", "least"),
    [
        (("completed", "failed"), "failed"),
        (("running", "partial"), "partial"),
        (("waiting", "completed", "running"), "running"),
        (("completed", "waiting", "running", "failed", "partial"), "failed"),
    ],
)
def test_of_several_flags_the_one_that_promises_least_counts(
    folder: Path, words: tuple[str, ...], least: str
) -> None:
    put(folder, *words)
    put(folder, "completed", record="x_y")
    assert Flags(folder).word(FLAG) == least == word_now(folder, FLAG)
    neighbour = "flags/p_x_y_completed.flag"
    assert remove_surplus_flags(folder, [neighbour, FLAG]) == [FLAG]
    assert flags(folder) == sorted(["p_x_y_completed.flag", f"p_x_{least}.flag"])
    assert remove_surplus_flags(folder, [neighbour, FLAG, "nowhere/p_completed.flag"]) == []


@pytest.mark.parametrize("status", ["waiting", "failed", "completed", "partial"])
def test_a_change_of_status_leaves_one_flag(folder: Path, status: str) -> None:
    put(folder, "partial", "completed", "running")
    assert write_flag(folder, FLAG, status) == "partial"
    assert flags(folder) == [f"p_x_{status}.flag"]
    assert path(folder, status).read_text() == status


def test_an_unexpected_status_stays(folder: Path) -> None:
    put(folder, "running", "completed")
    assert write_flag(folder, FLAG, "waiting", ("completed", NOT_RUN)) is None
    assert flags(folder) == ["p_x_completed.flag", "p_x_running.flag"]


@pytest.mark.parametrize("garbage", [b"", b"\xff\0", b"x" * 99])
def test_the_name_of_a_flag_counts_and_not_its_content(folder: Path, garbage: bytes) -> None:
    path(folder, "failed").write_bytes(garbage)
    assert Flags(folder).word(FLAG) == "failed"
    assert write_flag(folder, FLAG, "failed") == "failed"
    assert path(folder, "failed").read_text() == "failed"


@pytest.mark.parametrize("word", ["failed", "waiting"])
def test_a_linked_flag_is_replaced(folder: Path, word: str) -> None:
    (folder / "precious").write_text("mine")
    path(folder, word).symlink_to(folder / "precious")
    assert write_flag(folder, FLAG, "waiting") == word
    assert not path(folder, "waiting").is_symlink()
    assert path(folder, "waiting").read_text() == "waiting"
    assert (folder / "precious").read_text() == "mine"


def test_a_link_that_leads_nowhere_is_no_flag(folder: Path) -> None:
    path(folder, "waiting").symlink_to(folder / "nothing")
    path(folder, "failed").symlink_to(folder / "logs")
    assert Flags(folder).word(FLAG) == NOT_RUN
    assert obstacles(folder, [brief()]) == []
    assert write_flag(folder, FLAG, "waiting", (NOT_RUN,)) == NOT_RUN
    assert path(folder, "waiting").read_text() == "waiting"
    assert not (folder / "nothing").exists()
    clear_flag(folder, FLAG, "failed")
    assert flags(folder) == ["p_x_waiting.flag"]


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_folder_or_pipe_in_the_place_of_a_flag_is_named(folder: Path, kind: str) -> None:
    """And is never a status, never written into, never removed."""
    make = Path.mkdir if kind == "folder" else os.mkfifo
    make(path(folder, "completed"))
    make(folder / "logs/y.log")
    make(folder / "flags/unrelated")
    assert Flags(folder).word(FLAG) == NOT_RUN == word_now(folder, FLAG)
    assert obstacles(folder, [brief("z"), brief("y"), brief("x")]) == [
        "logs/y.log is not a file; remove it",
        "flags/p_x_completed.flag is not a file; remove it",
    ]
    put(folder, "running")
    assert write_flag(folder, FLAG, "completed") is None
    clear_flag(folder, FLAG, "completed")
    assert path(folder, "completed").exists()
    assert path(folder, "running").read_text() == "running"
    assert write_flag(folder, FLAG, "failed") == "running"


def test_what_is_in_the_way_of_results_is_named(folder: Path) -> None:
    file = AssembledFile("r/all.yaml", {"p": "r/all_records", "q": "flags"}, {})
    assert obstacles(folder, [], [file]) == []
    (folder / "r/all.yaml").mkdir(parents=True)
    (folder / "r/all_records").write_text("mine")
    assert obstacles(folder, [], [file]) == [
        "r/all.yaml is not a file; remove it",
        "r/all_records is a file, and a folder is needed there; move it",
    ]

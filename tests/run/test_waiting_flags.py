"""Flags `waiting` before the first job: made at once where nobody else changes flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakemake_looper.run.waiting_flags import flag_as_waiting
from snakemake_looper.status.flags import Flags

NAMES = ("a", "b", "c", "d")
ALL = [f"flags/p_{name}_completed.flag" for name in NAMES]


def words_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "flags").iterdir()}


@pytest.mark.parametrize("is_quiet", [True, False])
def test_records_without_a_flag_or_with_a_failure_wait(tmp_path: Path, is_quiet: bool) -> None:
    (tmp_path / "flags").mkdir()
    for name, word in (("a", "failed"), ("b", "completed"), ("c", "running")):
        (tmp_path / f"flags/p_{name}_{word}.flag").write_text(word)
    flag_as_waiting(tmp_path, ALL, Flags(tmp_path), is_quiet)
    assert words_in(tmp_path) == {
        "p_a_waiting.flag": "waiting",
        "p_b_completed.flag": "completed",
        "p_c_running.flag": "running",
        "p_d_waiting.flag": "waiting",
    }


@pytest.mark.parametrize("is_quiet", [True, False])
def test_the_folder_is_made(tmp_path: Path, is_quiet: bool) -> None:
    flag_as_waiting(tmp_path, ALL, Flags(tmp_path), is_quiet)
    assert words_in(tmp_path) == {f"p_{name}_waiting.flag": "waiting" for name in NAMES}


def test_a_link_is_replaced_and_its_target_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "flags").mkdir()
    link = tmp_path / "flags/p_a_waiting.flag"
    link.symlink_to(tmp_path / "elsewhere")
    flag_as_waiting(tmp_path, ALL, Flags(tmp_path), is_quiet=True)
    assert not link.is_symlink()
    assert link.read_text() == "waiting"
    assert not (tmp_path / "elsewhere").exists()


def test_a_flag_that_appears_meanwhile_keeps_its_record_from_having_two(tmp_path: Path) -> None:
    (tmp_path / "flags").mkdir()
    flags = Flags(tmp_path)
    assert flags.words(ALL[0]) == []
    (tmp_path / "flags/p_a_running.flag").write_text("running")  # a job of a cluster begins
    flag_as_waiting(tmp_path, ALL[:1], flags, is_quiet=False)
    assert words_in(tmp_path) == {"p_a_running.flag": "running"}

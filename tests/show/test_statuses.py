"""`check` and `check --watch`, from statuses that a test makes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.show.statuses import check_text, codes_text, watch
from snakemake_looper.status_words import STATUS_WORDS

RUNNING = RecordStatus("count", "sample", "a", "running", log="logs/a.log")
WAITING = replace(RUNNING, record="b", status="waiting")
DONE = replace(RUNNING, status="completed")
FAILED = replace(WAITING, status="failed", reason="the command exited with 3", excerpt=("oh no",))


def test_counts_or_a_row_for_each_record() -> None:
    assert check_text([DONE, FAILED], itemized=False).splitlines()[1:] == ["count     1          1"]
    lines = check_text([DONE, FAILED], itemized=True).splitlines()
    assert [line.split()[2] for line in lines[1:3]] == ["a", "b"]
    assert lines[-2:] == ["count b, from logs/a.log:", "    oh no"]


def test_every_status_is_explained() -> None:
    lines = codes_text().splitlines()[1:]
    assert len(lines) == len(STATUS_WORDS)
    for line, one in zip(lines, STATUS_WORDS, strict=True):
        assert line.startswith(one.word) and line.endswith(one.meaning)


def test_watching_ends_when_nothing_runs_or_waits(capsys: pytest.CaptureFixture[str]) -> None:
    seen = iter([[RUNNING, WAITING], [RUNNING, WAITING], [DONE, WAITING], [DONE, FAILED]])
    assert watch(lambda: next(seen), 0) == [DONE, FAILED]
    assert next(seen, None) is None
    said = capsys.readouterr().out
    assert said.count("pipeline  completed") == 2, "printed when something has changed"
    assert said.count("the command exited with 3") == 1


def test_where_there_is_no_room_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "15")
    records = [replace(FAILED, record=f"s{at}") for at in range(9)]
    watch(lambda: records, 0)
    assert "... and 3 more: snakemake-looper check --itemized" in capsys.readouterr().out

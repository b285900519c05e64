"""One table has all statuses: flags, tables and the report agree with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import snakemake_looper
from snakemake_looper.status_words import LEAST_FIRST, NOT_RUN, STATUS_WORDS, STATUSES, order, style

WORDS = [one.word for one in STATUS_WORDS]


def test_each_word_stands_once() -> None:
    assert len(set(WORDS)) == len(WORDS)


def test_flags_say_the_words_of_pipestat() -> None:
    from pipestat.const import STATUS_SCHEMA
    from yaml import safe_load

    assert set(STATUSES) == set(safe_load(Path(STATUS_SCHEMA).read_text()))


def test_the_order_of_least_promise_has_every_flag() -> None:
    assert sorted(LEAST_FIRST) == sorted(STATUSES)


def test_order_and_style_of_words_that_nobody_knows() -> None:
    assert sorted([*reversed(WORDS), "paused"], key=order) == [*WORDS, "paused"]
    assert style("failed") == "bold red" and style("paused") == ""


@pytest.mark.parametrize("word", [word for word in WORDS if word != NOT_RUN])
def test_the_report_has_a_colour_for_each(word: str) -> None:
    folder = Path(snakemake_looper.__file__).parent / "results" / "report" / "templates"
    css = (folder / "report.css").read_text()
    assert re.search(rf"\[data-status={word}\]", css)

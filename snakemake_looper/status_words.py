"""The statuses that a record can have, with their meanings, order and colours.

A record is a sample, or the project, of one pipeline. pipestat and pypiper define five words
for status flags. Two more words stand for records without a flag.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_RUN = "none"
"""The status of a record that has no flag."""
SKIPPED = "skipped"
"""The status of a record that has no job, because one of its own files or values is wrong."""


@dataclass(frozen=True, slots=True)
class StatusWord:
    """A status: its word, and how it is shown."""

    word: str
    meaning: str
    style: str
    """Colour on a terminal, as rich spells it. The report has its own, in `report.css`."""
    has_flag: bool = True


STATUS_WORDS = (
    StatusWord("completed", "the command exited with 0", "green"),
    StatusWord("running", "the command is running", "blue"),
    StatusWord(
        "waiting", "the current run will run it, or it waits in a cluster's queue", "cyan"
    ),
    StatusWord(
        "partial", "the command was stopped before its end, by Ctrl+C or scancel", "yellow"
    ),
    StatusWord("failed", "the command failed, was killed, or exceeded its resources", "bold red"),
    StatusWord(
        SKIPPED, "no job: a file or value of the record is missing or wrong", "magenta", False
    ),
    StatusWord(NOT_RUN, "never run", "dim", False),
)  # fmt: skip
"""All statuses, in the order in which tables show them."""

STATUSES = tuple(one.word for one in STATUS_WORDS if one.has_flag)
"""The words that a flag can say, as in pipestat's status schema."""

FAILURES = ("failed", "partial")
"""A record with one of these was run, and did not complete."""

LEAST_FIRST = ("failed", "partial", "running", "waiting", "completed")
"""The same words; the one that promises least is first.

If a record has several flags, the first of these words counts.
"""

_BY_WORD = {one.word: (number, one) for number, one in enumerate(STATUS_WORDS)}


def order(status: str) -> int:
    """Sort key: the position of a status in `STATUS_WORDS`; unknown words come last."""
    return _BY_WORD[status][0] if status in _BY_WORD else len(STATUS_WORDS)


def style(status: str) -> str:
    """Colour of a status on a terminal; empty for an unknown one."""
    return _BY_WORD[status][1].style if status in _BY_WORD else ""

"""Texts that the views share: names and times that fit a line, and signs that a terminal has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from rich.cells import cell_len, set_cell_size

from ..errors import one_line
from ..quantities import duration
from ..run.snapshot import Failure, Tally


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs that bars and lines are made of."""

    completed: str
    failed: str
    running: str
    waiting: str
    cross: str
    more: str
    """It stands for text that was cut out."""


UNICODE = Glyphs("━", "━", "─", "╌", "✗", "…")
ASCII = Glyphs("=", "x", "-", ".", "x", "..")


def glyphs_for(stream: TextIO) -> Glyphs:
    """Unicode signs if the stream's encoding has them, else ASCII."""
    try:
        "━─╌✗…".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def encodable(text: str, stream: TextIO) -> str:
    """The text with `?` for each character that the stream cannot encode."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def shorten(text: str, width: int, more: str) -> str:
    """Cut out the middle, since names of samples often differ only at their ends.

    Args:
        text: one line.
        width: the columns that it may take.
        more: the sign that stands for the part that is cut out.
    """
    if cell_len(text) <= width:
        return text
    room = width - len(more)
    if room < 2:
        return set_cell_size(text, max(width, 0))
    head = set_cell_size(text, room - room // 2)
    return head + more + set_cell_size(text[::-1], room // 2)[::-1]


def time_left(seconds: float) -> str:
    """An estimate, no more exact than estimates are."""
    if seconds < 60:
        return "less than a minute left"
    if seconds < 3600:
        return f"about {round(seconds / 60)} min left"
    return f"about {duration(seconds)} left"


def labels(tallies: Iterable[Tally]) -> list[str]:
    """Names of pipelines, with the level if a pipeline has both levels."""
    listed = list(tallies)
    levels: dict[str, set[str]] = {}
    for tally in listed:
        levels.setdefault(tally.pipeline, set()).add(tally.level)
    return [
        one_line(t.pipeline + (f" {t.level}" if len(levels[t.pipeline]) > 1 else ""))
        for t in listed
    ]


def more_like(failure: Failure) -> str:
    """A line in the place of all further failures that are like this one."""
    return f"{headline(failure)}; more like it are counted"


def headline(failure: Failure) -> str:
    """One line about a failure: pipeline, record, status and reason."""
    level = " project" if failure.level == "project" else ""
    reason = f": {failure.reason}" if failure.reason else ""
    return f"{failure.pipeline}{level} {failure.record} {failure.status}{reason}"

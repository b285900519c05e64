"""Texts of others in a page of MultiQC, and names that are ids there.

MultiQC 1.35 puts texts into its page as they are, so a text could bring HTML and scripts. It has
three kinds of places, which need three forms:

- a cell is written once: its text is escaped, and looks as it was reported;
- a heading is also the text of a tooltip, which the page takes for HTML a second time: brackets
  become `‹` and `›`, because an escape would be undone by then;
- a name of a sample is compared with the names that other tools use: it stays as it is, but for
  brackets and whatever looks like an escape.

No text has a line break or an invisible character: these would end a line of the file.
"""

from __future__ import annotations

import re
from hashlib import sha256
from html import escape

from ...addresses import without_secrets
from ...errors import one_line

_BRACKETS = str.maketrans({"<": "‹", ">": "›"})
_ESCAPE = re.compile(r"&(?=#?\w+;)")
_LONGEST_ID = 60
_LONGEST_CELL, _LONGEST_HEADING = 300, 300


def cell(text: str) -> str:
    """A text for a cell: HTML that shows it on one line, with at most 300 characters.

    URLs have no login and no query.
    """
    return escape(_cut(text, _LONGEST_CELL))


def heading(text: str, longest: int = _LONGEST_HEADING) -> str:
    """A text for a title or a description."""
    return escape(_cut(text, longest).translate(_BRACKETS))


def _cut(text: str, longest: int) -> str:
    shown = one_line(" ".join(without_secrets(text).split()))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


class RowNames:
    """The names of rows: those of the records, each of them once."""

    def __init__(self) -> None:
        self._by_record: dict[str, str] = {}
        self._taken: set[str] = set()

    def name(self, record: str) -> str:
        """The name of a record's row, the same in all files."""
        if record not in self._by_record:
            shown = _ESCAPE.sub("＆", one_line(record).translate(_BRACKETS))
            if shown in self._taken:
                shown = f"{shown} ({_digest(record)})"
            self._taken.add(shown)
            self._by_record[record] = shown
        return self._by_record[record]


class Ids:
    """Ids of HTML that differ, also where upper and lower case are the same."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def name(self, text: str) -> str:
        """An id that resembles a text and was not given before."""
        safe = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST_ID]
        if not safe or safe.lower() in self._taken:
            safe = f"{safe}_{_digest(text)}".strip("_")
        self._taken.add(safe.lower())
        return safe


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]

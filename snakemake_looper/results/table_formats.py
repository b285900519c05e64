"""A table of results as text: TSV, CSV or Markdown.

A spreadsheet takes text that begins with `=`, `+`, `-` or `@` for a formula, and evaluates it. So
a value of a stranger could start programs. Such a text gets an apostrophe in front. Numbers stay as
they are, also those that were reported as text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from .json_values import json_text, plain

FORMATS = ("tsv", "csv", "json", "markdown")
"""The formats of a printed table."""
_FORMULA = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060\ufeff]*[=+\-@\t\r＝＋－＠]")
"""Its start. Spreadsheets pass over blanks and invisible characters in front."""
_MARKS = re.compile(r"[\\|`*<\[\]&~]")
"""Characters that mean something in Markdown. An underline does not, within a word."""


def delimited(head: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str, raw: bool) -> str:
    """A table with a line for each row.

    Args:
        head: the names of the columns.
        rows: the values of each row.
        delimiter: the character between two cells.
        raw: leave text as it is that a spreadsheet would take for a formula.
    """
    form = cell if raw else _safe_cell
    out = io.StringIO()
    plain_rows = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    quoted_rows = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in (head, *rows):
        cells = [form(value) for value in row]
        # Python's writer leaves a carriage return bare. Readers would begin a row there.
        has_return = any("\r" in one for one in cells)
        (quoted_rows if has_return else plain_rows).writerow(cells)
    return out.getvalue()


def markdown(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown; what would be markup in a cell is text."""
    lines = [[_escaped(cell(value)) for value in line] for line in (head, *rows)]
    lines.insert(1, ["---"] * len(head))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(value: Any) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray):
        return str(plain(value))
    if isinstance(value, dict | list | tuple | set | frozenset):
        return " ".join(json_text(value).split())
    return str(value)


def _safe_cell(value: Any) -> str:
    text = cell(value)
    is_formula = isinstance(value, str | bytes) and _is_formula(text)
    return f"'{text}" if is_formula else text


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula. A sign alone, as of a strand, is none."""
    if len(text) < 2 or not _FORMULA.match(text):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", " ".join(text.splitlines()))

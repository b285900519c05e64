"""The rows of a sample table with their lines.

peppy reads a table with pandas, which keeps no lines. Messages need them, so this module reads the
same file with the same rules: its name decides about commas or tabs, and empty lines count for
nothing. A workbook is read with openpyxl, as pandas does.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import Place, Problem

_AS_UTF_8 = "save it as UTF-8 (in Excel, as 'CSV UTF-8')"
_BEGINNING = 1000
"""The number of bytes that tell the kind of a file."""
_WORKBOOK = b"PK\x03\x04"
_WIDE_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # begins with the mark of UTF-16
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def rows_of(path: Path) -> tuple[Iterator[tuple[int, list[str]]], Problem | None]:
    """The rows of a table, each with its first line; none if it cannot be read, with the fault."""
    if path.suffix == ".xlsx":
        return _of_workbook(path)
    text, fault = _text(path)
    return _rows(text, delimiter_of(path)), fault


def _text(path: Path) -> tuple[str, Problem | None]:
    """The text of a table; empty if it cannot be read, with the fault."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}; correct its permissions"
        return "", at(path, 0, "", what)
    encoding = _wide_encoding(raw)
    if encoding:
        return "", at(path, 0, "", f"is {encoding} text; {_AS_UTF_8}")
    if raw.startswith(_WORKBOOK):
        what = f"is a workbook; save it as CSV, or rename it to {path.stem}.xlsx"
        return "", at(path, 0, "", what)
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        return "", _not_utf_8(path, raw, error.start)


def _wide_encoding(raw: bytes) -> str:
    """UTF-16 or UTF-32, if the bytes begin so; else empty."""
    for mark, encoding in _WIDE_BOMS.items():
        if raw.startswith(mark):
            return encoding
    beginning = raw[:_BEGINNING]
    halves = (beginning[::2], beginning[1::2])
    is_wide = any(half and half.count(0) > len(half) * 0.9 for half in halves)
    return "UTF-16" if is_wide else ""  # ASCII characters in two bytes each


def _not_utf_8(path: Path, raw: bytes, start: int) -> Problem:
    """The fault of a byte that is not UTF-8, with the word that it is in."""
    if b"\0" in raw[:_BEGINNING]:
        return at(path, 0, "", "is no text; save the table as CSV")
    begin = max(raw.rfind(mark, 0, start) for mark in (b"\n", b",", b"\t", b";")) + 1
    word = raw[begin : start + 1].decode("cp1252", "replace")[-20:]
    what = f"is not UTF-8 text (it seems to be Latin-1: '{word}…'); {_AS_UTF_8}"
    return at(path, raw[:start].count(b"\n") + 1, "", what)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with their first lines. Empty lines are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error:  # an enormous cell: a quote before it may not be closed
        return


def _of_workbook(path: Path) -> tuple[Iterator[tuple[int, list[str]]], Problem | None]:
    """The rows of a workbook's first sheet."""
    import openpyxl  # type: ignore[import-not-found, import-untyped, unused-ignore]

    try:
        sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
        rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
    except Exception:  # openpyxl raises whatever zipfile and its XML parser raise
        what = "cannot be read as a workbook; save the table as .csv"
        return iter(()), at(path, 0, "", what)
    return ((number, row) for number, row in enumerate(rows, 1) if row), None


def delimiter_of(path: Path) -> str:
    """The character between the cells of a table, as peppy takes it from the file's name."""
    return "\t" if path.suffix == ".tsv" else ","


def cells(path: Path, *columns: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The cells of some columns with the line of each row; a cell that is missing is empty."""
    rows, _ = rows_of(path)
    _, head = next(rows, (0, []))
    numbers = [head.index(name) if name in head else len(head) for name in columns]
    for line, row in rows:
        yield line, tuple(row[one] if one < min(len(row), len(head)) else "" for one in numbers)


def rows_of_names(path: Path, index: str, names: Iterable[str]) -> dict[str, Place]:
    """The place of the first row of each name; names may stand in the cells with white space."""
    wanted = set(names)
    found: dict[str, Place] = {}
    for line, (name,) in cells(path, index):
        for one in (name, name.strip()):
            if one in wanted:
                found.setdefault(one, Place(str(path), line))
    return {name: found.get(name, Place(str(path))) for name in wanted}


def open_quote(path: Path) -> Problem | None:
    """The fault of a text table in which a quoted cell has no end."""
    if path.suffix == ".xlsx":
        return None
    text, _ = _text(path)
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter_of(path))
    last = end = 0
    try:
        for _ in reader:
            last, end = end, reader.line_num
    except csv.Error:  # an enormous cell: all lines after the quote
        last = end
    try:
        list(csv.reader(lines[last:], delimiter=delimiter_of(path), strict=True))
    except csv.Error:
        what = "a quote in this row is not closed; close it, or write two for a quote itself"
        return at(path, last + 1, "", what)
    return None


def at(path: Path, line: int, key: str, message: str) -> Problem:
    """A problem of a table."""
    return Problem(Place(str(path), line), key, message)


def also_in(lines: Iterable[int]) -> str:
    """A remark that the same holds for other lines; empty if there are none."""
    others = list(lines)
    if not others:
        return ""
    shown = ", ".join(map(str, others[:3]))
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f" (also line {shown}{more})" if len(others) == 1 else f" (also lines {shown}{more})"

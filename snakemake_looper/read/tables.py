"""Sample tables as text: columns and names with their lines, and all that is odd about them.

peppy reads a table with pandas. pandas drops the cells of a row beyond the last column, renames
columns of one name, and calls a column without a name `Unnamed: 2`; it says nothing of all this.
So the same text is read here as well, row by row, for messages.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Place, Problem, near

_NAMES_OF = {",": "commas", "\t": "tabs", ";": "semicolons"}
_ENDINGS = {",": ".csv", "\t": ".tsv"}
_AS_UTF_8 = "save it as UTF-8 (in Excel, as 'CSV UTF-8')"
_WIDE_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # begins with the mark of UTF-16
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_SHOWN = 10
"""The number of columns that a message lists."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table in text form, as far as messages need it."""

    path: Path
    head: tuple[str, ...] = ()
    """The names of the columns."""
    lines: dict[str, list[int]] = field(default_factory=dict)
    """The lines of the rows of each name, in the order of the file."""
    faults: tuple[Problem, ...] = ()
    """Reasons why peppy may refuse the table."""
    oddities: tuple[Problem, ...] = ()
    """Differences between the text and the samples that peppy makes of it."""

    def place(self, name: str) -> Place:
        """The place of the first row of a name."""
        return Place(str(self.path), self.lines.get(name, [0])[0])


def read_table(path: Path, index: str, *, must_have: bool = True, remedy: str = "") -> Table:
    """Read a CSV or TSV file.

    Args:
        path: an existing file.
        index: the name of the column with the samples' names.
        must_have: whether the table needs this column.
        remedy: another way out than to rename a column, if there is one.
    """
    text, fault = _text(path)
    if fault:
        return Table(path, faults=(fault,))
    comma = delimiter_of(path)
    rows = _rows(text, comma)
    first = next(rows, None)
    if first is None:
        what = f"is empty; write a line with the names of the columns ('{index}')"
        return Table(path, faults=(_at(path, 0, "", f"{what}, and a row for each sample"),))
    line, head = first
    wrong = _of_head(path, line, head, index if must_have else "", comma, remedy)
    if wrong:
        return Table(path, tuple(head), faults=(wrong,))
    shape = _Shape(path, head, comma)
    column = head.index(index) if index in head else None
    for line, row in rows:
        shape.look(line, row)
        if column is not None and column < len(row):
            shape.lines.setdefault(row[column], []).append(line)
    return Table(
        path,
        tuple(head),
        shape.lines,
        tuple(shape.faults()),
        (*_of_columns(path, first[0], head, shape.filled), *shape.oddities()),
    )


def delimiter_of(path: Path) -> str:
    """The character between the cells of a table, as peppy takes it from the file's name."""
    return "\t" if path.suffix == ".tsv" else ","


def open_quote(path: Path) -> Problem | None:
    """The fault of a table in which a quoted cell has no end."""
    text, _ = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(path), strict=True)
    line = 0
    try:
        for _ in reader:
            line = reader.line_num
    except csv.Error:
        what = "a quote in this row is not closed; close it, or write two for a quote itself"
        return _at(path, line + 1, "", what)
    return None


def cells(path: Path, *columns: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The cells of some columns with the line of each row; a cell that is missing is empty."""
    text, _ = _text(path)
    rows = _rows(text, delimiter_of(path))
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


def _at(path: Path, line: int, key: str, message: str) -> Problem:
    return Problem(Place(str(path), line), key, message)


def _text(path: Path) -> tuple[str, Problem | None]:
    """The text of a table; empty if it cannot be read, with the fault."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}; correct its permissions"
        return "", _at(path, 0, "", what)
    for mark, encoding in _WIDE_BOMS.items():
        if raw.startswith(mark):
            return "", _at(path, 0, "", f"is {encoding} text; {_AS_UTF_8}")
    if b"\0" in raw[:2]:  # an ASCII character in two bytes
        return "", _at(path, 0, "", f"is UTF-16 text; {_AS_UTF_8}")
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        start = raw.rfind(b"\n", 0, error.start) + 1
        begin = raw[start : error.start].decode("utf-8", "replace").rpartition(",")[2]
        word = f"{begin[-20:]}{raw[error.start : error.start + 1].decode('cp1252', 'replace')}"
        seems = f"is not UTF-8 text ('{word}…' in Latin-1 or the like)"
        return "", _at(path, line, "", f"{seems}; {_AS_UTF_8}")


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with their first lines. Empty lines are left out, as pandas does."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error:  # an enormous cell: a quote before it may not be closed
        return


def _of_head(
    path: Path, line: int, head: list[str], index: str, comma: str, remedy: str
) -> Problem | None:
    """The fault of a head that has other delimiters, or no column with the samples' names."""
    if index in head or (not index and len(head) > 1):
        return None
    for other, mark in _NAMES_OF.items():
        if other != comma and any(other in name for name in head):
            cure = f"write {_NAMES_OF[comma]} instead"
            if other in _ENDINGS:
                cure += f", or rename the file to {path.stem}{_ENDINGS[other]}"
            return _at(path, line, index, f"the cells are separated by {mark}; {cure}")
    if not index:
        return None
    what = f"there is no column '{index}'"
    if index in (name.strip() for name in head):
        what = f"{what}: its name has white space around it; remove that"
        return _at(path, line, index, what)
    shown = ", ".join(name or "''" for name in head[:_SHOWN])
    more = f" and {len(head) - _SHOWN} more" if len(head) > _SHOWN else ""
    what = f"{what}, there are {shown}{more}{near(index, head)}"
    return _at(path, line, index, f"{what}; rename the column of the samples' names{remedy}")


def _of_columns(path: Path, line: int, head: list[str], filled: set[int]) -> Iterator[Problem]:
    """Columns that samples have under another name than the one in the table, or not at all."""
    seen: dict[str, int] = {}
    for number, name in enumerate(head):
        seen[name] = seen.get(name, 0) + 1
        if not name:
            if number in filled:  # else a comma at the end of each line
                what = f"column {number + 1} has no name, and is read as 'Unnamed: {number}'"
                yield _at(path, line, "", f"{what}; write a name")
        elif seen[name] > 1:
            what = f"the name of {seen[name]} columns, and this one is read as"
            what = f"{what} '{name}.{seen[name] - 1}'; rename it"
            yield _at(path, line, name, what)
        elif name != name.strip():
            what = f"the name '{name}' has white space around it; remove that"
            yield _at(path, line, name.strip(), what)
        elif name.startswith("_"):
            what = "a column whose name begins with '_' is no attribute of samples; rename it"
            yield _at(path, line, name, what)


class _Shape:
    """The rows of a table that have too many cells, too few, or none."""

    def __init__(self, path: Path, head: list[str], comma: str) -> None:
        self.lines: dict[str, list[int]] = {}
        self.filled: set[int] = set()
        """Numbers of the columns without a name that have a value in any row."""
        self._path = path
        self._width = len(head)
        self._unnamed = [number for number, name in enumerate(head) if not name]
        self._comma = comma
        self._widest = 0
        """The largest number of cells that pandas accepts: of the head, or of the first row."""
        self._refused: list[tuple[int, int]] = []
        self._cut: list[tuple[int, int]] = []
        self._short: list[tuple[int, int]] = []
        self._blank: list[tuple[int, int]] = []

    def look(self, line: int, row: list[str]) -> None:
        """Note what is odd about a row."""
        count = len(row)
        self._widest = self._widest or max(self._width, count)
        if self._unnamed:
            self.filled.update(one for one in self._unnamed if one < count and row[one])
        if count > self._widest:
            self._refused.append((line, count))
        elif not any(row):
            self._blank.append((line, count))
        elif count < self._width:
            self._short.append((line, count))
        elif count > self._width and any(row[self._width :]):
            self._cut.append((line, count))

    def faults(self) -> Iterator[Problem]:
        """The rows that pandas refuses."""
        for line, count in self._refused[:_SHOWN]:
            what = f"the row has {count} cells for {self._width} columns"
            yield _at(self._path, line, "", f"{what}; {self._quote}")

    def oddities(self) -> Iterator[Problem]:
        """The rows that pandas fills up or cuts off, one message for each kind."""
        for rows, what in (
            (self._cut, f"and the last of them are ignored; {self._quote}"),
            (self._short, "and the others are taken as empty; write all cells of the row"),
        ):
            if rows:
                line, count = rows[0]
                cells = f"{count} cell{'s' * (count != 1)} for {self._width} columns"
                what = f"the row has {cells}, {what}{also_in(one for one, _ in rows[1:])}"
                yield _at(self._path, line, "", what)
        if self._blank:
            others = also_in(one for one, _ in self._blank[1:])
            what = f"all cells of the row are empty, and it is ignored; remove it{others}"
            yield _at(self._path, self._blank[0][0], "", what)

    @property
    def _quote(self) -> str:
        named = "a comma" if self._comma == "," else "a tab"
        return f"put a cell that has {named} in quotes"


def also_in(lines: Iterable[int]) -> str:
    """A remark that the same holds for other lines; empty if there are none."""
    others = list(lines)
    if not others:
        return ""
    shown = ", ".join(map(str, others[:3]))
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f" (also line {shown}{more})" if len(others) == 1 else f" (also lines {shown}{more})"

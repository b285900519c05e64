"""Sample tables as text: columns and names with their lines, and all that is odd about them.

peppy reads a table with pandas. pandas drops the cells of a row beyond the last column, renames
columns of one name, and calls a column without a name `Unnamed: 2`; it says nothing of all this.
So the same text is read here as well, row by row, for messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import Place, Problem, near
from ..documents.yaml_lines import not_set, unset
from .table_text import also_in, at, delimiter_of, rows_of

_NAMES_OF = {",": "commas", "\t": "tabs", ";": "semicolons"}
_ENDINGS = {",": ".csv", "\t": ".tsv"}
_NO_HEADS = {
    "sep=": "is a line for Excel only; remove it",
    "#": "a table has no comments; remove the line",
    "<": "is a web page and no table; save the table itself",
}
"""Beginnings of a first line that has no names of columns."""
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters without a glyph, which joined files and copied text bring. Some scripts need others."""
_OTHER_MARKS = re.compile(r"[|:^~&,\s]+")
"""Characters between the names of a head that is one cell."""
_MARK = "\ufeff"
"""The mark at the beginning of some files, which a joined file has in its middle."""
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
    """Read a CSV or TSV file, or a workbook.

    Args:
        path: an existing file.
        index: the name of the column with the samples' names.
        must_have: whether the table needs this column.
        remedy: another way out than to rename a column, if there is one.
    """
    rows, fault = rows_of(path)
    if fault:
        return Table(path, faults=(fault,))
    comma = delimiter_of(path)
    first = next(rows, None)
    if first is None:
        what = f"is empty; write a line with the names of the columns ('{index}')"
        return Table(path, faults=(at(path, 0, "", f"{what}, and a row for each sample"),))
    line, head = first
    wrong = _of_head(path, line, head, index if must_have else "", comma, remedy)
    if wrong:
        return Table(path, tuple(head), faults=(wrong,))
    shape = _Shape(path, head, comma)
    column = head.index(index) if index in head else None
    for line, row in rows:
        shape.look(line, row)
        if column is not None and any(row):
            name = row[column] if column < len(row) else ""
            shape.lines.setdefault(name, []).append(line)
    return Table(
        path,
        tuple(head),
        shape.lines,
        tuple(shape.faults()),
        (*_of_columns(path, first[0], head, shape.filled), *shape.oddities()),
    )


def _of_head(
    path: Path, line: int, head: list[str], index: str, comma: str, remedy: str
) -> Problem | None:
    """The fault of a head that has other delimiters, or no column with the samples' names."""
    if index in head or (not index and len(head) > 1):
        return None
    for beginning, what in _NO_HEADS.items():
        if head[0].casefold().startswith(beginning):
            return at(path, line, "", what)
    for other, mark in _NAMES_OF.items():
        if other != comma and any(other in name for name in head):
            cure = f"write {_NAMES_OF[comma]} instead"
            if other in _ENDINGS:
                cure += f", or rename the file to {path.stem}{_ENDINGS[other]}"
            return at(path, line, index, f"the cells are separated by {mark}; {cure}")
    if not index:
        return None
    what = f"there is no column '{index}'"
    hidden = [name for name in head if _INVISIBLE.sub("", name).strip() == index != name.strip()]
    if hidden:
        what = f"{what}: its name has {_invisible_in(hidden[0])}"
    elif index in (name.strip() for name in head):
        what = f"{what}: its name has white space around it; remove that"
    elif len(head) == 1 and path.suffix != ".xlsx" and index in _OTHER_MARKS.split(head[0]):
        what = _of_one_cell(head[0].strip(), comma)
    else:
        shown = ", ".join(name or "''" for name in head[:_SHOWN])
        more = f" and {len(head) - _SHOWN} more" if len(head) > _SHOWN else ""
        what = f"{what}, there are {shown}{more}{near(index, head)}; rename the column of the"
        what = f"{what} samples' names{remedy}"
    return at(path, line, index, what)


def _of_one_cell(head: str, comma: str) -> str:
    """The fault of a head with several names in its only cell."""
    if comma in head:
        return "each line is in quotes as a whole, and is one cell; remove these quotes"
    mark = next((one for one in _OTHER_MARKS.findall(head) if not one.isspace()), " ").strip()
    named = f"'{mark}'" if mark else "spaces"
    return f"the cells are separated by {named}; write {_NAMES_OF[comma]} instead"


def _invisible_in(name: str) -> str:
    """The words for the first invisible character of a name; empty if there is none."""
    found = _INVISIBLE.search(name)
    return f"an invisible character (U+{ord(found[0]):04X}); remove it" if found else ""


def odd_names(table: Table, index: str) -> Iterator[Problem]:
    """Names of samples that are not as they look, or that were no names. One message a kind."""
    kinds: dict[str, list[str]] = {}
    for name in table.lines:
        if not name.isascii() and _INVISIBLE.search(name):
            if _INVISIBLE.sub("", name) != index:  # else it is the head once more
                kinds.setdefault("invisible", []).append(name)
        elif name != name.strip():
            kinds.setdefault("space", []).append(name)
        elif name.startswith("#"):
            kinds.setdefault("comment", []).append(name)
    for kind, names in kinds.items():
        first = names[0]
        if kind == "invisible":
            what = f"the name '{_INVISIBLE.sub('', first)}' has {_invisible_in(first)}"
        elif kind == "space":
            what = f"the name '{first}' has white space around it; remove that"
        else:
            what = f"the row is read as a sample called '{first}'; remove the row, or the '#'"
        lines = sorted(line for name in names for line in table.lines[name])
        yield Problem(table.place(first), index, what + also_in(lines[1:]))


def _of_columns(path: Path, line: int, head: list[str], filled: set[int]) -> Iterator[Problem]:
    """Columns that samples have under another name than the one in the table, or not at all."""
    seen: dict[str, int] = {}
    for number, name in enumerate(head):
        seen[name] = seen.get(name, 0) + 1
        if not name:
            if number in filled:  # else a comma at the end of each line
                what = f"column {number + 1} has no name, and is read as 'Unnamed: {number}'"
                yield at(path, line, "", f"{what}; write a name")
        elif seen[name] > 1:
            what = f"the name of {seen[name]} columns, and this one is read as"
            what = f"{what} '{name}.{seen[name] - 1}'; rename it"
            yield at(path, line, name, what)
        elif _INVISIBLE.search(name):
            what = f"the name has {_invisible_in(name)}"
            yield at(path, line, _INVISIBLE.sub("", name).strip(), what)
        elif name != name.strip():
            what = f"the name '{name}' has white space around it; remove that"
            yield at(path, line, name.strip(), what)
        elif name.startswith("_"):
            what = "a column whose name begins with '_' is no attribute of samples; rename it"
            yield at(path, line, name, what)


class _Shape:
    """The rows of a table that have too many cells, too few, or none."""

    def __init__(self, path: Path, head: list[str], comma: str) -> None:
        self.lines: dict[str, list[int]] = {}
        self.filled: set[int] = set()
        """Numbers of the columns without a name that have a value in any row."""
        self._path = path
        self._width = len(head)
        self._unnamed = [number for number, name in enumerate(head) if not name]
        self._head = head
        self._comma = comma
        self._unset: dict[tuple[str, str], list[int]] = {}
        """By column and variable that is not set, the lines with paths that have it."""
        self._widest = 0
        """The largest number of cells that pandas accepts: of the head, or of the first row."""
        self._refused: list[tuple[int, int]] = []
        self._cut: list[tuple[int, int]] = []
        self._short: list[tuple[int, int]] = []
        self._blank: list[tuple[int, int]] = []
        self._repeated: list[tuple[int, int]] = []

    def look(self, line: int, row: list[str]) -> None:
        """Note what is odd about a row."""
        count = len(row)
        self._widest = self._widest or max(self._width, count)
        if self._unnamed:
            self.filled.update(one for one in self._unnamed if one < count and row[one])
        if any("$" in cell for cell in row):
            self._look_for_variables(line, row)
        if count > self._widest:
            self._refused.append((line, count))
        elif row == self._head or (row[0][:1] == _MARK and [row[0][1:], *row[1:]] == self._head):
            self._repeated.append((line, count))
        elif not any(row):
            self._blank.append((line, count))
        elif count < self._width:
            self._short.append((line, count))
        elif count > self._width and any(row[self._width :]):
            self._cut.append((line, count))

    def _look_for_variables(self, line: int, row: list[str]) -> None:
        for column, cell in zip(self._head, row, strict=False):
            if "$" in cell and "/" in cell:  # elsewhere a dollar may be anything
                for name in filter(str.isidentifier, unset(cell)):  # `$5` is none
                    self._unset.setdefault((column, name), []).append(line)

    def faults(self) -> Iterator[Problem]:
        """The rows that pandas refuses."""
        for line, count in self._refused[:_SHOWN]:
            what = f"the row has {count} cells for {self._width} columns"
            yield at(self._path, line, "", f"{what}; {self._quote}")

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
                yield at(self._path, line, "", what)
        for (column, name), lines in self._unset.items():
            what = not_set(name)
            yield at(self._path, lines[0], column, what + also_in(lines[1:]))
        for rows, what in (
            (self._blank, "all cells of the row are empty, and it is ignored; remove it"),
            (self._repeated, "the row has the names of the columns once more; remove it"),
        ):
            if rows:
                what += also_in(one for one, _ in rows[1:])
                yield at(self._path, rows[0][0], "", what)

    @property
    def _quote(self) -> str:
        named = "a comma" if self._comma == "," else "a tab"
        return f"put a cell that has {named} in quotes"

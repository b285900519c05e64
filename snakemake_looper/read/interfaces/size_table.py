"""Size tables: compute settings by the size of a sample's input files.

A size table is the TSV that `compute: size_dependent_variables:` of an interface names. The row
with the smallest sufficient `max_file_size`, in GB (1024³ bytes), counts, as in looper. `NaN`
suffices for any size.

These tables are often saved by a spreadsheet: a byte order mark, UTF-16 and spaces around cells are
read; other separators than tabs are an error that says so.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Place, Problems, near
from ...messages import counted
from ...model import SizeRow
from ..documents.yaml_lines import absent, unset
from ..keys.of_interface import LIMIT
from ..templates.template_undefined import Partial

_KEY = "compute.size_dependent_variables"


class _Line(NamedTuple):
    place: Place
    cells: list[str]


def size_table(path: Path, place: Place, problems: Problems) -> tuple[SizeRow, ...]:
    """Read a size table.

    Args:
        path: the table.
        place: where the interface names it, for a table that cannot be read.
        problems: gets each fault.

    Returns:
        The rows, sorted by size; nothing if the table cannot be read. The values of a faulty row
        are `Partial`.
    """
    text = _text(path, place, problems)
    if text is None:
        return ()
    try:
        lines = list(_lines(path, text))
    except csv.Error:
        what = "has a cell that is too long or has a line break; write cells with tabs between them"
        problems.add(path, "", what)
        return ()
    if not lines:
        problems.add(Place(str(path), 1), "", f"is empty; write '{LIMIT}' and other columns")
        return ()
    head, *body = lines
    if not _has_head(head, problems):
        return ()
    if not body:
        problems.add(head.place, "", f"has no row; add one, with NaN as {LIMIT} for any size")
        return ()
    rows = [_row(head.cells, line, problems) for line in body]
    rows.sort(key=lambda row: row.max_gb)
    _warn_of_same_size(rows, problems)
    return tuple(rows)


def _text(path: Path, place: Place, problems: Problems) -> str | None:
    """The text of a table; None if it cannot be read."""
    if not path.is_file():
        what = f"'{path}' is a folder or the like; write the path of a table"
        if not path.exists():
            short = f"'{path}' does not exist; correct the path"
            what = absent(str(path), path) if unset(str(path)) else short
        problems.add(place, _KEY, what)
        return None
    data = b""
    try:
        data = path.read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(Place(str(path), line), "", "is not UTF-8 text; save the table as UTF-8")
    except OSError as error:
        problems.add(place, _KEY, f"'{path}' cannot be read: {error.strerror}; correct the path")
    return None


def _lines(path: Path, text: str) -> Iterator[_Line]:
    """The lines that have text, each with its cells."""
    reader = csv.reader(io.StringIO(text, newline=None), delimiter="\t")
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield _Line(Place(str(path), reader.line_num), stripped)


def _has_head(head: _Line, problems: Problems) -> bool:
    """Whether the head has the column of sizes, and each column once."""
    cells = head.cells
    if LIMIT in cells:
        for number, name in enumerate(cells):
            if name in cells[:number] and name:
                what = "is the name of two columns; rename or remove one"
                problems.add(head.place, name, what)
        return True
    only = cells[0] if len(cells) == 1 else ""
    for sign, name in ((",", "commas"), (";", "semicolons"), (" ", "spaces")):
        if LIMIT in [one.strip() for one in only.split(sign)]:
            what = f"the columns are separated by {name}; separate them by tabs, in all lines"
            problems.add(head.place, "", what)
            return False
    there = ", ".join(f"'{one}'" for one in cells if one)
    what = f"there is no such column{near(LIMIT, cells)}, but {there}; rename or add one, in GB"
    problems.add(head.place, LIMIT, what)
    return False


def _row(head: list[str], line: _Line, problems: Problems) -> SizeRow:
    """One row. A row with a fault suffices for any size, as nobody knows for which."""
    cells, place = line.cells, line.place
    named = dict(zip(head, cells, strict=False))
    values = {key: _number(cell) for key, cell in named.items() if key}
    if any("\t" in cell for cell in cells):
        what = "a quotation mark begins a cell that goes on over the next ones; remove it"
        problems.add(place, "", what)
        return SizeRow(math.inf, Partial(values), place)
    more = [cell for cell in cells[len(head) :] if cell]
    more += [cell for key, cell in zip(head, cells, strict=False) if cell and not key]
    if more:
        what = f"has {counted(len(cells), 'cell')} for {counted(len(head), 'column')}: '{more[0]}' has no column"
        problems.add(place, "", f"{what}; separate cells by one tab, or name the column")
        return SizeRow(math.inf, Partial(values), place)
    if len(cells) < len(head):
        lacking = ", ".join(f"'{key}'" for key in head[len(cells) :] if key)
        if lacking:
            what = f"has {counted(len(cells), 'cell')} for {counted(len(head), 'column')}"
            problems.warn(place, "", f"{what}; {lacking} counts as empty")
        values |= dict.fromkeys(filter(None, head[len(cells) :]), "")
    given = named.get(LIMIT, "")
    limit = _limit(given)
    if limit is None:
        what = f"'{given}' is no size{_plain(given)}; write a number of GB, or NaN for any size"
        problems.add(place, LIMIT, what)
        return SizeRow(math.inf, Partial(values), place)
    return SizeRow(limit, values, place)


def _warn_of_same_size(rows: list[SizeRow], problems: Problems) -> None:
    known: dict[float, SizeRow] = {}
    for row in rows:
        if isinstance(row.values, Partial):
            continue
        first = known.setdefault(row.max_gb, row)
        if first is not row:
            size = "any size" if math.isinf(row.max_gb) else f"{row.max_gb:g} GB"
            what = f"line {first.place.line} is for {size} too, so this one is not used; remove one"
            problems.warn(row.place, LIMIT, what)


def _number(text: str) -> Any:
    """A cell as templates see it. It is a number if Python would write the number in this way."""
    for kind in (int, float):
        try:
            if str(kind(text)) == text and math.isfinite(kind(text)):
                return kind(text)
        except ValueError:
            continue
    return text


def _limit(text: str) -> float | None:
    if text.lower() in ("", "nan", "na", "inf"):
        return math.inf
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value >= 0 else None


def _plain(text: str) -> str:
    """The number without a unit or a decimal comma, as ` (did you mean '5'?)`."""
    found = re.fullmatch(r"(\d+)(?:[.,](\d+))?\s*(?:[Gg]i?[Bb]?)?", text)
    if not found:
        return ""
    return f" (did you mean '{found[1]}{'.' + found[2] if found[2] else ''}'?)"

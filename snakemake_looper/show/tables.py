"""Tables of statuses, records and skipped samples, made with rich.

A file or a pipe gets a table as wide as it is, so that paths are never broken and can be searched.
On a terminal a table of records leaves out columns until it fits, and breaks reasons into lines.
Names are cut only if that is not enough.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..errors import harmless, one_line
from ..messages import Output
from ..model import Skip
from ..quantities import duration, memory, moment
from ..results.statuses import RecordStatus, counts
from ..status_words import order, style
from ..workspace.rows import SkipRow
from .text import shorten

MOST_ROWS = 20
"""Rows of a table that is only a part of what is printed."""
_UNLIMITED = 100_000
"""Columns: more than any table has."""
_GAP = 2
"""Columns between two columns of a table."""
_MORE = ".."
"""It stands for text that was cut out."""


def render(*parts: Any, output: Output | None = None) -> str:
    """Tables and lines as text, without blanks at the ends of lines.

    Args:
        parts: rich's tables, and lines of text. Lines are never broken.
        output: where the text will be shown; a file if it is None.
    """
    place = output or Output()
    stream = io.StringIO()
    console = Console(
        file=stream, width=place.width or _UNLIMITED, height=1, highlight=False, markup=False,
        emoji=False, force_terminal=place.colour, force_jupyter=False, legacy_windows=False,
        color_system="standard" if place.colour else None, no_color=not place.colour,
    )  # fmt: skip
    for part in parts:
        console.print(harmless(part) if isinstance(part, str) else part, soft_wrap=True)
    return "\n".join(line.rstrip() for line in stream.getvalue().removesuffix("\n").split("\n"))


class _HarmlessTable(Table):
    """A table whose texts of other people have no control characters."""

    def add_row(self, *cells: Any, **settings: Any) -> None:
        super().add_row(
            *(one_line(one) if isinstance(one, str) else one for one in cells), **settings
        )


def table_of(*columns: str) -> Table:
    """An empty table without lines between its cells."""
    table = _HarmlessTable(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=True)
    return table


def status_text(status: str) -> Text:
    """A status in its colour."""
    return Text(status, style(status))


class _Counts:
    """Counts of statuses: a row for each pipeline, or on a narrow terminal for each count."""

    def __init__(self, rows: Mapping[str, Mapping[str, int]]) -> None:
        self._rows = rows
        self._statuses = sorted({status for row in rows.values() for status in row}, key=order)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = self._wide()
        needed = Measurement.get(console, options.update(max_width=_UNLIMITED), wide).maximum
        yield wide if needed <= options.max_width else self._narrow()

    def _wide(self) -> Table:
        table = table_of("pipeline", *self._statuses)
        for pipeline, row in self._rows.items():
            cells = [
                Text(str(row.get(status, 0)), style(status) if row.get(status) else "dim")
                for status in self._statuses
            ]
            table.add_row(pipeline or "-", *cells)
        return table

    def _narrow(self) -> Table:
        table = table_of("pipeline", "status", "records")
        table.columns[0].no_wrap = False
        for pipeline, row in self._rows.items():
            for status in filter(row.get, self._statuses):
                table.add_row(pipeline or "-", status_text(status), str(row[status]))
        return table


def status_table(records: Iterable[RecordStatus]) -> RenderableType:
    """Status counts: one row per pipeline, one column per status that occurs."""
    return _Counts(counts(records))


# --- tables whose rows end with a reason ----------------------------------------------------------

_LEFT_OUT_FIRST = ("level", "log", "started", "memory", "took")
"""The columns that a narrow terminal does without."""
_CUT_LAST = {"pipeline": 8, "record": 12}
"""Columns whose texts are cut if nothing else helps, with the width that they keep."""
_NARROWEST_REASON = 30
"""Columns. Where a reason would have less room beside its row, it stands below."""
_INDENT = 4


class ReasonTable:
    """A table whose rows end with a reason. It is laid out for the width that it gets.

    rich's own tables take half a millisecond for a row, and know no order in which columns go.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]], reasons: Sequence[str]) -> None:
        """Keep the cells, without the control characters of other people's texts.

        Args:
            columns: the cells of each column, by its heading.
            reasons: the reason of each row; some may be empty.
        """
        self._columns = {name: list(map(one_line, cells)) for name, cells in columns.items()}
        self._reasons = list(map(one_line, reasons))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        longest = max(map(cell_len, self._reasons), default=0)
        least = min(longest, _NARROWEST_REASON)
        widths = self._fitting(options.max_width - least)
        indent = sum(width + _GAP for width in widths.values())
        is_beside = indent + least <= options.max_width
        if not is_beside:
            widths, indent = self._fitting(options.max_width + _GAP), _INDENT
        heading = "".join(_padded(name, width) for name, width in widths.items())
        has_room = is_beside and indent + len("reason") <= options.max_width
        yield Text(f"{heading}reason" if has_room else heading.rstrip(), "bold")
        for at, reason in enumerate(self._reasons):
            line = self._row(at, widths)
            room = max(options.max_width - indent, 1)
            parts = Text(reason).wrap(console, room) if cell_len(reason) > room else [Text(reason)]
            if is_beside:
                line.append_text(parts.pop(0))
            line.rstrip()
            yield line
            yield from (Text(" " * indent).append_text(part) for part in parts if part)

    def _row(self, at: int, widths: Mapping[str, int]) -> Text:
        line = Text()
        for name, width in widths.items():
            cell = self._columns[name][at]
            shown = shorten(cell or "-", width, _MORE)
            line.append(_padded(shown, width), style(cell) if name == "status" else None)
        return line

    def _fitting(self, room: int) -> dict[str, int]:
        """The width of each column that there is room for, with a gap behind each."""
        widths = {
            name: max([cell_len(name), *map(cell_len, set(cells))])
            for name, cells in self._columns.items()
        }
        for name in _LEFT_OUT_FIRST:
            if sum(widths.values()) + _GAP * len(widths) > room:
                widths.pop(name, None)
        for name, least in _CUT_LAST.items():
            excess = sum(widths.values()) + _GAP * len(widths) - room
            if excess > 0:
                widths[name] = max(widths[name] - excess, min(widths[name], least))
        return widths


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text) + _GAP)


class _Column(NamedTuple):
    """A column of the table of records."""

    name: str
    text: Callable[[RecordStatus], str]
    may_lack: bool = False
    """Whether the column is left out if no record has a text for it."""


_COLUMNS = (
    _Column("pipeline", lambda one: one.pipeline),
    _Column("level", lambda one: one.level),
    _Column("record", lambda one: one.record),
    _Column("status", lambda one: one.status),
    _Column("started", lambda one: "" if one.started is None else moment(one.started), True),
    _Column("took", lambda one: "" if one.took is None else duration(one.took), True),
    _Column("memory", lambda one: "" if one.memory_mb is None else memory(one.memory_mb), True),
    _Column("log", lambda one: one.log),
)


def record_table(records: Iterable[RecordStatus]) -> ReasonTable:
    """Pipeline, level, status, times, memory, log and reason: one row per record."""
    listed = list(records)
    columns = {column.name: [column.text(one) for one in listed] for column in _COLUMNS}
    for column in _COLUMNS:
        if column.may_lack and not any(columns[column.name]):
            del columns[column.name]
    return ReasonTable(columns, [_reason(one) for one in listed])


def _reason(one: RecordStatus) -> str:
    """The reason of a status, with the cluster job, and the attempt if it was not the first."""
    more = [f"cluster job {one.external_jobid}"] if one.external_jobid else []
    if one.attempt is not None and one.attempt > 1:
        more.append(f"attempt {one.attempt}")
    if not more:
        return one.reason
    return f"{one.reason} ({', '.join(more)})" if one.reason else ", ".join(more)


def log_ends(records: Iterable[RecordStatus], most: int = MOST_ROWS) -> Iterator[str]:
    """The lines of the records' logs that say why, and what to do before some can run again.

    Args:
        records: the records; one that completed has neither.
        most: the largest number of records whose logs are shown.
    """
    known = [one for one in records if one.excerpt or one.remedy]
    for one in known[:most]:
        yield ""
        yield f"{one.pipeline} {one.record}, from {one.log}:"
        yield from (f"    {line}" for line in one.excerpt)
        if one.remedy:
            yield f"  {one.remedy}"


def skip_table(skips: Iterable[Skip | SkipRow]) -> ReasonTable:
    """Skipped samples and the reason of each; the first of them, if there are many."""
    listed = list(skips)
    rows = [(skip.pipeline, skip.record, skip.reason) for skip in listed[:MOST_ROWS]]
    if len(listed) > MOST_ROWS:
        rows.append(("...", f"and {len(listed) - MOST_ROWS} more", ""))
    return ReasonTable(
        {"pipeline": [row[0] for row in rows], "record": [row[1] for row in rows]},
        [row[2] for row in rows],
    )

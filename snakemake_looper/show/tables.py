"""Tables of statuses, records and skipped samples, made with rich."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import harmless, one_line
from ..model import Skip
from ..results.statuses import RecordStatus, counts
from ..status_words import order, style
from ..workspace.rows import SkipRow

MOST_ROWS = 20
"""Rows of a table that is only a part of what is printed."""
_WIDTH = 2000
"""Columns: as good as no limit, so that paths are never broken and can be copied."""


def render(*parts: Any) -> str:
    """Tables and lines as text, without blanks at the ends of lines."""
    output = io.StringIO()
    console = Console(file=output, width=_WIDTH, highlight=False, markup=False)
    for part in parts:
        console.print(harmless(part) if isinstance(part, str) else part)
    return "\n".join(line.rstrip() for line in output.getvalue().removesuffix("\n").split("\n"))


class _HarmlessTable(Table):
    """A table whose texts of other people have no control characters."""

    def add_row(self, *cells: Any, **settings: Any) -> None:
        super().add_row(
            *(one_line(one) if isinstance(one, str) else one for one in cells), **settings
        )


def table_of(*columns: str) -> Table:
    """An empty table without lines between its cells."""
    table = _HarmlessTable(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != "reason")
    return table


def status_text(status: str) -> Text:
    """A status in its colour."""
    return Text(status, style(status))


def status_table(records: Iterable[RecordStatus]) -> Table:
    """Status counts: one row per pipeline, one column per status that occurs."""
    by_pipeline = counts(records)
    statuses = sorted({status for row in by_pipeline.values() for status in row}, key=order)
    table = table_of("pipeline", *statuses)
    for pipeline, row in by_pipeline.items():
        cells = [
            Text(str(row.get(status, 0)), style(status) if row.get(status) else "dim")
            for status in statuses
        ]
        table.add_row(pipeline or "-", *cells)
    return table


def record_table(records: Iterable[RecordStatus]) -> Table:
    """Pipeline, level, status, log and reason: one row per record."""
    table = table_of("pipeline", "level", "record", "status", "log", "reason")
    for one in records:
        table.add_row(
            one.pipeline or "-", one.level, one.record, status_text(one.status), one.log or "-",
            _reason(one),
        )  # fmt: skip
    return table


def _reason(one: RecordStatus) -> str:
    """The reason of a status, with the cluster job, and the attempt if it was not the first."""
    more = [f"cluster job {one.external_jobid}"] if one.external_jobid else []
    if one.attempt is not None and one.attempt > 1:
        more.append(f"attempt {one.attempt}")
    if not more:
        return one.reason
    return f"{one.reason} ({', '.join(more)})" if one.reason else ", ".join(more)


def log_ends(records: Iterable[RecordStatus], most: int = MOST_ROWS) -> Iterator[str]:
    """The last lines of the records' logs, and what to do before some of them can run again.

    Args:
        records: the records; one that completed has neither.
        most: the largest number of records whose logs are shown.
    """
    known = [one for one in records if one.tail or one.remedy]
    for one in known[:most]:
        yield ""
        yield f"{one.pipeline} {one.record}, the end of {one.log}:"
        yield from (f"    {line}" for line in one.tail)
        if one.remedy:
            yield f"  {one.remedy}"


def skip_table(skips: Iterable[Skip | SkipRow]) -> Table:
    """Skipped samples and the reason of each; the first of them, if there are many."""
    table = table_of("pipeline", "record", "reason")
    listed = list(skips)
    for skip in listed[:MOST_ROWS]:
        table.add_row(skip.pipeline or "-", skip.record, skip.reason)
    if len(listed) > MOST_ROWS:
        table.add_row("...", f"and {len(listed) - MOST_ROWS} more", "")
    return table

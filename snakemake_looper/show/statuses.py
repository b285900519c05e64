"""The statuses of a project's records, as `check` prints and `check --watch` follows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live

from ..messages import Output
from ..results.statuses import RecordStatus, counts
from ..status_words import FAILURES, STATUS_WORDS, order
from .tables import log_ends, record_table, render, status_table, status_text, table_of

_LINES_BESIDE_RECORDS = 8
"""Lines of a terminal that headings and the shell's prompt take."""
_FEWEST_RECORDS = 3


def check_text(
    records: Sequence[RecordStatus], itemized: bool, output: Output | None = None
) -> str:
    """Counts by pipeline; itemized: a row for each record, and the ends of the logs of failures.

    Args:
        records: the statuses.
        itemized: whether each record has a row.
        output: where the text will be shown; a file if it is None.
    """
    if not itemized:
        return render(status_table(records), output=output)
    return render(record_table(records), *log_ends(records), output=output)


def codes_text(output: Output | None = None) -> str:
    """The meaning of each status."""
    table = table_of("status", "meaning")
    for one in STATUS_WORDS:
        table.add_row(status_text(one.word), one.meaning)
    table.columns[1].no_wrap = False
    return render(table, output=output)


def watch(read: Callable[[], list[RecordStatus]], seconds: float) -> list[RecordStatus]:
    """Show statuses until nothing runs or waits; returns the last ones, which stay on the screen.

    A terminal is redrawn in place. Elsewhere the statuses are printed whenever they change.

    Args:
        read: reads the statuses as they are now.
        seconds: the time between two readings.
    """
    console = Console(highlight=False, markup=False)
    records = read()
    with Live(console=console, auto_refresh=False) as live:
        shown: list[RecordStatus] | None = None
        while True:
            if records != shown:
                shown = records
                parts = _watched(records, console.size.height)
                if console.is_terminal:
                    live.update(Group(*parts), refresh=True)
                else:
                    console.print(*parts, "", sep="\n")
            if not any(one.status in ("running", "waiting") for one in records):
                return records
            time.sleep(seconds)
            records = read()


def _watched(records: Sequence[RecordStatus], height: int) -> list[RenderableType]:
    """Counts, and below them running and failed records, as many as there is room for."""
    parts: list[RenderableType] = [status_table(records)]
    listed = [one for one in records if one.status in (*FAILURES, "running")]
    room = max(_FEWEST_RECORDS, height - _LINES_BESIDE_RECORDS - len(counts(records)))
    if listed:
        listed.sort(key=lambda one: order(one.status), reverse=True)
        parts += ["", record_table(listed[:room])]
    if len(listed) > room:
        parts.append(f"... and {len(listed) - room} more: snakemake-looper check --itemized")
    return parts

"""A run at one moment, as lines of text: a bar for each pipeline, times, and the running jobs.

A frame is a pure function of a snapshot, the time and the space there is. It looks at tallies and
at as many running jobs as it shows, so ten thousand samples cost no more than ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from ..errors import one_line
from ..quantities import duration
from ..run.snapshot import RunningJob, Snapshot, Tally
from .text import UNICODE, Glyphs, labels, shorten, time_left

_GAP = "  "
_WIDEST_BAR = 40
_NARROWEST_BAR = 6
"""Columns. Where a bar has less room, there is none."""


@dataclass(frozen=True, slots=True)
class Space:
    """The part of a terminal that a frame may take up, in columns and lines."""

    width: int
    height: int
    glyphs: Glyphs = UNICODE

    @property
    def line(self) -> int:
        """Columns of a line. One stays free: some terminals add an empty line after a full one."""
        return max(self.width - 1, 1)


@dataclass(frozen=True, slots=True)
class Clock:
    """Times that a frame shows, in seconds."""

    now: float
    """Since the epoch."""
    elapsed: float
    left: float | None = None
    """None as long as there is no estimate."""


def frame(snapshot: Snapshot, clock: Clock, space: Space, final: bool = False) -> list[Text]:
    """The lines below the log: bars, times, and running jobs.

    Args:
        snapshot: the run.
        clock: the times to show.
        space: the size of the terminal.
        final: whether the run is over; running jobs and the time left are then not shown.
    """
    if not snapshot.tallies and not snapshot.others:
        return []
    # The first line is the empty one above the frame; one more stays free below.
    room = max(space.height - 2, 1)
    least = min(len(snapshot.tallies), room // 2)
    running = [] if final else _running(snapshot, clock, space, room - 1 - least)
    bars = _bars(snapshot.tallies, space, max(room - 1 - len(running), 1))
    lines = [*bars, _footer(snapshot, clock, final), *running]
    for line in lines:
        _crop(line, space)
    return lines[:room]


def _crop(line: Text, space: Space) -> None:
    if line.cell_len > space.line:
        line.truncate(max(space.line - len(space.glyphs.more), 1), overflow="crop")
        line.append(space.glyphs.more)


def _footer(snapshot: Snapshot, clock: Clock, final: bool) -> Text:
    parts = [f"{'took' if final else 'elapsed'} {duration(clock.elapsed)}"]
    if not final and clock.left is not None:
        project = any(t.left for t in snapshot.tallies if t.level == "project")
        parts.append(time_left(clock.left) + (", then the project level" if project else ""))
    if not final and snapshot.others:
        parts.append(one_line(snapshot.others))
    return Text(", ".join(parts), "dim")


def _bars(tallies: Sequence[Tally], space: Space, room: int) -> list[Text]:
    """A line per tally. If there is no room for all, finished pipelines are left out first."""
    rows = [(label, t, _counts(t)) for label, t in zip(labels(tallies), tallies, strict=True)]
    if len(rows) > room:
        kept = sorted(range(len(rows)), key=lambda at: tallies[at].left == 0)
        rows = [rows[at] for at in sorted(kept[: max(room - 1, 1)])]
    lines = _bar_lines(rows, space)
    if len(rows) < len(tallies) and room > 1:
        lines.append(Text(f"and {len(tallies) - len(rows)} more", "dim"))
    return lines


def _counts(tally: Tally) -> list[Text]:
    """The counts beside a bar; an earlier one matters more."""
    return [
        Text(f"{tally.completed}/{tally.total}"),
        Text(f"{tally.failed} failed" if tally.failed else "", "bold red"),
        Text(f"{tally.partial} partial" if tally.partial else "", "yellow"),
        Text(f"{tally.running} running" if tally.running else "", "blue"),
    ]


def _bar_lines(rows: Sequence[tuple[str, Tally, list[Text]]], space: Space) -> list[Text]:
    """Align names, bars and counts. On a narrow terminal bars are shorter and counts fewer."""
    longest = max((cell_len(name) for name, _, _ in rows), default=0)
    name_width = min(longest, max(space.line // 3, 8))
    widths = [max((cells[at].cell_len for _, _, cells in rows), default=0) for at in range(4)]

    def rest() -> int:
        return space.line - name_width - sum(len(_GAP) + width for width in widths if width)

    if rest() < 2 * _NARROWEST_BAR:
        widths[3] = 0  # the running jobs are listed below the bars
    bar_width = min(rest() - len(_GAP), _WIDEST_BAR)
    lines = []
    for name, tally, cells in rows:
        line = Text(_padded(shorten(name, name_width, space.glyphs.more), name_width))
        if bar_width >= _NARROWEST_BAR:
            line.append(_GAP).append_text(_bar(tally, bar_width, space.glyphs))
        for cell, width in zip(cells, widths, strict=True):
            if width:
                line.append(_GAP + " " * (width - cell.cell_len)).append_text(cell)
        line.rstrip()
        lines.append(line)
    return lines


def _bar(tally: Tally, width: int, glyphs: Glyphs) -> Text:
    parts = (tally.completed, tally.failed, tally.partial, tally.running, tally.waiting)
    signs = (glyphs.completed, glyphs.failed, glyphs.failed, glyphs.running, glyphs.waiting)
    styles = ("green", "red", "yellow", "blue", "dim")
    bar = Text()
    for cells, sign, style in zip(_shares(parts, width), signs, styles, strict=True):
        bar.append(sign * cells, style)
    return bar


def _shares(parts: Sequence[int], width: int) -> list[int]:
    """Divide a bar. One failure among ten thousand still gets a cell, from the largest part."""
    total = sum(parts)
    if not total:
        return [0] * (len(parts) - 1) + [width]
    cells = [max(part * width // total, 1 if part else 0) for part in parts]
    cells[parts.index(max(parts))] += width - sum(cells)
    return cells


def _running(snapshot: Snapshot, clock: Clock, space: Space, room: int) -> list[Text]:
    """The running jobs, in at most a third of the terminal."""
    most = max(min(space.height // 3, room), 1)
    jobs = snapshot.running
    shown = jobs if len(jobs) <= most else jobs[: most - 1]
    several = len(snapshot.tallies) > 1 and space.line >= 60
    rows = [_running_cells(job, clock, several) for job in shown]
    widths = _column_widths(rows, space.line)
    lines = []
    for row in rows:
        cells = [
            _padded(shorten(cell, width, space.glyphs.more), width)
            for cell, width in zip(row, widths, strict=True)
            if width
        ]
        lines.append(Text((_GAP + _GAP.join(cells)).rstrip()))
    if len(shown) < len(jobs):
        rest = f"and {len(jobs) - len(shown)} more" if shown else f"{len(jobs)} running"
        lines.append(Text(_GAP + rest, "dim"))
    return lines


def _column_widths(rows: Sequence[tuple[str, ...]], line: int) -> tuple[int, ...]:
    """The name of the record gets the columns that the others leave."""
    if not rows:
        return ()
    record, pipeline, time_, job = (
        max(map(cell_len, column)) for column in zip(*rows, strict=True)
    )
    pipeline, job = min(pipeline, line // 4), min(job, line // 3)
    taken = sum(len(_GAP) + width for width in (pipeline, time_, job) if width)
    return min(record, max(line - len(_GAP) - taken, 0)), pipeline, time_, job


def _running_cells(job: RunningJob, clock: Clock, several: bool) -> tuple[str, str, str, str]:
    level = " project" if job.level == "project" else ""
    return (
        one_line(job.record),
        one_line(job.pipeline + level) if several else "",
        duration(clock.now - job.since),
        f"job {one_line(job.external_jobid)}" if job.external_jobid else "",
    )


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))

"""A run at one moment, as lines of text: a bar for each pipeline, times, and who is running.

A frame is a pure function of a snapshot, the time and the space there is. It looks at tallies and
at as many running jobs as it shows, so ten thousand samples cost no more than ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from ..run.snapshot import Failure, RunningJob, Snapshot, Tally


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What bars are made of."""

    completed: str
    failed: str
    running: str
    waiting: str
    cross: str
    more: str  # stands for what was cut out


UNICODE = Glyphs("━", "━", "─", "╌", "✗", "…")


ASCII = Glyphs("=", "x", "-", ".", "x", "..")


def glyphs_for(stream: TextIO) -> Glyphs:
    """Unicode where the stream's encoding has it."""
    try:
        "━─╌✗…".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def duration(seconds: float) -> str:
    """Two units at most: `42 s`, `7 min 30 s`, `3 h 20 min`, `2 d 4 h`."""
    whole = max(int(seconds), 0)
    for name, size, below, unit in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // unit} {below}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def _time_left(seconds: float) -> str:
    if seconds < 60:
        return "less than a minute left"
    if seconds < 3600:
        return f"about {round(seconds / 60)} min left"
    return f"about {duration(seconds)} left"


def shorten(text: str, width: int, more: str) -> str:
    """Cut out the middle: names of samples often differ at their ends only."""
    if cell_len(text) <= width:
        return text
    room = width - len(more)
    if room < 2:
        return set_cell_size(text, max(width, 0))
    head = set_cell_size(text, room - room // 2)
    return head + more + set_cell_size(text[::-1], room // 2)[::-1]


def one_line(text: str) -> str:
    """A name or a reason cannot move the cursor, nor begin a line of its own."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)


def encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def labels(tallies: Iterable[Tally]) -> list[str]:
    """Names of pipelines, with the level where a pipeline has both."""
    listed = list(tallies)
    levels: dict[str, set[str]] = {}
    for tally in listed:
        levels.setdefault(tally.pipeline, set()).add(tally.level)
    return [
        one_line(t.pipeline + (f" {t.level}" if len(levels[t.pipeline]) > 1 else ""))
        for t in listed
    ]


def headline(failure: Failure) -> str:
    level = " project" if failure.level == "project" else ""
    reason = f": {failure.reason}" if failure.reason else ""
    return f"{failure.pipeline}{level} {failure.record} {failure.status}{reason}"


_GAP = "  "


_WIDEST_BAR = 40


_NARROWEST_BAR = 6


@dataclass(frozen=True, slots=True)
class Space:
    """What a frame may take up."""

    width: int
    height: int
    glyphs: Glyphs = UNICODE

    @property
    def line(self) -> int:
        """The last column stays free: a full line may or may not be followed by an empty one."""
        return max(self.width - 1, 1)


@dataclass(frozen=True, slots=True)
class Clock:
    """Times that a frame shows, in seconds."""

    now: float  # since the epoch
    elapsed: float
    left: float | None = None  # None: nothing to go by yet


def frame(snapshot: Snapshot, clock: Clock, space: Space, final: bool = False) -> list[Text]:
    """The lines that stand below the log: bars, times, and who is running."""
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
        project = any(_left_over(t) for t in snapshot.tallies if t.level == "project")
        parts.append(_time_left(clock.left) + (", then the project level" if project else ""))
    if not final and snapshot.others:
        parts.append(one_line(snapshot.others))
    return Text(", ".join(parts), "dim")


def _bars(tallies: Sequence[Tally], space: Space, room: int) -> list[Text]:
    """A line per tally. Where there is no room for all, finished ones are left out first."""
    rows = [(label, t, _counts(t)) for label, t in zip(labels(tallies), tallies, strict=True)]
    if len(rows) > room:
        kept = sorted(range(len(rows)), key=lambda at: _left_over(tallies[at]) == 0)
        rows = [rows[at] for at in sorted(kept[: max(room - 1, 1)])]
    lines = _bar_lines(rows, space)
    if len(rows) < len(tallies) and room > 1:
        lines.append(Text(f"and {len(tallies) - len(rows)} more", "dim"))
    return lines


def _counts(tally: Tally) -> list[Text]:
    """Cells beside a bar, in the order of their weight."""
    return [
        Text(f"{tally.completed}/{tally.total}"),
        Text(f"{tally.failed} failed" if tally.failed else "", "bold red"),
        Text(f"{tally.partial} partial" if tally.partial else "", "yellow"),
        Text(f"{tally.running} running" if tally.running else "", "blue"),
    ]


def _bar_lines(rows: Sequence[tuple[str, Tally, list[Text]]], space: Space) -> list[Text]:
    """Align names, bars and counts. Where it is narrow, less is said and bars get shorter."""
    longest = max((cell_len(name) for name, _, _ in rows), default=0)
    name_width = min(longest, max(space.line // 3, 8))
    widths = [max((cells[at].cell_len for _, _, cells in rows), default=0) for at in range(4)]

    def rest() -> int:
        return space.line - name_width - sum(len(_GAP) + width for width in widths if width)

    if rest() < 2 * _NARROWEST_BAR:
        widths[3] = 0  # how many are running can be seen below
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
    parts = (tally.completed, tally.failed, tally.partial, tally.running, _waiting(tally))
    signs = (glyphs.completed, glyphs.failed, glyphs.failed, glyphs.running, glyphs.waiting)
    styles = ("green", "red", "yellow", "blue", "dim")
    bar = Text()
    for cells, sign, style in zip(_shares(parts, width), signs, styles, strict=True):
        bar.append(sign * cells, style)
    return bar


def _shares(parts: Sequence[int], width: int) -> list[int]:
    """Divide a bar. One failure among ten thousand still gets its cell; the largest pays for it."""
    total = sum(parts)
    if not total:
        return [0] * (len(parts) - 1) + [width]
    cells = [max(part * width // total, 1 if part else 0) for part in parts]
    cells[parts.index(max(parts))] += width - sum(cells)
    return cells


def _waiting(tally: Tally) -> int:
    return max(tally.total - tally.completed - tally.failed - tally.partial - tally.running, 0)


def _left_over(tally: Tally) -> int:
    return _waiting(tally) + tally.running


def _running(snapshot: Snapshot, clock: Clock, space: Space, room: int) -> list[Text]:
    """Who is running, in a third of the terminal at most."""
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
    """The name of the record gets what the other columns leave."""
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


_ENOUGH = 20


_LONGEST_STEP = 5.0


class Estimate:
    """How long the rest will take, if it goes on as it went so far.

    What a job of a pipeline costs is the time that its jobs were seen running, by how many have
    completed; what the rest costs is divided by as many as were running on average. For a single
    pipeline that is elapsed time by completed jobs, times those left. Nothing is said before as
    many have completed as run at once (or twenty): the first of eight parallel jobs would make the
    run look eight times as long as it is. And nothing is said if a sample-level pipeline has not
    got that far. Project-level pipelines have one job, of which nothing can be known beforehand.
    """

    def __init__(self) -> None:
        self._busy: dict[tuple[str, str], float] = {}
        self._active = 0.0
        self._seen: float | None = None
        self._completed = 0
        self._end: float | None = None

    def update(self, tallies: Sequence[Tally], now: float) -> None:
        # A computer that slept has not been working.
        step = min(max(now - (now if self._seen is None else self._seen), 0.0), _LONGEST_STEP)
        self._seen = now
        for tally in tallies:
            key = (tally.pipeline, tally.level)
            self._busy[key] = self._busy.get(key, 0.0) + step * tally.running
        self._active += step if any(tally.running for tally in tallies) else 0.0
        completed = sum(tally.completed for tally in tallies)
        if completed != self._completed:
            # Only then there is news; in between the time is counted down.
            self._completed = completed
            rest = self._rest([t for t in tallies if t.level != "project"])
            self._end = None if rest is None else now + rest

    def left(self, now: float) -> float | None:
        """Seconds, or None if there is nothing to go by, or the time is up."""
        return self._end - now if self._end is not None and self._end > now else None

    def _rest(self, tallies: Sequence[Tally]) -> float | None:
        work = 0.0
        for tally in tallies:
            rest = _left_over(tally)
            if rest and tally.completed < min(max(tally.running, 1), _ENOUGH):
                return None
            if rest:
                work += self._busy[tally.pipeline, tally.level] / tally.completed * rest
        busy = sum(self._busy.values())
        return work / busy * self._active if work and busy else None

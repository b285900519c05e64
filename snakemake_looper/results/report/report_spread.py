"""The distribution of a column of numbers as a small picture: a histogram, drawn as SVG.

The picture stands in the head of the column. The page of a record has it again, with a line at the
record's own value. It is part of the page, so it needs no script and no network.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .report_numbers import Html, grouped, rounded

_BINS = 20
_WIDTH, _HEIGHT = 100, 24
_SMALLEST = 2
"""The height of a bar that would be too low to be seen: one record among many is an outlier."""
_WHOLE = 10_000
"""Larger numbers have no fraction below a small picture."""
_HUGE = 1000
"""Numbers above zero whose largest is this many times the smallest are drawn by their logarithm."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of numbers."""

    low: float
    high: float
    is_log: bool
    label: str
    """The distribution in words."""
    brief: Html
    """The same, as short as it gets."""
    bars: str
    """The bars, as the path of an SVG."""

    def picture(self, own: str = "") -> Html:
        """The picture. On the page of a record it has a line at the record's own number.

        Args:
            own: this number, as Python writes it.
        """
        value = _number(own) if own else None
        mark, words = "", ""
        if value is not None:
            x = _place(value, self.low, self.high, self.is_log) * _WIDTH
            mark = f'<path class="own" d="M{x:.1f} 0v{_HEIGHT}"/>'
            words = f"this record: {rounded(own)}; "
        return Html(
            f'<svg class="spread" role="img" aria-label="{words}{self.label}" width="{_WIDTH}"'
            f' height="{_HEIGHT}"><path d="{self.bars}"/>{mark}</svg>'
        )


def spread_of(numbers: Iterable[str]) -> Spread | None:
    """The distribution of a column, from the texts that Python writes for its numbers.

    Infinity and what is no number are left out. None if fewer than two are left.
    """
    values = sorted(value for value in map(_number, numbers) if value is not None)
    if len(values) < 2:
        return None
    low, high = values[0], values[-1]
    is_log = low > 0 and high / low >= _HUGE
    bins = [0] * _BINS
    for value in values:
        bins[min(int(_place(value, low, high, is_log) * _BINS), _BINS - 1)] += 1
    one, other = values[(len(values) - 1) // 2], values[len(values) // 2]
    middle = one if one == other else one / 2 + other / 2  # their sum may be infinite
    label, brief = _words(low, middle, high, len(values), is_log)
    return Spread(low, high, is_log, label, brief, _bars(bins))


def _words(low: float, middle: float, high: float, count: int, is_log: bool) -> tuple[str, Html]:
    if low == high:
        text = f"all {count} are {rounded(repr(low))}"
        return text, Html(text)
    least, median, most = (rounded(repr(one)) for one in (low, middle, high))
    scale = ", logarithmic scale" if is_log else ""
    return (
        f"min {least}, median {median}, max {most}{scale}",
        Html(" … ".join(map(_short, (low, middle, high))) + (" (log)" if is_log else "")),
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _place(value: float, low: float, high: float, is_log: bool) -> float:
    """The place of a value between the smallest and the largest: from 0 to 1."""
    if is_log:
        value, low, high = (math.log(max(one, low)) for one in (value, low, high))
    width = high / 2 - low / 2  # the whole difference may be infinite
    place = (value / 2 - low / 2) / width if width else 0.5
    return min(max(place, 0.0), 1.0)


def _short(value: float) -> str:
    return grouped(f"{value:.0f}" if abs(value) >= _WHOLE else f"{value:.4g}")


def _bars(bins: list[int]) -> str:
    """The outline of all bars, as one path from left to right."""
    most, width = max(bins), _WIDTH // _BINS
    drawn, now = [f"M0 {_HEIGHT}"], 0
    for number in bins:
        height = max(round(number / most * _HEIGHT), _SMALLEST) if number else 0
        if height != now:
            drawn.append(f"v{now - height}")
        drawn.append(f"h{width}")
        now = height
    return "".join((*drawn, f"v{now}z"))

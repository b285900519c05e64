"""Numbers, times and sizes as people read them.

A page shows six significant digits, and whole integers. Digits stand in groups of three. Elements
make the groups and the style sheet sets them apart, so a number that is copied from a page, searched
for or read aloud has no separators in it.
"""

from __future__ import annotations

import math
import time
from decimal import Decimal

_DIGITS = 6
_WHOLE = 10**6
"""A larger number with a fraction is shown without it."""
_LONGEST = 15
"""Digits of the longest number that is shown without an exponent. A double has no more."""
_GROUPED = 5
"""Digits of the shortest number whose digits are grouped: a year is not."""
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class Html(str):
    """Text that is HTML: the templates do not escape it. Nothing of a pipeline is in it."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def rounded(number: str) -> str:
    """A number as a page shows it, from the text that Python writes for it."""
    digits = number.lstrip("-")
    if digits.isdigit():
        return number if len(digits) <= _LONGEST else f"{Decimal(number):.{_DIGITS - 1}e}"
    value = float(number)
    if not math.isfinite(value):
        return number
    if _WHOLE <= abs(value) < 10**_LONGEST:
        return f"{value:.0f}"
    return f"{value:.{_DIGITS}g}"


def grouped(number: str) -> str:
    """A number with its digits before the point in groups; other text as it is."""
    whole, point, fraction = number.partition(".")
    digits = whole.removeprefix("-")
    if len(digits) < _GROUPED or not (digits.isascii() and digits.isdigit()):
        return number
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return number
    first = len(digits) % 3 or 3
    groups = "".join(f"<i>{digits[at : at + 3]}</i>" for at in range(first, len(digits), 3))
    sign = whole[: len(whole) - len(digits)]
    return Html(f'<span class="digits">{sign}{digits[:first]}{groups}{point}{fraction}</span>')


def duration(seconds: float) -> str:
    """A length of time: its two largest units, as `2 min 5 s`."""
    if seconds < 10:
        return f"{max(seconds, 0):.2g} s" if seconds >= 0.1 else "0.1 s" if seconds > 0 else "0 s"
    left = round(seconds)
    for at, (unit, size) in enumerate(_UNITS[:-1]):
        if left >= size:
            smaller, smaller_size = _UNITS[at + 1]
            rest = left % size // smaller_size
            return f"{left // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{left} s"


def memory(megabytes: float) -> str:
    """An amount of memory: `340 MB`, `1.25 GB`."""
    size, unit = (megabytes, "MB") if megabytes < 1000 else (megabytes / 1024, "GB")
    return f"{size:.3g} {unit}" if size < 1000 else f"{size:.0f} {unit}"


def local_time(seconds: float) -> tuple[str, str]:
    """A moment as people read it, in local time, and as ISO 8601 has it, with the time zone."""
    moment = time.localtime(seconds)
    return time.strftime("%Y-%m-%d %H:%M:%S", moment), time.strftime("%Y-%m-%dT%H:%M:%S%z", moment)

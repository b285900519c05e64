"""Times and sizes as people read them, the same in tables, reports and the live view."""

from __future__ import annotations

from datetime import datetime

_STEP = 1024
_UNITS = ("MB", "GB", "TB", "PB")


def duration(seconds: float) -> str:
    """A time in at most two units: `42 s`, `7 min 30 s`, `3 h 20 min`, `2 d 4 h`."""
    whole = max(int(seconds), 0)
    for name, size, below, unit in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // unit} {below}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def memory(mb: float) -> str:
    """A size in the largest unit that it fills, with two or three digits: `0.4 MB`, `1.2 GB`.

    Args:
        mb: the size in MB of 1,024² bytes, as Snakemake's benchmarks have it.
    """
    size = max(mb, 0.0)
    for unit in _UNITS:
        if round(size) < _STEP or unit == _UNITS[-1]:
            break
        size /= _STEP
    return f"{size:.1f} {unit}" if round(size, 1) < 10 else f"{size:.0f} {unit}"


def moment(epoch: float, now: float | None = None) -> str:
    """A time of day if it is today's, else with its date: `10:52`, `2026-11-24 10:52`.

    Args:
        epoch: the moment in seconds since the epoch; it is shown in local time.
        now: the current moment, from which follows which day is today.
    """
    when = datetime.fromtimestamp(epoch)
    today = (datetime.now() if now is None else datetime.fromtimestamp(now)).date()
    return f"{when:%H:%M}" if when.date() == today else f"{when:%Y-%m-%d %H:%M}"

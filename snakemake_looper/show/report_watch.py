"""`report --watch`: a report that is written again and again while a run goes on.

The report is written until nothing runs or waits, as `check --watch` looks on. A project that nobody
runs gets its report once. A round that fails is left out: a pipeline may be just writing its results
file. If several rounds fail one after the other, the last failure is the user's.

Writing a large report takes longer than a round. So the pauses get longer, too: at most a quarter of
the time is spent on writing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from ..errors import LooperError
from ..results.report.report import FollowedReport
from ..results.report.report_live import Live
from ..results.statuses import RecordStatus
from ..run.snapshot import Tally
from .estimate import Estimate

_TRIES = 5
"""Rounds that may fail one after the other."""
_REST = 3
"""A pause is this many times as long as the writing before it, or longer."""


def follow(
    report: FollowedReport, read: Callable[[], list[RecordStatus]], seconds: float
) -> list[RecordStatus]:
    """Write a report until nothing runs or waits, or until Ctrl+C; returns the last statuses.

    Args:
        report: the report, which was written before.
        read: reads the statuses as they are now.
        seconds: the shortest time between two rounds.

    Raises:
        LooperError, OSError: the report cannot be written, several times or the last time.
    """
    estimate = _TimeLeft()
    records: list[RecordStatus] = []
    pause = seconds
    failed = 0
    try:
        while True:
            began = time.monotonic()
            try:
                records = read()
                if not goes_on(records):
                    break
                report.write(Live(max(pause, seconds), estimate.left(records, began)))
                failed = 0
            except (LooperError, OSError):
                failed += 1
                if failed == _TRIES:
                    raise
            pause = max(seconds, _REST * (time.monotonic() - began))
            time.sleep(pause)
    except KeyboardInterrupt:
        records = read()
    report.write(Live(seconds, None, goes_on=goes_on(records), last=True))
    return records


def goes_on(records: Sequence[RecordStatus]) -> bool:
    """Whether a run goes on: a record runs or waits."""
    return any(one.status in ("running", "waiting") for one in records)


class _TimeLeft:
    """Estimates how long a run takes from its statuses: only of jobs that it saw complete."""

    def __init__(self) -> None:
        self._estimate = Estimate()
        self._before: Counter[tuple[str, str]] | None = None

    def left(self, records: Sequence[RecordStatus], now: float) -> float | None:
        counts = Counter((one.pipeline, one.level, one.status) for one in records)
        completed = Counter(
            {(name, level): n for (name, level, word), n in counts.items() if word == "completed"}
        )
        if self._before is None:
            self._before = completed
        before = self._before
        tallies = [
            Tally(
                name,
                level,
                0,
                counts[name, level, "waiting"],
                counts[name, level, "running"],
                max(0, completed[name, level] - before[name, level]),
                counts[name, level, "failed"],
                counts[name, level, "partial"],
            )
            for name, level in dict.fromkeys((one.pipeline, one.level) for one in records)
        ]
        self._estimate.update(tallies, now)
        return self._estimate.left(now)

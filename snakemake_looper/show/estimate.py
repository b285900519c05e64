"""How long a run still takes, if it goes on as it went so far.

The cost of a job is the time that jobs of its pipeline were seen running, divided by the number
that completed. The remaining jobs cost that much each, and as many of them run at once as ran on
average. With a single pipeline this is: elapsed time / completed jobs * remaining jobs.

There is no estimate

- before a sample-level pipeline has completed as many jobs as run at once, or twenty: the first of
  eight parallel jobs would make the run look eight times as long as it is;
- of project-level pipelines, which have one job each.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..run.snapshot import Tally

_ENOUGH_COMPLETED = 20
_LONGEST_STEP = 5.0
"""Seconds. A longer time between two looks means that the computer slept."""


class Estimate:
    """Follows the tallies of a run, and estimates the time that is left."""

    def __init__(self) -> None:
        self._busy: dict[tuple[str, str], float] = {}  # job seconds by pipeline and level
        self._active = 0.0  # seconds in which any job ran
        self._seen: float | None = None
        self._completed = 0
        self._end: float | None = None

    def update(self, tallies: Sequence[Tally], now: float) -> None:
        """Note the tallies at a time, in seconds."""
        step = min(max(now - (now if self._seen is None else self._seen), 0.0), _LONGEST_STEP)
        self._seen = now
        for tally in tallies:
            key = (tally.pipeline, tally.level)
            self._busy[key] = self._busy.get(key, 0.0) + step * tally.running
        self._active += step if any(tally.running for tally in tallies) else 0.0
        completed = sum(tally.completed for tally in tallies)
        if completed != self._completed:
            # A new estimate needs a completed job. Between two of them the time is counted down.
            self._completed = completed
            rest = self._rest([t for t in tallies if t.level != "project"])
            self._end = None if rest is None else now + rest

    def left(self, now: float) -> float | None:
        """Seconds that are left; None if there is no estimate, or its time is up."""
        return self._end - now if self._end is not None and self._end > now else None

    def _rest(self, tallies: Sequence[Tally]) -> float | None:
        work = 0.0
        for tally in tallies:
            if tally.left and tally.completed < min(max(tally.running, 1), _ENOUGH_COMPLETED):
                return None
            if tally.left:
                work += self._busy[tally.pipeline, tally.level] / tally.completed * tally.left
        busy = sum(self._busy.values())
        return work / busy * self._active if work and busy else None

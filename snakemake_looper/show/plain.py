"""Lines of text beside Snakemake's own: each failure, and now and then the progress.

Log files, pipes and CI get these in the place of the live view.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TextIO

from ..errors import one_line
from ..run.snapshot import Failure, Snapshot, Tally
from ..status_words import FAILURES
from .alike import MOST_IN_FULL, Repeats
from .text import encodable, headline, labels, more_like

_SECONDS_BETWEEN_LINES = 30.0
_MOST_NAMED = 6


class PlainLines:
    """Prints failures when they occur, and the progress every half minute.

    The first line of progress comes after half a minute: a shorter run needs none.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._last = clock()
        self._printed: tuple[Tally, ...] = ()
        self._repeats = Repeats()

    def failed(self, failure: Failure) -> None:
        """Print a failure, unless there were several like it."""
        number = self._repeats.count(failure)
        if number > MOST_IN_FULL:
            if number == MOST_IN_FULL + 1:
                self._write(more_like(failure))
            return
        log = f" (log: {failure.log})" if failure.log else ""
        self._write(headline(failure) + log)

    def progress(self, snapshot: Snapshot) -> None:
        """Print the progress if half a minute has passed and something has changed."""
        now = self._clock()
        is_due = now - self._last >= _SECONDS_BETWEEN_LINES
        if not is_due or not snapshot.tallies or snapshot.tallies == self._printed:
            return
        self._last, self._printed = now, snapshot.tallies
        self._write(_progress_line(snapshot.tallies))

    def _write(self, text: str) -> None:
        # One write, since Snakemake's lines come from another thread.
        self._stream.write(encodable(f"looper: {one_line(text)}\n", self._stream))
        self._stream.flush()


def _progress_line(tallies: Sequence[Tally]) -> str:
    completed, total = sum(t.completed for t in tallies), sum(t.total for t in tallies)
    text = f"{completed} of {total} done"
    for word in (*FAILURES, "running"):
        count = sum(getattr(tally, word) for tally in tallies)
        text += f", {count} {word}" if count else ""
    if len(tallies) > 1:
        rows = zip(labels(tallies), tallies, strict=True)
        each = [f"{label} {tally.completed}/{tally.total}" for label, tally in rows]
        more = len(each) - _MOST_NAMED
        text += ": " + ", ".join(each[:_MOST_NAMED]) + (f", and {more} more" if more > 0 else "")
    return text

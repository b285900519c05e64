"""The live view of a run: bars below Snakemake's log, redrawn four times a second.

The controller of a run hands out snapshots. `frame` makes lines of one, and `Screen` puts them on
the terminal.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from rich.text import Text

from ..errors import harmless, one_line
from ..run.snapshot import Failure, Snapshot
from .alike import MOST_IN_FULL, Repeats
from .estimate import Estimate
from .frame import Clock, Space, frame
from .screen import Screen
from .text import glyphs_for, headline, more_like

_INTERVAL = 0.25
"""Seconds between two frames."""


class LiveView:
    """The live view on a terminal, in the place of Snakemake's own output.

    A thread asks the controller for a snapshot four times a second. The thread holds no lock of the
    view meanwhile, since the controller may hold its own lock when it calls `failed`. `stop` waits
    for the thread, so the caller of `stop` must not hold the controller's lock.

    The view raises nothing: it prints its first error and goes on.
    """

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        stream: TextIO,
        colour: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._glyphs = glyphs_for(stream)
        self._screen = Screen(stream, colour)
        self._estimate = Estimate()
        self._begin = clock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._warned: set[str] = set()
        self._has_complained = False
        self._repeats = Repeats()
        self._last_message = ""

    def start(self) -> None:
        """Show bars from now on."""
        if self._thread is None and not self._end.is_set():
            self._thread = threading.Thread(target=self._run, name="looper-progress", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def announce(self, text: str) -> None:
        """Show a line in the place of the bars until they are there, or the run is over."""
        if self._thread is None and not self._end.is_set():
            atexit.register(self.stop)
            self._guarded(lambda: self._screen.draw([Text(one_line(text), "dim")]))

    def failed(self, failure: Failure) -> None:
        """Print a failure above the bars, where it stays, unless there were several like it."""
        number = self._repeats.count(failure)
        if number > MOST_IN_FULL + 1:
            return
        is_last = number > MOST_IN_FULL
        text = more_like(failure) if is_last else headline(failure)
        lines = [Text(f"{self._glyphs.cross} {one_line(text)}", "red")]
        if failure.log and not is_last:
            lines.append(Text(f"  log: {one_line(failure.log)}"))
        self._guarded(lambda: self._screen.above(lines))

    def message(self, text: str, level: int) -> None:
        """Print a line of Snakemake's log above the bars.

        A warning is printed once: the SLURM executor repeats for every job that it names no
        memory or no wall time. So is other news that it says twice in a row.

        Args:
            text: the line.
            level: its level, as in `logging`.
        """
        if level == logging.WARNING:
            if text in self._warned:
                return
            self._warned.add(text)
        elif level < logging.WARNING and text == self._last_message:
            return
        self._last_message = text
        style = "red" if level >= logging.ERROR else "yellow" if level >= logging.WARNING else ""
        self._guarded(lambda: self._screen.above([Text(harmless(text.rstrip("\n")), style)]))

    def stop(self) -> None:
        """Print the final bars, and leave the cursor below them. A second call does nothing."""
        if self._end.is_set():
            return
        self._end.set()
        atexit.unregister(self.stop)
        try:
            if self._thread is not None:
                self._thread.join(timeout=5)
                self._guarded(lambda: self._screen.leave(self._frame(final=True)))
        finally:
            self._guarded(lambda: self._screen.leave([]))  # after an error, or an interrupt

    def _run(self) -> None:
        while True:
            self._guarded(lambda: self._screen.draw(self._frame(final=False)))
            if self._end.wait(_INTERVAL):
                return

    def _frame(self, final: bool) -> list[Text]:
        snapshot = self._snapshot()
        now = self._clock()
        self._estimate.update(snapshot.tallies, now)
        clock = Clock(now, now - self._begin, self._estimate.left(now))
        return frame(snapshot, clock, Space(*self._screen.size(), self._glyphs), final)

    def _guarded(self, action: Callable[[], None]) -> None:
        """Call an action. Of errors, only the first is printed: bars must not end a run."""
        try:
            action()
        except Exception:  # anything: a terminal that is gone, an encoding, a bug of ours
            if self._has_complained:
                return
            self._has_complained = True
            with suppress(Exception):  # stderr may be the terminal that is gone
                print("error in looper's progress view (the run is not affected):", file=sys.stderr)
                traceback.print_exc()

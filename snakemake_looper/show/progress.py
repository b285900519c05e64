"""What is seen of a run while it runs: bars on a terminal, a line now and then in a log.

The controller follows the run and hands out snapshots; here a snapshot becomes lines of text
(`frame`, a pure function), and the lines get onto the terminal (`LiveView`) or into a log
(`PlainLines`). `choose` says which of the two a run gets, `wanted` which lines of Snakemake's own
log the live view still shows, since it takes their place.

The frame begins with an empty line, and there the cursor is left, visible, whenever the frame has
been drawn. Whoever else writes to the terminal (a job, `^C`, the Enter key) writes onto that empty
line and is not wiped out; when the terminal is made narrower and its lines are broken anew, the
cursor keeps its place above the frame, so the next frame replaces the old one whole; and a process
that is stopped or killed leaves nothing hidden behind.
"""

from __future__ import annotations

import atexit
import io
import logging
import os
import re
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.text import Text
from snakemake_interface_logger_plugins.common import LogEvent

from ..run.snapshot import Failure, Snapshot, Tally
from .bars import Clock, Estimate, Space, encodable, frame, glyphs_for, headline, labels, one_line

# --- who gets what -----------------------------------------------------------------------------

Mode = Literal["live", "plain", "none"]
_Rule = Callable[[Any, TextIO, bool], bool]


def _quiet(settings: Any, about: str) -> bool:
    return about in {one.name for one in settings.quiet or ()}


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _can_move_the_cursor(stream: TextIO) -> bool:
    with suppress(AttributeError, ValueError):  # not quite a file, or a closed one
        return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
    return False


# The first row that applies counts; if none does, the view is live. Whoever asks Snakemake for
# details gets Snakemake's own lines, which have them. A plugin that has taken the stream, perhaps
# for bars of its own or for JSON, says itself what failed.
_CHOICES: tuple[tuple[Mode, _Rule], ...] = (
    ("none", lambda settings, stream, others: settings.dryrun),
    ("none", lambda settings, stream, others: _quiet(settings, "ALL")),
    ("none", lambda settings, stream, others: others),
    ("plain", lambda settings, stream, others: _quiet(settings, "PROGRESS")),
    ("plain", lambda settings, stream, others: settings.verbose),
    ("plain", lambda settings, stream, others: settings.printshellcmds),
    ("plain", lambda settings, stream, others: settings.debug_dag),
    ("plain", lambda settings, stream, others: settings.show_failed_logs),
    ("plain", lambda settings, stream, others: _in_ci()),
    ("plain", lambda settings, stream, others: not _can_move_the_cursor(stream)),
)


def choose(settings: Any, stream: TextIO, others: bool) -> Mode:
    """What a run with these settings of Snakemake shows on this stream.

    Args:
        settings: Snakemake's OutputSettings.
        stream: where Snakemake's log goes.
        others: another logger plugin writes to the stream.
    """
    return next((mode for mode, holds in _CHOICES if holds(settings, stream, others)), "live")


# --- lines of Snakemake's log --------------------------------------------------------------------

# What the bars tell, or the closing summary.
_TOLD_BY_BARS = {
    LogEvent.WORKFLOW_STARTED, LogEvent.RUN_INFO, LogEvent.RESOURCES_INFO, LogEvent.RULEGRAPH,
    LogEvent.JOB_INFO, LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED, LogEvent.GROUP_INFO,
    LogEvent.PROGRESS, LogEvent.SHELLCMD, LogEvent.DEBUG_DAG,
}  # fmt: skip

# Lines without an event that come with every run, or once for every job. All others are shown:
# what nobody thought of here may be what a user has to know.
_NOISE = re.compile(
    r"host: |Assuming unrestricted shared filesystem|Using shell: |Select jobs to execute"
    r"|Job rate limit reached|Processed \d+ potential jobs|Elapsed time: "
    r"|Activating (conda env|singularity image|environment modules)"
    r"|Retrieving from storage: |Finished retrieval|Storing (in|output in) storage"
    r"|Finished upload|Removing local copy of storage file"
    r"|Submitted (group )?job |Submitted array job |Job \S+ has been submitted with "
)


def wanted(record: logging.LogRecord) -> bool:
    """Whether the live view shows this record of Snakemake's log.

    Errors of jobs are among them: for a job of a pipeline `LiveView.failed` says it better, for
    one of another rule nobody else says it.
    """
    event = getattr(record, "event", None)
    text = record.getMessage()
    if record.levelno >= logging.WARNING:
        return not _is_exit_code_of_a_job(record, text)
    if record.levelno < logging.INFO or event in _TOLD_BY_BARS:
        return False
    # Lines with a quietness are about single jobs, like "Removing temporary output".
    if getattr(record, "quietness", None) is not None or text in ("", "None"):
        return False
    return _NOISE.match(text) is None


def _is_exit_code_of_a_job(record: logging.LogRecord, text: str) -> bool:
    """The exception that says with which code a command exited; the job's error comes right after.

    An exception of any other kind may be all that is ever said, like that of missing output.
    """
    return (
        getattr(record, "event", None) == LogEvent.ERROR
        and getattr(record, "exception", "") == "RuleException"
        and "CalledProcessError in " in text
    )


def said(record: logging.LogRecord) -> str:
    """The text of a record, as Snakemake itself would print it."""
    if getattr(record, "event", None) == LogEvent.GROUP_ERROR:
        # Its jobs follow, each with an error of its own; only the cluster's log is nowhere else.
        logs = ", ".join(map(str, getattr(record, "aux_logs", None) or ()))
        return record.getMessage() + (f"\n    log: {logs}" if logs else "")
    from snakemake.logging import DefaultFormatter

    try:
        return str(DefaultFormatter(set(), False).format(record))
    except Exception:  # an event with other fields than this version of Snakemake gives it
        return record.getMessage()


# --- plain lines -------------------------------------------------------------------------------

_EVERY = 30.0
_MOST_NAMED = 6


class PlainLines:
    """What logs and CI get beside Snakemake's own lines: failures, and now and then the progress.

    The first line of progress comes after half a minute: a run that is shorter needs none.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._last = clock()
        self._told: tuple[Tally, ...] = ()

    def failed(self, failure: Failure) -> None:
        log = f" (log: {failure.log})" if failure.log else ""
        self._write(headline(failure) + log)

    def progress(self, snapshot: Snapshot) -> None:
        """Say how far the run is, unless that was said lately or nothing has changed."""
        now = self._clock()
        if now - self._last < _EVERY or snapshot.tallies == self._told or not snapshot.tallies:
            return
        self._last, self._told = now, snapshot.tallies
        self._write(_progress_line(snapshot.tallies))

    def _write(self, text: str) -> None:
        # One write, since Snakemake's lines come from another thread.
        self._stream.write(encodable(f"looper: {one_line(text)}\n", self._stream))
        self._stream.flush()


def _progress_line(tallies: Sequence[Tally]) -> str:
    completed, total = sum(t.completed for t in tallies), sum(t.total for t in tallies)
    text = f"{completed} of {total} done"
    for word in ("failed", "partial", "running"):
        count = sum(getattr(tally, word) for tally in tallies)
        text += f", {count} {word}" if count else ""
    if len(tallies) > 1:
        rows = zip(labels(tallies), tallies, strict=True)
        each = [f"{label} {tally.completed}/{tally.total}" for label, tally in rows]
        more = len(each) - _MOST_NAMED
        text += ": " + ", ".join(each[:_MOST_NAMED]) + (f", and {more} more" if more > 0 else "")
    return text


# --- the terminal ------------------------------------------------------------------------------

_INTERVAL = 0.25
_TO_START, _CLEAR_LINE, _CLEAR_BELOW = "\r", "\x1b[K", "\x1b[J"


class Screen:
    """A frame at the end of what a terminal shows, and lines that are printed above it."""

    def __init__(self, stream: TextIO, colour: bool) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._drawn = ""
        self._left = False
        self._console = Console(
            file=io.StringIO(), force_terminal=True, force_jupyter=False, width=1000,
            color_system="standard" if colour and not os.environ.get("NO_COLOR") else None,
            markup=False, highlight=False, emoji=False, legacy_windows=False,
        )  # fmt: skip

    def size(self) -> tuple[int, int]:
        try:
            width, height = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError, AttributeError):
            width, height = shutil.get_terminal_size()
        return width or 80, height or 24

    def draw(self, lines: Sequence[Text]) -> None:
        """Put these lines in the place of the frame, and the cursor above them."""
        rendered = [self._render([line]) for line in lines]
        with self._lock:
            below = "".join(f"\n{line}{_CLEAR_LINE}" for line in rendered) + _CLEAR_BELOW
            back = f"\x1b[{len(rendered)}A" if rendered else ""
            if not self._left and (rendered or self._drawn):
                self._drawn = f"{_TO_START}{_CLEAR_LINE}{below}{back}{_TO_START}"
                self._write(self._drawn)

    def above(self, lines: Sequence[Text]) -> None:
        """Print lines as they are, however long, and the frame again below them."""
        text = self._render(lines)
        with self._lock:
            self._write(
                f"{_TO_START}{_CLEAR_BELOW}{text}\n{self._drawn}" if self._drawn else f"{text}\n"
            )

    def leave(self, lines: Sequence[Text]) -> None:
        """Let these lines stand where the frame was, and go on below them."""
        text = "\n".join(self._render([line]) for line in lines)
        with self._lock:
            if self._drawn or text:
                self._write(f"{_TO_START}{_CLEAR_BELOW}" + (f"\n{text}\n" if text else ""))
            self._drawn, self._left = "", True

    def _render(self, lines: Sequence[Text]) -> str:
        with self._lock, self._console.capture() as capture:
            self._console.print(*lines, sep="\n", end="", soft_wrap=True)
        return capture.get()

    def _write(self, text: str) -> None:
        self._stream.write(encodable(text, self._stream))
        self._stream.flush()


class LiveView:
    """The live view on a terminal; takes the place of Snakemake's own output.

    A thread asks for a snapshot four times a second, without holding any lock of the view: the
    controller may call `failed` while it holds its own. `stop` asks for a last one and waits for
    the thread, so it wants to be called without that lock. No error in here leaves the view.
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
        self._complained = False

    def start(self) -> None:
        """Show bars from now on."""
        if self._thread is None and not self._end.is_set():
            self._thread = threading.Thread(target=self._run, name="looper-progress", daemon=True)
            self._thread.start()
            atexit.register(self.stop)

    def failed(self, failure: Failure) -> None:
        """Print a failure above the bars, where it stays."""
        lines = [Text(f"{self._glyphs.cross} {one_line(headline(failure))}", "red")]
        if failure.log:
            lines.append(Text(f"  log: {one_line(failure.log)}"))
        self._guarded(lambda: self._screen.above(lines))

    def message(self, text: str, level: int) -> None:
        """Print a line of Snakemake's log above the bars; a warning once.

        That a job has no memory or no wall time, SLURM's executor says again for every job.
        """
        if level == logging.WARNING:
            if text in self._warned:
                return
            self._warned.add(text)
        style = "red" if level >= logging.ERROR else "yellow" if level >= logging.WARNING else ""
        self._guarded(lambda: self._screen.above([Text(text.rstrip("\n"), style)]))

    def stop(self) -> None:
        """Leave the final bars standing, and the cursor below them; once."""
        if self._thread is None or self._end.is_set():
            return
        self._end.set()
        atexit.unregister(self.stop)
        try:
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
        """Say once what went wrong, and go on: bars are not worth a run."""
        try:
            action()
        except Exception:
            if self._complained:
                return
            self._complained = True
            with suppress(Exception):
                print("error in looper's progress view (the run is not affected):", file=sys.stderr)
                traceback.print_exc()

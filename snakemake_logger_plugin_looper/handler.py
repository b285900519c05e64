"""The plugin at work: it follows the looper projects that Snakemake runs.

Each project has a session, and each session a controller. The watcher hands Snakemake's log records
to the controllers, which keep the status flags true. The watcher also shows the progress while
Snakemake runs, and prints a closing summary at the end. An error in here never breaks a run: its
traceback is printed.

The controllers see a record before Snakemake goes on: a job that is tried again sets its own flag
at once, and must find that of its last try settled. The views see it later, in the thread of
Snakemake's log queue: a terminal may be slow or stopped.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from logging import LogRecord, getLogger
from logging.handlers import QueueHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

# The package is imported inside functions: every Snakemake process imports the plugin, and few run
# a looper project.
if TYPE_CHECKING:
    from snakemake_interface_logger_plugins.settings import (
        OutputSettingsLoggerInterface as OutputSettings,
    )

    from snakemake_looper.run.controller import Controller
    from snakemake_looper.run.session import Session
    from snakemake_looper.run.snapshot import Failure, Snapshot
    from snakemake_looper.show.dry_run_view import DryRunView
    from snakemake_looper.show.live import LiveView
    from snakemake_looper.show.plain import PlainLines
    from snakemake_looper.status.journal import Journal

_DRAIN_SECONDS = 30.0
"""The longest wait, when a run ends, for log records that no view has shown yet."""
_SECONDS_BETWEEN_SNAPSHOTS = 5.0
"""Plain lines need few snapshots, and each looks at the flags of submitted jobs."""


class Watcher:
    """Follows the sessions of one run of Snakemake.

    `_notice` is called by the thread that logs, `take` by that of Snakemake's log queue, `follow`
    and `_drain` by the main thread. `_lock` guards the sessions and controllers, `_view_lock` the
    views. A thread that waits for a terminal holds only the second one.
    """

    def __init__(self, settings: OutputSettings, has_option: bool = False) -> None:
        """Choose the view. `has_option` says whether `--use-looper-config` was given."""
        from snakemake.settings.enums import Quietness

        self._dry_run = bool(settings.dryrun)
        quiet = settings.quiet or ()
        self._quiet = Quietness.ALL in quiet
        self._folder = Path.cwd()
        self._begin = time.time()
        self._has_colour = not settings.nocolor
        self._shows_progress = Quietness.PROGRESS not in quiet
        self._sessions: list[Session] = []
        self._controllers: dict[Session, Controller] = {}
        self._live: LiveView | None = None
        self._plain: PlainLines | None = None
        self._told: DryRunView | None = None
        self._next_line = 0.0
        self._finished = False
        self._failures: deque[Failure] = deque()
        """Failures that no view has shown yet."""
        self._lock = threading.Lock()
        self._view_lock = threading.Lock()
        self._safely(lambda: self._choose_view(settings, has_option))

    @property
    def takes_the_stream(self) -> bool:
        """Whether a view takes the place of Snakemake's own output."""
        return self._live is not None or self._told is not None

    def _choose_view(self, settings: OutputSettings, has_option: bool) -> None:
        from snakemake_looper.show.choice import choose

        stream = sys.stdout if settings.stdout else sys.stderr
        plugins = getattr(settings, "log_handler_settings", ())  # in no version of the interface
        others = any(writes_to_stream(name) for name in plugins if name != "looper")
        view = choose(settings, stream, others, has_option)
        if view == "live":
            from snakemake_looper.show.live import LiveView

            self._live = LiveView(self._snapshot, stream, not settings.nocolor)
        elif view == "plain":
            from snakemake_looper.show.plain import PlainLines

            self._plain = PlainLines(stream)
        elif view == "dry run":
            from snakemake_looper.show.dry_run_view import DryRunView

            self._told = DryRunView(stream, not settings.nocolor)

    def follow(self, session: Session) -> None:
        """Follow a session, from its opening on."""
        with self._lock:
            self._sessions.append(session)
            if len(self._sessions) == 1:
                for handler in _queue_handlers():
                    handler.addFilter(self._notice)
        session.drain = self._drain
        session.is_followed = True

    def _notice(self, record: LogRecord) -> bool:
        """Hand a record to the controllers before Snakemake goes on. No record is held back."""
        if not self._dry_run:
            with self._lock:
                self._safely(lambda: self._follow(record))
        return True

    def take(self, record: LogRecord) -> None:
        """Show what a log record says. Records come in the order of events, from one thread."""
        with self._view_lock:
            told = self._told
            if told is not None:
                self._safely(lambda: told.take(record, self._sessions))
            elif not self._dry_run:
                self._safely(self._show_failures)
                self._safely(lambda: self._show(record))

    def finish(self) -> None:
        """Print the closing summary. A second call does nothing."""
        if not self._finished:
            self._finished = True
            self._safely(self._sum_up)

    def _follow(self, record: LogRecord) -> None:
        from snakemake_looper.run.log_events import says_nothing, says_nothing_to_do

        if says_nothing(record):
            return
        for session in self._sessions:
            session.has_nothing_to_do |= says_nothing_to_do(record)
            if session not in self._controllers and session.journal is not None:
                self._controllers[session] = self._controller(session, session.journal)
        for controller in self._controllers.values():
            controller.take(record)

    def _show(self, record: LogRecord) -> None:
        is_due = self._shows_progress and time.monotonic() >= self._next_line
        if self._plain is not None and is_due:
            self._next_line = time.monotonic() + _SECONDS_BETWEEN_SNAPSHOTS
            self._plain.progress(self._snapshot())
        if self._live is not None:
            self._show_live(self._live, record)

    def _show_live(self, live: LiveView, record: LogRecord) -> None:
        from snakemake_looper.run.log_events import says_jobs_failed
        from snakemake_looper.show.log_lines import is_beginning, is_shown, text_of

        if is_beginning(record):
            live.announce("finding out which jobs are due")
        if any(one.has_run for one in self._followed()):
            live.start()
        is_told = any(one.is_told(record) for one in self._followed())
        is_told |= self._is_interrupted() and says_jobs_failed(record)
        if is_shown(record) and not is_told:
            live.message(text_of(record), record.levelno)

    def _followed(self) -> list[Controller]:
        with self._lock:
            return list(self._controllers.values())

    def _snapshot(self) -> Snapshot:
        from snakemake_looper.run.snapshot import together

        return together([one.snapshot() for one in self._followed()])

    def _show_failures(self) -> None:
        view = self._live or self._plain
        while self._failures:
            failure = self._failures.popleft()
            if view is not None and not (failure.status == "partial" and self._is_interrupted()):
                view.failed(failure)

    def _is_interrupted(self) -> bool:
        """Whether the user has ended the run. A job that this has cut off is no failure."""
        from snakemake_looper.run.interrupts import interrupted_since

        return interrupted_since(self._begin)

    def _controller(self, session: Session, journal: Journal) -> Controller:
        from snakemake_looper.run.controller import Controller
        from snakemake_looper.workspace.job_table import JobTable

        table = JobTable(session.table.path)
        controller = Controller.of(table, session.workdir, journal, session.lumps)
        table.close()
        controller.on_failure = self._failures.append
        return controller

    def _drain(self) -> None:
        """Wait until all log records so far are handled. The main thread calls this at the end."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while _pending() and time.monotonic() < deadline:
            time.sleep(0.01)
        with self._lock:
            for controller in self._controllers.values():
                self._safely(controller.mark_abandoned)
        # A stopped terminal keeps the lock. The run ends all the same, and its results are published.
        if self._view_lock.acquire(timeout=max(deadline - time.monotonic(), 0)):
            try:
                self._safely(self._show_failures)
            finally:
                self._view_lock.release()

    def _sum_up(self) -> None:
        if self._live is not None:
            self._live.stop()
        for session in self._sessions:
            self._safely(functools.partial(self._sum_up_one, session))

    def _sum_up_one(self, session: Session) -> None:
        from snakemake_looper.messages import output_of
        from snakemake_looper.show.not_run import not_run_lines
        from snakemake_looper.show.summary import End, closing_summary
        from snakemake_looper.workspace.job_table import JobTable

        controller = self._controllers.get(session)
        if controller is not None:
            controller.mark_abandoned()
        self._show_failures()
        session.close()
        table = JobTable(session.table.path)
        try:
            has_run = controller is not None and controller.has_run
            if self._told is not None and self._told.tell(session, table):
                return
            output = output_of(sys.stderr, self._has_colour)
            left_out: Iterable[str] = ()
            if controller is not None:
                planned = controller.journal.planned
                left_out = not_run_lines(table, session.workdir, planned, controller.has_begun)
            end = End(session.outcome(), has_run, self._folder, tuple(left_out))
            text = closing_summary(table, session.workdir, end, output)
            if text and not self._quiet:
                if len(self._sessions) > 1:
                    print(f"{session.project_name}:", file=sys.stderr)
                print(text, file=sys.stderr, flush=True)
            session.tell(table)
        finally:
            table.close()

    def _safely(self, action: Callable[[], None]) -> None:
        """Call an action. Any error is printed and never reaches Snakemake."""
        try:
            action()
        except OSError as error:  # for example a full disk
            from snakemake_looper.messages import complain
            from snakemake_looper.system_errors import explained

            complain(f"the status of a job could not be noted: {explained(error)}")
        except Exception:
            print("error in the looper logger plugin (the run is not affected):", file=sys.stderr)
            traceback.print_exc()


def writes_to_stream(plugin: str) -> bool:
    """Whether a logger plugin writes where Snakemake's log goes.

    Snakemake has made no handler of it yet. One that cannot say it before counts as one that does.
    """
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

    try:
        handler: Any = getattr(LoggerPluginRegistry().get_plugin(plugin), "log_handler")  # noqa: B009
        return bool(handler.__new__(handler).writes_to_stream)
    except Exception:  # any code of others
        return True


def _pending() -> bool:
    """Whether Snakemake's logger has records in its queues that its plugins have not seen."""
    return any(getattr(one.queue, "unfinished_tasks", 0) for one in _queue_handlers())


def _queue_handlers() -> list[QueueHandler]:
    """The handlers through which Snakemake's log records get to its plugins."""
    handlers = getLogger("snakemake.logging").handlers
    return [one for one in handlers if isinstance(one, QueueHandler)]

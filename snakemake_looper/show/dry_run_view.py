"""The view of a dry run: it takes Snakemake's log records, and tells at the end what is due."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterable
from typing import TextIO

from rich.text import Text

from ..errors import harmless
from ..results.statuses import read_statuses
from ..run import log_events as events
from ..run.due import DueJobs
from ..run.session import Session
from ..workspace.job_table import JobTable
from .dry_run import (
    command_to_start,
    dry_run_lines,
    is_our_program,
    is_shown_in_dry_run,
    skipped_lines,
)
from .log_lines import text_of
from .screen import Screen
from .tables import render, status_table

_WIDTH = 100
"""Columns of lines that no terminal shows."""
_IDLE = "Nothing to be done: all that was asked for is up to date."
_STYLES = ((logging.ERROR, "red"), (logging.WARNING, "yellow"))


class DryRunView:
    """A dry run on a stream, in the place of Snakemake's own output."""

    def __init__(self, stream: TextIO, colour: bool) -> None:
        self._is_terminal = stream.isatty()
        self._screen = Screen(stream, colour and self._is_terminal)
        self._due: dict[Session, DueJobs] = {}
        self._is_idle = False
        self._has_counted = False
        self._has_failed = False

    def take(self, record: logging.LogRecord, sessions: Iterable[Session]) -> None:
        """Note a job that would run, or show the record if it is special."""
        self._has_failed |= record.levelno >= logging.ERROR
        if is_shown_in_dry_run(record):
            self._print(harmless(text_of(record).rstrip("\n")), record.levelno)
            return
        if not self._has_counted and events.says_job_counts(record):
            self._has_counted = True  # Snakemake says it at the beginning and at the end
            if not self._is_terminal and not is_our_program(sys.argv[0]):
                # Scripts that call Snakemake read it.
                self._print(harmless(text_of(record).rstrip("\n")) + "\n")
            return
        self._is_idle |= events.says_nothing_to_do(record)
        for event in events.read(record):
            if isinstance(event, events.HandedOver):
                for session in sessions:
                    self._jobs_of(session).add(event)

    def tell(self, session: Session, table: JobTable) -> bool:
        """Tell what is due; False if Snakemake did not get to jobs, or the plan has none."""
        if self._has_failed or not (self._is_idle or self._due):
            return False
        due = self._jobs_of(session).all()
        if not due.pipelines:
            return False
        if due.is_anything:
            start = command_to_start(sys.argv)
            lines = dry_run_lines(due, start, self._width())
        else:
            records = read_statuses(table, session.workdir)
            lines = [render(status_table(records)), *skipped_lines(due, self._width()), _IDLE]
        for line in lines:
            self._print(line)
        return True

    def _jobs_of(self, session: Session) -> DueJobs:
        if session not in self._due:
            table = JobTable(session.table.path)
            self._due[session] = DueJobs(table, session.workdir, session.lumps.packed)
            table.close()
        return self._due[session]

    def _width(self) -> int:
        return self._screen.size()[0] - 1 if self._is_terminal else _WIDTH

    def _print(self, text: str, level: int = logging.INFO) -> None:
        style = next((style for least, style in _STYLES if level >= least), "")
        with contextlib.suppress(BrokenPipeError):  # as in `snakemake -n ... | head`
            self._screen.above([Text(text, style)])

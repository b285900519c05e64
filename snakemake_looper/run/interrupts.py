"""Whether somebody asked the main process to end: Ctrl+C, or SIGTERM.

Snakemake ends its jobs then, and reports each as failed. Its objects do not tell such an end from
that of a failed run, so the signals are noted before Snakemake's own handlers get them.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from . import log_events

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Noting:
    """A handler of a signal that notes the time, and calls the handler that was there before."""

    last = 0.0
    """The time of the last signal of either kind, in seconds since the epoch."""

    def __init__(self, first: Callable[..., Any]) -> None:
        self._first = first

    def __call__(self, *arguments: Any) -> None:
        _Noting.last = time.time()
        self._first(*arguments)


def note_interrupts() -> None:
    """Note signals from now on. Handlers that Snakemake sets later have to be noted anew."""
    if threading.current_thread() is not threading.main_thread():
        return
    for one in _SIGNALS:
        handler = signal.getsignal(one)
        if callable(handler) and not isinstance(handler, _Noting):
            signal.signal(one, _Noting(handler))


def interrupted_since(moment: float) -> bool:
    """Whether there was a signal after a moment, in seconds since the epoch."""
    return _Noting.last >= moment


class WithoutCutOffJobs(logging.Filter):
    """A filter for Snakemake's own output: after an interrupt, no job is reported as an error.

    Each job that was cut off would take twenty lines, with its command twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begin = time.time()

    def filter(self, record: logging.LogRecord) -> bool:
        return not (interrupted_since(self._begin) and log_events.says_jobs_failed(record))

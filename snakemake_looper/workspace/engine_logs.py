"""Snakemake's log handlers; a part of the engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any


class Logs:
    """The log handlers of one `workflow` object."""

    def __init__(self, workflow: Callable[[], Any]) -> None:
        """`workflow` returns the workflow: the engine holds it only as long as Snakemake does."""
        self._find = workflow

    def of_plugins(self) -> Iterator[Any]:
        """The handlers of logger plugins."""
        listener = getattr(self._manager(), "queue_listener", None)
        yield from getattr(listener, "handlers", ())

    def of_files(self) -> Iterator[logging.Handler]:
        """The handlers that write Snakemake's own log files."""
        yield from getattr(self._manager(), "logfile_handlers", ())

    def _manager(self) -> Any:
        manager = getattr(self._find(), "logger_manager", None)
        if manager is None:  # in 9.14 the whole process has one
            from snakemake import logging

            manager = logging.logger_manager
        return manager


def console_handlers() -> Iterator[logging.Handler]:
    """The handlers that write Snakemake's own output to standard error or standard output."""
    for handler in logging.getLogger("snakemake.logging").handlers:
        is_file = isinstance(handler, logging.FileHandler)
        if isinstance(handler, logging.StreamHandler) and not is_file:
            yield handler

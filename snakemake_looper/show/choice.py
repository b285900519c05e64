"""Which view a run gets: live bars, plain lines, or none; a dry run may get a view of its own.

If a user asks Snakemake for details, Snakemake's own lines have them, so the view is plain. If
another logger plugin writes to the same stream (with bars of its own, or JSON), it reports failures
itself, so there is no view.

A dry run is told in a few lines, if Snakemake was started with `--use-looper-config`. With a
Snakefile of the user, or if details or less than these lines are asked for, Snakemake tells it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from snakemake_interface_logger_plugins.settings import (
        OutputSettingsLoggerInterface as OutputSettings,
    )

View = Literal["live", "plain", "dry run", "none"]
_Condition = Callable[["OutputSettings", TextIO, bool], bool]


def _is_quiet(settings: OutputSettings, about: str) -> bool:
    return about in {one.name for one in settings.quiet or ()}


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _can_move_the_cursor(stream: TextIO) -> bool:
    with suppress(AttributeError, ValueError):  # not quite a file, or a closed one
        return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
    return False


def _asks_for_details(settings: OutputSettings) -> bool:
    return bool(settings.verbose or settings.printshellcmds or settings.debug_dag)


_CHOICES: tuple[tuple[View, _Condition], ...] = (
    ("none", lambda settings, stream, others: settings.dryrun),
    ("none", lambda settings, stream, others: _is_quiet(settings, "ALL")),
    ("none", lambda settings, stream, others: others),
    ("plain", lambda settings, stream, others: _is_quiet(settings, "PROGRESS")),
    ("plain", lambda settings, stream, others: settings.verbose),
    ("plain", lambda settings, stream, others: settings.printshellcmds),
    ("plain", lambda settings, stream, others: settings.debug_dag),
    ("plain", lambda settings, stream, others: settings.show_failed_logs),
    ("plain", lambda settings, stream, others: _in_ci()),
    ("plain", lambda settings, stream, others: not _can_move_the_cursor(stream)),
)
"""The first condition that holds decides. If none holds, the view is live."""


def choose(
    settings: OutputSettings, stream: TextIO, others: bool, has_option: bool = False
) -> View:
    """The view of a run.

    Args:
        settings: what Snakemake was told about its output.
        stream: where Snakemake's log goes.
        others: whether another logger plugin writes to the stream.
        has_option: whether Snakemake was started with `--use-looper-config`.
    """
    is_told = has_option and not (others or settings.quiet or _asks_for_details(settings))
    if settings.dryrun and is_told:
        return "dry run"
    return next((view for view, holds in _CHOICES if holds(settings, stream, others)), "live")

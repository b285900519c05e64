"""Which view a run gets: live bars, plain lines, or none.

If a user asks Snakemake for details, Snakemake's own lines have them, so the view is plain. If
another logger plugin writes to the same stream (with bars of its own, or JSON), it reports failures
itself, so there is no view.
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

View = Literal["live", "plain", "none"]
_Condition = Callable[["OutputSettings", TextIO, bool], bool]


def _is_quiet(settings: OutputSettings, about: str) -> bool:
    return about in {one.name for one in settings.quiet or ()}


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def _can_move_the_cursor(stream: TextIO) -> bool:
    with suppress(AttributeError, ValueError):  # not quite a file, or a closed one
        return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
    return False


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


def choose(settings: OutputSettings, stream: TextIO, others: bool) -> View:
    """The view of a run.

    Args:
        settings: what Snakemake was told about its output.
        stream: where Snakemake's log goes.
        others: whether another logger plugin writes to the stream.
    """
    return next((view for view, holds in _CHOICES if holds(settings, stream, others)), "live")

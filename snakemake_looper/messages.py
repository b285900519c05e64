"""Lines on standard error: notes, warnings and errors. No other module prints them.

Results go to standard output. A message goes to standard error, one line each, with its kind in
front, as in `warning: samples.csv:3: …`. Names and values of users are in many messages, so
characters that would move the cursor or hide text are shown as escapes, and URLs have no login.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .addresses import without_secrets
from .errors import one_line


def note(text: str) -> None:
    """Print what happens now, or what is waited for."""
    _say("note", [text])


def warn(*lines: object) -> None:
    """Print what is odd, one line each; the command goes on."""
    _say("warning", lines)


def complain(*lines: object) -> None:
    """Print what is wrong, one line each; the caller decides about the exit code."""
    _say("error", lines)


def _say(kind: str, lines: Iterable[object]) -> None:
    for line in lines:  # at once: a note may be the last line for hours
        print(f"{kind}: {one_line(without_secrets(str(line)))}", file=sys.stderr, flush=True)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 job`, `2 jobs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

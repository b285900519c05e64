"""All that is printed: results on standard output, and lines on standard error.

A message goes to standard error, one line each, with its kind in front, as in
`warning: samples.csv:3: …`. No other module prints messages. Results go to standard output.

Names, values and logs of other people are in both. A character that would move the cursor or hide
text never reaches a terminal: it is shown as an escape. A file or a program gets results as they
are. URLs in messages have no login and no query.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .addresses import without_secrets
from .errors import harmless, one_line


def show(text: object, end: str = "\n") -> None:
    """Print a result on standard output."""
    shown = str(text)
    if sys.stdout.isatty():
        shown = harmless(shown)
    try:
        print(shown, end=end)
    except UnicodeEncodeError:  # the locale has no such character, or there is no such character
        encoding = sys.stdout.encoding or "ascii"
        print(shown.encode(encoding, "backslashreplace").decode(encoding), end=end)


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

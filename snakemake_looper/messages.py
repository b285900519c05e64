"""All that is printed: results on standard output, and lines on standard error.

A message goes to standard error, one line each, with its kind in front, as in
`warning: samples.csv:3: …`. No other module prints messages. Results go to standard output.

Names, values and logs of other people are in both. A character that would move the cursor or hide
text never reaches a terminal: it is shown as an escape. A file or a program gets results as they
are. URLs in messages have no login and no query.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from .addresses import without_secrets
from .errors import harmless, one_line

_WITHOUT_COLOURS = ("", "dumb", "unknown")
"""Values of TERM."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a stream can show. A file or a pipe has neither a width nor colours."""

    width: int | None = None
    """The columns of a terminal; None if there is no limit."""
    colour: bool = False


def output_of(stream: TextIO, colour: bool = True) -> Output:
    """What a stream can show.

    A terminal shows colours, unless the variable NO_COLOR is set or TERM is `dumb`. FORCE_COLOR
    asks for colours in a file or a pipe, too; if both variables are set, there are none.

    Args:
        stream: standard output or standard error.
        colour: False if the user asked Snakemake for none.
    """
    is_terminal = _is_terminal(stream)
    can = is_terminal and os.environ.get("TERM", "dumb") not in _WITHOUT_COLOURS
    wanted = colour and not os.environ.get("NO_COLOR")
    shows = wanted and (can or bool(os.environ.get("FORCE_COLOR")))
    return Output(_columns(stream) if is_terminal else None, shows)


def _is_terminal(stream: TextIO) -> bool:
    with suppress(AttributeError, ValueError):  # not quite a file, or a closed one
        return stream.isatty()
    return False


def _columns(stream: TextIO) -> int | None:
    """The columns of a terminal: those of the variable COLUMNS, else those that it tells."""
    typed = os.environ.get("COLUMNS", "")
    if typed.isascii() and typed.isdigit() and int(typed):
        return int(typed)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def show(text: object, end: str = "\n") -> None:
    """Print a result on standard output."""
    shown = str(text)
    _print(harmless(shown) if _is_terminal(sys.stdout) else shown, end)


def show_drawn(draw: Callable[[Output], str]) -> None:
    """Print a result that fits the stream, with colours where it has them.

    Args:
        draw: makes the text. Texts of other people in it have no control characters.
    """
    _print(draw(output_of(sys.stdout)))


def _print(text: str, end: str = "\n") -> None:
    try:
        print(text, end=end)
    except UnicodeEncodeError:  # the locale has no such character, or there is no such character
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, "backslashreplace").decode(encoding), end=end)


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

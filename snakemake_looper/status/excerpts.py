"""The lines of a log that say why a job failed.

Programs of all kinds write into the same log, and each has its own form for an error. The excerpt
begins with the first line that has such a form. A line that merely counts errors, or names an
error of measurement, has not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .reasons import TAIL_BYTES, TAIL_LINES, ending, last_bytes, lines_in

MOST_LINES = 15
"""The number of lines of an excerpt. Of more lines, the first and the last ones are kept."""
_LAST = 6
"""A traceback ends with its error, so this many of the last lines are kept."""
_MORE = "..."
_BYTES = 8 * 1024
"""The end of a log in which an error is searched for."""
_LONGEST = 400
"""Characters of a line."""

_ERROR = re.compile(
    r"^\s*Traceback \(most recent call last\)"  # Python
    r"|^\s*(?:[\w.]+[.:])?[A-Z]\w*(?:Error|Exception)(?::|$)"  # Python, Java, Ruby
    r"|^\s*Exception in thread|^\s*Caused by: |^Execution halted"  # Java, R
    r"|^\s*(?:Fatal )?[Ee]rror in\b|^\s*Error\b.* :$"  # R
    r"|\b(?:[Ee]rror|ERROR)(?:\[\w*\]| ?\([^()]*\))?:(?!\s*[-+]?\d[\de.+-]*\s*(?:%|on |$))(?:\s|$)"
    r"|(?:^|[\s\[(|])(?:ERROR|FATAL|CRITICAL|ERR!)(?:[\s:\])|]|$)"  # lines of loggers
    r"|\b[Ff]atal(?: error)?: |^\[[EF]::"  # git, compilers; samtools
    r"|: (?:command )?not found$"  # shells
    r"|: (?:No such file or directory|Permission denied|Is a directory|Not a directory)\b"
    r"|\bSegmentation fault\b|\bcore dumped\b|\bBus error\b|\bAborted\b"
    r"|(?:^|\s)Killed(?:$|: |\s{2,})"
    r"|\bdied at\b| at \S+ line \d+\.?$"  # Perl
    r"|\bpanicked at\b|^panic: |Assertion .*failed|\bterminate called\b|^make.*: \*\*\* "
    r"|No space left on device|Disk quota exceeded|Cannot allocate memory|\b[Oo]ut of memory\b"
)
_HINTS = (
    "error", "exception", "traceback", "fatal", "critical", "err!", "caused by", "halted",
    "not found", "no such", "denied", "directory", "fault", "dumped", "aborted", "killed", "died",
    " line ", "panic", "assertion", "terminate called", "***", "no space", "quota", "memory",
    "[e::", "[f::",
)  # fmt: skip
"""A line without any of these, in lower case, has no form of an error. To find that out is cheap."""


class LogEnd(NamedTuple):
    """The end of a failed job's log."""

    tail: tuple[str, ...]
    """The last lines, see `reasons.tail`."""
    excerpt: tuple[str, ...]
    """The lines that say why the job failed: from the first error on, else the last ones.

    The line about the job's end, which its reason repeats, is left out.
    """


def log_end(log: Path) -> LogEnd:
    """The end of a log, which is read once."""
    content, is_cut = last_bytes(log, _BYTES)
    lines = list(lines_in(content, is_cut))
    last = lines
    if len(content) > TAIL_BYTES:
        last = list(lines_in(content[-TAIL_BYTES:], True))
    tail = tuple(last[-TAIL_LINES:])
    while lines and (not lines[-1].strip() or ending(lines[-1:]).text):
        lines.pop()
    return LogEnd(tail, tuple(_cut(line) for line in _telling(lines)))


def excerpt(log: Path) -> tuple[str, ...]:
    """The lines of a log that say why a job failed, see `LogEnd`."""
    return log_end(log).excerpt


def _telling(lines: Sequence[str]) -> Sequence[str]:
    lower = [line[:_LONGEST].lower() for line in lines]
    whole = "\n".join(lower)
    hints = [hint for hint in _HINTS if hint in whole]
    first = next(
        (
            at
            for at, line in enumerate(lower)
            if any(hint in line for hint in hints) and _ERROR.search(lines[at][:_LONGEST])
        ),
        None,
    )
    if first is None:
        return lines[-TAIL_LINES:]
    found = lines[first:]
    if len(found) <= MOST_LINES:
        return found
    return [*found[: MOST_LINES - _LAST - 1], _MORE, *found[-_LAST:]]


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else line[:_LONGEST] + _MORE

"""Patterns of schemas: whether a text matches, within a time.

A pattern such as `(a+)+$` can take years for a short text, and Python cannot stop it. Patterns that
repeat what is repeated are therefore tried in a process of their own, which can be ended. It starts
at the first of them. All other patterns, which are nearly all, are tried here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import weakref
from functools import lru_cache
from typing import Any

_SECONDS = 1.0
"""Processor time for one text, in seconds. Then the pattern is given up, on a busy machine, too."""
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{\d*,)")
_REPETITION = re.compile(r"[*+]|\{\d*,")
_FEW = 2
"""Repetitions in a pattern that cannot take long for the cell of a table."""
# Python does not look at signals during a search. Without a handler, the timer ends the process.
_PROGRAM = f"""
import json, re, signal, sys
signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
for line in sys.stdin:
    pattern, text = json.loads(line)
    signal.setitimer(signal.ITIMER_VIRTUAL, {_SECONDS})
    print(int(re.search(pattern, text) is not None), flush=True)
"""


class TakesTooLong(Exception):
    """A pattern takes too long for a text."""


class Patterns:
    """Tries patterns. One that took too long for a text is not tried again."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._given_up: set[str] = set()

    def matches(self, pattern: str, text: str) -> bool:
        """Whether a pattern is found in a text.

        Raises:
            TakesTooLong: it takes too long, or took too long for another text.
        """
        if not may_take_long(pattern):
            return re.search(pattern, text) is not None
        if pattern in self._given_up:
            raise TakesTooLong
        process = self._process = self._process or self._started()
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([pattern, text]) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            self._given_up.add(pattern)
            self._process = None
            _end(process)
            raise TakesTooLong
        return answer == "1\n"

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        weakref.finalize(self, _end, process)
        return process


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.communicate()


@lru_cache
def may_take_long(pattern: str) -> bool:
    """Whether a pattern repeats what is repeated, or repeats a lot."""
    if _REPEATED_GROUP.search(pattern):
        return True
    return len(_REPETITION.findall(pattern)) > _FEW

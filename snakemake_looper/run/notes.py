"""Notes on standard error: what a run does before its first job, and what it waits for."""

from __future__ import annotations

import sys


def note(text: str) -> None:
    """Print a note at once."""
    print(f"note: {text}", file=sys.stderr, flush=True)


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 job`, `2 jobs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

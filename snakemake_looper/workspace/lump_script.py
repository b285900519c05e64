"""The script of a lump, as text: one call for each member; see `workflow/scripts/lump.sh`.

    looper_member results/flags/count_a_completed.flag results/submission/count_a.log 1 'export …
    count.py a'
    looper_member results/flags/count_b_completed.flag results/submission/count_b.log 1 'export …
    count.py b'
    looper_lump_end

The last line makes the lump's marker. A script that was cut off lacks it, and its lump fails.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One job in a lump."""

    flag: str
    """The completed flag, relative to the working directory."""
    log: str
    threads: int
    script: str
    """The script of the job's shell, as its rule would have it."""
    outputs: tuple[str, ...] = ()
    """Outputs besides the flag; the member fails if one is missing at its end."""


def lump_script(members: Iterable[Member]) -> Iterator[str]:
    """The lines of a lump's script."""
    for one in members:
        words = (one.flag, one.log, str(one.threads), one.script, *one.outputs)
        yield f"looper_member {' '.join(map(shlex.quote, words))}\n"
    yield "looper_lump_end\n"

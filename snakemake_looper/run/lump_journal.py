"""The journal of a lump: its shell notes in one file what members do, see `workflow/scripts/lump.sh`.

    lump 1795600000.123456           a try of the lump begins
    0 running 1795600000.234567      the command of the first member is about to begin
    0 completed 1795600012.654321    it has ended

A flag says the status of a record. This file says which lump has set it, and it is one file to look
at for hundreds of members.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..files import open_file
from ..status_words import STATUSES
from ..workspace.lumps import Lump
from ..workspace.rows import Brief


class Step(NamedTuple):
    """A member has got a status."""

    member: Brief
    status: str


class LumpJournal:
    """Reads the file of one lump; each look returns the new lines."""

    def __init__(self, workdir: Path, lump: Lump) -> None:
        self._path = workdir / lump.path(".members")
        self._members = lump.members
        self._read = 0
        """The bytes that were read."""

    def new_steps(self) -> Iterator[Step]:
        """The steps since the last look. A line that is still being written comes later."""
        try:
            with open_file(self._path) as file:
                file.seek(self._read)
                content = file.read()
        except OSError:
            return
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            number, _, rest = line.partition(b" ")
            status = rest.partition(b" ")[0].decode(errors="replace")
            if number.isdigit() and int(number) < len(self._members) and status in STATUSES:
                yield Step(self._members[int(number)], status)


def last_steps(workdir: Path, lump: Lump) -> dict[str, str]:
    """The last status that each member has got in this lump, by its completed flag."""
    return {step.member.flag: step.status for step in LumpJournal(workdir, lump).new_steps()}

"""A project that was moved runs nothing again.

Commands, environments and merged pipestat configs hold absolute paths, and Snakemake runs a job
again whose command differs from the recorded one. So each project notes the place where it was
planned first, see `first_place`. For comparisons, and only for them, its folder is called by that
name. So a project that was moved, or is reached through a symbolic link, has the same commands as
before. A project that never moved has exactly the texts that earlier versions recorded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

# Characters before and after a path in a command line.
_BREAKS = frozenset(" \t\n\r\"'`=:;,()|&<>[]{}\\")
_LONGEST = 256


class Compared(str):
    """A text with another form for comparisons: Snakemake compares the `repr` of params."""

    compared: str

    def __new__(cls, text: str, compared: str) -> Compared:
        made = super().__new__(cls, text)
        made.compared = compared
        return made

    def __repr__(self) -> str:
        return repr(self.compared)


class Places:
    """The names that folders have now, each with the name that comparisons have for it."""

    def __init__(self, names: Iterable[tuple[str, str]] = ()) -> None:
        known = {now: first for now, first in names if now.strip("/")}
        self._names = known if any(now != first for now, first in known.items()) else {}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})(?![\w.+@~%-])")

    def __bool__(self) -> bool:
        """Whether any text may look different."""
        return bool(self._names)

    def compared(self, text: str) -> str:
        """A text as it would be if the project were still at its first place."""
        if not any(name in text for name in self._names):
            return text

        def first(match: re.Match[str]) -> str:
            begins = match.start()
            while begins and text[begins - 1] not in _BREAKS and match.start() - begins < _LONGEST:
                begins -= 1
            before = text[begins : match.start()]
            # `/mnt/a` and `../a` are other folders than `/a`; `-I/a` and `file:///a` are not.
            is_longer = ("/" in before and before != "//") or before in (".", "..")
            return match[0] if is_longer else self._names[match[0]]

        return self._pattern.sub(first, text)

    def compared_in(self, value: Any) -> Any:
        """A nested value, with `compared` applied to all its texts."""
        if isinstance(value, str):
            return self.compared(value)
        if isinstance(value, dict):
            return {key: self.compared_in(item) for key, item in value.items()}
        return [self.compared_in(item) for item in value] if isinstance(value, list) else value


def folder_names(folder: str, first: str) -> list[tuple[str, str]]:
    """The path that a folder was reached by, and its real path, each with its first name."""
    return [(folder, first), (os.path.realpath(folder), first)]

"""Errors: all problems of a project, reported together.

A looper project is spread over many files, and its user wants to see all faults together. So
readers do not raise at the first fault. They add a `Problem` to a `Problems` collector, and go on
with the rest. At the end of reading and planning, `Problems.raise_if_any` raises one `ProjectError`
with all of them. The command line and the Snakemake plugin print one line per problem, and exit
with 2:

    file:line: key: what is wrong; what to write instead

    LooperError
    └── ProjectError      the input is wrong: one or more `Problem`s
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path

from .addresses import without_secrets

_COMPARED = 500
"""The number of words that are compared letter by letter."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a source file."""

    file: str
    line: int = 0
    """Counted from 1; 0 if only the file is known."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of a project."""

    place: Place
    """The place that the user has to edit."""
    key: str
    """The key in that file, with dots; empty if there is none."""
    message: str
    """The fault, and what to write instead."""

    def __str__(self) -> str:
        text = ": ".join(filter(None, (str(self.place), self.key, self.message)))
        return one_line(without_secrets(text))


class LooperError(Exception):
    """The base of all errors that this package raises on purpose."""


class ProjectError(LooperError):
    """The project cannot be planned; `problems` are all its faults."""

    exit_code = 2
    """The exit code of a command that ends with this error."""

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[str] = ()) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        self.warnings = tuple(warnings)
        super().__init__("\n".join(map(str, self.problems)))


class Problems:
    """Collects problems, which end a command, and warnings, which do not."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def add(self, place: Place | str | Path, key: str, message: str) -> None:
        """Add a fault that ends the command."""
        self._problems.append(Problem(_as_place(place), key, message))

    def include(self, problems: Iterable[Problem]) -> None:
        """Add faults that were found elsewhere."""
        self._problems += problems

    def warn(self, place: Place | str | Path, key: str, message: str) -> None:
        """Add a fault that is only reported: the project runs all the same."""
        self._warnings.append(Problem(_as_place(place), key, message))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The lines of all warnings, each once."""
        return tuple(dict.fromkeys(map(str, self._warnings)))

    def __bool__(self) -> bool:
        return bool(self._problems)

    def __len__(self) -> int:
        return len(self._problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._problems)

    def raise_if_any(self) -> None:
        """Raise one error with all problems and warnings, if there is any problem.

        Raises:
            ProjectError: there is a problem.
        """
        if self._problems:
            raise ProjectError(self._problems, self.warnings)


def one_line(text: str) -> str:
    """A text with escapes for line breaks and invisible characters.

    Messages show names and values of users, and a sample name may have a line break.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def harmless(text: str) -> str:
    """A text of several lines with escapes for invisible characters; tabs stay."""
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


def _as_place(place: Place | str | Path) -> Place:
    return place if isinstance(place, Place) else Place(str(place))


def near(word: str, known: Iterable[str], closeness: float = 0.6) -> str:
    """The text ` (did you mean 'x'?)` with the closest known word; empty if no word is close.

    Upper and lower case count as the same. A `closeness` of 1 allows no other letter.
    """
    from difflib import get_close_matches  # imported late: few commands get here

    words = {one.casefold(): one for one in known}
    typed = word.casefold()
    match = get_close_matches(typed, _likely(typed, list(words)), n=1, cutoff=closeness)
    return f" (did you mean '{words[match[0]]}'?)" if match else ""


def _likely(word: str, known: list[str]) -> list[str]:
    """The words of which one may be close: of many words, those with the most in common.

    difflib takes seconds for the names of 100,000 samples, which are all alike.
    """
    if len(known) <= _COMPARED:
        return known

    def alike(other: str) -> int:
        same = _same(word, other) + _same(word[::-1], other[::-1])
        return min(same, len(other)) - abs(len(word) - len(other))

    return nlargest(_COMPARED, known, key=alike)


def _same(word: str, other: str) -> int:
    """The number of letters at the beginning that two words share."""
    differ = [*map(operator.ne, word, other), True]
    return differ.index(True)

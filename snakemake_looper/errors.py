"""Everything that can be wrong with a project, and how it is said.

A looper project is spread over many files, and whoever fixes one wants to know about all of
them. So readers do not raise at the first fault: they add a `Problem` to a `Problems` collector
and go on with what is still valid. At the end of reading and planning, `Problems.raise_if_any`
raises one `ProjectError` that carries them all; the command line and the Snakemake plugin print
it, one line each, and exit with 2:

    file:line: key: what is wrong; what to write instead

    LooperError
    └── ProjectError      the input is wrong: one or more `Problem`s
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in a source file; `line` counts from 1, and is 0 where only the file is known."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, where it is, and what to write instead."""

    place: Place
    key: str
    message: str

    def __str__(self) -> str:
        return one_line(": ".join(filter(None, (str(self.place), self.key, self.message))))


class LooperError(Exception):
    """Base of all errors that this package raises on purpose."""


class ProjectError(LooperError):
    """The project cannot be planned; `problems` says all that is wrong with it."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[str] = ()) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        self.warnings = tuple(warnings)
        super().__init__("\n".join(map(str, self.problems)))


class Problems:
    """Collects problems (which end the run) and warnings (which do not)."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def add(self, place: Place | str | Path, key: str, message: str) -> None:
        """Note something that makes the project impossible to run."""
        self._problems.append(Problem(_as_place(place), key, message))

    def warn(self, place: Place | str | Path, key: str, message: str) -> None:
        """Note something that a user should know, though the project runs."""
        self._warnings.append(Problem(_as_place(place), key, message))

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(str, self._warnings)))

    def __bool__(self) -> bool:
        return bool(self._problems)

    def __len__(self) -> int:
        return len(self._problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._problems)

    def raise_if_any(self) -> None:
        """Raise one `ProjectError` with everything collected, if there is anything."""
        if self._problems:
            raise ProjectError(self._problems, self.warnings)


def one_line(text: str) -> str:
    """A text with its line breaks, control characters and invisible ones as escapes.

    Names and values of users get into messages: a sample name may hold a line break.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _as_place(place: Place | str | Path) -> Place:
    return place if isinstance(place, Place) else Place(str(place))


def near(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the closest of the known words, also in other letters, or nothing."""
    from difflib import get_close_matches

    words = {one.casefold(): one for one in known}
    match = get_close_matches(word.casefold(), list(words), n=1)
    return f" (did you mean '{words[match[0]]}'?)" if match else ""

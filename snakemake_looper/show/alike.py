"""Failures that are alike, and are told once.

If a reference file is missing, each of 2,000 samples fails in the same way. Two failures are alike
if their pipeline, level, status and reason are the same, and their logs say the same. The texts of
logs are compared without the parts that differ from job to job: the record's name, paths with it,
numbers, hashes and names of temporary files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

_WORD = re.compile(r"""[^\s'"`(),;<>\[\]{}]+""")
_TEMPORARY = re.compile(r"(?:/var)?/tmp/\S+|\btmp[\w.]{6,}")
_NUMBER = re.compile(r"\b0x[0-9a-fA-F]+|\b(?=[a-f]*\d)[0-9a-f]{7,}\b|\d+(?:[.,:]\d+)*")
MOST_IN_FULL = 3
"""Failures of a kind that a view tells one by one while a run goes on. More are counted."""


class Told(Protocol):
    """A failure, of a run at this moment or of a table of statuses."""

    @property
    def pipeline(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def record(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def excerpt(self) -> tuple[str, ...]: ...


AnyTold = TypeVar("AnyTold", bound=Told)


class Kind(NamedTuple):
    """All that failures have in common that are alike."""

    pipeline: str
    level: str
    status: str
    reason: str
    excerpt: tuple[str, ...]


def kind_of(failure: Told) -> Kind:
    """The kind of a failure."""
    return Kind(
        failure.pipeline, failure.level, failure.status,
        _without_name(failure.reason, failure.record),
        tuple(_common(line, failure.record) for line in failure.excerpt),
    )  # fmt: skip


def grouped(failures: Iterable[AnyTold]) -> list[list[AnyTold]]:
    """The failures of each kind, both in the order of the first of each."""
    groups: dict[Kind, list[AnyTold]] = {}
    for one in failures:
        groups.setdefault(kind_of(one), []).append(one)
    return list(groups.values())


class Repeats:
    """Counts the failures of each kind while a run goes on."""

    def __init__(self) -> None:
        self._seen: Counter[Kind] = Counter()

    def count(self, failure: Told) -> int:
        """The number of failures of this kind, this one included."""
        kind = kind_of(failure)
        self._seen[kind] += 1
        return self._seen[kind]


def named(records: Sequence[str], most: int) -> str:
    """Names with commas between them, the first ones if there are many."""
    more = len(records) - most
    shown = ", ".join(records[:most])
    return f"{shown} and {more} more" if more > 0 else shown


def _common(line: str, record: str) -> str:
    """A line of a log without the parts that differ from job to job."""
    if record in line:
        line = _without_name(line, record)
    return _NUMBER.sub("#", _TEMPORARY.sub("<temporary>", line))


def _without_name(text: str, record: str) -> str:
    """A text with a sign for the name of a record, and for each path that has the name in it."""
    if record not in text:
        return text

    def sign(found: re.Match[str]) -> str:
        word = found[0]
        if not _has(word, record):
            return word
        return "<path>" if "/" in word else word.replace(record, "<name>")

    return _WORD.sub(sign, text)


def _has(word: str, record: str) -> bool:
    """Whether a name is in a word, and is no part of a longer name there."""
    at = word.find(record)
    while at >= 0:
        before, after = word[:at][-1:], word[at + len(record) :][:1]
        if not (before.isalnum() or after.isalnum()):
            return True
        at = word.find(record, at + 1)
    return False

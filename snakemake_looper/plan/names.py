"""Faults in names of records and pipelines: without these checks, jobs would fail.

A record's name is part of the names of its flag, log, record file and folder. A file system
allows 255 bytes for a name and 4,096 for a path. Snakemake and pipestat have limits of their own.
All of these are known when the jobs are planned.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..layout import shown_name

NAME_BYTES = 255
"""The longest name of a file or folder."""
PATH_BYTES = 4095
"""The system allows 4,096, of which the last one is the byte 0 at the end of the path."""
_BYTES_BESIDE = 24
"""Bytes for files beside a file: `.NAME.xxxxxxxx.tmp` while it is written, a lock, a copy."""
REPEATS = 20
"""Snakemake takes this many repeats at the end of a wildcard's value for an endless loop."""
_VARIABLE = re.compile(r"\$\w", re.ASCII)


@dataclass(frozen=True, slots=True)
class NameLimit:
    """The number of bytes that a name may have."""

    bytes: int
    path: str
    """The path that sets the limit, with a wildcard in the place of the name."""


def name_limit(paths: Iterable[str], wildcard: str, folder: Path) -> NameLimit:
    """The limit for the name that a wildcard stands for in paths, relative to `folder`."""
    limits = (NameLimit(_bytes_left(path, wildcard, folder), path) for path in paths)
    return min(limits, key=lambda one: one.bytes, default=NameLimit(NAME_BYTES - _BYTES_BESIDE, ""))


def _bytes_left(path: str, wildcard: str, folder: Path) -> int:
    """Bytes that one path leaves for a name, in the whole path and in each part of it."""
    whole = os.path.join(folder, path)
    found = [(PATH_BYTES - _length(whole, wildcard)) // max(whole.count(wildcard), 1)]
    for part in whole.split("/"):
        count = part.count(wildcard)
        if count:
            found.append((NAME_BYTES - _BYTES_BESIDE - _length(part, wildcard)) // count)
    return min(found)


def _length(text: str, wildcard: str) -> int:
    return len(os.fsencode(text.replace(wildcard, "")))


def name_fault(name: str, limit: NameLimit, wildcard: str, reports_to_file: bool) -> str | None:
    """The fault of a record's name, or None."""
    length = len(os.fsencode(name))
    if length > limit.bytes:
        file = os.path.basename(limit.path).replace(wildcard, "…")
        return (
            f"{shown_name(name)} is too long: {length} bytes, and there is room for"
            f" {max(limit.bytes, 0)} in the name of its file {file}; shorten it"
        )
    if reports_to_file and (found := _VARIABLE.search(name)):
        return (
            f"{shown_name(name)} has a '$' before '{name[found.end() - 1]}': pipestat takes it for"
            " a variable in the path of the record's file; leave out the '$'"
        )
    return None


def repetition_fault(name: str) -> str | None:
    """The fault of a name that Snakemake takes for an endless loop, or None.

    `PeriodicityDetector` in Snakemake refuses a wildcard's value that ends in 20 repeats of
    anything, and has no option to allow it (9.27).
    """
    if len(name) < REPEATS or name.count(name[-1]) < REPEATS:
        return None
    for length in range(1, len(name) // REPEATS + 1):
        part = name[-length:]
        if name.endswith(part * REPEATS):
            count = (len(name) - len(name.removesuffix(part * REPEATS))) // length
            while name.endswith(part * (count + 1)):
                count += 1
            return (
                f"{shown_name(name)} ends in {count} times {shown_name(part)}: Snakemake takes"
                f" {REPEATS} repeats at the end of a name for an endless loop; add something after"
                f" them, as in {shown_name(name + '_1')}"
            )
    return None


def file_fault(name: str) -> str | None:
    """The fault of the name of a file that is named after a pipeline, or None."""
    length = len(os.fsencode(name))
    if length + _BYTES_BESIDE <= NAME_BYTES:
        return None
    over = length + _BYTES_BESIDE - NAME_BYTES
    return f"is too long for the name of its file {shown_name(name)}; shorten it by {over} bytes"

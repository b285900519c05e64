"""Pages that follow a run.

A page that was opened from disk cannot ask for another file, but it can load a script. So three
kinds of scripts tell a page whether it is still the newest:

    assets/state.js      the state of the run, with a version of each folder: loaded again and again
    <folder>/versions.js the version of each page of a folder: loaded if the folder's version changed
    the page itself      its own version

The version of a page is a digest of its text. A page whose version changed loads itself again. The
time when a page was written is no part of its version: it stays as long as the rest of the text.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from ...status_words import order
from .report_levels import LevelReport

VERSION, WRITTEN = "<!--version-->", "<!--written-->"
"""Places in base.html. No value can bring them: its `<` is escaped."""
_MOST_NAMED = 5
"""Running records that a page names."""
_VERSION_LENGTH = 12


class Document(NamedTuple):
    """A file of a report."""

    name: str
    text: str
    version: str
    """The digest of the text without the time when it was written."""


@dataclass(frozen=True, slots=True)
class Live:
    """A report that is written again and again."""

    every: float
    """Seconds until it is written again."""
    left: float | None = None
    """Seconds that the run takes from now on; None if there is no estimate."""
    goes_on: bool = True
    """Whether any record runs or waits."""
    last: bool = False
    """Whether this is the last time that it is written."""


def version_of(text: str) -> str:
    """A digest of a text."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:_VERSION_LENGTH]


class Stamps:
    """Puts version and time into pages; the time stays if a page is the same as before."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}

    def stamped(self, name: str, text: str) -> Document:
        """The document of a text."""
        version = version_of(text)
        if not name.endswith(".html"):
            return Document(name, text, version)
        known = self._known.get(name)
        now = known[1] if known and known[0] == version else time.strftime("%Y-%m-%d %H:%M:%S")
        self._known[name] = (version, now)
        return Document(name, text.replace(VERSION, version).replace(WRITTEN, now), version)


def with_state(
    documents: Iterator[tuple[str, str]],
    reports: Sequence[LevelReport],
    stamps: Stamps,
    live: Live | None = None,
) -> Iterator[Document]:
    """The documents of a report, and with them the files that tell their versions.

    Args:
        documents: names and texts.
        reports: the levels that the documents show.
        stamps: the versions of earlier times.
        live: how the report goes on; None if it is written once.
    """
    folders: dict[str, dict[str, str]] = {}
    for name, text in documents:
        document = stamps.stamped(name, text)
        if name.endswith(".html"):
            folder, _, file = name.rpartition("/")
            folders.setdefault(folder, {})[file] = document.version
        yield document
    versions = {}
    for folder, known in folders.items() if live else ():
        text = f"report.versions({json.dumps(known)});\n"
        name = f"{folder}/versions.js" if folder else "versions.js"
        document = stamps.stamped(name, text)
        versions[folder] = document.version
        yield document
    state = _state(reports, live, versions) if live else {"watched": False}
    yield stamps.stamped("assets/state.js", f"report.state({json.dumps(state)});\n")


def _state(
    reports: Sequence[LevelReport], live: Live, versions: Mapping[str, str]
) -> dict[str, Any]:
    counts = Counter(status for one in reports for status in one.statuses.values())
    running = [
        (one.times[record].started if record in one.times else None, record, one.pipeline)
        for one in reports
        for record, status in one.statuses.items()
        if status == "running"
    ]
    running.sort(key=lambda one: (one[0] is None, one[0] or 0.0))
    return {
        "watched": True,
        "last": live.last,
        "goesOn": live.goes_on,
        "every": live.every,
        "written": round(time.time(), 1),
        "left": live.left,
        "counts": [(status, counts[status]) for status in sorted(counts, key=order)],
        "running": [
            {"since": since, "record": record, "pipeline": pipeline}
            for since, record, pipeline in running[:_MOST_NAMED]
        ],
        "folders": versions,
    }

"""Values of results as cells of web pages: text, numbers, data, links, files and images.

A cell holds what a page shows of a value. Files become links, and images that every browser draws
are drawn. A value never ends up as HTML: the templates escape all text.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from ...read.schemas.output_schema import FileKind
from ..json_values import json_text, plain
from .report_numbers import duration, local_time, memory, rounded

Link = Callable[[str], str]
"""Makes a link from the pages of one folder to a file; empty if there is no such file."""
_SHORT = 60
"""Characters of a text in a table."""
# Images that every browser draws. Others (PDF, TIFF) are linked, or shown by their thumbnails.
DRAWN = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".avif"})
_WEB = re.compile(r"(?:https?|ftp)://[^\s<>]+\Z", re.IGNORECASE)


_LONG, _MANY_LINES = 300, 20
"""Characters and lines of a text that is folded on the page of its record."""
_START = 200
"""Characters of a folded text that are shown."""
CellKind = Literal["empty", "text", "number", "data", "link", "file", "image", "missing", "time"]
"""`missing`: a file that is not there. `data`: anything nested, shown as JSON."""


class Cell(NamedTuple):
    """A value as a page shows it."""

    kind: CellKind
    text: str
    sort: str | None = None
    """The sort key, if it is not the text."""
    href: str = ""
    """The address that the cell links to."""
    source: str = ""
    """The address of the picture that is drawn: a thumbnail, or the image itself."""
    path: str = ""
    """The path that was reported."""
    moment: str = ""
    """A time as ISO 8601 has it."""
    rounded: str = ""
    """A number with as many digits as a page shows."""

    @property
    def short(self) -> str:
        """The text, shortened to fit into a table."""
        if self.kind == "number":
            return self.rounded
        text = " ".join(self.text.split())
        return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"

    @property
    def is_long(self) -> bool:
        """Whether the text is folded on the page of its record."""
        return len(self.text) > _LONG or self.text.count("\n") >= _MANY_LINES

    @property
    def start(self) -> str:
        """The beginning of a long text, on one line."""
        return " ".join(self.text[:_START].split()) + " …"


def cells_of(value: Any, kind: FileKind, link: Link) -> tuple[Cell, ...]:
    """The cells of a result: one, or one for each file or image of a list."""
    if isinstance(value, list) and value and all(_is_file(item) for item in value):
        return tuple(_file(item, kind, link) for item in value)
    return (_file(value, kind, link) if _is_file(value) else plain_cell(value),)


_YEAR_9999 = 253_370_764_800
"""Seconds since the epoch. A time beyond it is none."""
TIMES = ("Started", "Took", "Memory")
"""The columns of times, in their order."""


def cells_of_times(
    started: float | None = None, took: float | None = None, memory_mb: float | None = None
) -> Mapping[str, Cell]:
    """When a record began, how long it took and how much memory it needed, as far as is known."""
    found = {}
    if started is not None and 0 <= started < _YEAR_9999:
        text, moment = local_time(started)
        found["Started"] = Cell("time", text, str(started), moment=moment)
    if took is not None and 0 <= took < _YEAR_9999:
        found["Took"] = Cell("text", duration(took), str(took))
    if memory_mb is not None and 0 <= memory_mb < math.inf:
        found["Memory"] = Cell("text", memory(memory_mb), str(memory_mb))
    return found


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("path"), str) and value["path"] != ""


def plain_cell(value: Any) -> Cell:
    """The cell of a value that is no file."""
    if value is None or value == "":
        return Cell("empty", "")
    if isinstance(value, bool):
        return Cell("text", str(value).lower())
    if isinstance(value, float):
        # JavaScript's spelling. "Not a number" is sorted like an empty cell.
        sort = {"inf": "Infinity", "-inf": "-Infinity", "nan": ""}.get(str(value), str(value))
        return Cell("number", str(value), sort, rounded=rounded(str(value)))
    if isinstance(value, int):
        text, brief = str(value), rounded(str(value))
        return Cell("number", text, None if brief == text else text, rounded=brief)
    if isinstance(value, set | frozenset | bytes):
        value = plain(value)
    if isinstance(value, list | tuple | Mapping):
        is_flat = not isinstance(value, Mapping) and not any(map(_is_nested, value))
        if is_flat:
            return Cell("text", ", ".join(map(str, value)))
        return Cell("data", json_text(value))
    text = str(value)
    return Cell("link", text, href=text) if _WEB.match(text) else Cell("text", text)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset | Mapping)


def _file(value: Mapping[str, Any], kind: FileKind, link: Link) -> Cell:
    path = value["path"]
    title = str(value.get("title") or os.path.basename(path.rstrip("/")) or path)
    href = path if _WEB.match(path) else link(path)
    thumbnail = value.get("thumbnail_path")
    if kind == "image" or (kind != "file" and (thumbnail or _is_drawn(path))):
        for candidate in (thumbnail, path):
            # An image on a web server is linked, not drawn: opening a report contacts no server.
            source = link(candidate) if isinstance(candidate, str) and _is_drawn(candidate) else ""
            if source:
                return Cell("image", title, href=href, source=source, path=path)
    return Cell("file" if href else "missing", title, href=href, path=path)


def _is_drawn(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in DRAWN

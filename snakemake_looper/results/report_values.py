"""Values of results as cells of web pages: text, numbers, data, links, files and images.

A cell holds what a page shows of a value. Files become links, and images that every browser draws
are drawn. A value never ends up as HTML: the templates escape all text.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Link = Callable[[str], str]
"""Makes a link from the pages of one folder to a file; empty if there is no such file."""
_SHORT = 60


# What every browser draws; other images (PDF, TIFF) are linked, or shown by their thumbnails.
DRAWN = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".avif"})
_WEB = re.compile(r"(?:https?|ftp)://[^\s<>]+\Z", re.IGNORECASE)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Cell(NamedTuple):
    """A value as it is shown; `kind` is empty, text, number, data, link, file, image or missing."""

    kind: str
    text: str
    sort: str | None = None
    """What it is sorted by, if that is not the text."""
    href: str = ""
    source: str = ""
    """The picture that is drawn: a thumbnail, or the image itself."""
    path: str = ""

    @property
    def short(self) -> str:
        """What fits into a table."""
        if self.kind == "number" and self.sort:
            return f"{float(self.sort):.6g}"
        text = " ".join(self.text.split())
        return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def cells_of(value: Any, kind: str, link: Link) -> tuple[Cell, ...]:
    """A result as it is shown; a list of files or images is shown one by one."""
    if isinstance(value, list) and value and all(_is_file(item) for item in value):
        return tuple(_file(item, kind, link) for item in value)
    return (_file(value, kind, link) if _is_file(value) else _plain(value),)


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("path"), str) and value["path"] != ""


def _plain(value: Any) -> Cell:
    if value is None or value == "":
        return Cell("empty", "")
    if isinstance(value, bool):
        return Cell("text", str(value).lower())
    if isinstance(value, float):
        # JavaScript's spelling; what is not a number is sorted as nothing is.
        sort = {"inf": "Infinity", "-inf": "-Infinity", "nan": ""}.get(str(value), str(value))
        return Cell("number", str(value), sort)
    if isinstance(value, int):
        return Cell("number", str(value))
    if isinstance(value, list) and not any(isinstance(item, list | Mapping) for item in value):
        return Cell("text", ", ".join(map(str, value)))
    if isinstance(value, list | Mapping):
        with contextlib.suppress(TypeError, ValueError):  # its keys are something unusual
            return Cell("data", json.dumps(value, indent=2, ensure_ascii=False, default=str))
    text = str(value)
    return Cell("link", text, href=text) if _WEB.match(text) else Cell("text", text)


def _file(value: Mapping[str, Any], kind: str, link: Link) -> Cell:
    path = value["path"]
    title = str(value.get("title") or os.path.basename(path.rstrip("/")) or path)
    href = path if _WEB.match(path) else link(path)
    thumbnail = value.get("thumbnail_path")
    if kind == "image" or (kind != "file" and (thumbnail or _is_drawn(path))):
        for candidate in (thumbnail, path):
            # An image on a web server is linked and not drawn: looking at a report tells nobody.
            source = link(candidate) if isinstance(candidate, str) and _is_drawn(candidate) else ""
            if source:
                return Cell("image", title, href=href, source=source, path=path)
    return Cell("file" if href else "missing", title, href=href, path=path)


def _is_drawn(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in DRAWN


def declared_results(schema: Path | None, level: str) -> Mapping[str, Mapping[str, Any]]:
    """What an output schema says of each result of a level, in any of its forms."""
    try:
        data = yaml.load(schema.read_bytes(), _Loader) if schema else {}
    except (OSError, ValueError, yaml.YAMLError):
        return {}  # said when results are assembled; they can be shown without it
    node = _inner(data, "properties")
    own = "samples" if level == "sample" else "project"
    if own in node:
        node = _inner(_inner(node[own], "items"), "properties")
    else:
        others = ("samples", "project", "pipeline_name")
        node = {key: value for key, value in node.items() if key not in others}
    return {str(key): value for key, value in node.items() if isinstance(value, dict)}


def _inner(node: Any, key: str) -> dict[Any, Any]:
    found = node.get(key, node) if isinstance(node, dict) else {}
    return found if isinstance(found, dict) else {}


def declared_kind(declared: Mapping[str, Any]) -> str:
    """`image` or `file`, where the schema says so, of a result or of the items of a list."""
    items = declared.get("items")
    node = items if declared.get("type") == "array" and isinstance(items, dict) else declared
    return str(node.get("object_type") or node.get("type"))

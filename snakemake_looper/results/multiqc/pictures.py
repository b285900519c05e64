"""Images of results, in sections of MultiQC's page.

The images are in the text of a section, as MultiQC has them in its page. A page is given to other
people, and a pipeline can report any path. So there are only images that lie in the project's folder
or in its output folder, as in a portable report.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...files import content_of
from ..report.report_files import LinkedFiles
from ..report.report_values import DRAWN
from .words import cell

_MOST, _MOST_BYTES = 100, 3_000_000
"""Images of a section, and bytes of an image: MultiQC reads no file of more than 50 MB."""
_MOST_OF_SECTION = 30_000_000
_TYPES: Mapping[str, str] = {".jpg": "jpeg", ".svg": "svg+xml"}


class Picture(NamedTuple):
    """An image that a record reported."""

    record: str
    title: str
    path: str


class Pictures:
    """Finds the images of a project, and counts those that are left out."""

    def __init__(self, root: Path, inside: Sequence[Path]) -> None:
        """Look at nothing yet.

        Args:
            root: relative paths of results are relative to this folder.
            inside: only files below these folders are taken.
        """
        self._root = os.path.abspath(root)
        self._files = LinkedFiles(self._root, self._root, True, inside)
        self._too_many = 0

    def find(self, path: str) -> str:
        """The path of a file that can be drawn; empty if there is none, or it may not be taken."""
        if os.path.splitext(path)[1].lower() not in DRAWN or not self._files.link("", path):
            return ""
        return os.path.normpath(os.path.join(self._root, path))

    def html(self, pictures: Sequence[Picture]) -> str:
        """The images with their records' names, as HTML; empty if none can be read."""
        found: list[str] = []
        size = 0
        for one in pictures:
            content = _content(one.path) if len(found) < _MOST else b""
            size += len(content)
            if not content or size > _MOST_OF_SECTION:
                self._too_many += 1
                continue
            found.append(_figure(one, content))
        return "\n".join(found)

    def left_out(self) -> list[str]:
        """Remarks on images that are in no section, one line each."""
        found = [
            f"images left out for MultiQC: {why} ({len(paths)}, as {paths[0]})"
            for why, paths in self._files.left_out.items()
        ]
        if self._too_many:
            found.append(
                f"images left out for MultiQC: {self._too_many} that cannot be read, are larger than"
                f" {_MOST_BYTES // 1_000_000} MB, or are beyond {_MOST} of one result; `snakemake-looper"
                " report` shows all"
            )
        return found


def _content(path: str) -> bytes:
    try:
        return content_of(path) if os.path.getsize(path) <= _MOST_BYTES else b""
    except OSError:
        return b""


def _figure(picture: Picture, content: bytes) -> str:
    ending = os.path.splitext(picture.path)[1].lower()
    kind = _TYPES.get(ending, ending[1:])
    name = cell(picture.record)
    caption = name if picture.title in ("", picture.record) else f"{name}: {cell(picture.title)}"
    return (
        '<figure style="display: inline-block; margin: 0 1em 1em 0; max-width: 100%">'
        f'<img style="max-width: 100%" alt="{name}"'
        f' src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )

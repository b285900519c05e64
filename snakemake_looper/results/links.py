"""`link`: links to the files that were reported, in one folder for each result."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .records import Results


def links(results: Iterable[Results], folder: Path, root: Path) -> dict[Path, Path]:
    """Links to the files that were reported, as pipestat lays them out.

    A link is `<folder>/<result>/<record>_<result or key>_<file name>`.

    Args:
        folder: the folder of all links.
        root: relative paths of results are relative to this folder.

    Returns:
        For each link the file that it leads to.
    """
    found = {}
    for one in results:
        for record, values in one.records.items():
            for key, value in values.items():
                for name, path in _paths(key, value):
                    link = folder / key / f"{record}_{name}_{os.path.basename(path)}"
                    found[link] = Path(os.path.normpath(root / path))
    return found


def make_links(wanted: Mapping[Path, Path]) -> None:
    """Make relative links. Another link of the same name is replaced, a file is not.

    Raises:
        OSError: a link cannot be made.
    """
    for link, target in wanted.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():
            link.unlink()
        if not link.exists():
            link.symlink_to(os.path.relpath(target, link.parent))


def _paths(key: str, value: Any) -> Iterable[tuple[str, str]]:
    """Names and paths of files in a result, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _paths(key, item)
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "path" and isinstance(item, str):
                yield key, item
            else:
                yield from _paths(str(name), item)

"""`link`: links to the files that were reported, in one folder for each result.

    links/plot/frog_1_plot_lengths.png  ->  ../../results_pipeline/frog_1/lengths.png

Names of results, records and files are those of other people. Each part of a link's path is made a
plain file name, so no name leads out of the folder of links, and none is an option to a command.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from .records import Results

_URL = re.compile(r"(?:[a-z][a-z0-9+.-]+://|data:)", re.IGNORECASE)
_LONGEST = 200
"""Bytes of a link's name. File systems allow 255."""


class Links(NamedTuple):
    """The links to make, and the results that have none."""

    wanted: Mapping[Path, Path]
    """For each link the file that it leads to."""
    remote: tuple[str, ...]
    """Results with addresses of the web or of a store in the place of paths."""


def links(results: Iterable[Results], folder: Path, root: Path) -> Links:
    """Links to the files that were reported, as pipestat lays them out.

    A link is `<folder>/<result>/<record>_<result or key>_<file name>`. If several files would have
    this name, the second is `<record>_<result or key>_2_<file name>`, and so on.

    Args:
        folder: the folder of all links.
        root: relative paths of results are relative to this folder.
    """
    names = _Names()
    remote: dict[str, None] = {}
    for one in results:
        for record, values in one.records.items():
            for key, value in values.items():
                for name, path in _paths(key, value):
                    if _URL.match(path):
                        remote[key] = None
                        continue
                    target = Path(os.path.normpath(root / path))
                    file = os.path.basename(os.path.normpath(path))
                    names.add(folder / _file_name(key), (record, name, file), target)
    return Links(names.links, tuple(remote))


class _Names:
    """Gives each file a link of its own."""

    def __init__(self) -> None:
        self.links: dict[Path, Path] = {}
        self._targets: dict[Path, dict[Path, None]] = {}
        """The files that would have a link of this name if they were the only ones."""

    def add(self, folder: Path, parts: tuple[str, str, str], target: Path) -> None:
        """Add a link to a file. Its name is made of the record, the result and the file."""
        record, name, file = parts
        link = folder / _file_name(f"{record}_{name}_{file}")
        same = self._targets.setdefault(link, {})
        if target in same:
            return
        same[target] = None
        number = len(same)
        while link in self.links:  # rarely more than once: a file may be named like a numbered one
            link = folder / _file_name(f"{record}_{name}_{number}_{file}")
            number += 1
        self.links[link] = target


def make_links(wanted: Mapping[Path, Path]) -> list[str]:
    """Make relative links. A relative link of the same name is replaced, for example by a new file
    of that result; anything else in its place is left.

    Returns:
        A message for each link that was not made.
    """
    return [said for link, target in wanted.items() if (said := _make(link, target))]


def _make(link: Path, target: Path) -> str:
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        text = os.path.relpath(target, link.parent)
        if link.is_symlink():
            there = os.readlink(link)
            if there == text:
                return ""
            if os.path.isabs(there):
                return f"{link}: is a link to {there}, which 'link' did not make; move it"
            link.unlink()
        link.symlink_to(text)
    except FileExistsError as error:
        return f"{error.filename2 or error.filename}: is in the place of a link; move it"
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no path"
        return f"{link}: no link to {target}: {said}"
    return ""


def _file_name(text: str) -> str:
    """A text as one file name: without slashes, invisible characters, or a dash in front."""
    safe = "".join(one if one.isprintable() and one != "/" else "_" for one in text)
    safe = f"_{safe[1:]}" if safe.startswith("-") else safe
    size = len(safe.encode())
    if size > _LONGEST:  # the end has the kind of the file
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        head, tail = safe.encode()[:100], safe.encode()[-80:]
        safe = f"{head.decode(errors='ignore')}-{digest}-{tail.decode(errors='ignore')}"
    return safe if safe.strip(".") else f"{safe}_"


def _paths(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Names and paths of files in a result, at any depth."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _paths(key, item)
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "path" and isinstance(item, str):
                if item:
                    yield key, item
            else:
                yield from _paths(str(name), item)

"""The input files of samples: their paths, whether they exist, and their sizes.

The input schema of an interface says which attributes of a sample name files. If a required file is
missing, the sample has no job. The size of all files chooses the row of a size table. A file that
another job of the plan makes is not missing: it exists when it is needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..files import file_size
from ..model import InputSchema, Pep, Sample, Skip
from ..read.documents.yaml_lines import expand
from ..read.peps.pep import rows_of
from ..remote_files import NOT_ASKED, Ask, is_remote
from .context import PlanContext

GB = 1024**3
"""Bytes in a GB, as looper counts."""
_INVALID = "invalid: "
_SLASHES = re.compile(r"(?<!:)/{2,}")


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The input files of one job."""

    required: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """The required files that do not exist, and texts for required attributes without a file."""
    size_gb: float = 0.0
    """Size of all files that exist, in GB (1024³ bytes)."""
    made: tuple[str, ...] = ()
    """The required files that another job makes."""
    remote: tuple[str, ...] = ()
    """The addresses among all files; see `remote_inputs`, which finds out about them."""


class FileSizes:
    """Sizes of input files. The file system is asked once for each file."""

    def __init__(
        self,
        root: Path,
        is_made: Callable[[str], bool] | None = None,
        ask: Ask | None = None,
    ) -> None:
        """Start without sizes.

        Args:
            root: the folder that paths are relative to.
            is_made: tells whether a job makes the file at a path; None if no job makes input files.
            ask: returns the sizes of remote files; None if servers are not to be asked.
        """
        self._root = str(root)
        self._is_made = is_made
        self._ask = ask
        self.sizes: dict[str, int] = {}
        """The sizes that were looked up, in bytes, by path; -1 for a file that is missing, and
        other negative numbers for addresses, see `remote_files.Ask`."""

    def ask(self, addresses: Sequence[str]) -> None:
        """Look up the sizes of remote files, all at once."""
        not_asked = dict.fromkeys(addresses, NOT_ASKED)
        self.sizes |= self._ask(addresses) if self._ask is not None else not_asked

    def size(self, path: str) -> int:
        """Size of a file in bytes, see `file_size`."""
        known = self.sizes.get(path)
        if known is None:
            known = self.sizes[path] = file_size(os.path.join(self._root, path))
        return known

    def of(self, sample: Sample, schema: InputSchema) -> InputFiles:
        """The input files of a sample. A required attribute that is empty is a missing file.

        A file that another job makes does not count towards the size, even if it exists
        already: the plan must not change when the file appears. Remote files are listed only.
        """
        required = tuple(paths_of(sample, schema.required_files))
        files = dict.fromkeys((*required, *paths_of(sample, schema.sized_files)))
        remote: tuple[str, ...] = ()
        if any("://" in path for path in files):
            remote = tuple(filter(is_remote, files))
            files = {path: None for path in files if path not in remote}
        made = {path for path in files if self._is_made(path)} if self._is_made else set()
        sizes = {path: self.size(path) for path in files if path not in made}
        missing = [path for path in required if sizes.get(path, 0) < 0]
        missing += [
            f"none named by '{attribute}'"
            for attribute in schema.required_files
            if sample.attributes.get(attribute) in (None, "", [])
        ]
        total = sum(size for size in sizes.values() if size > 0)
        return InputFiles(
            required,
            tuple(missing),
            total / GB,
            tuple(path for path in required if path in made),
            remote,
        )


def invalid(faults: Sequence[str]) -> str:
    """The reason for which a sample that does not fit to its input schema has no job."""
    return f"{_INVALID}{'; '.join(faults)}"


def with_rows(skips: Sequence[Skip], pep: Pep) -> list[Skip]:
    """The skips, those of invalid samples with the rows of their tables."""
    names = {one.record for one in skips if one.reason.startswith(_INVALID)}
    places = rows_of(pep, names) if names else {}
    found = []
    for skip in skips:
        place = places.get(skip.record)
        if place and place.line and Path(place.file) in pep.files:
            row = f"{Path(place.file).name}:{place.line}"
            skip = replace(skip, reason=f"{skip.reason} ({row})")
        found.append(skip)
    return found


def as_input(path: str, context: PlanContext) -> str:
    """A path of a sample in the form of a job's input: relative if it is inside the project.

    An address stays as it is.
    """
    if is_remote(path):
        return path
    # The output folder may end with a slash, and a template adds its own.
    path = _SLASHES.sub("/", path)
    if os.path.isabs(path):
        inside = context.shown(Path(os.path.normpath(path)))
        return path if os.path.isabs(inside) else inside
    if context.rundir == context.workdir:
        return path.removeprefix("./")
    return context.shown(Path(os.path.normpath(context.rundir / path)))


def paths_of(sample: Sample, attributes: Iterable[str]) -> Iterable[str]:
    """The paths and addresses that attributes of a sample name, with variables filled in."""
    for attribute in attributes:
        value = sample.attributes.get(attribute)
        for item in value if isinstance(value, list) else (value,):
            if item is not None and item != "":
                path = str(item)
                yield expand(path) if "$" in path or path[:1] == "~" else path

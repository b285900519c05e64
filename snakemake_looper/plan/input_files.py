"""TODO: plan.input_files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..model import InputSchema, Sample
from ..read.yaml_lines import expand

GB = 1024**3


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The files of one sample: those that must be there, those that are not, and their size."""

    required: tuple[str, ...]
    missing: tuple[str, ...]
    size_gb: float
    made: tuple[str, ...] = ()
    """Those of the required ones that another job makes."""


class FileSizes:
    """Sizes of input files, each asked of the file system once; relative to the root."""

    def __init__(self, root: Path, made: Callable[[str], Any] | None = None) -> None:
        """`made` says whether a job makes a file: those are there when they are needed."""
        self._root = str(root)
        self._made = made
        self.sizes: dict[str, int] = {}

    def size(self, path: str) -> int:
        """Size in bytes, of a folder that of all files in it; -1 if there is nothing."""
        known = self.sizes.get(path)
        if known is None:
            known = self.sizes[path] = file_size(os.path.join(self._root, path))
        return known

    def of(self, sample: Sample, schema: InputSchema) -> InputFiles:
        """The input files of a sample. A required attribute that is empty is a missing file.

        A file that another job makes counts nothing towards the size, whether it is there
        already or not: the plan must not change when it appears.
        """
        required = tuple(_paths(sample, schema.required_files))
        files = dict.fromkeys((*required, *_paths(sample, schema.sized_files)))
        made = {path for path in files if self._made(path)} if self._made else set()
        sizes = {path: self.size(path) for path in files if path not in made}
        missing = [path for path in required if sizes.get(path, 0) < 0]
        missing += [
            f"none named by '{attribute}'"
            for attribute in schema.required_files
            if sample.attributes.get(attribute) in (None, "", [])
        ]
        total = sum(size for size in sizes.values() if size > 0)
        return InputFiles(
            required, tuple(missing), total / GB, tuple(path for path in required if path in made)
        )


def file_size(path: str) -> int:
    """Size in bytes of a file, or of all files below a folder; -1 if there is nothing."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # no path has a NUL in it
        return -1
    if not stat.S_ISDIR(found.st_mode):
        return found.st_size
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(path)
        for name in names
    )


def _paths(sample: Sample, attributes: Iterable[str]) -> Iterable[str]:
    for attribute in attributes:
        value = sample.attributes.get(attribute)
        for item in value if isinstance(value, list) else [value]:
            if item is not None and item != "":
                yield _expanded(str(item))


@lru_cache(maxsize=65536)
def _expanded(path: str) -> str:
    return expand(path)

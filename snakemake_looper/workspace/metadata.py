"""Snakemake's own records of outputs, as its versions 9.14 to 9.27 write them: one JSON file each.

    .snakemake/metadata/<path of the output in URL-safe base 64>

Reading them here takes no Snakemake. A record may be missing: Snakemake was told to keep none, it
keeps them in a database, or the output is not its own. It may be damaged, or of another version.
In all these cases nothing is known about the output.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..files import content_of, start_of

_FOLDER = ".snakemake/metadata"
_FORMAT = 6
_USUAL = 16_384
"""Bytes; nearly all records have fewer."""
_PART = 254
"""A longer name is cut into folders, whose names begin with `@`."""


class Metadata(NamedTuple):
    """The facts that Snakemake compares to find out whether a job is due."""

    params: frozenset[str]
    """The `repr` of each param."""
    inputs: frozenset[str]
    checksums: Mapping[str, str]
    """SHA-256 of small input files, by path."""


def read_metadata(workdir: Path, output: str) -> Metadata | None:
    """Snakemake's record of an output; None if there is none that this module understands."""
    try:
        path = _path(workdir, output)
        text, info = start_of(path, _USUAL)
        record: Any = json.loads(text if info.st_size < _USUAL else content_of(path))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("record_format_version") != _FORMAT:
        return None
    params, inputs = _texts(record.get("params")), _texts(record.get("input"))
    checksums = record.get("input_checksums") or {}
    if params is None or inputs is None or not isinstance(checksums, dict):
        return None
    known = {
        path: text.removeprefix("sha256:")
        for path, text in checksums.items()
        if isinstance(text, str)
    }
    return Metadata(params, inputs, known)


def has_metadata(workdir: Path, output: str) -> bool:
    """Whether Snakemake has any record of an output."""
    return os.path.exists(_path(workdir, output))


def _path(workdir: Path, output: str) -> str:
    name = urlsafe_b64encode(output.encode()).decode()
    parts = [name[at : at + _PART] for at in range(0, len(name), _PART)]
    return os.path.join(workdir, _FOLDER, *(f"@{part}" for part in parts[:-1]), parts[-1])


def _texts(values: Any) -> frozenset[str] | None:
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return None
    return frozenset(values)

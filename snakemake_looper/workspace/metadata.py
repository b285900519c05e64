"""Snakemake's own records of outputs, as its versions 9.14 to 9.27 write them: one JSON file each.

    .snakemake/metadata/<path of the output in URL-safe base 64>

Reading them here takes no Snakemake. A record may be missing: Snakemake was told to keep none, it
keeps them in a database, or the output is not its own. It may be damaged, or of another version.
In all these cases nothing is known about the output.
"""

from __future__ import annotations

import contextlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..files import content_of, start_of
from .engine_records import in_image

_FOLDER = ".snakemake/metadata"
_INCOMPLETE = ".snakemake/incomplete"
"""The folder of marks: an output with a mark may be incomplete, and Snakemake makes it anew."""
_MODE = 0o660
"""That of Snakemake's own records."""
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
    software: str = ""
    """A digest of the container and the environment; empty if there is none."""
    in_image: str = ""
    """The environment and the image that it was made in; empty if one is missing."""


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
    software = record.get("software_stack_hash")
    image, environment = record.get("container_img_url"), record.get("conda_env")
    return Metadata(
        params,
        inputs,
        known,
        software if isinstance(software, str) else "",
        in_image(str(image), str(environment)) if image and environment else "",
    )


def write_metadata(workdir: Path, output: str, fields: Mapping[str, Any]) -> None:
    """Write a record of an output as Snakemake does, and remove the mark that it is incomplete.

    The mark goes last: if this process dies in between, Snakemake makes the output again.

    Raises:
        OSError: the record cannot be written.
    """
    _put(_path(workdir, output), json.dumps({**fields, "record_format_version": _FORMAT}))
    unmark(workdir, output)


def recorded_fields(workdir: Path, output: str) -> dict[str, Any]:
    """All fields of a record; none if there is no record that this module understands."""
    try:
        record: Any = json.loads(content_of(_path(workdir, output)))
    except (OSError, ValueError, RecursionError):
        return {}
    is_known = isinstance(record, dict) and record.get("record_format_version") == _FORMAT
    return record if is_known else {}


def remove_metadata(workdir: Path, output: str) -> None:
    """Remove the record of an output, and the mark that it is incomplete."""
    _remove(_path(workdir, output))
    unmark(workdir, output)


def mark_incomplete(workdir: Path, output: str) -> None:
    """Mark an output as incomplete, as Snakemake does when it starts a job.

    Raises:
        OSError: the mark cannot be written.
    """
    _put(_path(workdir, output, _INCOMPLETE), '{"external_jobid": null}')


def unmark(workdir: Path, output: str) -> None:
    """Remove the mark that an output is incomplete."""
    _remove(_path(workdir, output, _INCOMPLETE))


def marked_incomplete(workdir: Path) -> Callable[[str], bool]:
    """Whether an output is marked as incomplete: a function over one look at all marks."""
    base = os.path.join(workdir, _INCOMPLETE)
    marked = {os.path.join(path, name) for path, _, names in os.walk(base) for name in names}
    return lambda output: bool(marked) and _path(workdir, output, _INCOMPLETE) in marked


def _put(path: str, text: str) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        with open(path, "w", encoding="utf-8") as old:
            old.write(text)
        return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with open(file, "w", encoding="utf-8") as new:
        os.fchmod(file, _MODE)
        new.write(text)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def has_metadata(workdir: Path, output: str) -> bool:
    """Whether Snakemake has any record of an output."""
    return os.path.exists(_path(workdir, output))


def _path(workdir: Path, output: str, folder: str = _FOLDER) -> str:
    name = urlsafe_b64encode(output.encode()).decode()
    parts = [name[at : at + _PART] for at in range(0, len(name), _PART)]
    return os.path.join(workdir, folder, *(f"@{part}" for part in parts[:-1]), parts[-1])


def _texts(values: Any) -> frozenset[str] | None:
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return None
    return frozenset(values)

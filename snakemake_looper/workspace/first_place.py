"""The place where a project was planned first, see `places`.

It is noted in `.snakemake/looper/places/`, once for each looper config of a working directory.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from ..files import read_text
from ..layout import PLACES
from .own_files import put
from .places import folder_names


class FirstPlace(NamedTuple):
    """The absolute paths that the two folders of a project had first."""

    root: str
    """The folder of the looper config."""
    workdir: str


def names_since_first(looper_config: Path, workdir: Path, may_write: bool) -> list[tuple[str, str]]:
    """The project's folder and the working directory, each with the name that it had first.

    If there is no note and `may_write` is true, the place of today is noted as the first one.

    Raises:
        OSError: the note cannot be written.
    """
    today = FirstPlace(str(looper_config.parent), str(workdir))
    asked = os.path.relpath(looper_config, workdir)
    note = hashlib.sha256(asked.encode()).hexdigest()[:16]
    path = workdir / PLACES / f"{note}.json"
    first = _noted(path)
    if first is None:
        first = today
        if may_write:
            put(path, json.dumps(today._asdict()))
    return [*folder_names(today.root, first.root), *folder_names(today.workdir, first.workdir)]


def _noted(path: Path) -> FirstPlace | None:
    """The place that a note has; None if there is no note, or a damaged one."""
    try:
        found = json.loads(read_text(path) or "")
        first = FirstPlace(found["root"], found["workdir"])
    except (ValueError, KeyError, TypeError):
        return None
    return first if all(isinstance(one, str) and os.path.isabs(one) for one in first) else None

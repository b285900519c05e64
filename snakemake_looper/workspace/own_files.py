"""Files of ours below `.snakemake/looper`: written only if they differ, whatever is in their place."""

from __future__ import annotations

import os
from pathlib import Path

from ..files import discard, read_text, write_atomic
from ..layout import FOLDER


def make_folder(folder: Path) -> None:
    """Make a folder of ours; a file in its place, or in that of its parent, is taken away.

    Raises:
        OSError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        for path in (*reversed(folder.parents), folder):
            is_ours = f"{os.sep}{FOLDER}" in str(path)
            if is_ours and os.path.lexists(path) and not os.path.isdir(path):
                discard(path)
        folder.mkdir(parents=True, exist_ok=True)


def put(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file of ours unless its content is right; a folder in its place is taken away.

    Raises:
        OSError: it cannot be written.
    """
    if read_text(path) == text:
        return
    make_folder(path.parent)
    if os.path.isdir(path):
        discard(path)
    write_atomic(path, text, mode)

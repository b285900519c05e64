"""Files of this package below `.snakemake/looper`.

They are a cache. A file is written only if its content differs, and a folder or file that stands in
its place is removed.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..files import discard, read_text, write_atomic
from ..layout import FOLDER


def make_folder(folder: Path) -> None:
    """Make a folder of this package; a file in its place, or in that of its parent, is removed.

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
    """Write a file of this package unless its content is right; a folder in its place is removed.

    Raises:
        OSError: it cannot be written.
    """
    if read_text(path) == text:
        return
    make_folder(path.parent)
    if os.path.isdir(path):
        discard(path)
    write_atomic(path, text, mode)

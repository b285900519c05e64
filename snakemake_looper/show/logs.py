"""The log of a job, as it is and as it grows."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from .text import encodable

_CHUNK = 1 << 20  # bytes
# Everything that moves the cursor or changes the terminal; colours stay.
_HARMFUL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-ln-~]|\x1b[^\[]|[\x00-\x08\x0b\x0c\x0e-\x1a\x7f-\x9f]")


def copy_log(log: Path, output: TextIO) -> None:
    """Write a log to a stream. A terminal gets it without control characters.

    Raises:
        OSError: the log cannot be read, or the stream is closed.
    """
    for chunk in _chunks(log):
        _write(chunk, output)


def follow_log(
    log: Path, output: TextIO, is_over: Callable[[], bool], sleep: Callable[[], None] | None = None
) -> None:
    """Write a log to a stream as it grows, until its job is over.

    A new try of the job begins the log anew; it is then written from its beginning.

    Args:
        log: the path; the log may not be there yet.
        output: the stream.
        is_over: whether the job has ended.
        sleep: waits between two looks; half a second if it is None.
    """
    position = 0
    inode = None
    while True:
        over = is_over()  # asked first: what the job wrote before its end is then read below
        try:
            found = os.stat(log)
        except FileNotFoundError:
            found = None
        if found is not None:
            if found.st_ino != inode or found.st_size < position:
                position, inode = 0, found.st_ino
            for chunk in _chunks(log, position):
                position += len(chunk)
                _write(chunk, output)
        if over:
            return
        (sleep or (lambda: time.sleep(0.5)))()


def _chunks(log: Path, position: int = 0) -> Iterator[bytes]:
    with log.open("rb") as file:
        file.seek(position)
        while chunk := file.read(_CHUNK):
            yield chunk


def _write(chunk: bytes, output: TextIO) -> None:
    if output.isatty():
        output.write(encodable(_HARMFUL.sub("", chunk.decode(errors="replace")), output))
    else:
        output.flush()
        output.buffer.write(chunk)
    output.flush()

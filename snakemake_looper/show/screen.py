"""A terminal with a frame at its end, and lines of text that are printed above the frame.

A frame begins with an empty line. When the frame has been drawn, the cursor is left on that line,
and stays visible:

- Others that write to the terminal (a job, `^C`, the Enter key) write onto the empty line, and the
  next frame does not wipe out their text.
- A terminal that is made narrower breaks its lines anew. The cursor keeps its place above the
  frame, so the next frame replaces the old one as a whole.
- A process that is stopped or killed leaves nothing hidden behind.
"""

from __future__ import annotations

import io
import os
import shutil
import threading
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from .text import encodable

_TO_START, _CLEAR_LINE, _CLEAR_BELOW = "\r", "\x1b[K", "\x1b[J"


class Screen:
    """The frame that is drawn now, and the stream that it is drawn on. Any thread may call it."""

    def __init__(self, stream: TextIO, colour: bool) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._drawn = ""
        self._is_left = False
        self._console = Console(
            file=io.StringIO(), force_terminal=True, force_jupyter=False, width=1000,
            color_system="standard" if colour and not os.environ.get("NO_COLOR") else None,
            markup=False, highlight=False, emoji=False, legacy_windows=False,
        )  # fmt: skip

    def size(self) -> tuple[int, int]:
        """Columns and lines of the terminal."""
        try:
            width, height = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError, AttributeError):
            width, height = shutil.get_terminal_size()
        return width or 80, height or 24

    def draw(self, lines: Sequence[Text]) -> None:
        """Replace the frame by these lines, and leave the cursor above them."""
        rendered = [self._render([line]) for line in lines]
        with self._lock:
            below = "".join(f"\n{line}{_CLEAR_LINE}" for line in rendered) + _CLEAR_BELOW
            back = f"\x1b[{len(rendered)}A" if rendered else ""
            if not self._is_left and (rendered or self._drawn):
                self._drawn = f"{_TO_START}{_CLEAR_LINE}{below}{back}{_TO_START}"
                self._write(self._drawn)

    def above(self, lines: Sequence[Text]) -> None:
        """Print lines, without cutting long ones, and the frame again below them."""
        text = self._render(lines)
        with self._lock:
            self._write(
                f"{_TO_START}{_CLEAR_BELOW}{text}\n{self._drawn}" if self._drawn else f"{text}\n"
            )

    def leave(self, lines: Sequence[Text]) -> None:
        """Print these lines in the place of the frame, and draw no frame any more."""
        text = "\n".join(self._render([line]) for line in lines)
        with self._lock:
            if self._drawn or text:
                self._write(f"{_TO_START}{_CLEAR_BELOW}" + (f"\n{text}\n" if text else ""))
            self._drawn, self._is_left = "", True

    def _render(self, lines: Sequence[Text]) -> str:
        with self._lock, self._console.capture() as capture:
            self._console.print(*lines, sep="\n", end="", soft_wrap=True)
        return capture.get()

    def _write(self, text: str) -> None:
        self._stream.write(encodable(text, self._stream))
        self._stream.flush()

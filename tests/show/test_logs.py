"""The log of a job: printed, and followed while it grows."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

from snakemake_looper.show.logs import copy_log, follow_log


class Terminal(io.TextIOWrapper):
    """A stream that says whether it is a terminal."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


def test_a_file_gets_the_log_as_it_is(tmp_path: Path) -> None:
    log, output = tmp_path / "log", Terminal(False)
    log.write_bytes(b"a\x1b[2J\x07\r\nb\n")
    copy_log(log, output)
    assert output.text == "a\x1b[2J\x07\r\nb\n"


def test_a_terminal_gets_colours_and_nothing_that_moves_the_cursor(tmp_path: Path) -> None:
    log, output = tmp_path / "log", Terminal(True)
    log.write_bytes(b"\x1b[31mred\x1b[0m\x1b[2J\x1b]0;title\x07\tb\n")
    copy_log(log, output)
    assert output.text == "\x1b[31mred\x1b[0m0;title\tb\n"


def following(log: Path, steps: Iterable[Callable[[], object]]) -> str:
    """The output of following a log, with one step between every two looks."""
    left = list(steps)
    output = Terminal(False)
    follow_log(log, output, lambda: not left, lambda: left.pop(0)() and None)
    return output.text


def test_a_log_is_followed_until_its_job_is_over(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def more(text: str) -> None:
        with log.open("a") as file:
            file.write(text)

    assert following(log, []) == ""
    steps = [lambda: None, lambda: more("a\n"), lambda: None, lambda: more("b\n")]
    assert following(log, steps) == "a\nb\n"


def test_a_new_try_begins_the_log_anew(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first try, long\n")
    other = tmp_path / "other"

    def another_file() -> None:
        other.write_text("third\n")
        other.rename(log)

    steps = [lambda: log.write_text("second\n"), another_file]
    assert following(log, steps) == "first try, long\nsecond\nthird\n"

"""The live view on a terminal."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import pty
import re
import select
import struct
import sys
import termios
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import pytest
from support.projects import write
from support.running import PATIENCE, run
from support.views import FAILURE, NOTHING, RUN, Stream, settings

from snakemake_looper.run.snapshot import Snapshot
from snakemake_looper.show.choice import choose
from snakemake_looper.show.live import LiveView


@dataclass
class Terminal:
    """As much of a terminal as the view needs: text, and the few controls that it uses."""

    width: int = 80

    def __post_init__(self) -> None:
        self.cells: dict[tuple[int, int], str] = {}
        self.row = self.column = 0

    def feed(self, text: str) -> Terminal:
        for token in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|.", text, re.DOTALL):
            self._take(token)
        return self

    def _take(self, token: str) -> None:
        if token == "\r":
            self.column = 0
        elif token == "\n":  # the terminal's driver puts a \r before it
            self.row, self.column = self.row + 1, 0
        elif not token.startswith("\x1b"):
            if self.column == self.width:
                self.row, self.column = self.row + 1, 0
            self.cells[self.row, self.column] = token
            self.column += 1
        elif token.endswith("A"):
            self.row -= int(token[2:-1])
            assert self.row >= 0
        elif token.endswith(("K", "J")):
            below = token.endswith("J")
            for row, column in list(self.cells):
                here = row == self.row and column >= self.column
                if here or (below and row > self.row):
                    del self.cells[row, column]
        else:
            assert token.endswith("m"), f"a control that was not expected: {token!r}"

    @property
    def text(self) -> str:
        last = max((row for row, _ in self.cells), default=-1)
        return "\n".join(
            "".join(self.cells.get((row, column), " ") for column in range(self.width)).rstrip()
            for row in range(last + 1)
        )


def view_of(stream: Stream, snapshot: Snapshot = RUN, colour: bool = False) -> LiveView:
    return LiveView(lambda: snapshot, stream, colour, clock=lambda: 100.0)


BARS = (
    "count_lines sample   ━━━━━━━━─╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  32/120  2 failed  4 running\n"
    "count_lines project  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌     0/1\n"
)


def test_the_terminal_when_the_run_is_over() -> None:
    stream = Stream()
    view = view_of(stream)
    view.message("Unlocked working directory.", logging.INFO)
    view.start()
    view.failed(FAILURE)
    view.message("[red]not[/red] markup " + "x" * 100, logging.WARNING)
    view.stop()
    view.stop()
    view.message("Complete log(s): 1.log", logging.INFO)
    screen = Terminal().feed(stream.getvalue())
    assert screen.text == (
        "Unlocked working directory.\n"
        "✗ count_lines b failed: the command exited with 3\n"
        "  log: logs/b.log\n"
        f"[red]not[/red] markup {'x' * 58}\n"
        f"{'x' * 42}\n"
        f"\n{BARS}took 0 s\n"
        "Complete log(s): 1.log"
    )
    assert screen.column == 0


def test_of_failures_that_are_alike_the_first_three_are_told() -> None:
    stream = Stream()
    view = view_of(stream)
    for name in ("a", "b", "c", "d", "e", "f"):
        view.failed(replace(FAILURE, record=name, log=f"{name}.log", excerpt=(f"no file {name}",)))
    view.failed(replace(FAILURE, record="g", excerpt=("Killed",)))
    said = "failed: the command exited with 3"
    assert Terminal().feed(stream.getvalue()).text.replace("\n ", " ").split("\n") == [
        f"✗ count_lines a {said}  log: a.log",
        f"✗ count_lines b {said}  log: b.log",
        f"✗ count_lines c {said}  log: c.log",
        f"✗ count_lines d {said}; more like it are counted",
        f"✗ count_lines g {said}  log: logs/b.log",
    ]


def test_until_there_are_bars_a_line_says_what_happens() -> None:
    stream = Stream()
    view = view_of(stream)
    view.announce("finding out which jobs are due")
    assert Terminal().feed(stream.getvalue()).text == "\nfinding out which jobs are due"
    view.message("a line", logging.INFO)
    assert Terminal().feed(stream.getvalue()).text == "a line\n\nfinding out which jobs are due"
    view.start()
    view.stop()
    assert Terminal().feed(stream.getvalue()).text == f"a line\n\n{BARS}took 0 s"


def test_that_line_goes_if_there_is_nothing_to_run() -> None:
    stream = Stream()
    view = view_of(stream, NOTHING)
    view.announce("finding out which jobs are due")
    view.message("Nothing to be done.", logging.INFO)
    view.stop()
    view.announce("too late")
    screen = Terminal().feed(stream.getvalue())
    assert (screen.text, screen.column) == ("Nothing to be done.", 0)


def test_the_text_of_others_is_not_wiped_out() -> None:
    stream = Stream()
    view = view_of(stream)
    view._screen.draw(view._frame(final=False))
    stream.write("a line of a job\n")
    view._screen.draw(view._frame(final=False))
    stream.write("^C")
    view._screen.above([])
    screen = Terminal().feed(stream.getvalue())
    assert screen.text.startswith("a line of a job\n")
    assert screen.text.count("count_lines sample") == 1


def test_without_colour_there_are_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(colour: bool) -> str:
        stream = Stream()
        view = view_of(stream, colour=colour)
        view.start()
        view.failed(FAILURE)
        view.message("text", logging.ERROR)
        view.stop()
        return stream.getvalue()

    assert "\x1b[31m" in written(colour=True)
    assert not re.search(r"\x1b\[[\d;]*m", written(colour=False))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*m", written(colour=True))


def test_levels_have_colours() -> None:
    for level, code in ((logging.ERROR, "\x1b[31m"), (logging.WARNING, "\x1b[33m")):
        stream = Stream()
        view_of(stream, colour=True).message("text\n", level)
        assert stream.getvalue() == f"{code}text\x1b[0m\n"
    stream = Stream()
    view_of(stream, colour=True).message("text", logging.INFO)
    assert stream.getvalue() == "text\n"


def test_a_warning_that_comes_with_every_job_is_printed_once() -> None:
    stream = Stream()
    view = view_of(stream)
    for text in ("no wall time", "no memory", "no wall time"):
        view.message(text, logging.WARNING)
        view.message("an error", logging.ERROR)
    assert stream.getvalue() == "no wall time\nan error\nno memory\nan error\nan error\n"


def test_an_encoding_without_bars() -> None:
    stream = Stream(encoding="ascii")
    view = view_of(stream)
    view.start()
    view.failed(replace(FAILURE, record="señor"))
    view.stop()
    assert stream.getvalue().isascii()
    assert "x count_lines se?or failed" in stream.getvalue()


def test_failures_and_messages_ask_for_no_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakemake_looper.show.live._INTERVAL", 3600)
    calls = 0

    def snapshot() -> Snapshot:
        nonlocal calls
        calls += 1
        return RUN

    view = LiveView(snapshot, Stream(), False)
    view.start()
    for _ in range(1000):
        view.failed(FAILURE)
        view.message("an error", logging.ERROR)
    view.stop()
    assert calls == 2, "the first one, and the last one"


def test_an_error_is_said_once_and_the_view_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    calls = itertools.count()
    well = threading.Event()

    def snapshot() -> Snapshot:
        if next(calls) < 2:
            raise KeyError("no such job")
        well.set()
        return RUN

    stream = Stream()
    view = LiveView(snapshot, stream, False)
    view.start()
    assert well.wait(PATIENCE)
    view.stop()
    error = capsys.readouterr().err
    assert error.count("error in looper's progress view (the run is not affected)") == 1
    assert error.count("KeyError: 'no such job'") == 1
    assert "count_lines sample" in stream.getvalue()


def test_a_terminal_that_is_gone_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Gone(Stream):
        def write(self, text: str) -> int:
            raise OSError("Input/output error")

    view = view_of(Gone())
    view.start()
    view.failed(FAILURE)
    view.message("text", logging.ERROR)
    view.stop()
    assert capsys.readouterr().err.count("OSError: Input/output error") == 1


def test_nothing_is_drawn_where_there_is_nothing_to_show() -> None:
    stream = Stream()
    view = view_of(stream, NOTHING)
    view.start()
    view.message("Nothing to be done.", logging.INFO)
    view.stop()
    assert stream.getvalue() == "Nothing to be done.\n"


def test_a_process_that_ends_without_stopping_the_view_leaves_the_bars(tmp_path: Path) -> None:
    code = """
        import sys, threading
        from snakemake_looper.run.snapshot import Snapshot, Tally
        from snakemake_looper.show.live import LiveView
        asked = threading.Event()
        def snapshot():
            asked.set()
            return Snapshot((Tally("p", "sample", 4, 0, 0, 3, 1, 0),), (), "")
        LiveView(snapshot, sys.stdout, False, clock=lambda: 100.0).start()
        asked.wait()
        raise SystemExit(3)
        """
    write(tmp_path, {"script.py": code})
    done = run(sys.executable, "script.py", cwd=tmp_path, PYTHONIOENCODING="utf-8")
    assert (done.code, done.err) == (3, "")
    screen = Terminal().feed(done.out)
    assert screen.text.endswith("━  3/4  1 failed\ntook 0 s")
    assert screen.column == 0 and screen.row == screen.text.count("\n") + 1


def resize(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def drain(descriptor: int, stream: TextIO) -> str:
    """All that the other side has written."""
    end = b"\0"
    stream.write(end.decode())
    stream.flush()
    got = b""
    while not got.endswith(end):
        assert select.select([descriptor], [], [], PATIENCE)[0]
        got += os.read(descriptor, 100_000)
    return got.removesuffix(end).decode()


def test_a_real_terminal_stays_sane_and_can_be_resized() -> None:
    controller, descriptor = pty.openpty()
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        resize(controller, 80, 24)
        before = termios.tcgetattr(descriptor)
        assert choose(settings(), stream, others=False) == "live"
        view = LiveView(lambda: RUN, stream, True, clock=lambda: 100.0)
        view.start()
        view.failed(FAILURE)
        view.stop()
        wide = drain(controller, stream)
        resize(controller, 40, 12)
        view = LiveView(lambda: RUN, stream, True)
        view.start()
        view.stop()
        narrow = drain(controller, stream)
        assert termios.tcgetattr(descriptor) == before
    os.close(controller)
    assert BARS.splitlines()[1] in Terminal(80).feed(wide).text
    assert "count_…roject  ╌╌╌╌╌╌     0/1" in Terminal(40).feed(narrow).text
    for text in (wide, narrow):
        assert "\x1b[?" not in text, "no mode of the terminal is changed, nor the cursor hidden"
        assert text.endswith("\n")

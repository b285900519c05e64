"""A screen on a stream: the frame is drawn below the cursor, and text is printed above it."""

from __future__ import annotations

import pytest
from rich.text import Text
from support.views import Stream

from snakemake_looper.show.screen import Screen

CLEAR_LINE, BELOW = "\x1b[K", "\x1b[J"
FRAME = f"\r{CLEAR_LINE}\none{CLEAR_LINE}\ntwo{CLEAR_LINE}{BELOW}\x1b[2A\r"
"""Two lines, and the cursor above them again."""


def lines(*texts: str) -> list[Text]:
    return [Text(text) for text in texts]


def written(stream: Stream) -> str:
    """The text since the last call."""
    text = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return text


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def screen(stream: Stream) -> Screen:
    return Screen(stream, colour=False)


def test_the_cursor_is_left_above_the_frame(screen: Screen, stream: Stream) -> None:
    screen.draw(lines("one", "two"))
    assert written(stream) == FRAME


def test_a_shorter_frame_clears_the_longer_one(screen: Screen, stream: Stream) -> None:
    screen.draw(lines("one", "two"))
    written(stream)
    screen.draw([])
    assert written(stream) == f"\r{CLEAR_LINE}{BELOW}\r"


def test_no_frame_is_not_drawn(screen: Screen, stream: Stream) -> None:
    screen.draw([])
    assert written(stream) == ""


def test_text_is_printed_above_the_frame(screen: Screen, stream: Stream) -> None:
    screen.above(lines("first"))
    assert written(stream) == "first\n"
    screen.draw(lines("one", "two"))
    written(stream)
    screen.above(lines("text", "more"))
    assert written(stream) == f"\r{BELOW}text\nmore\n{FRAME}"


def test_text_is_not_wrapped_and_not_read_as_markup(screen: Screen, stream: Stream) -> None:
    text = f"[red]{'x' * 1500}[/red] :smile:"
    screen.above(lines(text))
    assert written(stream) == f"{text}\n"


def test_last_lines_stand_in_the_place_of_the_frame(screen: Screen, stream: Stream) -> None:
    screen.draw(lines("one", "two"))
    written(stream)
    screen.leave(lines("done"))
    assert written(stream) == f"\r{BELOW}\ndone\n"
    screen.draw(lines("one"))
    assert written(stream) == "", "no frame is drawn any more"
    screen.above(lines("late"))
    assert written(stream) == "late\n"


def test_a_screen_without_a_frame_is_left_as_it_is(screen: Screen, stream: Stream) -> None:
    screen.leave([])
    assert written(stream) == ""


@pytest.mark.parametrize(
    ("colour", "no_color", "coloured"),
    [(True, "", True), (True, "1", False), (False, "", False)],
)
def test_colour(
    stream: Stream, monkeypatch: pytest.MonkeyPatch, colour: bool, no_color: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    Screen(stream, colour).above([Text("bad", style="red")])
    assert written(stream) == ("\x1b[31mbad\x1b[0m\n" if coloured else "bad\n")


def test_characters_that_the_stream_lacks_are_question_marks() -> None:
    stream = Stream(encoding="ascii")
    Screen(stream, colour=False).above(lines("Zürich ✓"))
    assert written(stream) == "Z?rich ?\n"


def test_the_size_without_a_terminal(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    assert screen.size() == (100, 30)

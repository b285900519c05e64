"""No character of other people's names, values and logs acts upon a terminal.

Each door to the terminal is opened once, with the same text.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import pytest
from support.views import NOTHING, Stream

from snakemake_looper import messages
from snakemake_looper.model import Job, Skip
from snakemake_looper.results.json_values import json_text
from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.run.snapshot import Failure, Snapshot, Tally
from snakemake_looper.show.frame import Clock, Space, frame
from snakemake_looper.show.live import LiveView
from snakemake_looper.show.plain import PlainLines
from snakemake_looper.show.plans import job_text, namespaces_text
from snakemake_looper.show.statuses import check_text
from snakemake_looper.show.tables import render, skip_table

EVIL = "\x1b]0;title\x07\x1b[2J\r\x08\x9b31m\u202e\u2066\u2028\x85\x7f\x0b\x0c"
"""The terminal's title, an empty screen, a line written over, colours, text from right to left."""
RECORD = RecordStatus(EVIL, "sample", EVIL, "failed", EVIL, EVIL, tail=(EVIL,), remedy=EVIL)
FAILURE = Failure(EVIL, "sample", EVIL, "failed", EVIL, EVIL)
TALLY = Tally(EVIL, "sample", 1, 0, 1, 0, 0, 0)
JOB = Job(EVIL, EVIL, "sample", EVIL, f"a\n\tb{EVIL}", {EVIL: EVIL}, 1, {}, {}, (EVIL,), EVIL, EVIL)


def printed(door: Callable[[Stream], object]) -> str:
    stream = Stream()
    door(stream)
    return stream.getvalue()


def live(stream: Stream) -> LiveView:
    return LiveView(lambda: NOTHING, stream, colour=False)


DOORS: dict[str, Callable[[], object]] = {
    "check": lambda: check_text([RECORD], itemized=False),
    "check --itemized": lambda: check_text([RECORD], itemized=True),
    "skipped": lambda: render(EVIL, skip_table([Skip(EVIL, EVIL, EVIL, True)])),
    "inspect --sample": lambda: job_text(JOB) + namespaces_text({"sample": {EVIL: EVIL}}),
    "JSON": lambda: json_text({EVIL: [EVIL]}),
    "a failure": lambda: printed(lambda stream: live(stream).failed(FAILURE)),
    "Snakemake's log": lambda: printed(lambda to: live(to).message(f"a\n{EVIL}\n", logging.ERROR)),
    "plain lines": lambda: printed(lambda to: PlainLines(to).failed(FAILURE)),
    "bars": lambda: frame(Snapshot((TALLY,), (), EVIL), Clock(1, 1), Space(400, 20))[0].plain,
}


@pytest.mark.parametrize("door", DOORS)
def test_views(door: str) -> None:
    text = str(DOORS[door]())
    assert [one for one in text if not one.isprintable() and one not in "\n\t"] == []
    assert "2J" in text, "it is shown as an escape"


@pytest.mark.parametrize("door", [messages.note, messages.warn, messages.complain])
def test_messages(door: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    door(EVIL)
    said = capsys.readouterr().err.removesuffix("\n")
    assert said.isprintable() and "2J" in said


def test_results_are_escaped_for_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_terminal, shown in ((True, "a\tb\n\\x1b[2J\\u202e"), (False, "a\tb\n\x1b[2J\u202e")):
        stream = Stream(tty=is_terminal)
        monkeypatch.setattr(sys, "stdout", stream)
        messages.show("a\tb\n\x1b[2J\u202e")
        assert stream.getvalue() == f"{shown}\n"


def test_a_locale_without_the_characters_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with open(1, "w", encoding="ascii", closefd=False) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        messages.show("né \udc80")
    assert capfdbinary.readouterr().out == b"n\\xe9 \\udc80\n"

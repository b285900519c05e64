"""Signals that ask the main process to end."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from snakemake_looper.run.interrupts import interrupted_since, note_interrupts


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def test_ctrl_c_is_noted_and_still_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begin = time.time()
    note_interrupts()
    note_interrupts()
    assert not interrupted_since(begin)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert interrupted_since(begin)
    assert not interrupted_since(time.time() + 1)


def test_a_handler_that_is_set_later_is_noted_anew() -> None:
    heard: list[int] = []
    note_interrupts()
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    note_interrupts()
    begin = time.time()
    signal.raise_signal(signal.SIGTERM)
    assert heard == [signal.SIGTERM] and interrupted_since(begin)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    note_interrupts()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN

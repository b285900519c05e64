"""Calls that wait for a disk at the same time."""

from __future__ import annotations

from threading import Barrier

import pytest

from snakemake_looper.files import at_once


def test_calls_wait_at_the_same_time() -> None:
    together = Barrier(4)
    at_once(lambda _: together.wait(30), range(4))


def test_an_error_is_raised_when_all_calls_are_made() -> None:
    made = []

    def call(number: int) -> None:
        made.append(number)
        if number in (3, 5):
            raise OSError(f"call {number}")

    with pytest.raises(OSError, match="call 3"):
        at_once(call, range(40))
    assert sorted(made) == list(range(40))

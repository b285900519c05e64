"""Python's collector, while a plan is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from snakemake_looper import collector


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@collector.seldom()
def inside() -> tuple[int, int, int]:
    return gc.get_threshold()


def test_it_looks_seldom_and_afterwards_as_before() -> None:
    gc.set_threshold(701, 11, 12)
    assert inside()[0] > 701
    assert inside()[0] > 701  # the decorator holds at each call
    assert gc.get_threshold() == (701, 11, 12)


def test_it_is_as_before_after_an_error() -> None:
    gc.set_threshold(701, 11, 12)
    with pytest.raises(ValueError, match="x"), collector.seldom():
        raise ValueError("x")
    assert gc.get_threshold() == (701, 11, 12)


def test_a_collector_that_is_off_stays_off() -> None:
    gc.set_threshold(0)
    assert inside()[0] == 0

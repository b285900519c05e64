"""The time that is left."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.views import PROJECT, tally

from snakemake_looper.run.snapshot import Tally
from snakemake_looper.show.estimate import Estimate


def left_after(history: list[tuple[float, tuple[Tally, ...]]]) -> float | None:
    estimate = Estimate()
    for now, tallies in history:
        estimate.update(tallies, now)
    return estimate.left(history[-1][0])


def test_the_time_left_follows_from_completed_jobs() -> None:
    assert left_after([(0, (tally(0),)), (3, (tally(1),))]) == pytest.approx(27)
    assert left_after([(0, (tally(0),)), (3, (tally(1),)), (6, (tally(2),)), (8, (tally(2),))]) == (
        pytest.approx(22)
    ), "counted down in between"


def test_no_estimate_before_enough_jobs_completed() -> None:
    assert left_after([(0, (tally(0),)), (3, (tally(0),))]) is None
    assert left_after([(0, (tally(0, 4),)), (3, (tally(3, 4),))]) is None
    assert left_after([(0, (tally(0, 4),)), (3, (tally(4, 4),))]) is not None
    other = Tally("q", "sample", 5, 5, 0, 0, 0, 0)
    assert left_after([(0, (tally(0), other)), (3, (tally(1), other))]) is None
    assert left_after([(0, (tally(0), PROJECT)), (3, (tally(1), PROJECT))]) is not None


def test_no_estimate_when_its_time_is_up() -> None:
    assert left_after([(0, (tally(0),)), (3, (tally(1),)), (40, (tally(1),))]) is None


def test_pipelines_have_their_own_pace() -> None:
    quick = Tally("q", "sample", 101, 100, 1, 0, 0, 0)
    done = replace(quick, running=0, completed=1)
    history = [
        (0.0, (quick, tally(0))),
        (1.0, (quick, tally(0))),
        (5.0, (done, tally(0))),
        (9.0, (done, tally(1))),
    ]
    # 1 s for each of 100, and 9 s for each of 9, where 10/9 were running on average.
    assert left_after(history) == pytest.approx((100 * 1 + 9 * 9) / (10 / 9))

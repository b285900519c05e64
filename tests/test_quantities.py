"""Durations, sizes and moments as text."""

from __future__ import annotations

from datetime import datetime

import pytest

from snakemake_looper.quantities import duration, memory, moment


@pytest.mark.parametrize(
    "seconds, text",
    [
        (-3, "0 s"), (0.4, "0 s"), (42.9, "42 s"), (60, "1 min 0 s"), (125, "2 min 5 s"),
        (3599, "59 min 59 s"), (3600, "1 h 0 min"), (12_000, "3 h 20 min"), (187_200, "2 d 4 h"),
    ],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    "mb, text",
    [
        (0, "0.0 MB"), (0.42, "0.4 MB"), (9.96, "10 MB"), (512.3, "512 MB"), (1023.4, "1023 MB"),
        (1023.7, "1.0 GB"), (1229, "1.2 GB"), (65_536, "64 GB"), (3 * 1024**2, "3.0 TB"),
        (5000 * 1024**3, "5000 PB"),
    ],
)  # fmt: skip
def test_a_size_is_in_the_largest_unit_that_it_fills(mb: float, text: str) -> None:
    assert memory(mb) == text


def test_a_moment_of_today_has_no_date() -> None:
    noon = datetime(2026, 11, 26, 12).timestamp()
    assert moment(datetime(2026, 11, 26, 10, 52, 59).timestamp(), noon) == "10:52"
    assert moment(datetime(2026, 11, 25, 23, 59).timestamp(), noon) == "2026-11-25 23:59"
    assert moment(datetime(2025, 11, 26, 10, 52).timestamp(), noon) == "2025-11-26 10:52"

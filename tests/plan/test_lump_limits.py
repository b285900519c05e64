"""Lumps: the limits that options set, and how many samples are in each lump."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.projects import TOUCH
from support.running import cli

from snakemake_looper import Options, ProjectError
from snakemake_looper.model import LumpLimits
from snakemake_looper.plan.lumps import lump_numbers
from snakemake_looper.plan.planner import plan_project


@pytest.fixture
def lumped(project: Callable[..., Path]) -> Path:
    return project(TOUCH)


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        (Options(), None),
        (Options(lump_n="3"), LumpLimits(members=3)),
        (Options(lump_j="2", lump_threads="4"), LumpLimits(lumps=2, threads=4)),
        (Options(lump="0.5", lump_n="4"), LumpLimits(size_gb=0.5, members=4)),
    ],
)
def test_limits_of_a_plan(lumped: Path, options: Options, limits: LumpLimits | None) -> None:
    assert plan_project(lumped / ".looper.yaml", options).lumps == limits


def test_sizes_are_in_the_plan_if_they_limit_lumps(lumped: Path) -> None:
    def sizes(options: Options) -> list[bool]:
        return [job.size_gb > 0 for job in plan_project(lumped / ".looper.yaml", options).jobs]

    (lumped / "a.txt").write_text("x" * 1000)
    assert sizes(Options(lump="1"))[0]
    assert not any(sizes(Options(lump_n="1")))


def test_threads_without_lumps_have_no_effect(lumped: Path) -> None:
    plan = plan_project(lumped / ".looper.yaml", Options(lump_threads="2"))
    told = "--lump-threads: has no effect without lumps; add --lump-n, or leave it out"
    assert told in plan.warnings


def test_benchmarks_that_lumps_cannot_have_are_named(lumped: Path) -> None:
    text = (lumped / "touch.yaml").read_text()
    (lumped / "touch.yaml").write_text(
        f'{text}\nsnakemake: {{benchmark: "b/{{sample.sample_name}}"}}\n'
    )
    plan = plan_project(lumped / ".looper.yaml", Options(lump_n="2"))
    told = (
        "--lump-n: no benchmarks are written for touch_sample: Snakemake cannot measure the samples"
        " of a lump; run without lumps to have them"
    )
    assert told in plan.warnings
    assert told not in plan_project(lumped / ".looper.yaml").warnings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(lump_n="0"), "--lump-n: '0' is not a whole number of at least 1; correct it"),
        (Options(lump_j="x"), "--lump-j: 'x' is not a whole number of at least 1; correct it"),
        (Options(lump="-1"), "--lump: '-1' is not a number of GB; correct it"),
        (Options(lump="nan"), "--lump: 'nan' is not a number of GB; correct it"),
        (
            Options(lump_n="2", lump_j="2"),
            "--lump-n: cannot be combined with --lump-j; choose one",
        ),
        (
            Options(lump_n="2", lump_threads="0"),
            "--lump-threads: '0' is not a whole number of at least 1; correct it",
        ),
    ],
)
def test_wrong_limits(lumped: Path, options: Options, message: str) -> None:
    with pytest.raises(ProjectError) as error:
        plan_project(lumped / ".looper.yaml", options)
    assert str(error.value) == message


def test_wrong_limits_are_said_on_the_command_line(lumped: Path) -> None:
    done = cli("inspect", "--lump-n", "0", cwd=lumped)
    message = "--lump-n: '0' is not a whole number of at least 1; correct it"
    assert (done.code, done.err) == (2, f"error: {message}\n")


@given(
    sizes=st.lists(st.floats(0, 10), max_size=30),
    count=st.none() | st.integers(1, 10),
    limit=st.none() | st.floats(0, 20),
)
def test_lumps_are_full_but_not_more(
    sizes: list[float], count: int | None, limit: float | None
) -> None:
    """A lump closes with the member that fills it: without its last member none is full."""
    numbers = lump_numbers(sizes, limit, count)
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, len(set(numbers)) + 1))
    for number in set(numbers):
        members = [size for size, one in zip(sizes, numbers, strict=True) if one == number]
        before = members[:-1]
        assert not count or len(before) < count
        assert not before or limit is None or sum(before) < limit


@pytest.mark.parametrize(("count", "lumps", "sizes"), [(7, 2, [4, 3]), (7, 3, [3, 3, 1])])
def test_a_number_of_lumps(count: int, lumps: int, sizes: list[int]) -> None:
    numbers = lump_numbers([0.0] * count, None, None, lumps)
    assert [numbers.count(number) for number in sorted(set(numbers))] == sizes

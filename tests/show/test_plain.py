"""Lines for log files and CI."""

from __future__ import annotations

import itertools
from dataclasses import replace

from support.views import FAILURE, NOTHING, RUN, Stream, tally

from snakemake_looper.run.snapshot import Failure, Snapshot, Tally
from snakemake_looper.show.plain import PlainLines


def test_plain_failures() -> None:
    stream = Stream(tty=False)
    plain = PlainLines(stream)
    plain.failed(FAILURE)
    plain.failed(Failure("p", "project", "[demo]", "partial", "", ""))
    plain.failed(replace(FAILURE, reason="two\nlines"))
    assert stream.getvalue() == (
        "looper: count_lines b failed: the command exited with 3 (log: logs/b.log)\n"
        "looper: p project [demo] partial\n"
        "looper: count_lines b failed: two\\nlines (log: logs/b.log)\n"
    )


def test_of_failures_that_are_alike_the_first_three_are_told() -> None:
    stream = Stream(tty=False)
    plain = PlainLines(stream)
    for number in range(2000):
        name = f"frog_{number}"
        excerpt = (f"Error: data/{name}.txt: {number} reads",)
        plain.failed(replace(FAILURE, record=name, log=f"{name}.log", excerpt=excerpt))
    plain.failed(replace(FAILURE, record="toad", excerpt=("Error: no reference",)))
    said = "failed: the command exited with 3"
    assert stream.getvalue().splitlines() == [
        *(f"looper: count_lines frog_{at} {said} (log: frog_{at}.log)" for at in range(3)),
        f"looper: count_lines frog_3 {said}; more like it are counted",
        f"looper: count_lines toad {said} (log: logs/b.log)",
    ]


def test_plain_progress_comes_now_and_then() -> None:
    stream, clock = Stream(tty=False), itertools.count(0, 10)
    plain = PlainLines(stream, lambda: float(next(clock)))
    for completed in (0, 1, 2, 3, 4, 5):  # at 10, 20, ... 60 s
        plain.progress(Snapshot((tally(completed),), (), ""))
    for _ in range(20):
        plain.progress(Snapshot((tally(5),), (), ""))
    assert stream.getvalue() == (
        "looper: 2 of 10 done, 1 running\nlooper: 5 of 10 done, 1 running\n"
    )


def test_plain_progress_names_pipelines_where_there_are_several() -> None:
    stream, clock = Stream(tty=False), itertools.count(0, 31)
    plain = PlainLines(stream, lambda: float(next(clock)))
    plain.progress(NOTHING)
    plain.progress(RUN)
    many = tuple(Tally(f"p{at}", "sample", 1, 0, 0, 1, 0, 0) for at in range(8))
    plain.progress(Snapshot(many, (), ""))
    assert stream.getvalue() == (
        "looper: 32 of 121 done, 2 failed, 4 running: "
        "count_lines sample 32/120, count_lines project 0/1\n"
        "looper: 8 of 8 done: p0 1/1, p1 1/1, p2 1/1, p3 1/1, p4 1/1, p5 1/1, and 2 more\n"
    )


def test_plain_lines_fit_any_encoding() -> None:
    stream = Stream(tty=False, encoding="ascii")
    PlainLines(stream).failed(replace(FAILURE, record="señor"))
    assert "count_lines se?or failed" in stream.getvalue()

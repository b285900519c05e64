"""Failures that are alike."""

from __future__ import annotations

import pytest

from snakemake_looper.run.snapshot import Failure
from snakemake_looper.show.alike import grouped, kind_of, named


def failure(record: str, *lines: str, reason: str = "exit code 1", pipeline: str = "p") -> Failure:
    return Failure(pipeline, "sample", record, "failed", reason, f"{record}.log", lines)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Error: frog_1: bad", "Error: frog_2: bad"),
        ("cannot open /data/x/frog_1_R1.fq.gz", "cannot open /data/other/frog_2_R1.fq.gz"),
        ("12 of 30 reads, 3.5 %", "400 of 4,000 reads, 10.25 %"),
        ("2026-11-26T11:20:12 ERROR bad", "2026-12-01T09:00:59 ERROR bad"),
        ("at 0x7f3a9c, commit deadbeef1", "at 0x55d1e0, commit 1234abcdef"),
        ("/tmp/tmpab12cd/x is gone", "/tmp/tmpzz99yy/x is gone"),
        ("'frog_1' (data/frog_1.txt)", "'frog_2' (data/frog_2.txt)"),
    ],
)
def test_parts_that_differ_from_job_to_job_do_not_matter(first: str, second: str) -> None:
    assert kind_of(failure("frog_1", first)) == kind_of(failure("frog_2", second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("no such tool: trim", "no such tool: sort"),
        ("cannot open /ref/mm10.fa", "cannot open /ref/hg38.fa"),
        ("a bad a", "a bed a"),
    ],
)
def test_other_parts_matter(first: str, second: str) -> None:
    assert kind_of(failure("a", first)) != kind_of(failure("b", second))


def test_a_short_name_is_no_part_of_a_word() -> None:
    assert kind_of(failure("a", "a bad read of a")) == kind_of(failure("b", "b bad read of b"))


def test_a_reason_and_a_pipeline_matter() -> None:
    one = failure("a", "bad")
    assert kind_of(one) != kind_of(failure("a", "bad", reason="exit code 2"))
    assert kind_of(one) != kind_of(failure("a", "bad", pipeline="q"))


def test_groups_are_in_the_order_of_their_first() -> None:
    found = grouped([failure("a", "x"), failure("b", "y"), failure("c", "x"), failure("d", "y")])
    assert [[one.record for one in group] for group in found] == [["a", "c"], ["b", "d"]]


def test_names_are_counted_if_there_are_many() -> None:
    assert named(["a", "b", "c"], 3) == "a, b, c"
    assert named(["a", "b", "c", "d"], 2) == "a, b and 2 more"

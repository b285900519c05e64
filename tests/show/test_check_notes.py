"""The remarks of `check`: which records are out of date, and which have left the table."""

from __future__ import annotations

from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.show.check_notes import outdated_notes, removed_notes


def done(pipeline: str, *names: str, outdated: str | None = None) -> list[RecordStatus]:
    return [
        RecordStatus(pipeline, "sample", name, "completed", outdated=outdated) for name in names
    ]


def test_records_that_are_out_of_date() -> None:
    records = [
        *done("align", "a", "b"),
        *done("align", "c", "d", outdated="the command changed"),
        *done("align", "e", outdated="an input file changed: data/e.txt"),
        *done("qc", "a", outdated="an input file changed: data/a.txt"),
        *done("qc", "b", outdated="an input file changed: data/b.txt"),
        RecordStatus("qc", "sample", "c", "failed"),
    ]
    assert list(outdated_notes(records)) == [
        "align: 5 completed, 2 of them out of date: the command changed (c, d)",
        "align: 5 completed, 1 of them out of date: an input file changed (e)",
        "qc: 2 completed, 2 of them out of date: an input file changed (a, b)",
    ]
    assert list(outdated_notes(done("align", "a", "b"))) == []


def test_ten_are_named() -> None:
    names = [f"s{number}" for number in range(1, 13)]
    (text,) = outdated_notes(done("qc", *names, outdated="the command changed"))
    assert text.endswith("(s1, s2, s3, s4, s5, s6, s7, s8, s9, s10 and 2 more)")
    (text,) = outdated_notes(done("qc", *names[:10], outdated="the command changed"))
    assert text.endswith("s9, s10)")


def test_samples_that_left_the_table() -> None:
    removes = "'snakemake-looper destroy --removed' removes what is left"
    assert list(removed_notes([])) == []
    assert list(removed_notes(done("qc", "a") + done("align", "a"))) == [
        f"1 sample is not in the sample table: a; {removes}"
    ]
    assert list(removed_notes(done("qc", "a", "b"))) == [
        f"2 samples are not in the sample table: a, b; {removes}"
    ]

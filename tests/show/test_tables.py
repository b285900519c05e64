"""Tables of statuses and skipped samples, as text."""

from __future__ import annotations

from dataclasses import replace

from snakemake_looper.model import Skip
from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.show.tables import log_ends, record_table, render, skip_table, status_table

DONE = RecordStatus("count", "sample", "a", "completed", log="logs/a.log")
FAILED = RecordStatus(
    "count", "sample", "b", "failed", "the command exited with 3", "logs/b.log", 3,
    excerpt=("Error: bad", "last"), remedy="remove the lock",
)  # fmt: skip


def test_counts_by_pipeline() -> None:
    other = replace(DONE, pipeline="plot")
    assert render(status_table([DONE, FAILED, other])).splitlines() == [
        "pipeline  completed  failed",
        "count     1          1",
        "plot      1          0",
    ]


def test_a_row_for_each_record() -> None:
    assert render(record_table([DONE, FAILED])).splitlines() == [
        "pipeline  level   record  status     log         reason",
        "count     sample  a       completed  logs/a.log",
        "count     sample  b       failed     logs/b.log  the command exited with 3",
    ]


def test_a_reason_names_the_cluster_job_and_a_later_attempt() -> None:
    first = replace(FAILED, external_jobid="17", attempt=1)
    assert "exited with 3 (cluster job 17)" in render(record_table([first]))
    second = replace(first, attempt=2)
    assert "exited with 3 (cluster job 17, attempt 2)" in render(record_table([second]))
    assert render(record_table([replace(second, reason="")])).endswith("cluster job 17, attempt 2")


def test_markup_in_a_name_is_text_and_a_long_path_is_not_broken() -> None:
    path = "/" + "x" * 500
    text = render(record_table([replace(DONE, record="[red]a[/red]", log=path)]))
    assert "[red]a[/red]" in text and path in text


def test_the_lines_of_logs_that_say_why() -> None:
    assert list(log_ends([DONE, FAILED, FAILED], most=1)) == [
        "",
        "count b, from logs/b.log:",
        "    Error: bad",
        "    last",
        "  remove the lock",
    ]


def test_many_skips_are_counted() -> None:
    skips = [Skip("count", f"s{at}", "no file", fault=True) for at in range(22)]
    lines = render(skip_table(skips)).splitlines()
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "...       and 2 more"

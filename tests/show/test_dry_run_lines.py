"""A dry run as text: what is due in, lines out."""

from __future__ import annotations

import logging
import shlex
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_looper.run.causes import AFTER_SAMPLES, FIRST_TIME, RUNNING, Cause
from snakemake_looper.run.due import AllDue, Group, Named, PipelineDue
from snakemake_looper.show.dry_run import (
    command_to_start,
    dry_run_lines,
    is_shown_in_dry_run,
    skipped_lines,
)

COMMAND = Cause("again", "the command changed")
NEWER = Cause("again", "an input file is newer")


def group(cause: Cause, count: int, *details: str, begin: int = 1) -> Group:
    """Records frog_1, frog_2, …; those without a detail of their own have none."""
    texts = [*details, *[""] * count][: max(min(count, 12), len(details))]
    named = (Named(f"frog_{number}", text) for number, text in enumerate(texts, begin))
    return Group(cause, count, tuple(named))


def told(*pipelines: PipelineDue, width: int = 100, files: tuple[str, ...] = ()) -> str:
    due = AllDue(pipelines, files, has_other_rules=True)
    return "\n".join(dry_run_lines(due, "snakemake-looper run", width))


def test_what_is_due_and_why() -> None:
    same = ["'wc' is now 'cat'"] * 3
    skipped = group(Cause("skipped", "missing files"), 2, "a.fq", "b.fq", begin=13)
    count = PipelineDue(
        "count", "sample", 12, (group(COMMAND, 3, *same), group(FIRST_TIME, 2, begin=4)), (skipped,)
    )
    project = PipelineDue("count", "project", 1, (Group(AFTER_SAMPLES, 1, (Named("demo"),)),))
    assert told(count, project) == (
        "count: 5 of 12 samples to run\n"
        "  3 samples run again: the command changed ('wc' is now 'cat'): frog_1, frog_2, frog_3\n"
        "  2 samples run for the first time: frog_4, frog_5\n"
        "  2 samples are skipped: missing files: frog_13 (a.fq), frog_14 (b.fq)\n"
        "count, project level: runs after its samples\n"
        "Nothing was run. Start it with: snakemake-looper run"
    )
    assert skipped_lines(AllDue((count, project), ()), 100) == [
        "  2 samples are skipped: missing files: frog_13 (a.fq), frog_14 (b.fq)"
    ]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (group(NEWER, 1, "a.fq"), "1 sample runs again: an input file is newer: frog_1 (a.fq)"),
        (
            group(NEWER, 2, "a.fq", "b.fq"),
            "2 samples run again: an input file is newer: frog_1 (a.fq), frog_2 (b.fq)",
        ),
        (
            group(NEWER, 2, "a" * 30, "b"),
            f"2 samples run again: an input file is newer (frog_1: {'a' * 30}):"
            " frog_1,\n      frog_2",
        ),
        (
            group(NEWER, 2, "", "b" * 70),
            "2 samples run again: an input file is newer (frog_2:\n"
            f"      {'b' * 59}…): frog_1, frog_2",
        ),
        (group(RUNNING, 1), "1 sample is in a run that goes on now: frog_1"),
        (group(RUNNING, 2), "2 samples are in a run that goes on now: frog_1, frog_2"),
        (
            group(Cause("skipped", "evil\x1b[2J"), 1),
            "1 sample is skipped: evil\\x1b[2J: frog_1",
        ),
    ],
)
def test_a_group(given: Group, line: str) -> None:
    text = told(PipelineDue("p", "sample", 9, (given,)))
    assert text == (
        f"p: {given.count} of 9 samples to run\n  {line}\n"
        "Nothing was run. Start it with: snakemake-looper run"
    )


@pytest.mark.parametrize(
    ("groups", "left_out", "line"),
    [
        ((Group(AFTER_SAMPLES, 1, (Named("demo"),)),), "", "runs after its samples"),
        ((Group(FIRST_TIME, 1, (Named("demo"),)),), "", "runs for the first time"),
        (
            (Group(COMMAND, 1, (Named("demo", "'x' is now 'y'"),)),),
            "",
            "runs again: the command changed ('x' is now 'y')",
        ),
        ((), "", "up to date"),
        ((), "--limit selected samples", "left out: --limit selected samples"),
        ((), "it was not asked for", "left out: it was not asked for"),
    ],
)
def test_the_project_level(groups: tuple[Group, ...], left_out: str, line: str) -> None:
    project = PipelineDue("sum", "project", 1, groups, left_out=left_out)
    assert told(project).splitlines()[0] == f"sum, project level: {line}"


def test_many_samples_and_a_narrow_terminal() -> None:
    many = PipelineDue("count", "sample", 10_000, (group(FIRST_TIME, 10_000),))
    assert told(many).splitlines()[1] == (
        "  10000 samples run for the first time: frog_1, frog_2, frog_3, frog_4, frog_5, frog_6"
        " and 9994 more"
    )
    narrow = told(many, width=50).splitlines()
    assert narrow[1:3] == [
        "  10000 samples run for the first time: frog_1,",
        "      frog_2, frog_3 and 9997 more",
    ]
    assert max(map(len, narrow[:-1])) <= 50


def test_many_causes_stay_a_few_lines() -> None:
    groups = tuple(group(Cause("again", f"cause {number}"), 1) for number in range(7))
    lines = told(PipelineDue("p", "sample", 9, groups)).splitlines()
    assert lines[4] == "  4 samples for 4 other reasons: see --verbose" and len(lines) == 6


def test_other_rules() -> None:
    assert told() == (
        "results and statuses are brought where they belong\n"
        "Nothing was run. Start it with: snakemake-looper run"
    )
    assert told(files=("a", "b", "c")).startswith("also written: a, b, c\nNothing was run.")
    assert dry_run_lines(AllDue((), ("a",)), "", 100)[-1] == "Nothing was run."


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("/x/snakemake-looper run -d", "snakemake-looper run"),
        ("snakemake-looper run -n align", "snakemake-looper run align"),
        ("snakemake-looper rerun --dry-run --limit 2", "snakemake-looper rerun --limit 2"),
        ("snakemake-looper run -d -n 20", "snakemake-looper run -n 20"),
        ("snakemake-looper run -d -- -d x", "snakemake-looper run -- -d x"),
        ("snakemake-looper run -nF", "snakemake-looper run -F"),
        ("snakemake-looper run -d -c 'my config.yaml'", "snakemake-looper run -c 'my config.yaml'"),
        ("snakemake --use-looper-config -nc4", "snakemake --use-looper-config -c4"),
        ("snakemake --use-looper-config -n", "snakemake --use-looper-config --cores all"),
        (
            "snakemake --use-looper-config --dryrun -d x -j1",
            "snakemake --use-looper-config -d x -j1",
        ),
        (
            "snakemake --use-looper-config --profile p -n",
            "snakemake --use-looper-config --profile p",
        ),
        ("snakemake --use-looper-config --dry", ""),
        ("pytest -n 2", ""),
    ],
)
def test_the_command_to_start_it(typed: str, start: str) -> None:
    assert command_to_start(shlex.split(typed)) == start


@pytest.mark.parametrize(
    ("msg", "fields", "shown"),
    [
        ("Job stats:\njob count", {"event": LogEvent.RUN_INFO}, False),
        (" Rule: a, Jobid: 1", {"event": LogEvent.JOB_INFO}, False),
        ("Building DAG of jobs...", {}, False),
        ("Reasons:\n    (check individual jobs above for details)", {}, False),
        ("This was a dry-run (flag -n). The order of jobs does not …", {}, False),
        ("Some jobs were triggered by provenance information, see …", {}, False),
        ("3 jobs have missing provenance/metadata so that …", {}, False),
        ("Nothing to be done (all requested files are present and up to date).", {}, False),
        ("Would delete results/a.flag", {}, True),
        ("a warning", {"levelno": logging.WARNING}, True),
        ("WorkflowError: no", {"levelno": logging.ERROR, "event": LogEvent.ERROR}, True),
    ],
)
def test_lines_of_snakemake(msg: str, fields: dict[str, Any], shown: bool) -> None:
    record = logging.makeLogRecord({"msg": msg, "levelno": logging.INFO, **fields})
    assert is_shown_in_dry_run(record) is shown

"""The lines of a log that say why a job failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakemake_looper.status.excerpts import excerpt

ERRORS = [
    'Error in read.csv("x.csv") : cannot open file',
    "Error: object 'x' not found",
    "step.sh: 3: trim: not found",
    "step.sh: line 3: trim: command not found",
    'Exception in thread "main" java.lang.NullPointerException',
    "java.lang.OutOfMemoryError: Java heap space",
    "Out of reads at trim.pl line 12.",
    "trim died at once",
    "step.sh: line 5: 12345 Killed                  sleep 100",
    "Killed",
    "Traceback (most recent call last):",
    "ValueError: bad",
    "2026-01-01 10:00:00 ERROR root: bad",
    "[E::hts_open_format] Failed to open file x.bam",
    "fatal: not a git repository",
    "main.c:3:5: error: expected ';'",
    "cat: x.txt: No such file or directory",
    "error[E0425]: cannot find value `x`",
    "EXITING because of FATAL ERROR: could not open genome",
    "make: *** [all] Error 1",
    "write: No space left on device",
]
NONE = [
    "0 errors, 3 warnings",
    "error rate: 0.01",
    "Mean Squared Error: 0.123",
    "            Estimate Std. Error t value Pr(>|t|)",
    "Residual standard error: 15.38 on 48 degrees of freedom",
    "error: 0",
    "writing errors to err.txt",
    "Killed 3 duplicates",
    "percent error: 3.5 %",
    "--on-error continue",
]


def of(folder: Path, *lines: str) -> list[str]:
    log = folder / "job.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    return list(excerpt(log))


@pytest.mark.parametrize("line", ERRORS)
def test_an_excerpt_begins_with_the_first_error(tmp_path: Path, line: str) -> None:
    said = of(tmp_path, "reading", "still reading", line, "more", "the command exited with 1")
    assert said == [line, "more"]


@pytest.mark.parametrize("line", NONE)
def test_a_line_about_errors_is_no_error(tmp_path: Path, line: str) -> None:
    assert of(tmp_path, line, *"abcde", "the command exited with 1") == [*"abcde"]


def test_of_a_long_traceback_the_first_and_the_last_lines_are_kept(tmp_path: Path) -> None:
    head = "Traceback (most recent call last):"
    lines = [f"  line {at}" for at in range(40)]
    said = of(tmp_path, "reading", head, *lines, "ValueError: bad", "the command exited with 1")
    assert said == [head, *lines[:7], "...", *lines[-5:], "ValueError: bad"]
    assert len(said) == 15


def test_a_log_that_only_says_how_the_job_ended_has_no_excerpt(tmp_path: Path) -> None:
    assert of(tmp_path, "the command exited with 1") == []
    assert of(tmp_path, "", "interrupted by SIGTERM") == []
    assert of(tmp_path) == []
    assert excerpt(tmp_path / "no.log") == ()


def test_only_the_end_of_a_long_log_is_read_and_long_lines_are_cut(tmp_path: Path) -> None:
    said = of(tmp_path, "Error: early", "x" * 9000, "Error: \x1b[31mlate\x1b[0m", "y" * 500)
    assert said == ["Error: late", f"{'y' * 400}..."]

"""The live view and the plain lines: what is said, to whom, and that the terminal stays sane."""

from __future__ import annotations

import fcntl
import io
import itertools
import logging
import os
import pty
import re
import select
import struct
import sys
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import pytest
from rich.cells import cell_len
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent
from support.projects import write
from support.running import PATIENCE, run, snakemake

from snakemake_looper.run.snapshot import Failure, RunningJob, Snapshot, Tally
from snakemake_looper.show.bars import (
    ASCII,
    UNICODE,
    Clock,
    Estimate,
    Space,
    duration,
    frame,
    glyphs_for,
    shorten,
)
from snakemake_looper.show.progress import LiveView, PlainLines, choose, said, wanted

SAMPLES = Tally("count_lines", "sample", 120, 82, 4, 32, 2, 0)
PROJECT = Tally("count_lines", "project", 1, 1, 0, 0, 0, 0)
FAILURE = Failure("count_lines", "sample", "b", "failed", "the command exited with 3", "logs/b.log")
NOTHING = Snapshot((), (), "")


def job(record: str, since: float, external: str = "") -> RunningJob:
    return RunningJob("count_lines", "sample", record, since, external)


RUN = Snapshot(
    (SAMPLES, PROJECT),
    (job("canada", 0), job("mexico", 75, "4711"), job("peru", 95), job("chile", 99)),
    "",
)


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


# --- who gets what -----------------------------------------------------------------------------


class Stream(io.StringIO):
    def __init__(self, tty: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self._tty, self._encoding = tty, encoding

    def isatty(self) -> bool:
        return self._tty

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def settings(**changes: Any) -> SimpleNamespace:
    off = dict.fromkeys(
        (
            "dryrun",
            "verbose",
            "printshellcmds",
            "debug_dag",
            "show_failed_logs",
            "nocolor",
            "stdout",
        ),
        False,
    )
    return SimpleNamespace(**{**off, "quiet": None, **changes})


R, P, A, H = Quietness.RULES, Quietness.PROGRESS, Quietness.ALL, Quietness.HOST


@pytest.mark.parametrize(
    ("asked", "mode", "without_terminal"),
    [
        ({}, "live", "plain"),
        ({"nocolor": True}, "live", "plain"),
        ({"stdout": True}, "live", "plain"),
        ({"quiet": {R}}, "live", "plain"),
        ({"quiet": {R, H, Quietness.REASON}}, "live", "plain"),
        ({"quiet": {P}}, "plain", "plain"),
        ({"quiet": {R, P}}, "plain", "plain"),
        ({"quiet": {A}}, "none", "none"),
        ({"verbose": True}, "plain", "plain"),
        ({"printshellcmds": True}, "plain", "plain"),
        ({"debug_dag": True}, "plain", "plain"),
        ({"show_failed_logs": True}, "plain", "plain"),
        ({"dryrun": True}, "none", "none"),
        ({"dryrun": True, "verbose": True}, "none", "none"),
        ({"quiet": {A}, "verbose": True}, "none", "none"),
    ],
)
def test_what_settings_lead_to(asked: dict[str, Any], mode: str, without_terminal: str) -> None:
    assert choose(settings(**asked), Stream(), others=False) == mode
    assert choose(settings(**asked), Stream(tty=False), others=False) == without_terminal
    assert choose(settings(**asked), Stream(), others=True) == "none"


@pytest.mark.parametrize(
    ("name", "value", "mode"),
    [
        ("CI", "true", "plain"),
        ("CI", "1", "plain"),
        ("CI", "false", "live"),
        ("CI", "", "live"),
        ("TERM", "dumb", "plain"),
        ("TERM", "", "plain"),
        ("TERM", "linux", "live"),
        ("NO_COLOR", "1", "live"),
    ],
)
def test_what_the_environment_leads_to(
    name: str, value: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert choose(settings(), Stream(), others=False) == mode


def test_a_closed_stream_is_no_terminal() -> None:
    stream = Stream()
    stream.close()
    stream.isatty = io.StringIO.isatty.__get__(stream)  # type: ignore[method-assign]
    assert choose(settings(), stream, others=False) == "plain"


# --- lines of Snakemake's log ------------------------------------------------------------------


def record(text: str | None, level: int = logging.INFO, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake.logging", level, "", 0, text, (), None)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    "event",
    [
        LogEvent.WORKFLOW_STARTED,
        LogEvent.RUN_INFO,
        LogEvent.RESOURCES_INFO,
        LogEvent.JOB_INFO,
        LogEvent.JOB_STARTED,
        LogEvent.JOB_FINISHED,
        LogEvent.GROUP_INFO,
        LogEvent.PROGRESS,
        LogEvent.SHELLCMD,
        LogEvent.DEBUG_DAG,
        LogEvent.RULEGRAPH,
    ],
)
def test_bars_tell_these_events(event: LogEvent) -> None:
    assert not wanted(record("anything", event=event))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "Assuming unrestricted shared filesystem usage.",
        "host: node7",
        "Using shell: /usr/bin/bash",
        "Select jobs to execute...",
        "Job rate limit reached, waiting for free slots.",
        "Elapsed time: 0:00:00.1",
        "Activating conda environment: .snakemake/conda/1234",
        "Activating singularity image docker.sif",
        "Submitted job 3 with external jobid '17'.",
        "Submitted group job 4f with external jobid '17'.",
        "Job 3 has been submitted with SLURM jobid 17 (log: /home/me/17.log).",
        "Retrieving from storage: s3://bucket/a.txt",
    ],
)
def test_lines_that_come_with_every_run_or_job_are_dropped(text: str | None) -> None:
    assert not wanted(record(text))


@pytest.mark.parametrize(
    "text",
    [
        "Building DAG of jobs...",
        "Nothing to be done (all requested files are present and up to date).",
        "Complete log(s): /home/me/.snakemake/log/1.log",
        "Terminating processes on user request, this might take some time.",
        "Will exit after finishing currently running jobs (scheduler).",
        "Shutting down, this might take some time.",
        "Unlocked working directory.",
        "Trying to restart job 3.",
        "Conda environments: ignored",
        "Creating conda environment envs/a.yaml...",
        "Pulling singularity image docker://alpine.",
        "SLURM run ID: 0b7c",
        "Removing output files of failed job count since they might be corrupted:\na.bam",
        "something that no version of Snakemake has said so far",
    ],
)
def test_everything_else_is_shown(text: str) -> None:
    assert wanted(record(text))


def test_lines_about_single_jobs_go_by_their_quietness() -> None:
    assert not wanted(record("Removing temporary output a.bam.", quietness=Quietness.RULES))
    assert not wanted(record("Resources before job selection", logging.DEBUG))


def test_warnings_and_errors_are_shown() -> None:
    for level in (logging.WARNING, logging.ERROR, logging.CRITICAL):
        assert wanted(record("Using shell: whatever", level))
    assert wanted(record("", logging.ERROR, event=LogEvent.JOB_ERROR))
    assert wanted(record("Error in group 7", logging.ERROR, event=LogEvent.GROUP_ERROR))
    for name in ("LockException", "WorkflowError", "MissingOutputException", "SyntaxError"):
        assert wanted(record(f"{name}: x", logging.ERROR, event=LogEvent.ERROR, exception=name))


def test_an_exit_code_is_left_to_the_error_of_the_job() -> None:
    failed = record(
        "RuleException:\nCalledProcessError in file \"Snakefile\", line 6:\nCommand 'x' returned "
        "non-zero exit status 3.",
        logging.ERROR,
        event=LogEvent.ERROR,
        exception="RuleException",
    )
    assert not wanted(failed)
    raised = record("RuleException:\nValueError in file", logging.ERROR, event=LogEvent.ERROR)
    raised.exception = "RuleException"
    assert wanted(raised)


def test_what_a_record_says() -> None:
    assert said(record("Unlocked working directory.")) == "Unlocked working directory."
    group = record("Error in group 7", logging.ERROR, event=LogEvent.GROUP_ERROR)
    assert said(group) == "Error in group 7"
    group.aux_logs = ["slurm/17.log"]
    assert said(group) == "Error in group 7\n    log: slurm/17.log"
    # An event without the fields that this version of Snakemake gives it is not an error of ours.
    assert said(record("Error in rule x", logging.ERROR, event=LogEvent.JOB_ERROR)) == (
        "Error in rule x"
    )


SPY = """
    from dataclasses import dataclass
    from snakemake_interface_logger_plugins.base import LogHandlerBase
    from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

    @dataclass
    class LogHandlerSettings(LogHandlerSettingsBase):
        pass

    class LogHandler(LogHandlerBase):
        def emit(self, record):
            from snakemake_looper.progress import said, wanted
            if wanted(record):
                with open("shown.txt", "a") as file:
                    print(said(record), file=file)

        writes_to_stream = writes_to_file = property(lambda self: False)
        has_filter = has_formatter = property(lambda self: True)
        needs_rulegraph = property(lambda self: False)
    """
WORKFLOW = """
    rule work:
        output: "{x}.out"
        log: "{x}.log"
        shell: "(test {wildcards.x} != b; touch {output}) 2> {log}"

    rule needs:
        input: "missing.txt"
        output: "needs"
        shell: "touch {output}"
    """


def shown(folder: Path, *words: str) -> str:
    """What of a real run would be seen in the live view."""
    write(folder, {"spy/snakemake_logger_plugin_spy/__init__.py": SPY, "Snakefile": WORKFLOW})
    snakemake("--logger", "spy", "--cores", "2", *words, cwd=folder, PYTHONPATH=str(folder / "spy"))
    text = (folder / "shown.txt").read_text()
    (folder / "shown.txt").unlink()
    text = re.sub(r"\[[A-Z][a-z]{2} .*\]", "[time]", text)
    text = re.sub(r"^ +(message: None|jobid: \d+)\n", "", text, flags=re.MULTILINE)
    return text.replace(f"{folder}/", "")


def test_what_is_shown_of_a_run_with_a_failing_job(tmp_path: Path) -> None:
    text = re.sub(r"\S+\.snakemake\.log", "LOG", shown(tmp_path, "-k", "a.out", "b.out"))
    begin, middle, end = text.partition("Exiting because a job execution failed.")
    error = (
        "[time]\n"
        "Error in rule work:\n"
        "    output: b.out\n"
        "    log: b.log (check log file(s) for error details)\n"
        "    shell:\n"
        "        (test b != b; touch b.out) 2> b.log\n"
        "        (command exited with non-zero exit code)\n"
    )
    assert begin == f"Building DAG of jobs...\n{error}"
    # Snakemake 9.14 says all errors a second time here.
    assert middle and end.replace(error, "").partition("\n")[2] == (
        "Complete log(s): LOG\nWorkflowError:\nAt least one job did not complete successfully.\n"
    )
    assert shown(tmp_path, "a.out") == (
        "Building DAG of jobs...\n"
        "Nothing to be done (all requested files are present and up to date).\n"
    )


def test_what_is_shown_where_input_is_missing(tmp_path: Path) -> None:
    text = shown(tmp_path, "needs")
    assert "MissingInputException in rule needs in file" in text
    assert "missing.txt" in text


# --- frames ------------------------------------------------------------------------------------


def lines(snapshot: Snapshot, space: Space, left: float | None = None, final: bool = False) -> str:
    shown = frame(snapshot, Clock(100, 100, left), space, final)
    assert all(line.cell_len < space.width for line in shown)
    assert not shown or len(shown) < space.height
    return "\n".join(line.plain for line in shown)


def test_a_frame_of_80_columns() -> None:
    assert lines(RUN, Space(80, 24), left=260) == (
        "count_lines sample   ━━━━━━━━─╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  32/120  2 failed  4 running\n"
        "count_lines project  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌     0/1\n"
        "elapsed 1 min 40 s, about 4 min left, then the project level\n"
        "  canada  count_lines  1 min 40 s\n"
        "  mexico  count_lines  25 s        job 4711\n"
        "  peru    count_lines  5 s\n"
        "  chile   count_lines  1 s"
    )


def test_a_frame_of_40_columns_and_12_lines() -> None:
    jobs = tuple(job(f"sample_{at:012}", 10.0 * at) for at in range(9))
    assert lines(Snapshot((SAMPLES, PROJECT), jobs, ""), Space(40, 12), left=260) == (
        "count_…sample  ━━─╌╌╌  32/120  2 failed\n"
        "count_…roject  ╌╌╌╌╌╌     0/1\n"
        "elapsed 1 min 40 s, about 4 min left, …\n"
        "  sample_000000000000  1 min 40 s\n"
        "  sample_000000000001  1 min 30 s\n"
        "  sample_000000000002  1 min 20 s\n"
        "  and 6 more"
    )


def test_a_frame_without_unicode() -> None:
    assert lines(RUN, Space(60, 6, ASCII)) == (
        "count_lines sample   =====x-.............  32/120  2 failed\n"
        "count_lines project  ....................     0/1\n"
        "elapsed 1 min 40 s\n"
        "  4 running"
    )


def test_a_level_is_named_where_a_pipeline_has_both() -> None:
    only = replace(RUN, tallies=(SAMPLES,))
    assert lines(only, Space(80, 24)).startswith("count_lines  ━")
    assert "count_lines" not in lines(only, Space(80, 24)).partition("\n")[2]


def test_what_runs_beside_pipelines() -> None:
    assert lines(replace(NOTHING, others="assembling results"), Space(80, 24)) == (
        "elapsed 1 min 40 s, assembling results"
    )
    assert lines(NOTHING, Space(80, 24)) == ""


def test_the_last_frame_says_how_long_it_took() -> None:
    done = replace(SAMPLES, waiting=0, running=0, completed=117, failed=2, partial=1)
    assert lines(Snapshot((done,), (), "x"), Space(80, 24), left=5, final=True) == (
        "count_lines  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  117/120  2 failed  1 partial\n"
        "took 1 min 40 s"
    )


def test_one_failure_of_many_has_its_cell() -> None:
    tally = Tally("p", "sample", 10_000, 0, 1, 9_998, 1, 0)
    (bar, *_) = frame(Snapshot((tally,), (), ""), Clock(0, 0), Space(80, 24))
    spans = {str(span.style): bar.plain[span.start : span.end] for span in bar.spans}
    assert (
        spans["green"] == "━" * 38 and spans["red"] == "━" and spans["blue"] in ("─", "1 running")
    )


def test_pipelines_without_room_are_counted_and_finished_ones_go_first() -> None:
    tallies = tuple(
        Tally(f"p{at}", "sample", 5, 0 if at < 4 else 5, 0, 5 if at < 4 else 0, 0, 0)
        for at in range(9)
    )
    text = lines(Snapshot(tallies, (), ""), Space(80, 9))
    assert [line.split()[0] for line in text.splitlines()] == ["p4", "p5", "p6", "p7", "p8", "and", "elapsed"]  # fmt: skip
    assert "and 4 more" in text


@pytest.mark.parametrize("width", [1, 2, 5, 10, 20, 33, 57, 200])
@pytest.mark.parametrize("height", [2, 3, 5, 12])
def test_no_terminal_is_too_small(width: int, height: int) -> None:
    wide = job("患者" * 30, 0, "123456789012345")
    snapshot = Snapshot((SAMPLES, PROJECT), (wide,) * 50, "assembling results")
    for glyphs in (UNICODE, ASCII):
        shown = frame(snapshot, Clock(100, 100, 90), Space(width, height, glyphs))
        assert len(shown) <= max(height - 1, 1)
        assert all(line.cell_len <= max(width - 1, len(glyphs.more) + 1) for line in shown)


def test_names_are_text() -> None:
    text = lines(replace(RUN, running=(job("a[bold]\x1b[2J\n[/x]", 0),)), Space(80, 24))
    assert "  a[bold] [2J [/x]  count_lines  1 min 40 s" in text


class Sliced(tuple[RunningJob, ...]):
    def __iter__(self) -> Iterator[RunningJob]:
        raise AssertionError("all running jobs were looked at")


def test_of_ten_thousand_running_jobs_only_those_shown_are_looked_at() -> None:
    jobs = Sliced([job(f"s{at}", 0) for at in range(10_000)])
    assert "and 9993 more" in lines(replace(RUN, running=jobs), Space(80, 24))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (754, "12 min 34 s"),
        (3600, "1 h 0 min"),
        (12_030, "3 h 20 min"),
        (187_300, "2 d 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("canada", 6, "canada"),
        ("patient_0123_tumour_1", 12, "patien…our_1"),
        ("患者患者患者", 7, "患 … 者"),
        ("canada", 2, "ca"),
        ("canada", 0, ""),
    ],
)
def test_long_names_keep_both_ends(text: str, width: int, short: str) -> None:
    got = shorten(text, width, "…")
    assert cell_len(got) <= width
    assert got == short


def test_glyphs_go_by_the_encoding() -> None:
    assert glyphs_for(Stream()) is UNICODE
    assert glyphs_for(Stream(encoding="ascii")) is ASCII
    assert glyphs_for(Stream(encoding="latin-1")) is ASCII
    assert glyphs_for(Stream(encoding="no such")) is ASCII


# --- time left ---------------------------------------------------------------------------------


def left_after(history: list[tuple[float, tuple[Tally, ...]]]) -> float | None:
    estimate = Estimate()
    for now, tallies in history:
        estimate.update(tallies, now)
    return estimate.left(history[-1][0])


def at(completed: int, running: int = 1, total: int = 10, level: str = "sample") -> Tally:
    return Tally("p", level, total, total - completed - running, running, completed, 0, 0)


def test_time_left_is_that_of_the_jobs_that_completed() -> None:
    assert left_after([(0, (at(0),)), (3, (at(1),))]) == pytest.approx(27)
    assert left_after([(0, (at(0),)), (3, (at(1),)), (6, (at(2),)), (8, (at(2),))]) == (
        pytest.approx(22)
    ), "counted down in between"


def test_nothing_is_said_before_there_is_something_to_go_by() -> None:
    assert left_after([(0, (at(0),)), (3, (at(0),))]) is None
    assert left_after([(0, (at(0, 4),)), (3, (at(3, 4),))]) is None
    assert left_after([(0, (at(0, 4),)), (3, (at(4, 4),))]) is not None
    other = Tally("q", "sample", 5, 5, 0, 0, 0, 0)
    assert left_after([(0, (at(0), other)), (3, (at(1), other))]) is None
    assert left_after([(0, (at(0), PROJECT)), (3, (at(1), PROJECT))]) is not None


def test_nothing_is_said_when_the_time_is_up() -> None:
    assert left_after([(0, (at(0),)), (3, (at(1),)), (40, (at(1),))]) is None


def test_pipelines_have_their_own_pace() -> None:
    quick = Tally("q", "sample", 101, 100, 1, 0, 0, 0)
    done = replace(quick, running=0, completed=1)
    history = [
        (0.0, (quick, at(0))),
        (1.0, (quick, at(0))),
        (5.0, (done, at(0))),
        (9.0, (done, at(1))),
    ]
    # 1 s for each of 100, and 9 s for each of 9, where 10/9 were running on average.
    assert left_after(history) == pytest.approx((100 * 1 + 9 * 9) / (10 / 9))


# --- plain lines -------------------------------------------------------------------------------


def test_plain_failures() -> None:
    stream = Stream(tty=False)
    plain = PlainLines(stream)
    plain.failed(FAILURE)
    plain.failed(Failure("p", "project", "[demo]", "partial", "", ""))
    plain.failed(replace(FAILURE, reason="two\nlines"))
    assert stream.getvalue() == (
        "looper: count_lines b failed: the command exited with 3 (log: logs/b.log)\n"
        "looper: p project [demo] partial\n"
        "looper: count_lines b failed: two lines (log: logs/b.log)\n"
    )


def test_plain_progress_comes_now_and_then() -> None:
    stream, clock = Stream(tty=False), itertools.count(0, 10)
    plain = PlainLines(stream, lambda: float(next(clock)))
    for completed in (0, 1, 2, 3, 4, 5):  # at 10, 20, ... 60 s
        plain.progress(Snapshot((at(completed),), (), ""))
    for _ in range(20):
        plain.progress(Snapshot((at(5),), (), ""))
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


# --- the terminal ------------------------------------------------------------------------------


@dataclass
class Terminal:
    """As much of a terminal as the view needs: text, and the few controls that it uses."""

    width: int = 80

    def __post_init__(self) -> None:
        self.cells: dict[tuple[int, int], str] = {}
        self.row = self.column = 0

    def feed(self, text: str) -> Terminal:
        for token in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|.", text, re.DOTALL):
            self._take(token)
        return self

    def _take(self, token: str) -> None:
        if token == "\r":
            self.column = 0
        elif token == "\n":  # the terminal's driver puts a \r before it
            self.row, self.column = self.row + 1, 0
        elif not token.startswith("\x1b"):
            if self.column == self.width:
                self.row, self.column = self.row + 1, 0
            self.cells[self.row, self.column] = token
            self.column += 1
        elif token.endswith("A"):
            self.row -= int(token[2:-1])
            assert self.row >= 0
        elif token.endswith(("K", "J")):
            below = token.endswith("J")
            for row, column in list(self.cells):
                here = row == self.row and column >= self.column
                if here or (below and row > self.row):
                    del self.cells[row, column]
        else:
            assert token.endswith("m"), f"a control that was not expected: {token!r}"

    @property
    def text(self) -> str:
        last = max((row for row, _ in self.cells), default=-1)
        return "\n".join(
            "".join(self.cells.get((row, column), " ") for column in range(self.width)).rstrip()
            for row in range(last + 1)
        )


def view_of(stream: Stream, snapshot: Snapshot = RUN, colour: bool = False) -> LiveView:
    return LiveView(lambda: snapshot, stream, colour, clock=lambda: 100.0)


BARS = (
    "count_lines sample   ━━━━━━━━─╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  32/120  2 failed  4 running\n"
    "count_lines project  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌     0/1\n"
)


def test_what_stands_on_the_terminal_in_the_end() -> None:
    stream = Stream()
    view = view_of(stream)
    view.message("Building DAG of jobs...", logging.INFO)
    view.start()
    view.failed(FAILURE)
    view.message("[red]not[/red] markup " + "x" * 100, logging.WARNING)
    view.stop()
    view.stop()
    view.message("Complete log(s): 1.log", logging.INFO)
    screen = Terminal().feed(stream.getvalue())
    assert screen.text == (
        "Building DAG of jobs...\n"
        "✗ count_lines b failed: the command exited with 3\n"
        "  log: logs/b.log\n"
        f"[red]not[/red] markup {'x' * 58}\n"
        f"{'x' * 42}\n"
        f"\n{BARS}took 0 s\n"
        "Complete log(s): 1.log"
    )
    assert screen.column == 0


def test_what_others_write_is_not_wiped_out() -> None:
    stream = Stream()
    view = view_of(stream)
    view._screen.draw(view._frame(final=False))
    stream.write("a line of a job\n")
    view._screen.draw(view._frame(final=False))
    stream.write("^C")
    view._screen.above([])
    screen = Terminal().feed(stream.getvalue())
    assert screen.text.startswith("a line of a job\n")
    assert screen.text.count("count_lines sample") == 1


def test_without_colour_there_are_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(colour: bool) -> str:
        stream = Stream()
        view = view_of(stream, colour=colour)
        view.start()
        view.failed(FAILURE)
        view.message("text", logging.ERROR)
        view.stop()
        return stream.getvalue()

    assert "\x1b[31m" in written(colour=True)
    assert not re.search(r"\x1b\[[\d;]*m", written(colour=False))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*m", written(colour=True))


def test_levels_have_colours() -> None:
    for level, code in ((logging.ERROR, "\x1b[31m"), (logging.WARNING, "\x1b[33m")):
        stream = Stream()
        view_of(stream, colour=True).message("text\n", level)
        assert stream.getvalue() == f"{code}text\x1b[0m\n"
    stream = Stream()
    view_of(stream, colour=True).message("text", logging.INFO)
    assert stream.getvalue() == "text\n"


def test_a_warning_that_comes_with_every_job_is_printed_once() -> None:
    stream = Stream()
    view = view_of(stream)
    for text in ("no wall time", "no memory", "no wall time"):
        view.message(text, logging.WARNING)
        view.message("an error", logging.ERROR)
    assert stream.getvalue() == "no wall time\nan error\nno memory\nan error\nan error\n"


def test_an_encoding_without_bars() -> None:
    stream = Stream(encoding="ascii")
    view = view_of(stream)
    view.start()
    view.failed(replace(FAILURE, record="señor"))
    view.stop()
    assert stream.getvalue().isascii()
    assert "x count_lines se?or failed" in stream.getvalue()


def test_failures_and_messages_ask_for_no_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snakemake_looper.show.progress._INTERVAL", 3600)
    calls = 0

    def snapshot() -> Snapshot:
        nonlocal calls
        calls += 1
        return RUN

    view = LiveView(snapshot, Stream(), False)
    view.start()
    for _ in range(1000):
        view.failed(FAILURE)
        view.message("an error", logging.ERROR)
    view.stop()
    assert calls == 2, "the first one, and the last one"


def test_an_error_is_said_once_and_the_view_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    calls = itertools.count()
    well = threading.Event()

    def snapshot() -> Snapshot:
        if next(calls) < 2:
            raise KeyError("no such job")
        well.set()
        return RUN

    stream = Stream()
    view = LiveView(snapshot, stream, False)
    view.start()
    assert well.wait(PATIENCE)
    view.stop()
    error = capsys.readouterr().err
    assert error.count("error in looper's progress view (the run is not affected)") == 1
    assert error.count("KeyError: 'no such job'") == 1
    assert "count_lines sample" in stream.getvalue()


def test_a_terminal_that_is_gone_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Gone(Stream):
        def write(self, text: str) -> int:
            raise OSError("Input/output error")

    view = view_of(Gone())
    view.start()
    view.failed(FAILURE)
    view.message("text", logging.ERROR)
    view.stop()
    assert capsys.readouterr().err.count("OSError: Input/output error") == 1


def test_nothing_is_drawn_where_there_is_nothing_to_show() -> None:
    stream = Stream()
    view = view_of(stream, NOTHING)
    view.start()
    view.message("Nothing to be done.", logging.INFO)
    view.stop()
    assert stream.getvalue() == "Nothing to be done.\n"


def test_a_process_that_ends_without_stopping_the_view_leaves_the_bars(tmp_path: Path) -> None:
    code = """
        import sys, threading
        from ..run.snapshot import Snapshot, Tally
        from snakemake_looper.progress import LiveView
        asked = threading.Event()
        def snapshot():
            asked.set()
            return Snapshot((Tally("p", "sample", 4, 0, 0, 3, 1, 0),), (), "")
        LiveView(snapshot, sys.stdout, False, clock=lambda: 100.0).start()
        asked.wait()
        raise SystemExit(3)
        """
    write(tmp_path, {"script.py": code})
    done = run(sys.executable, "script.py", cwd=tmp_path, PYTHONIOENCODING="utf-8")
    assert (done.code, done.err) == (3, "")
    screen = Terminal().feed(done.out)
    assert screen.text.endswith("━  3/4  1 failed\ntook 0 s")
    assert screen.column == 0 and screen.row == screen.text.count("\n") + 1


def resize(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def drain(descriptor: int, stream: TextIO) -> str:
    """All that the other side has written."""
    end = b"\0"
    stream.write(end.decode())
    stream.flush()
    got = b""
    while not got.endswith(end):
        assert select.select([descriptor], [], [], PATIENCE)[0]
        got += os.read(descriptor, 100_000)
    return got.removesuffix(end).decode()


def test_a_real_terminal_stays_sane_and_can_be_resized() -> None:
    controller, descriptor = pty.openpty()
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        resize(controller, 80, 24)
        before = termios.tcgetattr(descriptor)
        assert choose(settings(), stream, others=False) == "live"
        view = LiveView(lambda: RUN, stream, True, clock=lambda: 100.0)
        view.start()
        view.failed(FAILURE)
        view.stop()
        wide = drain(controller, stream)
        resize(controller, 40, 12)
        view = LiveView(lambda: RUN, stream, True)
        view.start()
        view.stop()
        narrow = drain(controller, stream)
        assert termios.tcgetattr(descriptor) == before
    os.close(controller)
    assert BARS.splitlines()[1] in Terminal(80).feed(wide).text
    assert "count_…roject  ╌╌╌╌╌╌     0/1" in Terminal(40).feed(narrow).text
    for text in (wide, narrow):
        assert "\x1b[?" not in text, "no mode of the terminal is changed, nor the cursor hidden"
        assert text.endswith("\n")

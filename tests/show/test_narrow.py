"""Tables on a terminal: colours, and the columns that there is room for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import pytest
from rich.cells import cell_len
from support.views import Stream

from snakemake_looper.messages import Output, output_of
from snakemake_looper.model import Skip
from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.show.statuses import check_text, codes_text
from snakemake_looper.show.tables import record_table, render, skip_table, status_table
from snakemake_looper.status_words import STATUS_WORDS

DONE = RecordStatus(
    "count", "sample", "patient_1_tumour", "completed",
    log="results/submission/count_patient_1_tumour.log",
    started=datetime(2026, 11, 24, 10, 52).timestamp(), took=125.4, memory_mb=1229,
)  # fmt: skip
FAILED = replace(
    DONE, record="patient_2_tumour", status="failed", took=None, memory_mb=None,
    reason="the command exited with 3: ERROR: too few reads in data/patient_2_tumour.fastq",
)  # fmt: skip
NAMES = ("count", "patient_1_tumour", "patient_2_tumour")


def lines(records: list[RecordStatus], width: int | None) -> list[str]:
    return render(record_table(records), output=Output(width)).splitlines()


def test_a_pipe_gets_all_columns() -> None:
    log = DONE.log
    assert lines([DONE, FAILED], None) == [
        f"pipeline  level   record            status     started           took       memory  "
        f"{'log':45}  reason",
        f"count     sample  patient_1_tumour  completed  2026-11-24 10:52  2 min 5 s  1.2 GB  {log}",
        f"count     sample  patient_2_tumour  failed     2026-11-24 10:52  -          -       {log}  "
        f"{FAILED.reason}",
    ]


def test_times_and_memory_that_no_record_has_are_no_columns() -> None:
    unknown = replace(DONE, started=None, took=None, memory_mb=None)
    assert lines([unknown], None)[0].split() == [
        "pipeline", "level", "record", "status", "log", "reason",
    ]  # fmt: skip
    assert lines([replace(unknown, took=0.2)], None)[1].split()[4:6] == ["0", "s"]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (300, "pipeline level record status started took memory log reason"),
        (160, "pipeline record status started took memory log reason"),
        (120, "pipeline record status started took memory reason"),
        (100, "pipeline record status took memory reason"),
        (80, "pipeline record status took reason"),
        (70, "pipeline record status reason"),
        (60, "pipeline record status took memory"),  # from here on, reasons stand below their rows
        (45, "pipeline record status"),
    ],
)
def test_a_narrow_terminal_does_without_some_columns(width: int, columns: str) -> None:
    got = lines([DONE, FAILED], width)
    assert got[0].split() == columns.split()
    assert max(map(cell_len, got)) <= width
    text = "\n".join(got)
    assert all(name in text for name in NAMES), "no name is cut"
    assert "".join(FAILED.reason.split()) in "".join(text.split()), "no reason is cut"


def test_a_reason_is_broken_beside_its_row_or_stands_below_it() -> None:
    failed = replace(FAILED, started=None)
    assert lines([failed], 74) == [
        "pipeline  record            status  reason",
        "count     patient_2_tumour  failed  the command exited with 3: ERROR: too",
        "                                    few reads in",
        "                                    data/patient_2_tumour.fastq",
    ]
    assert lines([failed], 50) == [
        "pipeline  record            status",
        "count     patient_2_tumour  failed",
        "    the command exited with 3: ERROR: too few",
        "    reads in data/patient_2_tumour.fastq",
    ]


def test_names_are_cut_last_and_keep_both_ends() -> None:
    assert lines([replace(FAILED, started=None, reason="")], 32) == [
        "pipeline  record        status",
        "count     patie..umour  failed",
    ]
    assert lines([replace(DONE, pipeline="count_lines_and_words")], 44)[1:] == [
        "count_..words  patient_1_tumour  completed",
    ]


def test_wide_characters_count_twice() -> None:
    table = lines([replace(DONE, record="患者患者"), replace(DONE, record="abcdefgh")], 50)
    assert table[1].index("completed") + 4 == table[2].index("completed")


def test_counts_that_are_too_wide_stand_below_each_other() -> None:
    records = [replace(DONE, status=one.word) for one in STATUS_WORDS]
    assert len(render(status_table(records), output=Output(80)).splitlines()) == 2
    narrow = render(status_table(records), output=Output(60)).splitlines()
    assert narrow[:3] == [
        "pipeline  status     records",
        "count     completed  1",
        "count     running    1",
    ]
    assert len(narrow) == 1 + len(STATUS_WORDS)


def test_skips_and_meanings_fit_too() -> None:
    skip = Skip("count", "patient_1_tumour", "data/patient_1_tumour.fastq is missing", fault=True)
    assert render(skip_table([skip]), output=Output(50)).splitlines() == [
        "pipeline  record",
        "count     patient_1_tumour",
        "    data/patient_1_tumour.fastq is missing",
    ]
    assert max(map(len, codes_text(Output(50)).splitlines())) <= 50


def test_statuses_and_headings_have_colours_on_a_terminal_only() -> None:
    for itemized in (False, True):
        plain = check_text([DONE, FAILED], itemized)
        coloured = check_text([DONE, FAILED], itemized, Output(None, colour=True))
        assert "\x1b" not in plain and "\x1b[1mpipeline" in coloured
        assert "\x1b[32m" in coloured and "\x1b[1;31m" in coloured
        assert [re.sub(r"\x1b\[[\d;]*m", "", one).rstrip() for one in coloured.splitlines()] == (
            plain.splitlines()
        )


@pytest.mark.parametrize(
    ("tty", "variables", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_when_there_are_colours(
    tty: bool, variables: dict[str, str], colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", "COLUMNS": "70", **variables}.items():
        monkeypatch.setenv(name, value)
    assert output_of(Stream(tty)) == Output(70 if tty else None, colour)
    assert output_of(Stream(tty), colour=False).colour is False


def test_a_terminal_without_a_width_has_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert output_of(Stream()).width is None

"""The stable JSON forms: their keys."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.show.json_forms import check_json, plan_json
from snakemake_looper.show.plans import job_text, plan_text


def test_check() -> None:
    (record,) = json.loads(check_json([RecordStatus("count", "sample", "a", "failed")]))["records"]
    assert list(record)[:6] == ["pipeline", "level", "record", "status", "reason", "log"]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_check_is_indented_as_by_python(number: int) -> None:
    odd = 'a "b"\n\\ [1,\n      2] {é}'
    known = RecordStatus("count", "sample", odd, "completed", took=1.5, memory_mb=6.0)
    failed = replace(known, status="failed", reason=odd, tail=(odd, "x"), excerpt=("y",))
    records = [known, failed, replace(known, tail=("",))][:number]
    text = check_json(records)
    assert text == json.dumps(json.loads(text), indent=2)
    assert [one["tail"] for one in json.loads(text)["records"]] == [
        list(one.tail) for one in records
    ]


def test_times_and_memory_in_check() -> None:
    known = RecordStatus(
        "count", "sample", "a", "completed", started=1_795_000_000.25, took=12.5004, memory_mb=6.76
    )
    ones = json.loads(check_json([known, RecordStatus("count", "sample", "b", "waiting")]))
    first, second = ones["records"]
    moment = datetime.fromisoformat(first["started"])
    assert moment.timestamp() == 1_795_000_000.25
    assert moment.utcoffset() is not None, "with a time zone"
    assert (first["took"], first["memory_mb"]) == (12.5, 6.76)
    assert (second["started"], second["took"], second["memory_mb"]) == (None, None, None)


def test_inspect(touch: Path) -> None:
    plan = plan_project(touch / ".looper.yaml", Options(samples=("a",)))
    whole = json.loads(plan_json(plan))
    assert list(whole) == ["workdir", "jobs", "skipped", "pipestat_configs"]
    assert whole["workdir"] == str(touch)
    (job,) = whole["jobs"]
    assert list(job) == [
        "pipeline", "level", "record", "command", "env", "threads", "resources", "compute",
        "inputs", "log", "flag",
    ]  # fmt: skip
    assert {tuple(skip) for skip in whole["skipped"]} <= {("pipeline", "record", "reason")}


def test_values_that_json_has_no_form_for(touch: Path) -> None:
    plan = plan_project(touch / ".looper.yaml", Options(samples=("a",)))
    compute = {"rate": float("nan"), "most": float("inf"), "until": {date(2026, 1, 2): {1, 2}}}
    odd = replace(plan, jobs=(replace(plan.jobs[0], compute=compute),))
    (job,) = json.loads(plan_json(odd), parse_constant=pytest.fail)["jobs"]
    assert job["compute"] == {"rate": "NaN", "most": "Infinity", "until": {"2026-01-02": [1, 2]}}


def test_a_plan_at_a_glance(touch: Path) -> None:
    plan = plan_project(touch / ".looper.yaml", Options())
    heading, row, *_ = plan_text(plan).splitlines()
    assert heading.split()[:5] == ["rule", "pipeline", "level", "jobs", "threads"]
    assert row.split()[2:4] == ["sample", str(len(plan.jobs))]
    lines = job_text(plan.jobs[0]).splitlines()
    assert lines[0] == f"{plan.jobs[0].pipeline} (sample level, record a)"
    assert f"flag: {plan.jobs[0].flag}" in lines

"""`check` says of completed records what a run would do with them: compared with dry runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write
from support.running import Run, cli, use_looper

REPORT = """
pipeline_name: report
project_interface: {command_template: "cat a.txt"}
"""


def due(folder: Path) -> set[str]:
    """The pipelines' jobs that a run would run."""
    jobs = use_looper("--dry-run", cwd=folder).jobs()
    return {one for one in jobs if one.startswith(("touch_sample", "report_project"))}


def said(folder: Path) -> dict[str, str]:
    """The records that are out of date, with the reasons."""
    done: Run = cli("check", "--json", cwd=folder)
    records = json.loads(done.out)["records"]
    assert all(one["status"] == "completed" for one in records)
    return {
        "report_project" if one["level"] == "project" else f"touch_sample:{one['record']}": one[
            "outdated"
        ]
        for one in records
        if one["outdated"]
    }


@pytest.fixture
def done(project: Callable[..., Path]) -> Path:
    """A project with a benchmark, an output and a project level, all complete."""
    folder = project(TOUCH)
    write(folder, {"report.yaml": REPORT})
    edit(folder / ".looper.yaml", "[touch.yaml]", "[touch.yaml, report.yaml]")
    edit(folder / "touch.yaml", "echo {sample.word}", "touch {sample.sample_name}.out")
    edit(
        folder / "touch.yaml",
        "sample_interface:",
        'snakemake: {output: "{sample.sample_name}.out", benchmark: "{sample.sample_name}.tsv"}\n'
        "sample_interface:",
    )
    assert use_looper(cwd=folder).code == 0
    return folder


def test_check_and_a_dry_run_agree(done: Path) -> None:
    (done / "a.out").unlink()
    missing = {"touch_sample:a": "an output is missing: a.out"}
    assert said(done) == {**missing, "report_project": "a job before it is due"}
    assert due(done) == said(done).keys()
    (done / "b.txt").write_text("another\n")
    edit(done / "samples.csv", "c,c.txt", "c,a.txt")
    edit(
        done / "touch.yaml", "touch {", "touch -- {% if sample.sample_name == 'a' %}x{% endif %} {"
    )
    changed = said(done)
    assert changed == {
        **missing,
        "touch_sample:b": "an input file changed: b.txt",
        "touch_sample:c": "the command changed",
        "report_project": "a job before it is due",
    }
    assert due(done) == changed.keys()
    assert use_looper(cwd=done).code == 0
    assert said(done) == {} and due(done) == set()
    (record, *_) = json.loads(cli("check", "--json", cwd=done).out)["records"]
    assert record["started"] and record["took"] >= 0

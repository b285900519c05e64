"""Notes of this package that are damaged: they are as good as missing, and cost no command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.earlier import PlayedProject, jobs_of, sample
from support.projects import edit

from snakemake_looper.cli import main
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.unfinished import unfinished
from snakemake_looper.results.yaml_text import dump

VALUES: list[Any] = [
    None, 3, [], {}, [[]], {"newest": [1]}, {"a": 1}, {"database": {}}, {"database": {"stamp": 0}},
    {"a": {"at": 1e400, "values": {"n": 7}}}, {"a": {"at": 1, "values": {"n": 7}, "back": [[1]]}},
]  # fmt: skip


def test_damaged_notes(count: Path, capsys: pytest.CaptureFixture[str]) -> None:
    section = 'project_name: demo, database: {sqlite_url: "all.db"}'
    edit(count / ".looper.yaml", "results_file_path: all.yaml", section)
    PlayedProject(count).run(a="n=1", b="n=5")
    folder = count / ".snakemake/looper"
    good = {path: path.read_text() for path in (folder / "settled").iterdir()}
    good = {path: text for path, text in good.items() if text}
    assert {path.suffix for path in good} == {".json", ".assembly"}
    for given in VALUES:
        for path, text in good.items():
            is_part = isinstance(given, dict) and given
            damaged = {**json.loads(text), **given} if is_part else given
            path.write_text(json.dumps(damaged))
            kept = folder / "earlier" / path.with_suffix(".yaml").name
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(dump(given))
        jobs = jobs_of(count)
        unfinished(jobs)
        assert publish_all(jobs) == [], given
        jobs.close()
        assert sample(count) == {"a": {"n": 1}, "b": {"n": 5}}
    for command in (["table"], ["check", "--json"], ["report"], ["link"], ["destroy", "--dry-run"]):
        assert main([*command, "-c", str(count / ".looper.yaml")]) == 0
    assert "Traceback" not in capsys.readouterr().err

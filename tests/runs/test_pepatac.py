"""PEPATAC's interfaces in a run: its scripts are replaced by some that leave the same files.

`tests/looper` compares the commands with looper's, in the same project.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

from support.looper_cases import PROJECT, all_cases
from support.projects import flags, write
from support.running import cli, use_looper


def pepatac(folder: Path) -> dict[str, str]:
    """Write the project with both interfaces; the variables that it needs."""
    (case,) = (one for one in all_cases() if one.name == "pepatac")
    write(folder, case.files)
    config = folder / ".looper.yaml"
    both = "pepatac/sample_pipeline_interface.yaml\n- pepatac/project_pipeline_interface.yaml"
    text = config.read_text().replace("pepatac/sample_pipeline_interface.yaml", both)
    config.write_text(text)
    for name, size in case.sizes.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
        os.truncate(folder / name, size)
    for script in (folder / "pepatac/pipelines").iterdir():
        script.chmod(0o755)
    return {name: value.replace(PROJECT, str(folder)) for name, value in case.env.items()}


def table(folder: Path, **env: str) -> dict[str, dict[str, str]]:
    printed = cli("table", "--format", "csv", cwd=folder, **env)
    return {row["Record Identifier"]: row for row in csv.DictReader(printed.out.splitlines())}


def test_samples_then_the_collator_and_nothing_again(project: Callable[..., Path]) -> None:
    folder = project({})
    env = pepatac(folder)
    (folder / "fail_test2").touch()
    first = use_looper("--keep-going", cwd=folder, **env)
    assert first.code == 1, first.text
    assert {"PEPATAC_test1_completed.flag", "PEPATAC_test2_failed.flag"} <= set(flags(folder))
    assert not (folder / "results/results_pipeline/summary").exists(), "it waits for all samples"
    (folder / "fail_test2").unlink()
    second = use_looper(cwd=folder, **env)
    assert second.code == 0, second.text
    log = (folder / "results/results_pipeline/test1/PEPATAC_log.md").read_text()
    assert log.count("--sample-name test1") == 1, "the sample that had completed did not run again"
    assert f"rCRSd={folder}/genomes/rCRSd/bowtie2" in log
    rows = table(folder, **env)
    assert {name: rows[name]["TSS_score"] for name in ("test1", "test2")} == {
        "test1": "12.5",
        "test2": "12.5",
    }
    assert (rows["summary"]["Pipeline Type"], rows["demo"]["Record Status"]) == (
        "project",
        "completed",
    )
    assert (folder / "results/results_pipeline/demo_stats_summary.yaml").is_file()
    third = use_looper(cwd=folder, **env)
    assert third.code == 0 and "nothing to be done" in third.text.lower(), third.text

"""Dry runs as users see them, and runs with nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write
from support.running import Run, program


@pytest.fixture
def project(tmp_path: Path) -> Path:
    level = "\n        project_interface:\n          command_template: echo done\n"
    return write(tmp_path, {**TOUCH, "touch.yaml": TOUCH["touch.yaml"].rstrip() + level})


def looper(*words: str, cwd: Path) -> Run:
    return program("snakemake-looper", words, cwd, {})


def test_from_the_first_dry_run_to_nothing_to_do(project: Path) -> None:
    (project / "c.txt").unlink()
    (project / "fail.txt").write_text("b\n")
    dry = looper("run", "-d", cwd=project)
    assert (dry.code, dry.out) == (
        1,
        "touch: 2 of 2 samples to run\n"
        "  2 samples run for the first time: a, b\n"
        "  1 sample is skipped: missing files: c (c.txt)\n"
        "touch, project level: runs after its samples\n"
        "Nothing was run. Start it with: snakemake-looper run\n",
    )
    assert "skipped" not in dry.err and not (project / "results").exists()
    done = looper("run", cwd=project)
    assert "touch (project level) did not run: 1 of its 2 samples failed\n" in done.err
    (project / "fail.txt").write_text("")
    edit(project / "samples.csv", "one", "uno")
    dry = looper("run", "-d", "--samples", "a,b", cwd=project)
    assert (dry.code, dry.out) == (
        0,
        "touch: 2 of 2 samples to run\n"
        "  1 sample runs again: the command changed: a ('one' is now 'uno')\n"
        "  1 sample runs again: failed in the last run: b\n"
        "touch, project level: left out: --samples selected samples\n"
        "Nothing was run. Start it with: snakemake-looper run --samples a,b\n",
    )
    assert looper("run", cwd=project).code == 1, "c is still skipped"
    table = "pipeline  completed  skipped\ntouch     3          1\n"
    assert looper("run", "-d", cwd=project).out == (
        f"{table}  1 sample is skipped: missing files: c (c.txt)\n"
        "Nothing to be done: all that was asked for is up to date.\n"
    )
    idle = looper("run", cwd=project).err
    assert "Nothing to be done" in idle and f"\n{table}" in idle


def test_details_are_snakemakes(project: Path) -> None:
    for words in (("-n", "-p"), ("-n", "--verbose")):
        dry = program("snakemake", ("--use-looper-config", *words), project, {})
        assert dry.code == 0 and "rule touch_sample:" in dry.out and "Job stats:" in dry.out
        assert "Nothing was run." not in dry.text


def test_scripts_find_snakemakes_table_of_jobs(project: Path) -> None:
    dry = program("snakemake", ("--use-looper-config", "-n"), project, {})
    assert dry.out.startswith("Job stats:\njob              count\n")
    assert "\ntouch_sample         3\n" in dry.out and dry.out.count("Job stats:") == 1
    assert "\ntotal                5\n\ntouch: 3 of 3 samples to run\n" in dry.out


def test_an_error_is_shown_and_a_question_about_files_is_answered(project: Path) -> None:
    wrong = program("snakemake", ("--use-looper-config", "-n", "--until", "x"), project, {})
    asked = program("snakemake", ("--use-looper-config", "-n", "--summary"), project, {})
    assert wrong.code != 0 and "x" in wrong.text and "Nothing was run" not in wrong.text
    assert asked.out.startswith("output_file\t") and "Nothing was run" not in asked.text


def test_an_output_that_is_declared_later(project: Path) -> None:
    edit(
        project / "touch.yaml",
        "echo {sample.word}",
        "echo {sample.word} > {sample.sample_name}.out",
    )
    assert looper("run", cwd=project).code == 0
    new = "sample_interface:\n  snakemake: {output: '{sample.sample_name}.out'}"
    edit(project / "touch.yaml", "sample_interface:", new)
    idle = "Nothing to be done: all that was asked for is up to date."
    assert idle in looper("run", "-d", cwd=project).out, "the command has always made it"

    edit(project / "samples.csv", "b,b.txt,two", "b,b.txt,other")
    (project / "c.out").unlink()
    assert looper("run", "-d", cwd=project).out.startswith(
        "touch: 2 of 3 samples to run\n"
        "  1 sample runs again: the command changed: b\n"
        "  1 sample runs again: an output is missing: c (c.out)\n"
    )
    said = looper("check", cwd=project).err
    assert "the command changed (b)" in said and "an output is missing (c)" in said
    assert looper("run", cwd=project).code == 0
    assert (project / "b.out").read_text() == "other\n"
    assert idle in looper("run", "-d", cwd=project).out

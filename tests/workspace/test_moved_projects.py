"""A project that was moved: its jobs and its stores are known under the same names."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH, edit

from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.job_table import JobTable, settled_marker, store_key
from snakemake_looper.workspace.rows import StoreRow

# The command has the absolute path of the output folder in it.
PROJECT = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        sample_interface:
          command_template: echo {sample.word} > {looper.output_dir}/{sample.sample_name}.txt
        """,
}


@pytest.fixture
def tables(project: Callable[..., Path]) -> Callable[[], tuple[JobTable, JobTable]]:
    """The job table of a project, and that of the same project at another place."""
    there = project(PROJECT)
    here = there.with_name("renamed")

    def plan() -> tuple[JobTable, JobTable]:
        then = current_plan(there / ".looper.yaml").jobs()
        shutil.copytree(there, here, symlinks=True)
        edit(here / "samples.csv", "two", "deux")
        return then, current_plan(here / ".looper.yaml").jobs()

    return plan


def test_only_the_edited_job_is_another_one(
    tables: Callable[[], tuple[JobTable, JobTable]],
) -> None:
    then, now = tables()
    assert str(then.facts.output_dir) in next(then.rows()).command
    same = [brief.record for brief in now.briefs() if now.has_same_job(then, brief)]
    assert sorted(same) == ["a", "c"]


@pytest.mark.parametrize("location", ["results/all.yaml", ""])
def test_a_store_keeps_its_name(location: str) -> None:
    """Results that were set aside for it are found again after a move."""

    def store(workdir: Path) -> StoreRow:
        path = str(workdir / location) if location else ""
        return StoreRow("r", "p", "sample", "file", path, "sqlite", None, "config.yaml")

    here, there = Path("/here"), Path("/somewhere/else")
    assert store_key(store(here), here) == store_key(store(there), there)
    assert settled_marker(store(here), here).endswith(store_key(store(there), there))

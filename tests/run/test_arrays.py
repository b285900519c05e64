"""Which rules' jobs may be one job array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.projects import edit, write

from snakemake_looper.plan.planner import plan_project
from snakemake_looper.run.arrays import why_no_array
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.lumps import Packed
from snakemake_looper.workspace.plan_folder_writer import write_plan


@pytest.fixture
def table(touch: Path) -> Iterator[JobTable]:
    """The samples of one pipeline have equal resources, those of the other have not."""
    equal = (
        (touch / "touch.yaml").read_text().replace("pipeline_name: touch", "pipeline_name: same")
    )
    write(touch, {"same.yaml": equal, "sizes.tsv": "max_file_size\tcores\n1e-8\t1\nNaN\t2\n"})
    edit(touch / ".looper.yaml", "[touch.yaml]", "[touch.yaml, same.yaml]")
    with (touch / "touch.yaml").open("a") as interface:
        interface.write("compute: {size_dependent_variables: sizes.tsv}\n")
    (touch / "b.txt").write_text("b" * 3000)
    edit(touch / "schema.yaml", "tangible: [file]", "tangible: [file]\n      sizing: [file]")
    opened = write_plan(plan_project(touch / ".looper.yaml")).jobs()
    yield opened
    opened.close()


@pytest.mark.parametrize("asked", [set(), {"same_sample"}, {"another"}])
def test_these_may_be(table: JobTable, asked: set[str]) -> None:
    engine: Any = SimpleNamespace(array_rules=asked)
    assert why_no_array(table, engine, Packed()) is None


@pytest.mark.parametrize(
    ("asked", "advice"),
    [
        ({"touch_sample"}, "leave it out"),
        (
            {"touch_sample", "same_sample"},
            "name those whose jobs do: --slurm-array-jobs same_sample",
        ),
        ({"all"}, "name those whose jobs do: --slurm-array-jobs same_sample"),
    ],
)
def test_jobs_that_differ_may_not(table: JobTable, asked: set[str], advice: str) -> None:
    engine: Any = SimpleNamespace(array_rules=asked)
    said = why_no_array(table, engine, Packed()) or ""
    assert said.startswith("--slurm-array-jobs: the jobs of touch_sample do not all ask")
    assert said.endswith(advice)

"""Compute settings: units, the size table, and the order of the cascade."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.projects import TOUCH, edit, write

from snakemake_looper import Options
from snakemake_looper.errors import Place, Problems
from snakemake_looper.formula import Formula, by_attempt, filled, resource
from snakemake_looper.plan.compute_settings import size_row
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.plan.resources import (
    UnitError,
    memory_mb,
    runtime_minutes,
    threads_of,
    to_snakemake,
)
from snakemake_looper.read.interfaces.size_table import size_table


@pytest.mark.parametrize(
    ("text", "mb"),
    [("8000", 8000), (8000, 8000), ("8G", 8192), ("8 GB", 8192), ("0.5G", 512), ("1T", 1024**2),
     ("500M", 500), ("512K", 1), ("8g", 8192), ("8GiB", 8192)],
)  # fmt: skip
def test_memory(text: Any, mb: int) -> None:
    assert memory_mb(text) == mb


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("60", 60), (60, 60), ("30:30", 31), ("8:00:00", 480), ("02-00:00:00", 2880), ("1-12", 2160),
     ("1-12:30", 2190), ("00-01:00:00", 60), ("0:0:30", 1)],
)  # fmt: skip
def test_wall_time(text: Any, minutes: int) -> None:
    assert runtime_minutes(text) == minutes


@pytest.mark.parametrize("text", ["8X", "much", "", "-5", "8 G B"])
def test_memory_that_is_none(text: str) -> None:
    with pytest.raises(UnitError):
        memory_mb(text)


@pytest.mark.parametrize("text", ["soon", "1:2:3:4", "-", "1-", "1d", "-5", ""])
def test_wall_time_that_is_none(text: str) -> None:
    with pytest.raises(UnitError):
        runtime_minutes(text)


@given(st.integers(0, 30), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_wall_times_agree(days: int, hours: int, minutes: int, seconds: int) -> None:
    total = math.ceil(((days * 24 + hours) * 60 + minutes) + seconds / 60)
    assert runtime_minutes(f"{days}-{hours:02}:{minutes:02}:{seconds:02}") == total
    assert runtime_minutes(f"{days * 24 + hours}:{minutes}:{seconds}") == total


def test_translation() -> None:
    compute = {"cores": "4", "mem": "8G", "time": "1-00:00:00", "partition": "long", "docker": "x"}
    assert to_snakemake(compute) == (
        4,
        {"mem_mb": 8192, "runtime": 1440, "slurm_partition": "long"},
    )
    assert threads_of("32") == 32
    assert to_snakemake({"cores": None, "mem": "", "time": "NaN"}) == (1, {})


def test_size_table(tmp_path: Path) -> None:
    """The smallest sufficient row; NaN is any size there, and an empty cell elsewhere (quirk 6)."""
    write(
        tmp_path, {"t.tsv": "max_file_size\tmem\tpartition\n5\t500\t\nNaN\t900\tbig\n0.5\t100\tx\n"}
    )
    problems = Problems()
    table = size_table(tmp_path / "t.tsv", Place("x"), problems)
    assert not problems
    assert [row.max_gb for row in table] == [0.5, 5, math.inf]
    picked = [
        dict(row.values) if (row := size_row(table, size)) else {} for size in (0, 0.5, 0.6, 5.1)
    ]
    assert [row["mem"] for row in picked] == [100, 100, 500, 900]
    assert picked[2]["partition"] == ""
    assert size_row(table[:2], 6) is None


SIZED = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        sample_interface:
          command_template: run {compute.mem} {compute.partition} {looper.total_input_size}
        compute:
          size_dependent_variables: sizes.tsv
          partition: static
        """,
    "sizes.tsv": "max_file_size\tcores\tmem\tpartition\n0.000001\t1\t100\tp\nNaN\t4\t4G\tp\n",
    "b.txt": "b" * 2000,
}


def test_the_cascade(project: Callable[..., Path]) -> None:
    folder = project(SIZED)
    jobs = plan_project(folder / ".looper.yaml").jobs
    assert [(job.threads, dict(job.resources)) for job in jobs] == [
        (1, {"mem_mb": 100, "slurm_partition": "static"}),
        (4, {"mem_mb": 4096, "slurm_partition": "static"}),
        (1, {"mem_mb": 100, "slurm_partition": "static"}),
    ], "a static key beats the column of its name"
    assert jobs[1].command == f"run 4G static {2000 / 1024**3} "
    assert jobs[0].compute["mem"] == 100, "nothing leaks from sample to sample (quirk 5)"
    with (folder / "project.yaml").open("a") as pep:
        pep.write("looper:\n  compute:\n    resources: {partition: pep, mem: 7}\n")
    jobs = plan_project(folder / ".looper.yaml").jobs
    assert {job.resources["slurm_partition"] for job in jobs} == {"pep"}
    assert {job.resources["mem_mb"] for job in jobs} == {7}
    options = Options(compute=(("partition", "cli"),))
    jobs = plan_project(folder / ".looper.yaml", options).jobs
    assert {job.resources["slurm_partition"] for job in jobs} == {"cli"}


def test_no_row_for_a_size_is_an_error(project: Callable[..., Path]) -> None:
    folder = project(SIZED)
    edit(folder / "sizes.tsv", "NaN", "0.0000015")
    with pytest.raises(Exception, match="no row of the size table is for inputs of"):
        plan_project(folder / ".looper.yaml")


def test_times_stay_times(project: Callable[..., Path]) -> None:
    """YAML 1.1 would make 28800 of it (quirk 33)."""
    folder = project({**TOUCH, "touch.yaml": "pipeline_name: t\nsample_interface:\n  command_template: x {compute.time}\ncompute:\n  time: 8:00:00\n"})  # fmt: skip
    (job, *_) = plan_project(folder / ".looper.yaml").jobs
    assert (job.command, job.resources["runtime"]) == ("x 8:00:00 ", 480)


@pytest.mark.parametrize(
    "text",
    ["a100", "--comment=attempt", "'attempt'", "attempts", "second attempt", "", "x.attempt"],
)
def test_text_that_is_no_formula(text: str) -> None:
    assert not isinstance(resource(text), Formula)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1000 * attempt", [1000, 2000, 3000]),
        ("attempt", [1, 2, 3]),
        ("mem_mb * 2 ** (attempt - 1)", [800, 1600, 3200]),
        ("min(mem_mb + 500 * (attempt - 1), 1500)", [800, 1300, 1500]),
        ("'long' if attempt > 2 else slurm_partition", ["short", "short", "long"]),
    ],
)
def test_formulas(text: str, values: list[Any]) -> None:
    formula = resource(text)
    assert isinstance(formula, Formula)
    grow = by_attempt(filled(formula, {"mem_mb": 800, "slurm_partition": "short"}))
    assert [grow(None, attempt) for attempt in (1, 2, 3)] == values


def test_a_formula_takes_up_what_the_size_table_says(project: Callable[..., Path]) -> None:
    folder = project(SIZED)
    with (folder / "touch.yaml").open("a") as interface:
        interface.write(
            "snakemake:\n  resources: {mem_mb: mem_mb * attempt, gpu: threads * attempt}\n"
        )
    jobs = plan_project(folder / ".looper.yaml").jobs
    assert [(job.resources["mem_mb"], job.resources["gpu"]) for job in jobs] == [
        ("100 * attempt", "1 * attempt"),
        ("4096 * attempt", "4 * attempt"),
        ("100 * attempt", "1 * attempt"),
    ]
    edit(folder / "touch.yaml", "mem_mb: mem_mb", "mem_mb: mem")
    what = (
        "'mem \\* attempt': there is no 'mem'; use one of attempt, mem_mb, slurm_partition,"
        " threads, abs, int, max, min, round"
    )
    with pytest.raises(Exception, match=what):
        plan_project(folder / ".looper.yaml")

"""Lumps: several samples in one cluster job.

A lump is a Snakemake group job, so these tests submit: to `bash`, through the executor plugin for
clusters in general.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.projects import TOUCH, edit, flags, write
from support.running import Run, cli, snakemake, use_looper

from snakemake_looper import Options, ProjectError
from snakemake_looper.plan.lumps import lump_numbers
from snakemake_looper.plan.planner import plan_project

SAMPLES = "abcdefg"
PROJECT = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        inject_env_vars: {WHO: "{sample.sample_name}"}
        compute: {mem: 100, cores: 1, time: 5}
        snakemake: {retries: 2}
        sample_interface:
          command_template: >
            mkdir -p {looper.sample_output_folder} &&
            date +%s.%N > {looper.sample_output_folder}/begin && sleep 0.1 && echo $WHO
            && ! grep -qx {sample.sample_name} fail.txt
            && date +%s.%N > {looper.sample_output_folder}/end
        """,
    "samples.csv": "sample_name,file,word\n" + "".join(f"{s},{s}.txt,{s}\n" for s in SAMPLES),
    **{f"{sample}.txt": "x" * 1000 for sample in SAMPLES},
    "submit.sh": """
        #!/bin/bash
        echo "$*" >> submitted.txt
        bash "${@: -1}" > /dev/null 2>&1
        """,
}


@pytest.fixture
def lumped(project: Callable[..., Path]) -> Path:
    folder = project(PROJECT)
    (folder / "submit.sh").chmod(0o755)
    return folder


def submit(folder: Path, *words: str) -> Run:
    return snakemake(
        "--use-looper-config", "-j", "2", "--executor", "cluster-generic",
        "--cluster-generic-submit-cmd", "./submit.sh {resources.mem_mb} {resources.runtime} {threads}",
        "--latency-wait", "1", "--seconds-between-status-checks", "1", *words, cwd=folder,
    )  # fmt: skip


def submitted(folder: Path) -> list[tuple[str, ...]]:
    """Memory, run time and threads of each job that was submitted."""
    path = folder / "submitted.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [tuple(line.split()[:3]) for line in lines]


def times(folder: Path, sample: str) -> tuple[float, float]:
    where = folder / "results/results_pipeline" / sample
    return float((where / "begin").read_text()), float((where / "end").read_text())


def test_members_run_one_after_another(lumped: Path) -> None:
    """Each with its own folder, environment, log and flag; memory is that of one member, time
    that of all."""
    done = submit(lumped, "--config", "lump_n=3")
    assert done.code == 0, done.text
    assert sorted(submitted(lumped)) == [("100", "15", "1"), ("100", "15", "1"), ("100", "5", "1")]
    for lump in ("abc", "def"):
        spans = sorted(times(lumped, sample) for sample in lump)
        assert all(one[1] <= next_one[0] for one, next_one in itertools.pairwise(spans))
    assert flags(lumped) == [f"touch_{sample}_completed.flag" for sample in SAMPLES]
    for sample in SAMPLES:
        assert (lumped / f"results/submission/touch_{sample}.log").read_text() == f"{sample}\n"
    assert use_looper("-n", "--config", "lump_n=3", cwd=lumped).jobs() == []
    assert use_looper("-n", cwd=lumped).jobs() == []


def test_a_failed_member_fails_alone(lumped: Path) -> None:
    """The others run and keep their flags, and the next run does only what is left."""
    write(lumped, {"fail.txt": "a\ne\n"})
    done = submit(lumped, "--config", "lump_n=3")
    assert done.code == 1
    expected = [f"touch_{one}_{'failed' if one in 'ae' else 'completed'}.flag" for one in SAMPLES]
    assert flags(lumped) == expected
    assert len(submitted(lumped)) == 3  # `retries` would run the completed members again
    told = "touch a and 1 more failed: exit code 1 (also e)"
    assert done.err.splitlines().count(told) == 1
    write(lumped, {"fail.txt": ""})
    dry = use_looper("-n", "--config", "lump_n=3", cwd=lumped)
    assert dry.jobs() == ["touch_sample:a", "touch_sample:e"]
    assert submit(lumped, "--config", "lump_n=3").code == 0
    assert submitted(lumped)[3:] == [("100", "10", "1")]  # what is left fills lumps of its own
    assert flags(lumped) == [f"touch_{sample}_completed.flag" for sample in SAMPLES]


def test_an_edited_row_runs_alone(lumped: Path) -> None:
    edit(lumped / "touch.yaml", "echo $WHO", "echo {sample.word}")
    assert submit(lumped, "--config", "lump_n=4").code == 0
    edit(lumped / "samples.csv", "c,c.txt,c", "c,c.txt,other")
    dry = use_looper("-n", "--config", "lump_n=4", cwd=lumped)
    assert dry.jobs() == ["touch_sample:c"]


def test_one_machine_runs_members_as_they_fit(lumped: Path) -> None:
    write(lumped, {"fail.txt": "b\n"})
    done = use_looper("--config", "lump_n=3", cwd=lumped)
    assert done.code == 1
    expected = [f"touch_{one}_{'failed' if one == 'b' else 'completed'}.flag" for one in SAMPLES]
    assert flags(lumped) == expected


@pytest.mark.parametrize(
    ("options", "lumps"),
    [
        (Options(lump_n="3"), ["abc", "def", "g"]),
        (Options(lump_j="2"), ["abcd", "efg"]),
        (Options(lump="0.000001"), ["ab", "cd", "ef", "g"]),  # 1,074 bytes; each sample has 1,000
        (Options(lump="0"), list(SAMPLES)),
        (Options(lump="1", lump_n="4"), ["abcd", "efg"]),
        (Options(lump_n="2", limit="3"), ["ab", "c"]),
    ],
)
def test_members_of_each_lump(lumped: Path, options: Options, lumps: list[str]) -> None:
    found: dict[str, str] = {}
    for job in plan_project(lumped / ".looper.yaml", options).jobs:
        assert job.lump
        found[job.lump] = found.get(job.lump, "") + job.record
    assert list(found.values()) == lumps
    assert all(re.fullmatch(r"touch_sample_lump_\d+", name) for name in found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(lump_n="0"), "--lump-n: '0' is not a whole number of at least 1; correct it"),
        (Options(lump_j="x"), "--lump-j: 'x' is not a whole number of at least 1; correct it"),
        (Options(lump="-1"), "--lump: '-1' is not a number of GB; correct it"),
        (Options(lump="nan"), "--lump: 'nan' is not a number of GB; correct it"),
        (
            Options(lump_n="2", lump_j="2"),
            "--lump-n: cannot be combined with --lump-j; choose one",
        ),
    ],
)
def test_wrong_limits(lumped: Path, options: Options, message: str) -> None:
    with pytest.raises(ProjectError) as error:
        plan_project(lumped / ".looper.yaml", options)
    assert str(error.value) == message


def test_wrong_limits_are_said_on_the_command_line(lumped: Path) -> None:
    done = cli("inspect", "--lump-n", "0", cwd=lumped)
    message = "--lump-n: '0' is not a whole number of at least 1; correct it"
    assert (done.code, done.err) == (2, f"error: {message}\n")


@given(
    sizes=st.lists(st.floats(0, 10), max_size=30),
    count=st.none() | st.integers(1, 10),
    limit=st.none() | st.floats(0, 20),
)
def test_lumps_are_full_but_not_more(
    sizes: list[float], count: int | None, limit: float | None
) -> None:
    """A lump closes with the member that fills it: without its last member none is full."""
    numbers = lump_numbers(sizes, [False] * len(sizes), limit, count)
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, len(set(numbers)) + 1))
    for number in set(numbers):
        members = [size for size, one in zip(sizes, numbers, strict=True) if one == number]
        before = members[:-1]
        assert not count or len(before) < count
        assert not before or limit is None or sum(before) < limit


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 10))
def test_what_is_left_is_lumped_first(done: list[bool], count: int) -> None:
    numbers = lump_numbers([0.0] * len(done), done, None, count)
    left = [number for number, one in zip(numbers, done, strict=True) if not one]
    assert len(set(left)) == -(-len(left) // count)

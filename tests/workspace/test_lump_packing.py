"""Packing: which samples are in a lump, and what the lump needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.projects import TOUCH

from snakemake_looper.formula import Formula, by_attempt
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.lump_lookups import LumpLookups
from snakemake_looper.workspace.lump_packing import pack
from snakemake_looper.workspace.lumps import Cause, Lump, Packed, write_needs
from snakemake_looper.workspace.plan_folder_writer import write_plan

SAMPLES = "abcdefg"
TABLE = "sample_name,file,word\n" + "".join(f"{name},{name}.txt,{name}\n" for name in SAMPLES)
Tabled = Callable[..., JobTable]


@pytest.fixture
def tabled(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Tabled:
    """The job table of a project, whose folder is the working directory. Further arguments are
    fields of its jobs, with a value for each sample."""

    def table(options: Options, **fields: Sequence[Any]) -> JobTable:
        inputs = {f"{name}.txt": "x" * 1000 for name in SAMPLES}
        folder = project({**TOUCH, **inputs, "samples.csv": TABLE})
        monkeypatch.chdir(folder)
        plan = plan_project(folder / ".looper.yaml", options)
        jobs = tuple(
            replace(job, **{name: values[number] for name, values in fields.items()})
            for number, job in enumerate(plan.jobs)
        )
        return write_plan(replace(plan, jobs=jobs)).jobs()

    return table


def packed(table: JobTable, due: str = SAMPLES, after: str = "") -> Packed:
    causes = {
        (row.rule, row.record): Cause("", row.record in after)
        for row in table.rows()
        if row.record in due
    }
    return pack(table, causes, "run")


def members(found: Packed) -> list[str]:
    return ["".join(one.record for one in lump.members) for lump in found.lumps.values()]


def first(found: Packed) -> Lump:
    return next(iter(found.lumps.values()))


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
def test_members_of_each_lump(tabled: Tabled, options: Options, lumps: list[str]) -> None:
    found = packed(tabled(options))
    assert members(found) == lumps
    assert [lump.name for lump in found.lumps.values()] == [
        f"run-{number}" for number in range(1, len(lumps) + 1)
    ]


def test_only_samples_that_are_due_are_in_lumps(tabled: Tabled) -> None:
    table = tabled(Options(lump_n="3"))
    found = packed(table, due="bdfg")
    assert members(found) == ["bdf", "g"]
    assert found.markers.keys() == {one.flag for one in table.rows() if one.record in "bdfg"}
    assert packed(table, due="").lumps == {}


def test_a_lump_does_not_mix_images_or_partitions(tabled: Tabled) -> None:
    resources = [{"slurm_partition": place} for place in "ppppqpp"]
    table = tabled(Options(lump_n="4"), container="xyxyxxx", resources=resources)
    found = packed(table)
    assert members(found) == ["acfg", "bd", "e"]
    assert {lump.needs.container for lump in found.lumps.values()} == {"x", "y"}


def test_samples_that_wait_for_others_are_in_lumps_of_their_own(tabled: Tabled) -> None:
    assert members(packed(tabled(Options(lump_n="3")), after="bd")) == ["ace", "bd", "fg"]


@pytest.mark.parametrize(
    ("options", "threads", "memory", "minutes"),
    [
        (Options(lump_n="7"), 4, 400 + 200 + 100, 13),  # three of one core; 38 minutes in all
        (Options(lump_n="7", lump_threads="1"), 1, 400, 38),
        (Options(lump_n="7", lump_threads="20"), 20, 1100, 9),
    ],
)
def test_needs_of_a_lump(
    tabled: Tabled, options: Options, threads: int, memory: int, minutes: int
) -> None:
    """Memory is that of the largest members that can run at once; the time is shared."""
    sizes, times = (1, 1, 2, 1, 1, 1, 4), (5, 5, 5, 5, 5, 9, 4)
    resources = [
        {"mem_mb": size * 100, "runtime": time, "slurm_partition": "p", "nodes": 1}
        for size, time in zip(sizes, times, strict=True)
    ]
    threads_of_members = (1, 2, 2, 2, 1, 2, 4)
    table = tabled(options, threads=threads_of_members, resources=resources)
    needs = first(packed(table)).needs
    assert needs.threads == threads
    assert needs.resources == {
        "mem_mb": memory, "runtime": minutes, "slurm_partition": "p", "nodes": 1,
    }  # fmt: skip
    assert needs.inputs == [f"{name}.txt" for name in SAMPLES]


def test_resources_that_grow_with_each_try(tabled: Tabled) -> None:
    resources = [
        {"mem_mb": Formula(f"{size}00 * attempt"), "runtime": Formula("5 * attempt")}
        for size in (1, 1, 2, 1, 1, 1, 4)
    ]
    table = tabled(Options(lump_n="7", lump_threads="2"), resources=resources)
    needs = first(packed(table)).needs

    def of(name: str, attempt: int) -> int:
        return by_attempt(str(needs.resources[name]))(None, attempt)

    assert [of("mem_mb", attempt) for attempt in (1, 2)] == [800, 1600]
    assert [of("runtime", attempt) for attempt in (1, 2)] == [18, 35]


def test_lumps_of_an_array_all_ask_for_the_same(tabled: Tabled) -> None:
    resources = [{"mem_mb": size, "runtime": 5} for size in (1, 2, 3, 4, 5, 6, 7)]
    table = tabled(Options(lump_n="3"), resources=resources)
    causes = {(row.rule, row.record): Cause("") for row in table.rows()}
    lumps = pack(table, causes, "run", {"touch_sample"}).lumps.values()
    assert [one.needs.resources for one in lumps] == [{"mem_mb": 7, "runtime": 15}] * 3
    apart = [one.needs.resources["runtime"] for one in pack(table, causes, "run").lumps.values()]
    assert apart == [15, 15, 5]


class FakeEngine:
    """What lookups ask of Snakemake."""

    is_dry_run = False
    has_graph = True

    def __init__(self, is_main: bool) -> None:
        self.is_main = is_main


def test_a_job_finds_its_lump_by_the_name(tabled: Tabled, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks no one which samples are due by now."""
    table = tabled(Options(lump_n="3"))
    main: Any = FakeEngine(is_main=True)
    child: Any = FakeEngine(is_main=False)
    of_main = LumpLookups(table, main, lambda run: packed(table))
    of_child = LumpLookups(table, child, lambda run: pytest.fail("a job packs no lumps"))
    for lump in of_main.packed.lumps.values():
        write_needs(Path(), lump)
    for name in ("run-1", "run-3"):
        wildcards = {"lump": name}
        for lookup in ("inputs", "threads", "container"):
            answers = [
                getattr(one, lookup)("touch_sample")(wildcards) for one in (of_main, of_child)
            ]
            assert answers[0] == answers[1]
    flags = table.flags(["touch_sample"])
    assert of_child.in_place_of(flags) == flags
    assert len(of_main.in_place_of(flags)) == 3
    with pytest.raises(
        ValueError, match=r"the lump run-9 is gone .*: a later run has taken it over"
    ):
        of_child.threads("touch_sample")({"lump": "run-9"})


def test_all_that_a_lump_needs_can_be_written(tabled: Tabled) -> None:
    lump = first(packed(tabled(Options(lump_n="3"))))
    write_needs(Path(), lump)
    assert json.loads(Path(lump.path(".json")).read_text()) == lump.needs._asdict()

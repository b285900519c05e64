"""What is decided when all jobs are known: shared files, sources, and how long a plan is valid."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.projects import edit, write

from snakemake_looper import Options
from snakemake_looper.errors import Problems
from snakemake_looper.model import Job, Plan
from snakemake_looper.plan.context import PlanContext, plan_context
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.plan.rules import make_rules
from snakemake_looper.plan.whole_plan import check_shared_files, whole_plan
from snakemake_looper.read.project import read_project


def context_of(folder: Path, options: Options | None = None) -> PlanContext:
    return plan_context(read_project(folder / ".looper.yaml", options))


def whole(context: PlanContext) -> Plan:
    """The plan of a project of which no job is planned."""
    rules = make_rules(context, Problems())
    return whole_plan(context, rules, (), (), {"a.txt": 2}, ("odd",))


def test_facts_of_the_stages_before(touch: Path) -> None:
    context = context_of(touch)
    plan = whole(context)
    assert (plan.project_name, plan.workdir, plan.rundir) == ("demo", touch, touch)
    assert (plan.out, plan.results_dir) == (touch / "results", touch / "results/results_pipeline")
    assert [rule.name for rule in plan.rules] == ["touch_sample"]
    assert (plan.inputs, plan.warnings) == ({"a.txt": 2}, ("odd",))
    assert (plan.configs, plan.results, plan.amendments) == ((), (), ())


def test_sources_are_the_files_that_were_read(touch: Path) -> None:
    write(touch, {"cluster.yaml": "mem: 3\n"})
    plan = whole(context_of(touch, Options(settings="cluster.yaml")))
    assert len(set(plan.sources)) == len(plan.sources)
    assert {path.name for path in plan.sources} == {
        ".looper.yaml", "cluster.yaml", "project.yaml", "samples.csv", "touch.yaml", "schema.yaml",
    }  # fmt: skip


def test_the_file_of_a_hook_is_a_source(touch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(touch, {"hooks_of_whole_plan.py": "def change(namespaces):\n    return namespaces\n"})
    monkeypatch.syspath_prepend(str(touch))
    edit(
        touch / "touch.yaml",
        "sample_interface:",
        "pre_submit: {python_functions: [hooks_of_whole_plan.change]}\nsample_interface:",
    )
    try:
        plan = plan_project(touch / ".looper.yaml")
    finally:
        sys.modules.pop("hooks_of_whole_plan", None)
    assert touch / "hooks_of_whole_plan.py" in plan.sources


@pytest.mark.parametrize(
    ("options", "volatile", "narrowed"),
    [
        ({}, False, False),
        ({"limit": "2"}, False, True),
        ({"sel_flag": ("failed",)}, True, True),
        ({"exc_flag": ("failed",)}, True, True),
        ({"lump_n": "2"}, False, False),
        ({"lump": "0.5"}, False, False),
        ({"lump_j": "1"}, False, False),
        ({"command_extra": "-x"}, False, False),
    ],
)
def test_options_that_make_each_plan_anew(
    touch: Path, options: dict[str, Any], volatile: bool, narrowed: bool
) -> None:
    """Flags change without any source. Lumps are packed in each run, from the same plan."""
    plan = whole(context_of(touch, Options(**options)))
    assert (plan.volatile, plan.narrowed) == (volatile, narrowed)


def test_a_pep_that_may_change_unseen_makes_each_plan_anew(touch: Path) -> None:
    context = context_of(touch)
    pep = replace(context.project.pep, volatile=True)
    assert whole(replace(context, project=replace(context.project, pep=pep))).volatile


# --- files that two records would share -----------------------------------------------------------


@pytest.fixture
def shared(touch: Path) -> tuple[PlanContext, Job, Callable[..., list[str]]]:
    context = context_of(touch)
    job = plan_project(touch / ".looper.yaml").jobs[0]

    def faults(*jobs: Job) -> list[str]:
        problems = Problems()
        check_shared_files(jobs, context.pep, problems)
        return [str(problem).removeprefix(f"{touch}/") for problem in problems]

    return context, job, faults


Shared = tuple[PlanContext, Job, Callable[..., list[str]]]


def test_two_pipelines_with_one_flag(shared: Shared) -> None:
    _, job, faults = shared
    other = replace(job, pipeline="touch_b", record="c", log="other.log")
    assert faults(job, other) == [
        "samples.csv:4: sample_name: pipeline 'touch' record 'a' and pipeline 'touch_b' record 'c'"
        f" would share the status flag {job.flag}; rename one of the samples or pipelines"
    ]


def test_two_levels_with_one_log(shared: Shared) -> None:
    _, job, faults = shared
    (said,) = faults(job, replace(job, level="project", record="b", flag="other.flag"))
    assert said.startswith("samples.csv:3: ") and f"would share the log {job.log};" in said


def test_a_pair_is_named_once(shared: Shared) -> None:
    """The same two jobs share the flag and the log."""
    _, job, faults = shared
    assert len(faults(job, replace(job, pipeline="other", record="b"))) == 1


def test_files_of_their_own_are_no_fault(shared: Shared) -> None:
    _, job, faults = shared
    assert faults() == faults(job) == []
    assert faults(job, replace(job, pipeline="other", flag="other.flag", log="other.log")) == []

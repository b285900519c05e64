"""Snakemake's `workflow` object, as far as this package asks it: with a stand-in for the object."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_looper.layout import data_dir
from snakemake_looper.workspace.engine import Engine


@dataclass(eq=False)
class Job:
    """As Snakemake's jobs."""

    name: str
    sample: str | None = None

    @property
    def rule(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.name)

    @property
    def wildcards_dict(self) -> dict[str, str]:
        return {"sample": self.sample} if self.sample else {}


@dataclass(eq=False)
class Dag:
    to_run: list[Job] = field(default_factory=list)
    dependencies: dict[Job, list[Job]] = field(default_factory=dict)
    forcefiles: set[str] = field(default_factory=set)

    def needrun_jobs(self) -> list[Job]:
        return self.to_run

    def needrun(self, job: Job) -> bool:
        return job in self.to_run


class Workflow(SimpleNamespace):
    """As Snakemake's `workflow`, for what an engine asks."""

    def __init__(self, prefix: str = "", **facts: Any) -> None:
        modifier = SimpleNamespace(
            modify_rulename=lambda name: f"{prefix}{name}", namespace=prefix or None
        )
        super().__init__(modifier=modifier, current_basedir="/plan", dag=Dag(), **facts)


def forcing(
    forcerun: Iterable[str] = (), prefix: str = "", forceall: bool = False, targets: bool = False
) -> Workflow:
    settings = SimpleNamespace(forcerun=set(forcerun), forceall=forceall, forcetargets=targets)
    return Workflow(prefix, dag_settings=settings)


@pytest.mark.parametrize(
    ("forced", "rule", "wanted"),
    [
        ("count_sample", "count_sample", True),
        ("recount_sample", "count_sample", False),  # a longer name is another rule
        ("count", "count_sample", False),
        ("flags/a_completed.flag", "count_sample", True),
        ("flags/aa_completed.flag", "count_sample", False),
    ],
)
def test_a_forced_rule_is_named_exactly(forced: str, rule: str, wanted: bool) -> None:
    workflow = forcing([forced])
    assert Engine(workflow).is_forced([rule], ["flags/a_completed.flag"]) is wanted


@pytest.mark.parametrize("forced", ["count_sample", "looper_count_sample"])
def test_a_forced_rule_of_a_module_has_two_names(forced: str) -> None:
    workflow = forcing([forced], prefix="looper_")
    assert Engine(workflow).is_forced(["count_sample"])
    assert not Engine(workflow).is_forced(["recount_sample"])


def test_everything_can_be_forced() -> None:
    workflow = forcing(forceall=True)
    assert Engine(workflow).is_forced(["any"])
    workflow = forcing(targets=True)
    assert Engine(workflow).is_forced(["any"])


def test_nothing_is_forced_before_snakemake_has_settings() -> None:
    workflow = Workflow(dag_settings=None)
    assert not Engine(workflow).is_forced(["any"])


@pytest.mark.parametrize("prefix", ["", "looper_"])
def test_planned_jobs_are_those_that_run(prefix: str) -> None:
    workflow = Workflow(prefix)
    config, a, b, other = Job("config"), Job(f"{prefix}p", "a"), Job(f"{prefix}p", "b"), Job("q")
    project = Job(f"{prefix}p_project")
    workflow.dag.to_run = [config, a, project, other]
    workflow.dag.dependencies = {a: [], b: [], project: [a, b], config: [], other: []}
    found = list(Engine(workflow).planned_jobs(["p", "p_project"]))
    assert [(one.rule, one.sample, one.has_prerequisites) for one in found] == [
        ("p", "a", False),
        ("p_project", None, True),
    ]


def test_a_job_after_one_that_does_not_run_has_no_prerequisites() -> None:
    workflow = Workflow()
    config, a = Job("config"), Job("p", "a")
    workflow.dag.to_run, workflow.dag.dependencies = [a], {a: [config]}
    (found,) = Engine(workflow).planned_jobs(["p"])
    assert not found.has_prerequisites


def test_an_engine_does_not_keep_the_workflow_alive() -> None:
    workflow = Workflow()
    engine = Engine(workflow)
    assert not engine.is_gone
    del workflow
    assert engine.is_gone


@pytest.mark.parametrize(
    ("arrays", "wanted"), [(None, set()), ("all", {"all"}), ("p, q;r,", {"p", "q", "r"})]
)
def test_rules_of_arrays(arrays: str | None, wanted: set[str]) -> None:
    workflow = Workflow(executor_settings=SimpleNamespace(array_jobs=arrays))
    assert Engine(workflow).array_rules == wanted


def test_files_that_are_to_be_made_again() -> None:
    workflow = Workflow()
    Engine(workflow).force(["a", "b"])
    assert workflow.dag.forcefiles == {"a", "b"}


def scheduling(jobs: int = 100, omit: bool = True, local: bool = True, prefix: str = "") -> Any:
    """Snakemake's own scheduler after `Engine.ease_scheduling`, as far as that changes it."""
    settings = SimpleNamespace(omit_prioritize_by_temp_and_input=omit)
    scheduler = SimpleNamespace(
        _scheduler=SimpleNamespace(settings=settings),
        _greedy_scheduler=SimpleNamespace(
            settings=SimpleNamespace(omit_prioritize_by_temp_and_input=False)
        ),
        job_rate_limiter=SimpleNamespace(max_jobs=jobs, timespan=1.0),
        update_input_sizes="Snakemake's own",
    )
    workflow = Workflow(prefix, scheduler=scheduler, local_exec=local)
    Engine(workflow).ease_scheduling()
    return scheduler


def test_sizes_that_the_scheduler_does_not_use_are_not_looked_up() -> None:
    scheduler = scheduling()
    jobs = [SimpleNamespace(input=["a file that would be looked up"])]
    assert asyncio.run(scheduler.update_input_sizes(jobs)) is None
    assert scheduler._greedy_scheduler.settings.omit_prioritize_by_temp_and_input


@pytest.mark.parametrize("case", [{"omit": False}, {"prefix": "module_"}])
def test_sizes_are_looked_up_if_the_scheduler_may_use_them(case: dict[str, Any]) -> None:
    scheduler = scheduling(**case)
    assert scheduler.update_input_sizes == "Snakemake's own"


def test_the_ilp_scheduler_gets_its_sizes() -> None:
    scheduler = SimpleNamespace(_scheduler=SimpleNamespace(settings=None), update_input_sizes="own")
    workflow = Workflow(scheduler=scheduler, local_exec=True)
    Engine(workflow).ease_scheduling()
    assert scheduler.update_input_sizes == "own"


@pytest.mark.parametrize(
    ("case", "is_lifted"),
    [
        ({}, True),
        ({"jobs": 5}, False),  # a user has chosen it
        ({"local": False}, False),  # it spares a cluster's queue
        ({"prefix": "module_"}, False),  # the workflow is somebody else's
    ],
)
def test_the_default_limit_of_jobs_per_second_is_lifted_here(
    case: dict[str, Any], is_lifted: bool
) -> None:
    scheduler = scheduling(**case)
    assert (scheduler.job_rate_limiter is None) is is_lifted


def test_snakemake_has_what_is_eased() -> None:
    """With other names in a later version of Snakemake, runs would be slow and not wrong."""
    from snakemake.scheduling.greedy import SchedulerSettings
    from snakemake.scheduling.job_scheduler import JobScheduler
    from snakemake.settings.types import MaxJobsPerTimespan

    assert {"job_rate_limiter", "_scheduler"} <= set(JobScheduler.__init__.__code__.co_names)
    assert asyncio.iscoroutinefunction(JobScheduler.update_input_sizes)
    assert "omit_prioritize_by_temp_and_input" in {one.name for one in fields(SchedulerSettings)}
    profile = data_dir("profiles") / "default/config.v9+.yaml"
    assert "scheduler-greedy-omit-prioritize-by-temp-and-input: true" in profile.read_text()
    default = MaxJobsPerTimespan.parse_choice("100/1s")
    scheduler = scheduling(jobs=default.max_jobs)
    assert default.timespan == 1 and scheduler.job_rate_limiter is None

"""From a draft to a job: each template is rendered once, and each fault has its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import TOUCH, write

from snakemake_looper import Options
from snakemake_looper.errors import Problems
from snakemake_looper.model import Job
from snakemake_looper.plan.context import PlanContext, plan_context
from snakemake_looper.plan.drafts import Draft, draft_project, draft_samples, namespaces_of
from snakemake_looper.plan.failures import Failures, JobError
from snakemake_looper.plan.input_files import FileSizes
from snakemake_looper.plan.name_limits import limits_of_rules
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.plan.render import rendered, with_variables
from snakemake_looper.plan.rules import make_rules
from snakemake_looper.read.project import read_project

Make = Callable[..., tuple[Draft, PlanContext]]


@pytest.fixture
def make(project: Callable[..., Path]) -> Make:
    """Write a project with one interface. Returns the draft of sample `a`, and its context."""
    folder = project(TOUCH)

    def made(
        interface: dict[str, Any],
        options: Options | None = None,
        level: str = "sample",
    ) -> tuple[Draft, PlanContext]:
        own = {"command_template": interface["command_template"]}
        whole = {"pipeline_name": "touch", **interface, f"{level}_interface": own}
        del whole["command_template"]
        write(folder, {"touch.yaml": yaml.safe_dump(whole)})
        context = plan_context(read_project(folder / ".looper.yaml", options))
        problems = Problems()
        rules = make_rules(context, problems)
        limits = limits_of_rules(context, rules, problems)
        drafts = draft_samples(context, rules, limits, FileSizes(folder), problems).drafts
        draft = (drafts or draft_project(context, rules))[0]
        assert not problems
        return draft, context

    return made


def with_own(draft: Draft, context: PlanContext, **own: object) -> Draft:
    """A draft with other namespaces than its sample has."""
    return replace(draft, sample=None, namespaces={**namespaces_of(draft, context), **own})


def job_of(made: tuple[Draft, PlanContext]) -> Job:
    draft, context = made
    return rendered(with_variables(draft, context, Failures()), context).job


def test_a_job_of_a_sample(make: Make) -> None:
    job = job_of(make({"command_template": "echo {sample.word}", "compute": {"mem": "2G"}}))
    assert (job.rule, job.pipeline, job.record) == ("touch_sample", "touch", "a")
    assert job.command.rstrip() == "echo one"
    assert (job.threads, job.resources) == (1, {"mem_mb": 2048})
    assert job.flag.endswith("touch_a_completed.flag") and "{" not in job.flag + job.log


def test_variables_see_compute_settings_and_the_command_sees_variables(make: Make) -> None:
    draft, context = make(
        {
            "command_template": "{pipeline.var_templates.plain} {pipeline.var_templates.more.deep}",
            "var_templates": {"plain": "{compute.mem}", "more": {"deep": "{sample.file}"}},
            "compute": {"mem": 7},
        }
    )
    after = with_variables(draft, context, Failures())
    assert after.namespaces["pipeline"]["var_templates"] == {
        "plain": "7", "more": {"deep": "a.txt"},
    }  # fmt: skip
    assert "{" in str(namespaces_of(draft, context)["pipeline"]["var_templates"]), (
        "no draft is changed"
    )
    assert rendered(after, context).job.command.rstrip() == "7 a.txt"


def test_variables_are_expanded_also_in_nested_ones(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("REF", "/ref")
    variables = {"a": "~/x", "b": {"c": "$REF/{sample.word}"}}
    draft, context = make({"command_template": "true", "var_templates": variables})
    found = with_variables(draft, context, Failures()).namespaces["pipeline"]["var_templates"]
    assert found == {"a": "/home/me/x", "b": {"c": "/ref/one"}}


def test_namespaces_that_a_hook_changed_reach_the_job(make: Make) -> None:
    draft, context = make({"command_template": "echo {sample.word}", "compute": {"cores": 1}})
    ready = with_variables(draft, context, Failures())
    changed = {**ready.namespaces, "sample": {"word": "new"}, "compute": {"cores": 4, "mem": 9}}
    found = rendered(replace(ready, namespaces=changed), context)
    assert found.job.command.rstrip() == "echo new"
    assert (found.job.threads, found.job.resources) == (4, {"mem_mb": 9})
    assert found.namespaces is changed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["--own"]),
        ({"command_extra": "-x"}, ["--own", "-x"]),
        ({"command_extra_override": "-y"}, ["-y"]),
        ({"command_extra": "-x", "command_extra_override": "-y"}, ["-y"]),
    ],
)
def test_extra_arguments(make: Make, options: dict[str, str], words: list[str]) -> None:
    """A sample's own `command_extra` comes first; an override stands in the place of both."""
    draft, context = make({"command_template": "run"}, Options(**options))  # type: ignore[arg-type]
    sample = {**namespaces_of(draft, context)["sample"], "command_extra": "--own"}
    own = with_own(draft, context, sample=sample)
    assert job_of((own, context)).command.split() == ["run", *words]


def test_the_environment(make: Make) -> None:
    interface = {"command_template": "true", "inject_env_vars": {"WORD": "{sample.word}!"}}
    assert job_of(make(interface)).env == {"WORD": "one!"}
    draft, context = make(interface)
    told = with_own(draft, context, pipestat={"results_file": "x"})
    assert job_of((told, context)).env == {"WORD": "one!", "PIPESTAT_RECORD_IDENTIFIER": "a"}
    interface["inject_env_vars"] = {"PIPESTAT_RECORD_IDENTIFIER": "mine"}  # type: ignore[assignment]
    draft, context = make(interface)
    told = with_own(draft, context, pipestat={"results_file": "x"})
    assert job_of((told, context)).env == {"PIPESTAT_RECORD_IDENTIFIER": "mine"}


def test_a_formula_has_the_job_s_own_resources(make: Make) -> None:
    snakemake = {
        "resources": {"mem_mb": "mem_mb * attempt", "disk_mb": 5, "io": "threads * attempt"}
    }
    interface = {"command_template": "true", "compute": {"mem": 100, "cores": 2}}
    job = job_of(make({**interface, "snakemake": snakemake}))
    assert job.resources == {"mem_mb": "100 * attempt", "disk_mb": 5, "io": "2 * attempt"}


def test_inputs_are_named_once(make: Make) -> None:
    job = job_of(
        make(
            {
                "command_template": "true",
                "snakemake": {"input": ["{sample.file}", "a.txt", "b.txt"]},
            }
        )
    )
    assert job.inputs == ("a.txt", "b.txt")


@pytest.mark.parametrize(
    ("interface", "key", "message"),
    [
        ({"command_template": "{sample.wrod}"}, "command_template", "wrod"),
        ({"inject_env_vars": {"X": "{sample.wrod}"}}, "inject_env_vars.X", "wrod"),
        ({"snakemake": {"input": "{sample.wrod}"}}, "snakemake.input", "wrod"),
        ({"snakemake": {"input": "x<{sample.word}>"}}, "input_schema", "rename it"),
        ({"compute": {"mem": "much"}}, "compute.mem", "much"),
        ({"snakemake": {"resources": {"io": "disk_mb * attempt"}}}, "snakemake.resources", "disk_mb"),
    ],
)  # fmt: skip
def test_a_fault_has_the_key_of_its_template(
    make: Make, interface: dict[str, Any], key: str, message: str
) -> None:
    made = make({"command_template": "true", **interface})
    with pytest.raises(JobError, match=message) as caught:
        job_of(made)
    assert caught.value.key == key


def test_a_job_of_the_project(make: Make) -> None:
    template = "total {% for one in samples %}{one.word} {% endfor %}"
    job = job_of(make({"command_template": template}, level="project"))
    assert (job.rule, job.level, job.record) == ("touch_project", "project", "demo")
    assert job.command.split() == ["total", "one", "two", "three"]


def test_jobs_are_the_same_one_by_one_and_stage_by_stage(
    touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = plan_project(touch / ".looper.yaml")
    monkeypatch.setattr("snakemake_looper.plan.planner._render_each", lambda *_: None)
    assert one_by_one.jobs == plan_project(touch / ".looper.yaml").jobs

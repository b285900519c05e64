"""Resources by the names of executor plugins, with Snakemake's own types."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_executor_plugins.settings import CommonSettings

from snakemake_looper.workspace.engine_resources import (
    add_names,
    needs_names,
    needs_no_installation,
)


class Found(dict[str, Any]):
    """A job's resources: Snakemake's class for them has another name in each version."""

    def __init__(self, fromdict: dict[str, Any]) -> None:
        super().__init__(fromdict)


class Rule:
    """A rule: the resources that its jobs have, and which of these the rule itself names."""

    def __init__(self, name: str, own: dict[str, Any], defaults: dict[str, Any]) -> None:
        self.name = name
        self.ruleinfo = SimpleNamespace(resources=((), own)) if own else SimpleNamespace()
        self.resources = {**defaults, **own}

    def expand_resources(self, wildcards: Any, attempt: int = 1) -> Found:
        return Found(self.resources)


def names_of(
    executor: str,
    own: dict[str, Any],
    defaults: dict[str, Any] | None = None,
    overwritten: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What a job's resources are, beyond those of its rule."""
    rule = Rule("a", own, defaults or {})
    rule.resources |= overwritten or {}
    other = Rule("of_the_user", own, {})
    job = SimpleNamespace(rule=rule, _resources="old", _scheduler_resources="old")
    workflow = SimpleNamespace(
        rules=[rule, other],
        resource_settings=SimpleNamespace(overwrite_resources={"a": overwritten or {}}),
        dag=SimpleNamespace(needrun_jobs=lambda: [job]),
    )
    add_names(workflow, executor, {"a"})
    assert job._resources is None and job._scheduler_resources is None
    assert other.expand_resources(None) == own
    found = rule.expand_resources(None, attempt=2)
    return {key: value for key, value in found.items() if rule.resources.get(key) != value}


def test_which_executors() -> None:
    assert [one for one in ("local", "slurm", "lsf", "htcondor") if needs_names(one)] == [
        "lsf", "htcondor"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("own", "defaults", "overwritten", "names"),
    [
        ({"slurm_partition": "long", "slurm_account": "lab"}, {}, {}, {"lsf_queue": "long", "lsf_project": "lab"}),
        ({"mem_mb": 1}, {}, {}, {}),
        ({}, {"slurm_partition": "long"}, {}, {"lsf_queue": "long"}),
        # By LSF's own name: of the interface, of --set-resources, of the profile.
        ({"slurm_partition": "long", "lsf_queue": "own"}, {}, {}, {}),
        ({"slurm_partition": "long"}, {}, {"lsf_queue": "set"}, {}),
        ({"slurm_partition": "long"}, {"lsf_queue": "of_profile"}, {}, {"lsf_queue": "long"}),
        ({}, {"slurm_partition": "long", "lsf_queue": "of_profile"}, {}, {}),
        ({}, {"lsf_queue": "of_profile"}, {"slurm_partition": "set"}, {"lsf_queue": "set"}),
        # A job that names none, where other jobs of its rule do.
        ({"slurm_partition": ""}, {}, {}, {}),
    ],
)  # fmt: skip
def test_queue_and_project(own: Any, defaults: Any, overwritten: Any, names: Any) -> None:
    assert names_of("lsf", own, defaults, overwritten) == names


@pytest.mark.parametrize(
    ("own", "defaults", "names"),
    [
        ({"mem_mb": 3072, "runtime": 90}, {}, {"htcondor_request_mem_mb": 3072, "allowed_execute_duration": 5400}),
        ({"disk_mb": 10}, {"mem_mb": 4000}, {"htcondor_request_mem_mb": 4000, "htcondor_request_disk_mb": 10}),
        ({}, {"disk_mb": 50_000}, {}),
        ({"mem_mb": 1, "request_memory": "2GB"}, {}, {}),
        ({"mem_mb": 1}, {"request_memory": "2GB"}, {"htcondor_request_mem_mb": 1}),
        ({}, {"mem_mb": 1, "request_memory": "2GB"}, {}),
        ({"mem_mb": 0}, {}, {}),
        ({"mem_mb": "<TBD>"}, {}, {}),
        ({"slurm_partition": "long"}, {}, {}),
    ],
)  # fmt: skip
def test_memory_disk_and_time(own: Any, defaults: Any, names: Any) -> None:
    assert names_of("htcondor", own, defaults) == names


def test_storage_plugins_are_not_installed_before_each_job() -> None:
    """Jobs share the environment with the main process."""
    settings = CommonSettings(
        non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False,
        auto_deploy_default_storage_provider=True,
    )  # fmt: skip
    needs_no_installation(settings)
    assert settings.auto_deploy_default_storage_provider is False
    needs_no_installation(SimpleNamespace())

"""Jobs as an executor plugin wants them: resources by its names, and nothing to install.

The rules of a plan have Snakemake's standard resources, and SLURM's names for the partition and the
account. A plan does not know which executor will run it. Two executor plugins read other names, and
would ignore these:

    snakemake-executor-plugin-lsf (0.3)       queue and project
    snakemake-executor-plugin-htcondor (0.3)  memory, disk and time

Each job gets the plugin's names beside its own, in the main process, before the first job. The
plugin's name may be in the rule as well, or come from `--set-resources`: then it stays. A default of
a profile counts less than what the project says by either name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

_Convert = Callable[[Any], "int | str"]


class _Name(NamedTuple):
    """A plugin's name for a resource."""

    of_plan: str
    """The name that rules of a plan have."""
    name: str
    convert: _Convert
    others: tuple[str, ...] = ()
    """Further names by which the plugin reads the same."""
    takes_default: bool = True
    """Whether a default counts as well, and not only what the rule or `--set-resources` names."""


def _seconds(minutes: Any) -> int:
    return int(minutes) * 60


_NAMES: Mapping[str, tuple[_Name, ...]] = {
    "lsf": (
        _Name("slurm_partition", "lsf_queue", str),
        _Name("slurm_account", "lsf_project", str),
    ),
    "htcondor": (
        _Name("mem_mb", "htcondor_request_mem_mb", int, ("request_memory",)),
        # Snakemake adds a default of 50 GB for jobs without input files.
        _Name("disk_mb", "htcondor_request_disk_mb", int, ("request_disk",), takes_default=False),
        _Name("runtime", "allowed_execute_duration", _seconds, ("allowed_job_duration",)),
    ),
}


def needs_names(executor: str) -> bool:
    """Whether an executor plugin has names of its own for resources of a plan."""
    return executor in _NAMES


def add_names(workflow: Any, executor: str, rules: Collection[str]) -> None:
    """Give the jobs of some rules their resources by the names of the executor plugin, too.

    Args:
        workflow: Snakemake's `workflow`, with its graph of jobs (as seen with 9.14 to 9.27).
        executor: the name of the executor plugin.
        rules: the names that the rules have in the workflow.
    """
    overwritten = workflow.resource_settings.overwrite_resources or {}
    for rule in workflow.rules:
        if rule.name in rules:
            own = {*_named_in(rule), *overwritten.get(rule.name, ())}
            wanted = [one for one in _NAMES[executor] if _is_wanted(one, own, rule.resources)]
            if wanted:
                rule.expand_resources = _expanding(rule.expand_resources, wanted)
    for job in workflow.dag.needrun_jobs():
        if job.rule.name in rules:
            job._resources = job._scheduler_resources = None  # some were expanded for the graph


def needs_no_installation(common_settings: Any) -> None:
    """Let jobs take storage plugins from the environment that they share with the main process.

    For some executors, Snakemake puts `pip install` of all storage plugins before each job's
    command. That of HTCondor (0.3) runs no shell, and such a job fails.
    """
    if getattr(common_settings, "auto_deploy_default_storage_provider", False):
        object.__setattr__(common_settings, "auto_deploy_default_storage_provider", False)


def _named_in(rule: Any) -> Collection[str]:
    """The resources that a rule of the Snakefile names."""
    found = getattr(rule.ruleinfo, "resources", None)
    return found[1].keys() if found else ()


def _is_wanted(one: _Name, own: Collection[str], resources: Collection[str]) -> bool:
    """Whether a rule's jobs get a resource by the plugin's name.

    Args:
        one: the name.
        own: the resources that the rule or `--set-resources` names.
        resources: these and the defaults.
    """
    names = (one.name, *one.others)
    if any(name in own for name in names) or one.of_plan not in resources:
        return False
    if one.of_plan in own:
        return True
    return one.takes_default and not any(name in resources for name in names)


def _expanding(expand: Callable[..., Any], wanted: Collection[_Name]) -> Callable[..., Any]:
    """A rule's `expand_resources` that adds the wanted names."""

    def expanded(*arguments: Any, **named: Any) -> Any:
        found = expand(*arguments, **named)
        values = dict(found.items())
        for one in wanted:
            value = values.get(one.of_plan)
            # A job that lacks a resource of other jobs has 0 or an empty text. A text where a number
            # belongs stands for a value that is not known yet.
            if value and (one.convert is str or not isinstance(value, str)):
                values[one.name] = one.convert(value)
        return type(found)(fromdict=values)

    return expanded

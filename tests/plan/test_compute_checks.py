"""Compute settings: each fault and each misspelt key at the place where it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.projects import TOUCH

from snakemake_looper import Options, ProjectError
from snakemake_looper.model import Plan
from snakemake_looper.plan.planner import plan_project

CONFIG = "pep_config: project.yaml\noutput_dir: results\npipeline_interfaces: [touch.yaml]\n"
PEP = "name: demo\nsample_table: samples.csv\n"
INTERFACE = "pipeline_name: t\nsample_interface:\n  command_template: run {sample.word}\n"


def planned(
    made: Callable[..., Path], files: Mapping[str, str], options: Options | None = None
) -> tuple[Plan, list[str]]:
    """The plan of a project, and its warnings."""
    folder = made({**TOUCH, "touch.yaml": INTERFACE, **files})
    plan = plan_project(folder / ".looper.yaml", options)
    return plan, [one.replace(f"{folder}/", "") for one in plan.warnings]


VALUE = "'5x' is no amount of memory; write MB as in 8000, or 8G (for a and 2 more)"


@pytest.mark.parametrize(
    ("files", "options", "place"),
    [
        ({"touch.yaml": INTERFACE + "compute:\n  cores: 1\n  mem: 5x\n"}, None, "touch.yaml:6: compute.mem"),
        ({"touch.yaml": INTERFACE + "compute: {cores: 1,\n  mem: 5x}\n"}, None, "touch.yaml:5: compute.mem"),
        ({"project.yaml": PEP + "looper:\n  compute:\n    resources:\n      mem: 5x\n"}, None, "project.yaml:6: looper.compute.resources.mem"),
        ({}, Options(compute=(("mem", "5x"),)), "--compute: mem"),
        ({".looper.yaml": CONFIG + "cli:\n  run:\n    compute:\n      mem: 5x\n"}, None, ".looper.yaml:7: cli.run.compute.mem"),
        ({".looper.yaml": CONFIG + "cli:\n  run:\n    compute: mem=5x\n"}, None, ".looper.yaml:6: mem"),
        ({"set.yaml": "cores: 1\nmem: 5x\n"}, Options(settings="set.yaml"), "set.yaml:2: mem"),
        (
            {"d.yaml": "compute_packages:\n  default: {cores: 1}\n  big:\n    mem: 5x\n"},
            Options(divvy="d.yaml", package="big"), "d.yaml:4: compute_packages.big.mem",
        ),
    ],
)  # fmt: skip
def test_a_value_is_refused_where_it_is_written(
    project: Callable[..., Path], files: Mapping[str, str], options: Options | None, place: str
) -> None:
    with pytest.raises(ProjectError) as caught:
        planned(project, files, options)
    (one,) = caught.value.problems
    assert str(one).endswith(f"{place}: {VALUE}")


def test_a_value_of_a_hook(project: Callable[..., Path]) -> None:
    hook = """pre_submit: {command_templates: 'echo ''{"compute": {"mem": "5x"}}'' '}\n"""
    with pytest.raises(ProjectError) as caught:
        planned(project, {"touch.yaml": INTERFACE + "compute: {mem: 5}\n" + hook})
    (one,) = caught.value.problems
    assert str(one).endswith(f"touch.yaml:5: compute.mem: a hook made this value: {VALUE}")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("parition", "partition"),
        ("coers", "cores"),
        ("Mem", "mem"),
        ("memory", "mem"),
        ("mem-mb", "mem"),
        ("walltime", "time"),
        ("cpus", "cores"),
        ("acount", "account"),
        ("docker_imgae", "docker_image"),
        ("size_dependant_variables", "size_dependent_variables"),
    ],
)
def test_a_misspelt_setting(project: Callable[..., Path], key: str, meant: str) -> None:
    _, warnings = planned(project, {"touch.yaml": INTERFACE + f"compute:\n  gres: x\n  {key}: 3\n"})
    assert warnings == [
        f"touch.yaml:6: compute.{key}: no setting, and no template uses {{compute.{key}}} (did you"
        f" mean '{meant}'?)"
    ]


@pytest.mark.parametrize(
    "template",
    [
        "{compute.memory}",
        "{compute['memory']}",
        "{% if compute.memory is defined %}x{% endif %}",
        "{compute.get('memory')}",
        "{% for key, value in compute.items() %}{key}{% endfor %}",
        "{% for key in compute %}{compute[key]}{% endfor %}",
        "{pipeline.var_templates.x}",
    ],
)
def test_a_setting_that_a_template_uses(project: Callable[..., Path], template: str) -> None:
    interface = (
        f'pipeline_name: t\nsample_interface:\n  command_template: "{template}"\n'
        "compute: {memory: 3}\nvar_templates: {x: '{compute.memory}'}\n"
        if "var_templates" in template
        else f'pipeline_name: t\nsample_interface:\n  command_template: "{template}"\n'
        "compute: {memory: 3}\n"
    )
    assert planned(project, {"touch.yaml": interface})[1] == []


def test_settings_that_are_no_slip(project: Callable[..., Path]) -> None:
    """Unknown words, known ones, and one beside the setting that it might mean."""
    compute = "compute: {gres: x, docker_args: x, memory: 3, mem: 4, singularity_args: y}\n"
    assert planned(project, {"touch.yaml": INTERFACE + compute})[1] == []


@pytest.mark.parametrize("files", [
    {"d.yaml": "compute_packages:\n  default: {submission_template: t.sub}\n", "t.sub": "#PBS -q {QUEUE}\n"},
    {"d.yaml": "adapters: {Q: compute.queue}\ncompute_packages:\n  default: {}\n"},
])  # fmt: skip
def test_a_setting_of_a_submission_template(
    project: Callable[..., Path], files: Mapping[str, str]
) -> None:
    interface = {"touch.yaml": INTERFACE + "compute: {queue: long}\n"}
    assert planned(project, {**interface, **files}, Options(divvy="d.yaml"))[1] == []
    assert len(planned(project, {**interface, **files})[1]) == 1


def test_misspelt_settings_of_all_sources(project: Callable[..., Path]) -> None:
    files = {
        "touch.yaml": INTERFACE + "compute: {size_dependent_variables: s.tsv}\n",
        "s.tsv": "max_file_size\tcorse\nNaN\t1\n",
        "set.yaml": "memroy: 1\ntimee: 2\n",
        "project.yaml": PEP
        + "looper:\n  compute:\n    resources:\n      parition: x\n    mem: 5\n",
    }
    options = Options(compute=(("acount", "me"),), settings="set.yaml")
    _, warnings = planned(project, files, options)
    assert [one.partition(": no setting")[0] for one in warnings] == [
        "project.yaml:7: looper.compute.mem: is not read here; write it under 'looper: compute:"
        " resources:'",
        "--compute: acount",
        "set.yaml:1: memroy",
        "set.yaml:2: timee",
        "project.yaml:6: looper.compute.resources.parition",
        "s.tsv:1: corse",
    ]


def test_settings_one_level_too_low(project: Callable[..., Path]) -> None:
    _, warnings = planned(project, {"touch.yaml": INTERFACE + "compute:\n  resources: {mem: 1}\n"})
    assert warnings == [
        "touch.yaml:5: compute.resources: is no setting; write its keys directly under 'compute:'"
    ]


@pytest.mark.parametrize("value", ["9" * 400, "'²'", "4.0", "true", "[1]", "9999999999"])
def test_cores_of_another_form(project: Callable[..., Path], value: str) -> None:
    with pytest.raises(ProjectError, match="is no number of cores; write a whole number above 0"):
        planned(project, {"touch.yaml": INTERFACE + f"compute: {{cores: {value}}}\n"})

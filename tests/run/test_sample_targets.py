"""A fault of a project-level pipeline, where targets of the sample level are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import edit

from snakemake_looper import Options, ProjectError
from snakemake_looper.run.sample_targets import plan_for_targets
from snakemake_looper.workspace.plan_folder import PlanFolder

SUMMARY = "pipeline_name: summary\nproject_interface: {command_template: 'echo {project.nope}'}\n"
FAULTS = {
    "a variable": SUMMARY,
    "YAML": "pipeline_name: [\nproject_interface: {command_template: x}\n",
    "a name": "project_interface: {command_template: x}\n",
    "indentation": "pipeline_name: summary\nproject_interface:\ncommand_template: x\n",
    "looper 1.x": "pipeline_name: s\npipeline_type: project\ncommand_template: '{sample.x}'\n",
}


@pytest.fixture
def folder(touch: Path) -> Path:
    edit(touch / ".looper.yaml", "[touch.yaml]", "[touch.yaml, summary.yaml]")
    (touch / "summary.yaml").write_text(SUMMARY)
    return touch


def plan(folder: Path, *targets: str) -> PlanFolder:
    return plan_for_targets(folder / ".looper.yaml", Options(), folder, targets)


def records(folder: PlanFolder) -> set[str]:
    table = folder.jobs()
    try:
        return {brief.record for brief in table.briefs()}
    finally:
        table.close()


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS)
def test_samples_can_be_planned(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "summary.yaml").write_text(text)
    assert records(plan(folder, "samples")) == {"a", "b", "c"}
    assert f"warning: {folder}/summary.yaml:" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["touch", "touch_sample"])
def test_targets_of_the_sample_level(folder: Path, target: str) -> None:
    assert records(plan(folder, target)) == {"a", "b", "c"}
    flag = "results/results_pipeline/a/touch_a_completed.flag"
    assert records(plan(folder, flag, target)) == {"a", "b", "c"}


@pytest.mark.parametrize("targets", [(), ("all",), ("project",), ("samples", "all"), ("nope",)])
def test_all_other_targets_need_the_project_level(folder: Path, targets: tuple[str, ...]) -> None:
    with pytest.raises(ProjectError) as caught:
        plan(folder, *targets)
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"{folder}/summary.yaml:2: command_template: ")


def test_a_fault_of_the_sample_level_stays_one(folder: Path) -> None:
    edit(folder / "touch.yaml", "{sample.word}", "{sample.wrod}")
    with pytest.raises(ProjectError) as caught:
        plan(folder, "samples")
    assert len(caught.value.problems) == 2, "both are named"


def test_a_missing_file_of_the_project_level(folder: Path) -> None:
    edit(
        folder / ".looper.yaml",
        "[touch.yaml, summary.yaml]",
        "{sample: touch.yaml, project: no.yaml}",
    )
    assert records(plan(folder, "samples")) == {"a", "b", "c"}


def test_a_mended_fault_brings_the_project_level_back(folder: Path) -> None:
    plan(folder, "samples")
    edit(folder / "summary.yaml", "project.nope", "project.name")
    assert records(plan(folder, "samples")) == {"a", "b", "c", "demo"}


def test_an_interface_that_is_left_out_is_a_source(folder: Path) -> None:
    """It may get a sample level: the plan of the others is then out of date."""
    plan(folder, "samples")
    with (folder / "summary.yaml").open("a") as file:
        file.write("sample_interface: {command_template: 'echo {sample.word}'}\n")
    table = plan(folder, "samples").jobs()
    assert {brief.pipeline for brief in table.briefs()} == {"touch", "summary"}
    table.close()

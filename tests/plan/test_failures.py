"""Faults of single jobs: one line for each, however many records have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH

from snakemake_looper import ProjectError
from snakemake_looper.plan.planner import explain, plan_project
from snakemake_looper.read.options.options import Options


def interface(*lines: str) -> dict[str, str]:
    """The usual project, with an interface of these lines."""
    return {**TOUCH, "touch.yaml": "\n".join(["pipeline_name: touch", *lines, ""])}


def problems(folder: Path) -> list[str]:
    with pytest.raises(ProjectError) as error:
        plan_project(folder / ".looper.yaml")
    return [str(one).replace(f"{folder}/", "") for one in error.value.problems]


def test_one_line_for_all_records(project: Callable[..., Path]) -> None:
    lines = ("sample_interface:", "  command_template: run {sample.gone}")
    (line,) = problems(project(interface(*lines)))
    assert line.startswith("touch.yaml:3: command_template: ")
    assert line.endswith(" (for a and 2 more)")


def test_a_fault_of_one_record_names_it(project: Callable[..., Path]) -> None:
    """The other records are planned, and none of them has the fault."""
    text = "  command_template: run {% if sample.word == 'two' %}{sample.gone}{% endif %}"
    (line,) = problems(project(interface("sample_interface:", text)))
    assert line.endswith(" (for b)")


def test_faults_of_different_stages_come_together(project: Callable[..., Path]) -> None:
    """`a` has a wrong variable, the row of `b` a wrong compute value, `c` a wrong command."""
    files = {
        "sizes.tsv": "max_file_size\tmem\n0.000001\t1\nNaN\t1x\n",
        "b.txt": "b" * 2000,
        "touch.yaml": """
            pipeline_name: touch
            input_schema: schema.yaml
            var_templates: {x: "{% if sample.word == 'one' %}{sample.gone}{% endif %}"}
            sample_interface:
              command_template: run {% if sample.word == 'three' %}{sample.lost}{% endif %}
            compute: {size_dependent_variables: sizes.tsv}
            """,
    }
    folder = project({**TOUCH, **files})
    first, second, third = problems(folder)
    assert first.startswith("sizes.tsv:3: mem: '1x' is no amount of memory")
    assert second.startswith("touch.yaml:3: var_templates.x: ") and second.endswith("(for a)")
    assert third.startswith("touch.yaml:5: command_template: ") and third.endswith("(for c)")


def test_a_record_is_explained_with_its_namespaces(touch: Path) -> None:
    (found,) = explain(touch / ".looper.yaml", Options(lump_n="2"), "b")
    assert (found.job.record, found.namespaces["sample"]["word"]) == ("b", "two")
    assert list(found.namespaces) == [
        "project", "compute", "pipestat", "pipeline", "sample", "looper"
    ]  # fmt: skip
    assert explain(touch / ".looper.yaml", None, "nobody") == []


def test_a_name_that_only_a_function_could_add(project: Callable[..., Path]) -> None:
    """The check before planning lets it be, so planning refuses it."""
    lines = (
        "sample_interface:",
        "  command_template: run {file} {word.count}",
        "pre_submit: {python_functions: looper.write_sample_yaml}",
    )
    assert problems(project(interface(*lines))) == [
        "touch.yaml:3: command_template: {file} is not a namespace; write {sample.file} (for a and 2 more)",
        "touch.yaml:3: command_template: {word} is not a namespace; write {sample.word} (for a and 2 more)",
    ]  # fmt: skip


def test_attributes_that_differ_make_no_second_line(project: Callable[..., Path]) -> None:
    """The message names the attributes that the first sample has."""
    files = interface("sample_interface:", "  command_template: run {sample.gone}")
    files["project.yaml"] += """
        sample_modifiers:
          imply:
          - if: {word: two}
            then: {own: 1}
        """.rstrip()
    (line,) = problems(project(files))
    assert line.endswith("is undefined; sample has file, sample_name, word (for a and 2 more)")

"""Pipeline interfaces of both generations, their sections, and faults with their lines."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from snakemake_looper.errors import Problems
from snakemake_looper.formula import Formula
from snakemake_looper.model import Interface
from snakemake_looper.read.interface import read_interface


def read(folder: Path, text: str) -> tuple[tuple[Interface, ...], Problems]:
    path = folder / "count.yaml"
    path.write_text(dedent(text))
    problems = Problems()
    return read_interface(path, problems), problems


def sound(folder: Path, text: str) -> tuple[Interface, ...]:
    interfaces, problems = read(folder, text)
    assert not problems, list(problems)
    return interfaces


def messages(folder: Path, text: str) -> list[str]:
    _, problems = read(folder, text)
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_an_interface_of_looper_2_has_its_levels(tmp_path: Path) -> None:
    (tmp_path / "in.yaml").write_text("properties: {}\n")
    sample, project = sound(
        tmp_path,
        """
        pipeline_name: count
        input_schema: in.yaml
        sample_interface: {command_template: one}
        project_interface: {command_template: all}
        """,
    )
    assert (sample.level, sample.command_template, sample.pipeline_name) == (
        "sample", "one", "count",
    )  # fmt: skip
    assert (project.level, project.command_template) == ("project", "all")
    assert sample.input_schema is not None and project.input_schema is None
    assert sample.template_place.line == 4 and project.template_place.line == 5
    assert [path.name for path in sample.files] == ["count.yaml", "in.yaml"]


@pytest.mark.parametrize("level", ["sample", "project"])
def test_an_interface_of_looper_1_has_one_level(tmp_path: Path, level: str) -> None:
    (tmp_path / "count.py").touch()
    text = f"""
        pipeline_name: count
        pipeline_type: {level}
        path: count.py
        command_template: run {{pipeline.path}}
        """
    (interface,) = sound(tmp_path, text)
    assert interface.level == level
    assert interface.data["path"] == str(tmp_path / "count.py")


def test_python_hooks_may_add_namespaces(tmp_path: Path) -> None:
    text = """
        pipeline_name: count
        sample_interface: {command_template: 'run {ours.x}'}
        pre_submit: {python_functions: ours.add, command_templates: [echo, "date"]}
        """
    (interface,) = sound(tmp_path, text)
    assert interface.hooks.python_functions == ("ours.add",)
    assert interface.hooks.command_templates == ("echo", "date")
    assert [place.line for place in interface.hooks.places] == [4]


def test_directives_of_a_level_win_over_those_of_the_file(tmp_path: Path) -> None:
    text = """
        pipeline_name: count
        snakemake: {retries: 1, conda: env.yaml, container: docker://a}
        sample_interface:
          command_template: one
          snakemake: {retries: 2, resources: {mem_mb: 100 * attempt, disk: 3}}
        """
    (interface,) = sound(tmp_path, text)
    assert interface.directives == {
        "retries": 2,
        "conda": str(tmp_path / "env.yaml"),
        "container": "docker://a",
        "resources": {"mem_mb": "100 * attempt", "disk": 3},
    }
    assert isinstance(interface.directives["resources"]["mem_mb"], Formula)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("snakemake: [a]", "snakemake: must be a mapping; write 'key: value' lines below it"),
        ("snakemake: {retries: true}", "snakemake.retries: must be int, not 'True'; correct it"),
        ("snakemake: {3: a}", "snakemake.3: unknown; remove it"),
        ("snakemake: {resources: {a-b: 1}}", "snakemake.resources.a-b: 'a-b: 1' is no resource;"),
        ("compute: 3", "compute: must be a mapping; write 'key: value' lines below it"),
        ("inject_env_vars: {a-b: 1}", "inject_env_vars.a-b: is no name for a variable;"),
        ("linked_pipeline_interfaces: no.yaml", "linked_pipeline_interfaces: 'no.yaml' does not"),
        ("pre_submit: {hooks: []}", "pre_submit.hooks: unknown; write 'python_functions' or"),
        ("pre_submit: {python_functions: [f]}", "pre_submit.python_functions: 'f' is no function"),
    ],
)
def test_faults_of_sections(tmp_path: Path, section: str, message: str) -> None:
    text = f"pipeline_name: count\nsample_interface: {{command_template: one}}\n{section}\n"
    (found,) = messages(tmp_path, text)
    assert found.startswith(f"count.yaml:3: {message}")


def test_warnings_of_sections(tmp_path: Path) -> None:
    text = """
        pipeline_name: count
        sample_interface: {command_template: 'run {pipeline.mine}', path: x}
        mine: 3
        protocols: 4
        compute: {dynamic_variables_script_path: x, dynamic_variables_command_template: echo}
        """
    interfaces, problems = read(tmp_path, text)
    said = sorted(warning.partition("count.yaml:")[2] for warning in problems.warnings)
    assert len(interfaces) == 1 and not problems
    assert interfaces[0].hooks.dynamic_variables == "echo"
    starts = [
        "3: sample_interface.path: only 'command_template' and 'snakemake' are read here;",
        "5: protocols: unknown key, and no template uses {pipeline.protocols}",
        "6: compute.dynamic_variables_command_template: is deprecated by looper;",
        "6: compute.dynamic_variables_script_path: is not read any more;",
    ]
    assert [one[: len(start)] for one, start in zip(said, starts, strict=True)] == starts


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", ""])
def test_a_file_that_is_no_interface(tmp_path: Path, text: str) -> None:
    interfaces, problems = read(tmp_path, text)
    assert not interfaces and problems


def test_paths_of_an_output_schema_of_eido(tmp_path: Path) -> None:
    (tmp_path / "out.yaml").write_text(
        "properties: {samples: {type: array}, plot: {path: '{sample.name}.png'}}\n"
    )
    text = """
        pipeline_name: count
        output_schema: out.yaml
        pipestat_config_required: false
        sample_interface: {command_template: one}
        project_interface: {command_template: all}
        """
    sample, project = sound(tmp_path, text)
    assert sample.output_paths == {"plot": "{sample.name}.png"} and project.output_paths == {}
    (tmp_path / "out.yaml").write_text("properties: [")
    assert sound(tmp_path, text)[0].output_paths == {}

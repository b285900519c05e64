"""Pipeline interfaces of both generations, their sections, and faults with their lines."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from snakemake_looper.errors import Problems
from snakemake_looper.formula import Formula
from snakemake_looper.model import Interface
from snakemake_looper.read.interfaces.interface import read_interface


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
        "3: sample_interface.path: only 'command_template' and 'snakemake' are read here; move 'path:'",
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


# --- what belongs elsewhere, and what is left out -------------------------------------------------


def test_variables_that_are_not_set_in_paths(tmp_path: Path) -> None:
    text = """
        pipeline_name: count
        pipeline_type: sample
        path: $NO_SUCH_A/run.py
        command_template: '{pipeline.path}'
        input_schema: $NO_SUCH_B/in.yaml
        linked_pipeline_interfaces: [$NO_SUCH_C/p.yaml]
        compute: {size_dependent_variables: $NO_SUCH_D/sizes.tsv}
        snakemake:
          conda: $NO_SUCH_E/env.yaml
          container: ${NO_SUCH_F}/image.sif
          input: [a, $NO_SUCH_G/x]
          output: $NO_SUCH_H/{sample.sample_name}
        """
    found = [one.partition(": the environment variable ") for one in messages(tmp_path, text)]
    assert sorted((name.split(":")[1], rest.split()[0]) for name, _, rest in found) == [
        ("10", "NO_SUCH_E"), ("11", "NO_SUCH_F"), ("12", "NO_SUCH_G"), ("13", "NO_SUCH_H"),
        ("4", "NO_SUCH_A"), ("6", "NO_SUCH_B"), ("7", "NO_SUCH_C"), ("8", "NO_SUCH_D"),
    ]  # fmt: skip
    assert all(rest.endswith("is not set; set it, or write the value itself") for *_, rest in found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("pep_version: 2.1.0\nsample_table: samples.csv\n", "PEP"),
        ("metadata: {sample_annotation: samples.csv}\n", "PEP"),
        ("pep_config: project.yaml\noutput_dir: out\n", "looper config"),
    ],
)
def test_another_file_in_the_place_of_an_interface(tmp_path: Path, text: str, kind: str) -> None:
    assert messages(tmp_path, text) == [
        f"count.yaml:1: is a {kind}, not a pipeline interface; name a file with 'pipeline_name:'"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "pipeline_name: count\nsamples:\n  lines: {type: integer, description: lines}\n",
        "title: results\nproperties:\n  samples: {type: object}\n",
        "project:\n  lines: {type: integer, description: lines}\n",
    ],
)
def test_a_schema_in_the_place_of_an_interface(tmp_path: Path, text: str) -> None:
    what = "is a schema, not a pipeline interface; name a file with 'command_template:'"
    assert messages(tmp_path, text) == [f"count.yaml:1: {what}"]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("samples.csv", "sample_name,file\na,b\n", "table"),
        ("run.py", "import os\n", "Python script"),
        ("run.py", '"""A: b."""\ndef f(x):\n    return {1: 2}\n', "Python script"),
        ("run.sh", "#!/bin/sh\necho $1\n", "shell script"),
        ("run.R", "x <- c(1)\n", "script of R"),
    ],
)
def test_a_file_that_is_no_yaml_in_the_place_of_an_interface(
    tmp_path: Path, name: str, text: str, kind: str
) -> None:
    (tmp_path / name).write_text(text)
    problems = Problems()
    assert not read_interface(tmp_path / name, problems)
    what = f"is a {kind}, not a pipeline interface; name a file with 'pipeline_name:'"
    assert list(map(str, problems)) == [f"{tmp_path}/{name}: {what}"]


def test_the_ending_of_a_sound_interface_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "count.sh"
    path.write_text("pipeline_name: count\nsample_interface: {command_template: x}\n")
    problems = Problems()
    assert read_interface(path, problems) and not problems


def test_paths_that_no_file_can_have(tmp_path: Path) -> None:
    name = "x" * 300
    text = f"""
        pipeline_name: count
        sample_interface: {{command_template: x}}
        output_schema: {name}
        linked_pipeline_interfaces: [{name}]
        """
    found = messages(tmp_path, text)
    assert [f"'{name}' does not exist" in one for one in found] == [True, True, False]


def test_a_misspelt_key_of_a_level(tmp_path: Path) -> None:
    text = """
        pipeline_name: count
        sample_interface: {comand_template: x, path: y}
        """
    _, problems = read(tmp_path, text)
    (problem,) = problems
    assert problem.key == "sample_interface.command_template"
    assert [one.partition("count.yaml:")[2] for one in problems.warnings] == [
        "3: sample_interface.comand_template: unknown key, ignored (did you mean"
        " 'command_template'?)",
        "3: sample_interface.path: only 'command_template' and 'snakemake' are read here; move"
        " 'path:' to the top of the file",
    ]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("var_templates", "only 'command_template' and 'snakemake' are read here; move 'var_templates:' to the top of the file"),
        ("input_schema", "only 'command_template' and 'snakemake' are read here; move 'input_schema:' to the top of the file"),
        ("compue", "unknown key, ignored (did you mean 'compute'?); move it to the top of the file"),
        ("var_template", "unknown key, ignored (did you mean 'var_templates'?); move it to the top of the file"),
        ("snakemak", "unknown key, ignored (did you mean 'snakemake'?)"),
        ("genome", "only 'command_template' and 'snakemake' are read here; move other keys to the top of the file"),
    ],
)  # fmt: skip
def test_a_key_of_the_top_in_a_level(tmp_path: Path, key: str, message: str) -> None:
    level = f"project_interface: {{command_template: x, {key}: {{q: y}}}}"
    _, problems = read(tmp_path, f"pipeline_name: count\n{level}\n")
    assert [one.partition("count.yaml:")[2] for one in problems.warnings] == [
        f"2: project_interface.{key}: {message}"
    ]


def test_empty_levels(tmp_path: Path) -> None:
    assert messages(tmp_path, "pipeline_name: count\nsample_interface:\n") == [
        "count.yaml:2: sample_interface: is empty; write 'command_template:' below it, indented by"
        " two spaces"
    ]
    text = "pipeline_name: count\nsample_interface:\nproject_interface: {command_template: x}\n"
    said = [
        "count.yaml:2: sample_interface: is empty; write 'command_template:' below it, indented by"
        " two spaces, or remove it"
    ]
    assert messages(tmp_path, text) == said
    problems = Problems()  # the empty level is the one that is wanted
    assert not read_interface(tmp_path / "count.yaml", problems, wanted=("sample",))
    assert len(problems) == 1
    text = "pipeline_name: count\nproject_interface:\nsample_interface: {command_template: x}\n"
    assert messages(tmp_path, text) == [said[0].replace("sample", "project")]
    problems = Problems()
    assert read_interface(tmp_path / "count.yaml", problems, wanted=("sample",))
    assert not problems


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[echo, a]", "must be text, not a list; write one text instead"),
        ("{sample.x}", "must be text, not a mapping; put it in quotes"),
        ("12", "must be text, not a number; put it in quotes"),
        ("true", "must be text, not true or false; put it in quotes"),
        ("2024-01-01", "must be text, not a date; put it in quotes"),
    ],
)
def test_values_that_are_no_text(tmp_path: Path, value: str, message: str) -> None:
    """They are there: it is not said that they are missing."""
    text = f"pipeline_name: {value}\nsample_interface:\n  command_template: {value}\n"
    assert messages(tmp_path, text) == [
        f"count.yaml:3: sample_interface.command_template: {message}",
        f"count.yaml:1: pipeline_name: {message}",
    ]
    text = f"pipeline_name: count\ncommand_template: {value}\n"
    assert messages(tmp_path, text) == [f"count.yaml:2: command_template: {message}"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "echo a",
            "must be a mapping, not text; write 'command_template:' and the command below it",
        ),
        (
            "[a]",
            "must be a mapping, not a list; write 'command_template:' and the command below it",
        ),
        ("\n  command_template:echo a", "'command_template:' has no space after it; write one"),
    ],
)
def test_levels_that_are_no_mapping(tmp_path: Path, value: str, message: str) -> None:
    text = f"pipeline_name: count\nsample_interface: {value}\n"
    assert messages(tmp_path, text) == [f"count.yaml:2: sample_interface: {message}"]


def test_a_variable_in_a_path_that_the_shell_fills_in(tmp_path: Path) -> None:
    """In looper 2.x. The variable may be set where jobs run, so it is a warning."""
    text = """
        pipeline_name: count
        path: $NO_SUCH_A/run.py
        sample_interface:
          command_template: python {pipeline.path}
        """
    _, problems = read(tmp_path, text)
    assert not problems
    assert [one.partition("count.yaml:")[2] for one in problems.warnings] == [
        "3: path: the environment variable NO_SUCH_A is not set here, and the command needs it; set"
        " it, or write the value itself"
    ]
    for sound_text in (
        text + "inject_env_vars: {NO_SUCH_A: /a}\n",
        text.replace("python", "NO_SUCH_A=/a; python"),
    ):
        _, problems = read(tmp_path, sound_text)
        assert not problems and not problems.warnings


def test_lines_of_a_level_beside_it_are_one_problem(tmp_path: Path) -> None:
    text = "pipeline_name: count\nsample_interface:\ncommand_template: run\ncompute:\ncores: 2\n"
    assert messages(tmp_path, text) == [
        "count.yaml:2: sample_interface: is empty, since its line stands beside it:"
        " 'command_template' (line 3); indent by two spaces",
        "count.yaml:4: compute: is empty, since its line stands beside it: 'cores' (line 5); indent"
        " by two spaces",
    ]
    assert not read(tmp_path, text)[1].warnings


@pytest.mark.parametrize("schema", ["no.yaml", "https://example.org/out.yaml"])
def test_an_output_schema_that_is_not_there(tmp_path: Path, schema: str) -> None:
    """Without a section `pipestat:`, a 1.x interface needs none."""
    path = tmp_path / "count.yaml"
    old = f"pipeline_name: count\npipeline_type: sample\noutput_schema: {schema}\n"
    path.write_text(f"{old}command_template: x\n")
    problems = Problems()
    assert read_interface(path, problems, reports=False) and not problems
    assert [one.partition(".yaml:")[2] for one in problems.warnings] == [
        f"3: output_schema: '{schema}' is no file here, and no results are kept; remove it"
    ]
    read_interface(path, problems, reports=True)
    assert [problem.place.line for problem in problems] == [3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "project_interface: {command_template: '{'}\n",
        "pipeline_type: project\ncommand_template: [\n",
        "pipeline_type: 'project'\npipeline_name: a b\ncommand_template: x\n",
    ],
)
def test_a_level_that_is_not_wanted_may_have_faults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "count.yaml"
    path.write_text(text)
    problems = Problems()
    assert read_interface(path, problems, wanted=("sample",)) == () and not problems
    assert not read_interface(path, problems) and problems

"""A PEP, a table or an interface in the place of a looper config, and folders without one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.projects import write

from snakemake_looper import Options, ProjectError
from snakemake_looper.errors import Problems
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.documents.yaml_lines import parse_yaml
from snakemake_looper.read.first_config import kind_of
from snakemake_looper.read.looper_config import locate, read_looper_config

PEP = "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n"
OLD_PEP = """
metadata:
  sample_annotation: samples.csv
  output_dir: old_out
  pipeline_interfaces: count.yaml
"""
FILES = {
    "samples.csv": "sample_name,x\na,1\n",
    "count.yaml": "pipeline_name: count\nsample_interface: {command_template: count}\n",
}
LOOPER = "pep_config: pep.yaml\noutput_dir: out\npipeline_interfaces: [count.yaml]\n"
WRITE = "printf '%s\\n' 'pep_config: "


def said(folder: Path, name: str | None = None) -> str:
    """The one message for a file or folder in the place of a looper config."""
    problems = Problems()
    try:
        read_looper_config(locate(name, folder), Options(), problems)
    except ProjectError as error:
        (problem,) = error.problems
    else:
        (problem,) = problems
    assert problems.warnings == ()
    return str(problem).replace(f"{folder}/", "")


def test_a_pep_in_the_place_of_a_looper_config(tmp_path: Path) -> None:
    folder = write(tmp_path, {**FILES, "pep.yaml": PEP})
    assert said(folder, "pep.yaml") == (
        f"pep.yaml:1: is a PEP, not a looper config; write one: {WRITE}pep.yaml' 'output_dir:"
        " results' 'pipeline_interfaces: [count.yaml]' > .looper.yaml"
    )


def test_the_command_of_a_message_makes_a_project_that_runs(tmp_path: Path) -> None:
    folder = write(tmp_path / "my project's", {**FILES, "pep.yaml": PEP})
    subprocess.run(["bash", "-c", said_whole(folder).partition("write one: ")[2]], check=True)
    (job,) = plan_project(folder / ".looper.yaml").jobs
    assert job.command.strip() == "count"


def said_whole(folder: Path) -> str:
    problems = Problems()
    read_looper_config(folder / "pep.yaml", Options(), problems)
    (problem,) = problems
    return str(problem)


def test_a_pep_that_is_called_looper_config(tmp_path: Path) -> None:
    folder = write(tmp_path, {**FILES, ".looper.yaml": PEP})
    assert said(folder) == (
        ".looper.yaml:1: is a PEP, not a looper config; rename it, and write one: mv .looper.yaml"
        f" project_config.yaml && {WRITE}project_config.yaml' 'output_dir: results'"
        " 'pipeline_interfaces: [count.yaml]' > .looper.yaml"
    )


def test_the_lines_have_what_an_old_pep_says(tmp_path: Path) -> None:
    folder = write(tmp_path, {**FILES, "demo.yaml": OLD_PEP})
    assert said(folder, "demo.yaml").endswith(
        f"{WRITE}demo.yaml' 'output_dir: old_out' 'pipeline_interfaces: [count.yaml]' >"
        " .looper.yaml"
    )


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ("looper: {output_dir: out}\n", "' 'pipeline_interfaces: [count.yaml]'"),
        (
            "looper: {output_dir: out, pipeline_interfaces: [all.yaml]}\n"
            "sample_modifiers: {append: {pipeline_interfaces: count.yaml}}\n",
            "'",
        ),
        (
            "sample_modifiers: {append: {pipeline_interfaces: count.yaml}}\n",
            "' 'output_dir: results'",
        ),
    ],
)
def test_lines_that_a_pep_of_looper_1_makes_needless(tmp_path: Path, more: str, lines: str) -> None:
    folder = write(tmp_path, {**FILES, "pep.yaml": PEP + more})
    assert said(folder, "pep.yaml").endswith(f"{WRITE}pep.yaml{lines} > .looper.yaml")


@pytest.mark.parametrize("name", ["samples.csv", "samples.tsv", "samples.xlsx"])
def test_a_table_in_the_place_of_a_looper_config(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, {"count.yaml": FILES["count.yaml"], name: "sample_name\na\n"})
    assert said(folder, name) == (
        f"{name}: is a table of samples, not a looper config; write one: {WRITE}{name}'"
        " 'output_dir: results' 'pipeline_interfaces: [count.yaml]' > .looper.yaml"
    )


def test_an_interface_in_the_place_of_a_looper_config(tmp_path: Path) -> None:
    folder = write(tmp_path, {**FILES, "project/project_config.yaml": PEP})
    assert said(folder, "count.yaml") == (
        f"count.yaml:1: is a pipeline interface, not a looper config; write one: {WRITE}project/"
        "project_config.yaml' 'output_dir: results' 'pipeline_interfaces: [count.yaml]' >"
        " .looper.yaml"
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("pep.yaml", "pep.yaml:1: is a PEP"),
        ("count.yaml", "count.yaml:1: is a pipeline interface"),
        ("samples.csv", "samples.csv: is a table of samples"),
    ],
)
@pytest.mark.parametrize("beside", [".looper.yaml", "looper_config.yml"])
def test_a_looper_config_is_beside_it(tmp_path: Path, name: str, what: str, beside: str) -> None:
    folder = write(tmp_path, {**FILES, "pep.yaml": PEP, beside: LOOPER})
    assert said(folder, name) == f"{what}, not a looper config; name the one beside it, {beside}"


KINDS = [
    ("sample_table: a.csv\nname: x\n", "PEP"),
    ("sample_table: a.csv\nderived_columns: [a]\npipeline_interfaces: p.yaml\n", "PEP"),
    ("pep_version: 2.1.0\noutput_dir: x\n", "PEP"),
    ("metadata: {sample_table: a.csv}\n", "PEP"),
    ("sample_table: a.csv\noutput_dir: x\n", None),
    ("metadata: {name: x}\nkind: Pod\n", None),
    ("pep_config: a.yaml\nsample_table: a.csv\n", "looper config"),
    ("config_file_path: a.yaml\n", "looper config"),
    ("pipeline_name: a\ncommand_template: x\n", "pipeline interface"),
    ("pipelines: {a: {path: b}}\n", "pipeline interface"),
    ("a: b\n", None),
]


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_kinds_of_files(text: str, kind: str | None) -> None:
    assert kind_of(parse_yaml(text, Path("x.yaml")).data) == kind


# --- folders without a looper config --------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"pep.yaml": PEP}, "the PEP pep.yaml"),
        ({"any.yaml": PEP, "project_config.yaml": PEP}, "the PEP project_config.yaml"),
        ({"metadata/pep.yaml": OLD_PEP}, "the PEP metadata/pep.yaml"),
        ({}, "the table samples.csv"),
    ],
)
def test_a_folder_with_a_pep_or_a_table(
    tmp_path: Path, files: Mapping[str, str], what: str
) -> None:
    folder = write(tmp_path, {**FILES, **files})
    pep = what.split()[-1]
    for name, start in (
        (None, "no .looper.yaml here nor in any folder above ("),
        (".", "no .looper"),
    ):
        line = said(folder, name)
        assert line.startswith(f"{folder}: {start}")
        assert f", but {what}; write its looper config: {WRITE}{pep}' 'output_dir: " in line
        assert line.endswith("'pipeline_interfaces: [count.yaml]' > .looper.yaml")


def test_a_looper_config_of_another_name(tmp_path: Path) -> None:
    folder = write(tmp_path, {**FILES, "pep.yaml": PEP, ".looper_test.yaml": LOOPER})
    assert said(folder, ".") == (
        f"{folder}: no .looper.yaml in this folder, but .looper_test.yaml; name it as the looper"
        " config"
    )


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    folder = write(tmp_path, {"data.csv": "x,y\n1,2\n", "values.yaml": "metadata: {name: x}\n"})
    assert said(folder).endswith(
        "; go to a looper project, name its looper config, or begin one with: snakemake-looper init"
    )
    assert said(folder, ".") == (
        f"{folder}: no .looper.yaml in this folder; correct the path, or begin one with:"
        " snakemake-looper init"
    )


def test_large_and_odd_files_are_passed_over(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a.yaml": "a: [\n", "b.csv": "sample_name\n" + "x\n" * 100_000})
    (folder / "c.yaml").write_bytes(b"\xff\xfe\0")
    (folder / "d.yaml").mkdir()
    os.mkfifo(folder / "e.yaml")
    assert said(folder, ".") == (
        f"{folder}: no .looper.yaml in this folder; correct the path, or begin one with:"
        " snakemake-looper init"
    )


# --- looper configs -------------------------------------------------------------------------------

CONFIGS = [
    ("an older name for the PEP", "config_file_path: pep.yaml\n", (
        ".looper.yaml:1: config_file_path: is not read any more; write 'pep_config: pep.yaml'",
    )),
    ("a table for the PEP", "output_dir: out\nsample_table: samples.csv\n", (
        ".looper.yaml:2: sample_table: is a key of PEPs, and a looper config names a PEP or a table;"
        " write 'pep_config: samples.csv'",
    )),
    ("a folder for the PEP", "pep_config: meta\noutput_dir: out\n", (
        ".looper.yaml:1: pep_config: 'meta' is a folder, not a file (meta); write 'meta/pep.yaml'",
    )),
    ("a folder for an interface", "pep_config: meta/pep.yaml\npipeline_interfaces: [meta]\n", (
        ".looper.yaml:2: pipeline_interfaces: 'meta' is a folder, not a file (meta); correct the"
        " path, it is relative to this file",
    )),
]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "messages"), [one[1:] for one in CONFIGS], ids=[one[0] for one in CONFIGS]
)
def test_names_of_a_pep(tmp_path: Path, config: str, messages: tuple[str, ...]) -> None:
    folder = write(tmp_path, {**FILES, ".looper.yaml": config, "meta/pep.yaml": PEP})
    problems = Problems()
    read_looper_config(folder / ".looper.yaml", Options(), problems)
    assert [str(one).replace(f"{folder}/", "") for one in problems] == list(messages)
    assert problems.warnings == ()


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path, {".looper.yaml": "key: value\n" * 100_000})
    assert said(folder) == (
        ".looper.yaml: is too large for a looper config, which has a few lines; name the right file"
    )


def test_many_unknown_keys_are_counted(tmp_path: Path) -> None:
    keys = "".join(f"k{number}: v\n" for number in range(200))
    folder = write(tmp_path, {**FILES, "pep.yaml": PEP, ".looper.yaml": LOOPER + keys})
    warnings = plan_project(folder / ".looper.yaml").warnings
    assert len(warnings) == 21
    assert warnings[-1].endswith(
        ".looper.yaml:24: 180 more unknown keys are ignored; is this a looper config?"
    )


# --- output folders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "output_dir: taken\n",
            "1: output_dir: 'taken' is not a folder; name another folder",
        ),
        ("output_dir: /proc/x\n", "1: output_dir: '/proc/x' cannot be made: /proc keeps no files;"),
        ("output_dir: taken/a/b\n", "1: output_dir: 'taken' is not a folder;"),
        ("output_dir: out\nresults_subdir: ../taken\n", "2: results_subdir: '"),
        (
            "output_dir: out\nsubmission_subdir: $NO_SUCH_X\n",
            "2: submission_subdir: the environment",
        ),
        (
            f"output_dir: {'a' * 300}\n",
            f"1: output_dir: '{'a' * 300}' is too long for the name of a",
        ),
    ],
)
def test_folders_that_cannot_be_made(tmp_path: Path, more: str, message: str) -> None:
    config = f"{more}pep_config: pep.yaml\npipeline_interfaces: [count.yaml]\n"
    files = {"pep.yaml": PEP, ".looper.yaml": config, "taken": "x", "out/x": ""}
    folder = write(tmp_path, {**FILES, **files})
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    (problem,) = caught.value.problems
    assert str(problem).replace(f"{folder}/", "").startswith(f".looper.yaml:{message}")


def test_a_table_without_an_interface_begins_a_project(tmp_path: Path) -> None:
    folder = write(tmp_path / "my pond", {"samples.csv": "sample_name\na\n"})
    init = f"snakemake-looper init '{folder}/samples.csv' -o '{folder}'"
    with pytest.raises(ProjectError) as caught:
        locate(folder)
    assert str(next(iter(caught.value.problems))) == (
        f"{folder}: no .looper.yaml in this folder, but the table samples.csv; begin a project with"
        f" it: {init}"
    )
    problems = Problems()
    read_looper_config(folder / "samples.csv", Options(), problems)
    (problem,) = problems
    assert str(problem) == (
        f"{folder}/samples.csv: is a table of samples, not a looper config; begin a project with"
        f" it: {init}"
    )

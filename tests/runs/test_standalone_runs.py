"""A workflow to give away, in an environment that has Snakemake and pipestat alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.bare import bare_environment
from support.projects import edit, flags, write
from support.running import Run, cli, run, use_looper

# The pipeline `make` makes a file of each sample, `count` counts its lines, and then those of all.
PROJECT = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [make.yaml, count/count.yaml]
        pipestat: {project_name: all, results_file_path: results.yaml}
        """,
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name,file\na,data/a.txt\nb b,data/b.txt\nc,data/c.txt\n",
    "data/a.txt": "1\n",
    "data/b.txt": "1\n2\n",
    "data/c.txt": "1\n2\n3\n",
    "fail.txt": "none\n",
    "schema.yaml": """
        properties:
          samples:
            type: array
            items:
              type: object
              properties: {sample_name: {type: string}, file: {type: string}}
              required: [file]
              tangible: [file]
        """,
    "make.yaml": """
        pipeline_name: make
        input_schema: schema.yaml
        sample_interface:
          command_template: >
            ! grep -qx '{sample.sample_name}' fail.txt
            && cat {sample.file} > '{looper.output_dir}/made/{sample.sample_name}.txt'
        snakemake:
          output: "{looper.output_dir}/made/{sample.sample_name}.txt"
        """,
    "count/count.yaml": """
        pipeline_name: count
        output_schema: output.yaml
        sample_interface:
          command_template: >
            bash {looper.piface_dir}/report.sh sample '{sample.sample_name}'
            "$(wc -l < '{looper.output_dir}/made/{sample.sample_name}.txt')" '{pipestat.results_file}'
          snakemake: {depends_on: make}
        project_interface:
          command_template: >
            cp {pipestat.results_file} {looper.output_dir}/seen.yaml
        """,
    "count/report.sh": """
        test "$PIPESTAT_RECORD_IDENTIFIER" = "$2"
        mkdir -p "$(dirname "$4")"
        printf 'count:\\n  %s:\\n    "%s":\\n      lines: "%s"\\n' "$1" "$2" "$3" > "$4"
        """,
    "count/output.yaml": """
        pipeline_name: count
        samples: {lines: {type: integer, description: Lines.}}
        """,
}

AFTER_C = ["count_project", "count_sample:c", "make_sample:c", "results_count", "results_make"]
"""The jobs that run if that of `make` for sample c does."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_environment(tmp_path_factory.mktemp("bare"))


def start(programs: Path, folder: Path, *words: str) -> Run:
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    return run(str(programs / "snakemake"), "--cores", "2", *words, cwd=folder, PATH=path)


def results(folder: Path) -> Any:
    return yaml.safe_load((folder / "results/count/results.yaml").read_text())


def test_the_environment_has_neither_this_package_nor_looper(
    programs: Path, tmp_path: Path
) -> None:
    code = (
        "import importlib.util, pipestat, snakemake\n"
        "for name in ('snakemake_looper', 'snakemake_logger_plugin_looper', 'looper'):\n"
        "    assert importlib.util.find_spec(name) is None, name\n"
    )
    assert run(str(programs / "python"), "-c", code, cwd=tmp_path).text == ""


def test_from_the_first_run_to_the_last(programs: Path, tmp_path: Path) -> None:
    project = write(tmp_path / "project", PROJECT)
    assert cli("generate", "--standalone", "../given", cwd=project).code == 0
    assert use_looper(cwd=project).code == 0
    expected, all_flags = results(project), flags(project)
    assert expected["count"]["sample"]["b b"] == {"lines": 2}
    shutil.rmtree(project)
    given = tmp_path / "given"
    _fails_and_is_repaired(programs, given)
    assert (results(given), flags(given)) == (expected, all_flags)
    _is_moved_and_edited(programs, given.rename(tmp_path / "moved"))


def _fails_and_is_repaired(programs: Path, given: Path) -> None:
    """A sample fails alone, with its log. The next run does what is left, and the one after nothing."""
    edit(given / "resources/fail.txt", "none", "c")
    done = start(programs, given)
    assert done.code == 1
    assert [name for name in flags(given) if "_c_" in name] == ["make_c_failed.flag"]
    log = given / "results/submission/make_c.log"
    assert log.read_text().splitlines()[-1] == "the command exited with 1"
    assert results(given)["count"]["sample"] == {"a": {"lines": 1}, "b b": {"lines": 2}}

    edit(given / "resources/fail.txt", "c", "none")
    done = start(programs, given)
    assert (done.code, done.jobs()) == (0, AFTER_C), done.text[-3000:]
    assert "Nothing to be done" in start(programs, given).text


def _is_moved_and_edited(programs: Path, moved: Path) -> None:
    """A new place runs no job again, an edited command runs one."""
    done = start(programs, moved)
    assert done.code == 0, done.text[-3000:]
    assert all(name.startswith("pipestat_config_") for name in done.jobs())
    config = yaml.safe_load((moved / "results/pipestat_config_count.yaml").read_text())
    assert config["schema_path"] == str(moved / "workflow/pipelines/count/output.yaml")

    edit(moved / "config/jobs.tsv", "cat data/c.txt", "cat data/a.txt")
    done = start(programs, moved)
    assert (done.code, done.jobs()) == (0, AFTER_C), done.text[-3000:]
    assert results(moved)["count"]["sample"]["c"] == {"lines": 1}

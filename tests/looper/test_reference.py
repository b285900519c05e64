"""The examples of looper's pipestat documentation, as they are written there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.pephub_server import PephubServer
from support.postgres import Server
from support.projects import edit, write
from support.running import cli, use_looper

from snakemake_looper.plan.planner import plan_project

CONFIG = """\
pep_config: project_config_pipestat.yaml # pephub registry path or local path
output_dir: results
pipeline_interfaces:
  - ./pipeline_interface1_sample_pipestat.yaml
pipestat:
"""
FILE = """\
  project_name: TEST_PROJECT_NAME
  results_file_path: tmp_pipestat_results.yaml
  flag_file_dir: output/results_pipeline
"""
DATABASE = """\
  flag_file_dir: output/results_pipeline
  database:
    dialect: postgresql
    driver: psycopg2
    name: pipestat-test
    user: postgres
    password: pipestat-password
    host: 127.0.0.1
    port: 5432
"""
PEPHUB = """\
  flag_file_dir: output/results_pipeline
  pephub_path: "databio/pipestat_demo:default"
"""
INTERFACE = """\
pipeline_name: example_pipestat_pipeline
pipeline_type: sample
output_schema: pipeline_pipestat/pipestat_output_schema.yaml
command_template: >
  python {looper.piface_dir}/count_lines.py {sample.file} {sample.sample_name} {pipestat.results_file}

"""
SCHEMA = """\
title: An example Pipestat output schema
description: A pipeline that uses pipestat to report sample and project level results.
type: object
properties:
  pipeline_name: "default_pipeline_name"
  samples:
    type: array
    items:
      type: object
      properties:
        number_of_lines:
          type: integer
          description: "Number of lines in the input file."
"""
SCRIPT = """\
import os.path
import sys

import pipestat

text_file, sample_name, results_file = sys.argv[1:]
schema = os.path.join(os.path.dirname(__file__), "pipeline_pipestat/pipestat_output_schema.yaml")
psm = pipestat.PipestatManager.from_file_backend(
    results_file, schema_path=schema, pipeline_name="example_pipestat_pipeline"
)
psm.report(
    record_identifier=sample_name,
    values={"number_of_lines": len(open(text_file).readlines())},
)
"""


@pytest.fixture
def document(project: Callable[..., Path]) -> Callable[[str], Path]:
    def make(pipestat: str) -> Path:
        return write(
            project({}),
            {
                ".looper.yaml": CONFIG + pipestat,
                "project_config_pipestat.yaml": "pep_version: 2.0.0\nsample_table: annotation.csv\n",
                "annotation.csv": "sample_name,file\nfrog_1,data/frog1.txt\nfrog_2,data/frog2.txt\n",
                "data/frog1.txt": "a\nb\n",
                "data/frog2.txt": "a\nb\nc\n",
                "pipeline_interface1_sample_pipestat.yaml": INTERFACE,
                "pipeline_pipestat/pipestat_output_schema.yaml": SCHEMA,
                "count_lines.py": SCRIPT,
            },
        )

    return make


def config(folder: Path) -> dict:
    return yaml.safe_load(
        (folder / "results/pipestat_config_example_pipestat_pipeline.yaml").read_text()
    )


def test_the_documents_results_file(document: Callable[[str], Path]) -> None:
    folder = document(FILE)
    done = use_looper(cwd=folder)
    assert done.code == 0, done.err
    path = folder / "results/example_pipestat_pipeline/tmp_pipestat_results.yaml"
    records = yaml.safe_load(path.read_text())["example_pipestat_pipeline"]["sample"]
    assert {name: record["number_of_lines"] for name, record in records.items()} == {
        "frog_1": 2,
        "frog_2": 3,
    }
    flag = "output/results_pipeline/example_pipestat_pipeline_frog_1_completed.flag"
    assert (folder / flag).read_text() == "completed", "flag_file_dir is beside the output folder"
    assert config(folder) == {
        "flag_file_dir": str(folder / "output/results_pipeline"),
        "output_dir": str(folder / "results"),
        "pipeline_name": "example_pipestat_pipeline",
        "pipeline_type": "sample",
        "project_name": "TEST_PROJECT_NAME",
        "results_file_path": str(path.with_name("tmp_pipestat_results_records"))
        + "/{record_identifier}.yaml",
        "schema_path": str(folder / "pipeline_pipestat/pipestat_output_schema.yaml"),
    }
    assert "'default_pipeline_name' differs from 'example_pipestat_pipeline'" in done.err


def lines(folder: Path) -> dict[str, int]:
    """What the document's pipeline reports, as `table` has it."""
    data = json.loads(cli("table", "--format", "json", cwd=folder).out)
    return {name: values["number_of_lines"] for name, values in data["sample"].items()}


def test_the_documents_database(document: Callable[[str], Path], postgres: Server) -> None:
    """The document's section, which has no project_name, at the port of the tests' server."""
    given = yaml.safe_load(DATABASE)["database"]
    place = postgres.section(driver=given["driver"])
    assert set(given) == set(place)
    text = DATABASE
    for key, value in given.items():
        text = text.replace(f"    {key}: {value}\n", f"    {key}: {json.dumps(place[key])}\n")
    postgres.query("DROP TABLE IF EXISTS default_pipeline_name__sample CASCADE")
    folder = document(text)
    edit(
        folder / "pipeline_interface1_sample_pipestat.yaml",
        "{pipestat.results_file}",
        "{pipestat.config_file}",
    )
    edit(
        folder / "count_lines.py",
        'PipestatManager.from_file_backend(\n    results_file, schema_path=schema, pipeline_name="example_pipestat_pipeline"\n)',
        "PipestatManager(config_file=results_file)",
    )
    done = use_looper(cwd=folder)
    assert done.code == 0, done.err
    assert lines(folder) == {"frog_1": 2, "frog_2": 3}
    written = config(folder)
    assert written["database"] == place
    assert "results_file_path" not in written
    assert written["project_name"] == folder.name, "an unnamed PEP is named after its folder"
    assert len(list((folder / "output/results_pipeline").glob("*_completed.flag"))) == 2


def test_the_documents_pep_on_pephub(
    document: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The document's section and its pipeline, unedited, at a server of the tests' own."""
    with PephubServer() as server:
        rows = [{"sample_name": "frog_1"}, {"sample_name": "frog_2"}]
        server.push("databio/pipestat_demo:default", {"_config": {}, "_sample_dict": rows})
        for name, value in server.environment(tmp_path / "home", server.token("databio")).items():
            monkeypatch.setenv(name, value)
        folder = document(PEPHUB)
        done = use_looper(cwd=folder)
        assert done.code == 0, done.err
        assert lines(folder) == {"frog_1": 2, "frog_2": 3}
        found = server.rows("databio/pipestat_demo:default")
        assert {name: row["number_of_lines"] for name, row in found.items()} == lines(folder)
        assert config(folder)["pephub_path"] == "databio/pipestat_demo:default"


def test_an_interface_that_wants_a_results_file_where_there_is_none(
    document: Callable[[str], Path],
) -> None:
    done = use_looper(cwd=document(DATABASE))
    assert done.code == 2
    assert "{pipestat.results_file} is undefined; pipestat has config, config_file" in done.err


def test_a_project_level_pipeline_has_the_projects_name_for_a_record(
    document: Callable[[str], Path],
) -> None:
    folder = document(FILE)
    interface = folder / "pipeline_interface1_sample_pipestat.yaml"
    interface.write_text(INTERFACE.replace("type: sample", "type: project").replace("{sample.file} {sample.sample_name}", "{pipestat.record_identifier}"))  # fmt: skip
    (job,) = plan_project(folder / ".looper.yaml").jobs
    assert job.record == "TEST_PROJECT_NAME"
    assert job.command.endswith(
        f"TEST_PROJECT_NAME {folder}/results/example_pipestat_pipeline/tmp_pipestat_results.yaml "
    )

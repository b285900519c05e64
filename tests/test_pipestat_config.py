"""The merged pipestat config, key by key: where each comes from, and which of several counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TOUCH

from snakemake_looper.plan import plan_project
from snakemake_looper.read.secrets import reveal

OUT = "pipeline_name: touch\nsamples: {n: {type: integer, description: a number}}\n"
BASE = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        output_schema: schemas/out.yaml
        pipestat_config_required: false
        sample_interface: {command_template: 'true'}
        project_interface: {command_template: 'true'}
        """,
    "other.yaml": """
        pipeline_name: other
        sample_interface: {command_template: 'true'}
        """,
    "schemas/out.yaml": OUT,
}
FOLDER = "<folder>"
RECORDS = "{record_identifier}.yaml"
SERVER = {"dialect": "postgresql", "name": "db", "user": "u", "host": "h", "port": 5432}
# What is written for the sample and the project level of `touch`, unless a section says otherwise.
COMMON = {
    "pipeline_name": "touch",
    "project_name": "demo",
    "schema_path": f"{FOLDER}/schemas/out.yaml",
    "output_dir": f"{FOLDER}/results",
    "flag_file_dir": f"{FOLDER}/results/touch",
}
DEFAULT = (
    f"{FOLDER}/results/touch/results_records/{RECORDS}",
    f"{FOLDER}/results/touch/results.yaml",
)


def merged(folder: Path, section: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The configs of a project by file name, with `<folder>` for the project's folder."""
    config = {
        "pep_config": "project.yaml",
        "output_dir": "results",
        "pipeline_interfaces": ["touch.yaml", "other.yaml"],
        "pipestat": dict(section),
    }
    (folder / ".looper.yaml").write_text(yaml.safe_dump(config))
    return {
        config.path.name: yaml.safe_load(
            yaml.safe_dump(reveal(config.content)).replace(str(folder), FOLDER)
        )
        for config in plan_project(folder / ".looper.yaml").configs
    }


CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # what the section has, what that makes of the sample level's config, and of the project's
    ("nothing", {}, {"results_file_path": DEFAULT[0]}, {"results_file_path": DEFAULT[1]}),
    (
        "results_file_path",
        {"results_file_path": "all.yaml"},
        {"results_file_path": f"{FOLDER}/results/touch/all_records/{RECORDS}"},
        {"results_file_path": f"{FOLDER}/results/touch/all.yaml"},
    ),
    (
        "an absolute one, which pipelines may share",
        {"results_file_path": "/data/all.yaml"},
        {"results_file_path": f"/data/all_records/touch/{RECORDS}"},
        {"results_file_path": "/data/all.yaml"},
    ),
    (
        "one for each record",
        {"results_file_path": "by/{record_identifier}/r.yaml"},
        {"results_file_path": f"{FOLDER}/results/by/{{record_identifier}}/r.yaml"},
        {"results_file_path": f"{FOLDER}/results/by/{{record_identifier}}/r.yaml"},
    ),
    ("database", {"database": SERVER}, {"database": SERVER}, {"database": SERVER}),
    (
        "a file before a database",
        {"results_file_path": "all.yaml", "database": SERVER},
        {"results_file_path": f"{FOLDER}/results/touch/all_records/{RECORDS}", "database": SERVER},
        {"results_file_path": f"{FOLDER}/results/touch/all.yaml", "database": SERVER},
    ),
    *(
        (
            f"SQLite as {url}",
            {"database": {"sqlite_url": url}},
            {"results_file_path": DEFAULT[0], "database": {"sqlite_url": path}},
            {"results_file_path": DEFAULT[1], "database": {"sqlite_url": path}},
        )
        for url, path in [
            ("all.db", f"{FOLDER}/all.db"),
            ("sqlite:///all.db", f"{FOLDER}/all.db"),
            ("sqlite:////data/all.db", "/data/all.db"),
        ]
    ),
    (
        "pephub_path",
        {"pephub_path": "lab/p:t"},
        {"results_file_path": DEFAULT[0], "pephub_path": "lab/p:t"},
        {"results_file_path": DEFAULT[1], "pephub_path": "lab/p:t"},
    ),
    *(
        (key, {key: value}, {"results_file_path": DEFAULT[0], key: written}, {"results_file_path": DEFAULT[1], key: written})
        for key, value, written in [
            ("flag_file_dir", "out/flags", f"{FOLDER}/out/flags"),
            ("flag_file_dir", "/data/flags", "/data/flags"),
            ("project_name", "mine", "mine"),
            # the interface's, whatever the section says
            ("pipeline_name", "another", "touch"),
            ("schema_path", "another.yaml", f"{FOLDER}/schemas/out.yaml"),
            ("output_dir", "elsewhere", f"{FOLDER}/results"),
            # handed on as they are
            ("name", "space", "space"),
            ("record_identifier", "r", "r"),
            ("multi_pipelines", True, True),
            ("show_db_logs", False, False),
            ("whatever", {"nested": [1, "x"]}, {"nested": [1, "x"]}),
        ]
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("section", "sample", "level_of_project"),
    [case[1:] for case in CASES],
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_merged(
    project: Callable[..., Path],
    section: Mapping[str, Any],
    sample: Mapping[str, Any],
    level_of_project: Mapping[str, Any],
) -> None:
    """One name on both levels gets a config for each; a second pipeline one of its own (quirk 3)."""
    found = merged(project(BASE), section)
    assert found["pipestat_config_touch.yaml"] == {**COMMON, "pipeline_type": "sample", **sample}
    assert found["pipestat_config_touch_project.yaml"] == {
        **COMMON,
        "pipeline_type": "project",
        **level_of_project,
    }
    other = found["pipestat_config_other.yaml"]
    assert (other["pipeline_name"], other.get("schema_path")) == ("other", None)
    if "flag_file_dir" not in section:
        assert other["flag_file_dir"] == f"{FOLDER}/results/other"
    assert set(found) == {f"pipestat_config_{name}.yaml" for name in ("touch", "touch_project", "other")}  # fmt: skip


def test_every_key_that_pipestat_documents_is_among_the_cases() -> None:
    schema = yaml.safe_load(
        files("pipestat").joinpath("schemas/pipestat_config_schema.yaml").read_text()
    )
    assert set(schema["properties"]) <= {key for _, section, _, _ in CASES for key in section}

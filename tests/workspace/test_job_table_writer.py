"""A written job table gives back the plan: the same rows and facts, found by primary key."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.projects import TOUCH

from snakemake_looper.model import Plan
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.job_table_writer import WrittenConfig, facts_of, write_job_table
from snakemake_looper.workspace.rows import Facts

PROJECT = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [p.yaml]
        pipestat: {results_file_path: all.yaml}
        """,
    "samples.csv": "sample_name,file,word\nd,missing.txt,x\nb,b.txt,'\na,a.txt,\u00e9 \u2028\n",
    "p.yaml": """
        pipeline_name: p
        input_schema: schema.yaml
        output_schema: output.yaml
        inject_env_vars: {WORD: "{pipeline.pipeline_name} it's \u00e9"}
        compute: {cores: 3, mem: 2G}
        sample_interface:
          command_template: echo "{sample.word}"
          snakemake: {output: "made/{sample.sample_name}"}
        project_interface:
          command_template: echo {pipestat.config_file}
        """,
    "output.yaml": """
        pipeline_name: p
        samples: {number: {type: integer, description: a number}}
        """,
}


@pytest.fixture
def plan(project: Callable[..., Path]) -> Plan:
    return plan_project(project(PROJECT) / ".looper.yaml")


def configs(plan: Plan) -> dict[str, WrittenConfig]:
    return {
        rule.name: WrittenConfig(f"source of {rule.name}", "d" * 16, plan.shown(rule.config.path))
        for rule in plan.rules
        if rule.config
    }


def facts(plan: Plan) -> Facts:
    places = (("/now", "/first"), ("/more", "/more"))
    return facts_of(plan, places, "a reason", {"config.yaml": "e" * 16})


@pytest.fixture
def table(plan: Plan, tmp_path: Path) -> Iterator[JobTable]:
    path = tmp_path / "jobs.sqlite"
    write_job_table(plan, path, configs(plan), facts(plan))
    with closing(JobTable(path)) as opened:
        yield opened


def test_jobs_come_back_in_the_order_of_the_sample_table(plan: Plan, table: JobTable) -> None:
    assert [row.record for row in table.rows()] == ["b", "a", "demo"]
    assert [row.number for row in table.rows()] == [0, 1, 2]
    for row, job in zip(table.rows(), plan.jobs, strict=True):
        for name in ("rule", "record", "pipeline", "level", "command", "log", "flag", "size_gb"):
            assert getattr(row, name) == getattr(job, name), name
        assert (row.threads, row.container) == (job.threads, job.container) == (3, None)
        assert json.loads(row.env) == job.env and job.env["WORD"] == "p it's \u00e9"
        assert json.loads(row.resources) == job.resources == {"mem_mb": 2048}
        assert tuple(json.loads(row.inputs)) == job.inputs
        assert table.row(job.rule, job.record) == row


def test_pipelines_come_back_in_the_order_of_the_looper_config(
    project: Callable[..., Path], tmp_path: Path
) -> None:
    interface = "pipeline_name: {}\nsample_interface: {{command_template: echo}}\n"
    config = TOUCH[".looper.yaml"].replace("touch.yaml", "z.yaml, a.yaml")
    names = {f"{name}.yaml": interface.format(name) for name in "za"}
    plan = plan_project(project({**TOUCH, ".looper.yaml": config, **names}) / ".looper.yaml")
    write_job_table(plan, tmp_path / "jobs.sqlite", configs(plan), facts(plan))
    with closing(JobTable(tmp_path / "jobs.sqlite")) as table:
        for rows in (table.rows(), table.briefs()):
            assert [row.pipeline for row in rows] == ["z"] * 3 + ["a"] * 3


def test_facts_come_back(plan: Plan, table: JobTable) -> None:
    assert table.facts == facts(plan)
    assert table.facts.project_name == "demo" and table.facts.workdir == plan.workdir
    assert table.facts.outputs == {"p_sample": ["made/{sample}"], "p_project": []}


def test_skipped_records_come_back(plan: Plan, table: JobTable) -> None:
    (skip,) = table.skipped()
    assert (skip.record, skip.fault) == ("d", True)
    assert skip == tuple(getattr(plan.skipped[0], name) for name in skip._fields)


def test_stores_results_files_and_configs_come_back(plan: Plan, table: JobTable) -> None:
    samples, project = table.stores()
    assert (samples.rule, project.rule) == ("p_sample", "p_project")
    config = plan.rules[0].config
    assert config and samples.location == config.location
    assert (samples.back_end, samples.published) == (config.back_end, config.published)
    assert samples.config == "source of p_sample"
    assert samples.schema == str(plan.rundir / "output.yaml")
    (file,) = table.results()
    assert file.path == str(plan.results[0].path) and set(file.sources) == {"p"}
    of_project, of_samples = table.configs(plan.workdir)
    assert (of_samples.rule, of_samples.digest) == ("p_sample", "d" * 16)
    assert of_samples.path == configs(plan)["p_sample"].path
    assert json.loads(of_project.after) == ["p_sample"]
    assert json.loads(of_project.reads) == [plan.shown(plan.results[0].path)]


def test_sizes_of_inputs_come_back(plan: Plan, table: JobTable) -> None:
    assert dict(table.inputs_seen()) == plan.inputs
    assert {Path(path).name: size for path, size in table.inputs_seen()} == {
        "a.txt": 2, "b.txt": 2, "missing.txt": -1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "key"),
    [("job", ["rule", "record"]), ("config", ["rule"]), ("store", ["rule"]), ("input", ["path"]),
     ("plan", ["key"]), ("skip", []), ("results", [])],
)  # fmt: skip
def test_primary_keys(table: JobTable, name: str, key: list[str]) -> None:
    with closing(sqlite3.connect(table.path)) as connection:
        columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
    assert [column[1] for column in sorted(columns, key=lambda one: one[5]) if column[5]] == key


def test_a_job_is_found_by_its_key(table: JobTable) -> None:
    """A job on a cluster reads one row, however many the table has."""
    query = "EXPLAIN QUERY PLAN SELECT command FROM job WHERE rule = 'p_sample' AND record = 'a'"
    with closing(sqlite3.connect(table.path)) as connection:
        (step,) = connection.execute(query).fetchall()
    assert "SEARCH job USING PRIMARY KEY (rule=? AND record=?)" in step[-1]


def test_a_table_is_not_written_over(plan: Plan, table: JobTable) -> None:
    before = table.path.read_bytes()
    with pytest.raises(sqlite3.Error):
        write_job_table(plan, table.path, configs(plan), facts(plan))
    assert table.path.read_bytes() == before


def test_a_group_may_write_where_the_umask_allows(plan: Plan, tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        write_job_table(plan, tmp_path / "shared.sqlite", configs(plan), facts(plan))
    finally:
        os.umask(before)
    assert (tmp_path / "shared.sqlite").stat().st_mode & 0o777 == 0o664

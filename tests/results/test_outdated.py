"""Completed records that a run would run again; `runs/test_due_records.py` compares with Snakemake."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import edit
from support.reporting import jobs_of

from snakemake_looper import remote_files
from snakemake_looper.cli import main
from snakemake_looper.commands import check
from snakemake_looper.layout import marker
from snakemake_looper.results.outdated import Choices, due_jobs, with_outdated
from snakemake_looper.results.statuses import read_statuses
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.lookups import compared_script
from snakemake_looper.workspace.places import Places

PROJECT: dict[str, str] = {
    ".looper.yaml": """
        pep_config: samples.csv
        output_dir: out
        pipeline_interfaces: [first.yaml, second.yaml, last.yaml]
        pipestat: {project_name: demo, results_file_path: results.yaml, flag_file_dir: flags}
        """,
    "samples.csv": "sample_name,file,word\na,a.txt,one\nb,b.txt,two\n",
    "a.txt": "a\n",
    "b.txt": "b\n",
    "c.txt": "c\n",
    "first.yaml": """
        pipeline_name: first
        input_schema: schema.yaml
        sample_interface: {command_template: "echo {sample.word}"}
        """,
    "second.yaml": """
        pipeline_name: second
        sample_interface: {command_template: "echo {sample.sample_name}"}
        snakemake: {depends_on: first}
        """,
    "last.yaml": """
        pipeline_name: last
        project_interface: {command_template: echo all}
        linked_pipeline_interfaces: [second.yaml]
        """,
    "schema.yaml": """
        properties:
          samples:
            type: array
            items:
              type: object
              properties: {sample_name: {type: string}, file: {type: string}}
              required: [sample_name, file]
              tangible: [file]
        """,
}
SECOND = 10**9
BEFORE_IT = "a job before it is due"
CHANGED = "the command changed"


@pytest.fixture
def lab(project: Callable[..., Path]) -> Path:
    """A project whose jobs have all completed, and Snakemake has a record of each."""
    folder = project(PROJECT)
    jobs = jobs_of(folder)
    for config in jobs.configs(folder):
        put(folder / marker(config.path), config.digest)
        put(folder / config.path, "x")
    for row in jobs.rows():
        put(folder / row.log, "")
        put(folder / row.flag, "completed")
        record(jobs, row.rule, row.record)
    jobs.close()
    return folder


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def record_of(folder: Path, flag: str) -> Path:
    return folder / ".snakemake/metadata" / urlsafe_b64encode(flag.encode()).decode()


def record(jobs: JobTable, rule: str, name: str) -> None:
    """Write what Snakemake records when a job completes."""
    folder, facts, row = jobs.facts.workdir, jobs.facts, jobs.row(rule, name)
    config = next(one for one in jobs.configs(folder) if one.rule == rule)
    script = compared_script(row, facts, Places(facts.places))
    files: list[str] = json.loads(row.inputs)
    inputs = [
        *files,
        *(jobs.flags(facts.depends[rule], name) if rule in facts.depends else ()),
        *(jobs.flags(facts.after[rule]) if rule in facts.after else ()),
        config.path,
    ]
    digests = {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in files}
    known = {
        "record_format_version": 6,
        "params": sorted([repr(script), repr(config.digest)]),
        "input": sorted(inputs),
        "input_checksums": {path: f"sha256:{digest}" for path, digest in digests.items()},
    }
    put(record_of(folder, row.flag), json.dumps(known))


def found(folder: Path, *levels: str) -> dict[str, str]:
    """The reasons of the records that are out of date, by `pipeline record`."""
    jobs = jobs_of(folder)
    try:
        statuses = read_statuses(jobs, folder)
        records = with_outdated(statuses, jobs, folder, levels or ("sample", "project"))
        return {f"{one.pipeline} {one.record}": one.outdated for one in records if one.outdated}
    finally:
        jobs.close()


def change(path: Path, text: str) -> None:
    """Give a file another content, a minute later than now."""
    path.write_text(text)
    newer(path)


def newer(path: Path) -> None:
    at = path.stat().st_mtime_ns + 60 * SECOND
    os.utime(path, ns=(at, at))


def test_nothing_is_out_of_date(lab: Path) -> None:
    assert found(lab) == {}


def test_a_command_that_changed_for_one_sample(lab: Path) -> None:
    edit(lab / "samples.csv", "a,a.txt,one", "a,a.txt,another")
    changed = {"first a": "the command changed", "second a": BEFORE_IT, "last demo": BEFORE_IT}
    assert found(lab) == changed
    assert found(lab, "sample") == {"first a": "the command changed", "second a": BEFORE_IT}


def test_a_pipestat_config_that_changed(lab: Path) -> None:
    edit(lab / ".looper.yaml", "project_name: demo", "project_name: demo, extra: 1")
    assert set(found(lab).values()) == {"the pipestat config changed"}
    edit(lab / "first.yaml", "echo {", "echo  {")
    assert found(lab)["first a"] == "the command and the pipestat config changed"
    assert found(lab)["second a"] == "the pipestat config changed"


def test_a_config_that_was_written_for_other_content_since(lab: Path) -> None:
    jobs = jobs_of(lab)
    config = next(one for one in jobs.configs(lab) if one.rule.startswith("first"))
    jobs.close()
    put(lab / marker(config.path), "0" * 16)
    assert found(lab)["first a"] == "the pipestat config changed"


def test_a_config_that_was_lost_is_made_anew_and_runs_nothing(lab: Path) -> None:
    for path in lab.glob("out/pipestat_config_*"):
        path.unlink()
    assert found(lab) == {}


def test_an_input_file_that_changed(lab: Path) -> None:
    change(lab / "a.txt", "another\n")
    assert found(lab)["first a"] == "an input file changed: a.txt"
    assert "first b" not in found(lab)


def test_an_input_file_that_was_only_touched(lab: Path) -> None:
    """As Snakemake, compare the contents of small files, and the times of large ones."""
    newer(lab / "a.txt")
    assert found(lab) == {}
    (lab / "b.txt").write_bytes(bytes(1_000_001))
    newer(lab / "b.txt")
    assert found(lab)["first b"] == "an input file changed: b.txt"


def test_other_input_files(lab: Path) -> None:
    edit(lab / "samples.csv", "a,a.txt", "a,c.txt")
    assert found(lab)["first a"] == "the list of input files changed"


def test_jobs_before_it_that_are_others(lab: Path) -> None:
    edit(lab / "second.yaml", "depends_on: first", "retries: 1")
    assert found(lab)["second a"] == "'depends_on' changed"
    assert found(lab)["last demo"] == BEFORE_IT
    edit(lab / "second.yaml", "retries: 1", "depends_on: first")
    edit(lab / "samples.csv", "b,b.txt,two\n", "")
    assert found(lab) == {"last demo": "the list of samples changed"}


@pytest.mark.parametrize("status", ["failed", "partial", "none"])
def test_a_job_before_it_that_has_not_completed(lab: Path, status: str) -> None:
    done = lab / "flags/second_a_completed.flag"
    done.rename(lab / f"flags/second_a_{status}.flag")
    assert found(lab) == {"last demo": BEFORE_IT}


def test_without_a_record_only_times_are_compared(lab: Path) -> None:
    """As for records of looper, after `--drop-metadata`, and where records are unreadable."""
    edit(lab / "samples.csv", "a,a.txt,one", "a,a.txt,another")
    for path in (lab / ".snakemake/metadata").iterdir():
        path.write_text('{"record_format')
    assert found(lab) == {}
    newer(lab / "a.txt")
    assert found(lab)["first a"] == "an input file changed: a.txt"


def test_an_output_without_a_record(lab: Path) -> None:
    """It was declared after the last run. The record of the job's flag is compared."""
    edit(
        lab / "second.yaml",
        "depends_on: first",
        'depends_on: first, output: "{sample.sample_name}.out"',
    )
    (lab / "a.out").touch()
    assert found(lab) == {"second b": "an output is missing: b.out", "last demo": BEFORE_IT}
    (lab / "b.out").touch()
    assert found(lab) == {}
    edit(lab / "second.yaml", "echo {", "echo  {")
    assert found(lab) == {
        **dict.fromkeys(("second a", "second b"), CHANGED),
        "last demo": BEFORE_IT,
    }


def test_a_project_that_was_moved(lab: Path) -> None:
    edit(lab / "first.yaml", "echo {sample.word}", "echo {looper.output_dir}")
    jobs = jobs_of(lab)
    for row in jobs.rows():
        record(jobs, row.rule, row.record)
    jobs.close()
    assert found(lab.rename(lab.parent / "moved")) == {}


def test_check_says_so(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ["-c", str(lab / ".looper.yaml")]
    edit(lab / "first.yaml", "echo {", "echo  {")
    (lab / "flags/second_a_completed.flag").unlink()
    expected = [
        "note: first: 2 completed, 2 of them out of date: the command changed (a, b)",
        "note: second: 1 completed, 1 of them out of date: a job before it is due (b)",
        "note: last: 1 completed, 1 of them out of date: a job before it is due (demo)",
    ]
    for words in ([], ["--itemized"], ["--json"]):
        assert main(["check", *words, *config]) == 0
        said = capsys.readouterr()
        assert said.err.splitlines() == expected
    whole = {(one["pipeline"], one["record"]): one for one in json.loads(said.out)["records"]}
    assert whole["first", "a"]["outdated"] == "the command changed"
    assert whole["second", "a"]["outdated"] is None
    main(["check", "--sel-incl", "x", *config])
    main(["check", "-f", "failed", *config])
    monkeypatch.setattr(check, "_MOST_COMPARED", 3)
    capsys.readouterr()
    main(["check", *config])
    assert capsys.readouterr().err == "", "it would take too long"
    main(["check", "--itemized", *config])
    assert capsys.readouterr().err.splitlines() == expected


# --- remote input files ---------------------------------------------------------------------------


def test_a_remote_file_is_looked_at_where_its_time_is_known(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` asks no server, and lumps do."""
    address = "s3://b/a.fq"
    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: True)
    table = f"sample_name,file,word\na,{address},one\nb,b.txt,two\n"
    folder = project({**PROJECT, "samples.csv": table})
    jobs = jobs_of(folder)
    for config in jobs.configs(folder):
        put(folder / marker(config.path), config.digest)
        put(folder / config.path, "x")
    for row in jobs.rows():
        put(folder / row.log, "")
        put(folder / row.flag, "completed")
    row = jobs.row("first_sample", "a")
    config = next(one for one in jobs.configs(folder) if one.rule == "first_sample")
    script = compared_script(row, jobs.facts, Places(jobs.facts.places))
    known = {
        "record_format_version": 6,
        "params": sorted([repr(script), repr(config.digest)]),
        "input": sorted([address, config.path]),
    }
    put(record_of(folder, row.flag), json.dumps(known))

    def due(*times: float) -> dict[tuple[str, str], str]:
        choices = Choices(remote_time=lambda one: max(times, default=0.0))
        found = due_jobs(jobs, folder, ["first_sample"], choices)
        return {key: cause.text for key, cause in found.items()}

    written = (folder / row.flag).stat().st_mtime
    assert due() == {}
    assert due(written - 1) == {}
    assert due(written + 1) == {
        ("first_sample", "a"): f"an input file changed: {address}",
    }
    put(record_of(folder, row.flag), json.dumps({**known, "input": sorted([config.path])}))
    assert due() == {("first_sample", "a"): "the list of input files changed"}

"""Results are those of the last run: what is set aside, what counts, what is said of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.postgres import Server
from support.projects import edit, write
from support.running import BIN, cli, environment, use_looper, wait_until

from snakemake_looper.cli import main
from snakemake_looper.errors import LooperError
from snakemake_looper.layout import EARLIER, JOURNALS
from snakemake_looper.read.option_sources import from_config
from snakemake_looper.results import database as databases
from snakemake_looper.results import pephub_table as pephub_results
from snakemake_looper.results.attempts import beginning_afresh
from snakemake_looper.results.database_connection import DatabaseError
from snakemake_looper.results.earlier import SetAsideError, conclude, set_aside
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import Results, read_results
from snakemake_looper.results.remove import destroy, removal_of_selected, removal_without_sample
from snakemake_looper.results.report import write_report
from snakemake_looper.results.stores.open_store import open_stores
from snakemake_looper.results.table import FORMATS, remarks, text
from snakemake_looper.status.flags import flag_path
from snakemake_looper.status.journal import Death, Journal, read_runs
from snakemake_looper.status_words import STATUSES
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.rows import Brief

# `report.py` keeps a value that is there, as pipestat's command line does, and notes which results
# it has found. A sample named in `fail.txt` fails after it has reported.
PROJECT = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: out
        pipeline_interfaces: [count.yaml]
        pipestat: {results_file_path: all.yaml, flag_file_dir: flags}
        """,
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name,says\na,n=1 m=2\nb,n=5\nc,\n",
    "fail.txt": "",
    "count.yaml": """
        pipeline_name: count
        output_schema: out.yaml
        sample_interface:
          command_template: >
            python report.py {pipestat.results_file} count sample {sample.sample_name} {sample.says}
            && ! grep -qx {sample.sample_name} fail.txt
        """,
    "out.yaml": """
        pipeline_name: count
        samples:
          n: {type: integer, description: a number}
          m: {type: integer, description: another}
        project:
          total: {type: integer, description: of all}
          mean: {type: integer, description: of all}
        """,
    "report.py": """
        import sys
        from pathlib import Path
        import yaml

        path, pipeline, level, record, *pairs = sys.argv[1:]
        path = Path(path)
        data = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
        levels = data.setdefault(pipeline, {"project": {}, "sample": {}})
        values = levels[level].get(record, {})
        with open("found.txt", "a") as found:
            print(f"{record}:{','.join(sorted(values))}", file=found)
        for key, value in (pair.split("=") for pair in pairs):
            values.setdefault(key, int(value))
        if values:
            levels[level][record] = values
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(data))
        """,
}
PLACES = {
    "file": "results_file_path: all.yaml",
    "absolute": "results_file_path: {folder}/shared/all.yaml",
    "records": 'results_file_path: "rec_{record_identifier}.yaml"',
    "folders": 'results_file_path: "rec/{record_identifier}/values.yaml"',
    "bare": 'results_file_path: "rec/{record_identifier}"',
}


@pytest.fixture
def count(project: Callable[..., Path]) -> Path:
    return project(PROJECT)


def run(folder: Path, *words: str, code: int = 0) -> None:
    done = use_looper(*words, cwd=folder)
    assert done.code == code, done.text


def found(folder: Path) -> list[str]:
    """What the jobs of the last runs found when they began."""
    path = folder / "found.txt"
    lines = path.read_text().split()
    path.unlink()
    return sorted(lines)


def jobs_of(folder: Path) -> JobTable:
    return current_plan(folder / ".looper.yaml").jobs()


def read(folder: Path) -> list[Results]:
    """What `table` and `report` have."""
    jobs = jobs_of(folder)
    try:
        return read_results(jobs, folder)
    finally:
        jobs.close()


def sample(folder: Path) -> dict[str, Any]:
    return {name: dict(one) for name, one in read(folder)[0].records.items()}


def notes(folder: Path) -> dict[str, str]:
    return dict(read(folder)[0].notes)


def left(folder: Path) -> list[str]:
    """All that is set aside."""
    paths = [*folder.rglob("*.earlier"), *(folder / EARLIER).glob("*")]
    return sorted(str(path.relative_to(folder)) for path in paths)


def assembled(folder: Path) -> Any:
    return yaml.safe_load((folder / "out/count/all.yaml").read_text())["count"]["sample"]


def set_says(folder: Path, **says: str) -> None:
    lines = "".join(f"{name},{text}\n" for name, text in says.items())
    (folder / "samples.csv").write_text(f"sample_name,says\n{lines}")


def fails(folder: Path, *names: str) -> None:
    (folder / "fail.txt").write_text("".join(f"{name}\n" for name in names))


# --- a run, without Snakemake ---------------------------------------------------------------------


def report(file: str, record: str, says: str, level: str = "sample") -> list[str]:
    """Report as `report.py` does; which results were found."""
    path = Path(file)
    data = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    levels = data.setdefault("count", {"project": {}, "sample": {}})
    values = levels[level].get(record, {})
    known = sorted(values)
    for key, value in (pair.split("=") for pair in says.split()):
        values.setdefault(key, int(value))
    if values:
        levels[level][record] = values
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data))
    return known


class Project:
    """A project whose jobs are played: what a run does about results is done for real."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def jobs(self) -> JobTable:
        return jobs_of(self.folder)

    def begin(self, *names: str) -> tuple[JobTable, list[Brief]]:
        """All that is done before the first job."""
        plan = current_plan(self.folder / ".looper.yaml")
        jobs = plan.jobs()
        planned = [brief for brief in jobs.briefs() if brief.record in names]
        assert conclude(jobs, self.folder) == []
        afresh = beginning_afresh(jobs, self.folder, planned, read_runs(self.folder))
        set_aside(jobs, self.folder, planned, afresh)
        self.journal = Journal.open(self.folder, plan.path.name)
        # Runs of one second would share a file.
        self.journal.path.rename(self.journal.path.with_name(f"{time.time_ns()}.jsonl"))
        self.journal.begin("local", {brief.flag: "" for brief in planned})
        return jobs, planned

    def die(self, jobs: JobTable) -> None:
        """The process is gone: it has settled nothing."""
        self.journal.end()
        jobs.close()

    def job(self, jobs: JobTable, brief: Brief, says: str, status: str, level: str) -> list[str]:
        log, flag = self.folder / brief.log, self.folder / brief.flag
        for path in (log, flag):
            path.parent.mkdir(parents=True, exist_ok=True)
        for word in STATUSES:
            flag_path(self.folder, brief.flag, word).unlink(missing_ok=True)
        log.write_text("")
        store = next(one for one in open_stores(jobs, self.folder) if one.row.rule == brief.rule)
        known = self.report(store.config(), brief.record, says, level)
        log.write_text("done")  # the last that is written before the flag
        flag_path(self.folder, brief.flag, status).write_text(status)
        return known

    def report(self, config: dict[str, Any], record: str, says: str, level: str) -> list[str]:
        file = config["results_file_path"].replace("{record_identifier}", record)
        return report(file, record, says, level)

    def run(self, level: str = "sample", **says: str) -> dict[str, list[str]]:
        """Run records; one whose text ends with `!` fails. Which results each has found."""
        self.said = []
        jobs, planned = self.begin(*says)
        found = {}
        for brief in planned:
            text = says[brief.record]
            status = "failed" if text.endswith("!") else "completed"
            found[brief.record] = self.job(jobs, brief, text.rstrip("!"), status, level)
            if status == "failed":
                self.journal.record_death(brief.flag, Death("failed", time.time(), None))
        publish_all(jobs)
        self.die(jobs)
        return found


@pytest.fixture
def played(count: Path) -> Project:
    return Project(count)


@pytest.fixture(params=PLACES)
def anywhere(request: pytest.FixtureRequest, count: Path) -> Project:
    place = PLACES[request.param].replace("{folder}", str(count))
    edit(count / ".looper.yaml", "results_file_path: all.yaml", place)
    return Project(count)


def test_a_job_that_runs_again_reports_as_if_it_were_the_first_time(anywhere: Project) -> None:
    """A new value counts, a result that is no longer reported goes, and so does a whole record."""
    folder = anywhere.folder
    anywhere.run(a="n=1 m=2", b="n=5", c="n=8")
    assert sample(folder) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}, "c": {"n": 8}}
    assert anywhere.run(a="n=7", b="") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 7}, "c": {"n": 8}}
    assert notes(folder) == {} and left(folder) == []


def test_results_of_an_earlier_run_are_told(anywhere: Project) -> None:
    folder = anywhere.folder
    anywhere.run(a="n=1 m=2", b="n=5")
    assert anywhere.run(a="m=3!", b="!") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 1, "m": 3}, "b": {"n": 5}}
    some, all_ = "some values are of an earlier run", "values are of an earlier run"
    assert notes(folder) == {"a": f"failed; {some}", "b": f"failed; {all_}"}
    assert remarks(read(folder)) == [f"count: a: failed; {some}", f"count: b: failed; {all_}"]
    # Nothing changed: the next attempt finds what the failed one reported, and only that.
    assert anywhere.run(a="n=4!", b="n=6") == {"a": ["m"], "b": []}
    assert sample(folder) == {"a": {"n": 4, "m": 3}, "b": {"n": 6}}
    assert notes(folder) == {"a": "failed; values may be incomplete"}
    assert anywhere.run(a="") == {"a": ["m", "n"]}
    assert sample(folder) == {"a": {"n": 4, "m": 3}, "b": {"n": 6}}
    assert notes(folder) == {} and left(folder) == []


def test_failures_in_a_row_keep_the_last_values(anywhere: Project) -> None:
    """Each time something changes: what the failed attempt reported is set aside, too."""
    folder = anywhere.folder
    anywhere.run(a="n=1 m=2")
    for number in (3, 4):
        set_says(folder, a=f"changed {number}", b="")
        assert anywhere.run(a=f"n={number}!") == {"a": []}
        assert sample(folder) == {"a": {"n": number, "m": 2}}
    set_says(folder, a="changed 5", b="")
    assert anywhere.run(a="!") == {"a": []}
    assert sample(folder) == {"a": {"n": 4, "m": 2}}
    assert notes(folder) == {"a": "failed; values are of an earlier run"}
    assert anywhere.run(a="m=9") == {"a": []}
    assert sample(folder) == {"a": {"m": 9}} and left(folder) == []


def test_the_users_file_has_what_the_table_has(played: Project) -> None:
    played.run(a="n=1 m=2", b="n=5")
    played.run(a="n=7", b="")
    assert assembled(played.folder) == {"a": {"n": 7}}
    played.run(a="m=1!", b="n=2")
    assert assembled(played.folder) == {"a": {"n": 7, "m": 1}, "b": {"n": 2}}


def test_what_is_changed_begins_afresh_after_a_failure(played: Project) -> None:
    def input_file(folder: Path) -> None:
        os.utime(folder / "input.txt")

    changes: list[Callable[[Path], None]] = [
        lambda folder: set_says(folder, a="n=2", b="n=5"),
        lambda folder: edit(folder / ".looper.yaml", "flags}", "flags, more: 1}"),
        input_file,
        lambda folder: shutil.rmtree(folder / JOURNALS),  # nobody knows what the last attempt was
    ]
    schema = (
        "properties: {samples: {items: {properties: {file: {type: string}}, tangible: [file]}}}"
    )
    write(played.folder, {"in.yaml": schema, "input.txt": ""})
    os.utime(played.folder / "input.txt", (1, 1))
    edit(played.folder / "count.yaml", "output_schema", "input_schema: in.yaml\noutput_schema")
    text = (played.folder / "project.yaml").read_text()
    append = "sample_modifiers: {append: {file: input.txt}}\n"
    (played.folder / "project.yaml").write_text(text + append)
    played.run(a="n=1!")
    assert played.run(a="m=1!") == {"a": ["n"]}, "nothing has changed"
    for change in changes:
        known = sorted(sample(played.folder)["a"])
        change(played.folder)
        assert played.run(a="!") == {"a": []}
        assert sorted(sample(played.folder)["a"]) == known, "the values are still shown"
        assert played.run(a="n=1!") == {"a": []}
        assert played.run(a="!") == {"a": ["n"]}


def test_killed_before_a_job_begins(anywhere: Project) -> None:
    """The values count as before, and the next run puts them back, before it sets aside again."""
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5", c="n=3!")
    jobs, _ = anywhere.begin("a", "b")
    assert len(left(folder)) == 2
    assert sample(folder) == {"a": {"n": 1}, "b": {"n": 5}, "c": {"n": 3}}
    assert notes(folder) == {"c": "failed; values may be incomplete"}, "a and b did not begin"
    assert conclude(jobs, folder) == []
    assert left(folder) == []
    assert sample(folder) == {"a": {"n": 1}, "b": {"n": 5}, "c": {"n": 3}}
    anywhere.die(jobs)
    anywhere.die(anywhere.begin("a")[0])
    assert anywhere.run(a="") == {"a": []}
    assert sample(folder) == {"b": {"n": 5}, "c": {"n": 3}}


def test_killed_after_a_job_completed(anywhere: Project) -> None:
    """What it reported counts at once, though nobody has assembled it, and after the next run."""
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5", c="n=3")
    jobs, planned = anywhere.begin("a", "b", "c")
    for brief, says in zip(planned, ("n=2", "", "m=4"), strict=True):
        anywhere.job(jobs, brief, says, "failed" if brief.record == "c" else "completed", "sample")
    assert sample(folder) == {"a": {"n": 2}, "c": {"n": 3, "m": 4}}
    assert conclude(jobs, folder) == []
    assert sample(folder) == {"a": {"n": 2}, "c": {"n": 3, "m": 4}}
    assert conclude(jobs, folder) == [], "the second time nothing happens"
    assert sample(folder) == {"a": {"n": 2}, "c": {"n": 3, "m": 4}}
    anywhere.die(jobs)


def test_touched_flags_do_not_make_values_obsolete(played: Project) -> None:
    """`snakemake --touch` makes a flag new, and no job began."""
    played.run(a="n=1")
    jobs, planned = played.begin("a")
    os.utime(played.folder / planned[0].flag)
    assert conclude(jobs, played.folder) == []
    assert sample(played.folder) == {"a": {"n": 1}}
    played.die(jobs)


def test_first_runs_set_nothing_aside(played: Project) -> None:
    played.die(played.begin("a", "b")[0])
    assert left(played.folder) == []


def test_a_folder_that_cannot_be_written_is_told_before_any_job(
    played: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.run(a="n=1")

    rename = Path.rename

    def refuse(path: Path, *target: Path, **more: bool) -> None:
        if path.suffix != ".yaml":
            rename(path, *target)
        else:
            raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)  # a file of another user in a group's folder
        assert played.run(a="n=2") == {"a": []}
    assert sample(played.folder) == {"a": {"n": 2}}
    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(SetAsideError, match="make the folder writable"):
        played.begin("a")


PROJECT_LEVEL = """
project_interface:
  command_template: "echo {pipestat.config_file}"
"""


def test_results_of_the_project_level(played: Project) -> None:
    """They are in the assembled file, beside those of samples, which stay."""

    def now() -> tuple[Any, Any]:
        results = read(played.folder)[-1]
        assert results.level == "project"
        return results.records, dict(results.notes)

    path = played.folder / "count.yaml"
    path.write_text(path.read_text() + PROJECT_LEVEL)
    played.run(a="n=1", b="n=5")
    played.run("project", demo="total=1 mean=2")
    assert now() == ({"demo": {"total": 1, "mean": 2}}, {})
    assert played.run("project", demo="total=3!") == {"demo": []}
    some = "failed; some values are of an earlier run"
    assert now() == ({"demo": {"total": 3, "mean": 2}}, {"demo": some})
    assert played.run("project", demo="!") == {"demo": ["total"]}, "what was put back is not found"
    assert now() == ({"demo": {"total": 3, "mean": 2}}, {"demo": some})
    jobs = played.begin("demo")[0]  # and killed
    assert now()[0] == {"demo": {"total": 3, "mean": 2}}
    played.die(jobs)
    played.run(a="n=2")
    assert played.run("project", demo="mean=4") == {"demo": []}, "a sample has changed"
    assert now() == ({"demo": {"mean": 4}}, {}) and left(played.folder) == []
    assert sample(played.folder) == {"a": {"n": 2}, "b": {"n": 5}}
    jobs = played.begin("demo")[0]
    assert now() == ({"demo": {"mean": 4}}, {}), "killed before its job began"
    assert conclude(jobs, played.folder) == [] and left(played.folder) == []
    assert now() == ({"demo": {"mean": 4}}, {})
    played.die(jobs)


# --- databases and PEPhub -------------------------------------------------------------------------


class OnServer(Project):
    """Jobs report to PostgreSQL themselves; a value that is there stays, as with pipestat."""

    def report(self, config: dict[str, Any], record: str, says: str, level: str) -> list[str]:
        databases.write_statuses(config, {record: "running"})
        known = sorted(databases.read_records(config)[record])
        values = {key: int(value) for key, value in (pair.split("=") for pair in says.split())}
        databases.fill_records(config, {record: values})
        return known


@pytest.fixture
def on_server(count: Path, postgres: Server) -> Iterator[OnServer]:
    name = f"earlier_{time.time_ns()}"
    postgres.query(f"CREATE DATABASE {name}")
    section = json.dumps({"project_name": "demo", "database": postgres.section(name)})
    edit(count / ".looper.yaml", "results_file_path: all.yaml,", section[1:-1] + ",")
    path = count / "count.yaml"
    text = path.read_text().replace("{pipestat.results_file}", "{pipestat.config_file}")
    path.write_text(text + PROJECT_LEVEL)
    yield OnServer(count)
    postgres.query(f"DROP DATABASE {name} WITH (FORCE)")


def test_rows_of_a_server(on_server: OnServer) -> None:
    """A record's columns are empty when its job begins, and filled again if it fails."""
    folder = on_server.folder
    on_server.run(a="n=1 m=2", b="n=5")
    assert on_server.run(a="n=7", b="") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 7}, "b": {}} and left(folder) == []
    assert on_server.run(a="m=3!", b="n=5") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 7, "m": 3}, "b": {"n": 5}}
    some = "failed; some values are of an earlier run"
    assert notes(folder) == {"a": some}
    assert on_server.run(a="!") == {"a": ["m"]}, "what was put back is taken out again"
    assert sample(folder) == {"a": {"n": 7, "m": 3}, "b": {"n": 5}}
    jobs, _ = on_server.begin("a", "b")  # and killed
    assert sample(folder) == {"a": {"n": 7, "m": 3}, "b": {"n": 5}}
    assert notes(folder) == {"a": some}
    on_server.die(jobs)
    assert on_server.run(a="n=8") == {"a": ["m"]}
    assert sample(folder) == {"a": {"n": 8, "m": 3}, "b": {"n": 5}}
    assert notes(folder) == {} and left(folder) == []


def test_rows_of_a_server_at_project_level(on_server: OnServer) -> None:
    folder = on_server.folder
    on_server.run(a="n=1", b="n=5")
    on_server.run("project", demo="total=1 mean=2")
    assert on_server.run("project", demo="total=3!") == {"demo": []}
    results = read(folder)[-1]
    assert results.records == {"demo": {"total": 3, "mean": 2}}
    assert results.notes == {"demo": "failed; some values are of an earlier run"}
    on_server.run("project", demo="")
    assert read(folder)[-1].records == {"demo": {"total": 3}} and left(folder) == []


def test_a_server_that_goes_away_keeps_what_is_kept_here(
    on_server: OnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_server.run(a="n=1")
    jobs, planned = on_server.begin("a")
    on_server.job(jobs, planned[0], "", "failed", "sample")

    def away(*arguments: Any) -> None:
        raise DatabaseError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(databases, "fill_records", away)
        assert conclude(jobs, on_server.folder) == [
            "count: earlier results were not put back: connection refused"
        ]
    assert sample(on_server.folder) == {"a": {"n": 1}}
    assert conclude(jobs, on_server.folder) == []
    assert sample(on_server.folder) == {"a": {"n": 1}}
    assert notes(on_server.folder) == {"a": "failed; values are of an earlier run"}
    on_server.die(jobs)


def test_sqlite_has_what_the_last_run_reported(count: Path) -> None:
    section = 'project_name: demo, database: {sqlite_url: "all.db"},'
    edit(count / ".looper.yaml", "results_file_path: all.yaml,", section)
    played = Project(count)

    def rows() -> list[Any]:
        with contextlib.closing(sqlite3.connect(count / "all.db")) as connection:
            query = "SELECT record_identifier, n, m, status FROM count__sample ORDER BY 1"
            return connection.execute(query).fetchall()

    played.run(a="n=1 m=2", b="n=5")
    played.run(a="n=7", b="")
    assert rows() == [("a", 7, None, "completed"), ("b", None, None, "completed")]
    played.run(a="m=1!")
    assert rows()[0] == ("a", 7, 1, "failed"), "the earlier value is kept, and told"
    assert left(count) == ["out/count/results_records/a.yaml.earlier"]


def test_pephub_is_rid_of_what_is_no_longer_reported(
    count: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only results that this project has put there: a cell may be the PEP's own."""
    edit(count / ".looper.yaml", "results_file_path: all.yaml,", "pephub_path: lab/all:default,")
    cleared, away = [], [True]

    def publish(path: str, records: Any, statuses: Any) -> int:
        if away:
            raise LooperError("PEPhub is not there")
        return 0

    monkeypatch.setattr(pephub_results, "publish", publish)
    monkeypatch.setattr(pephub_results, "delete_records", lambda path, names: cleared.append(names))
    played = Project(count)
    played.run(a="n=1 m=2", b="n=5")
    played.run(a="n=7", b="")
    assert cleared == [{"a": ["m"], "b": ["n"]}]
    away.clear()
    jobs = played.jobs()
    publish_all(jobs)
    publish_all(jobs)
    jobs.close()
    assert cleared == 2 * [{"a": ["m"], "b": ["n"]}], "until it is done, and then no more"
    assert left(count) == []


# --- damaged files --------------------------------------------------------------------------------

BAD = {
    "cut": "count:\n  sample:\n    b: {n: 'x",
    "list": "count:\n  sample: [1, 2]\n",
    "top list": "- count\n",
    "text": "count: just text\n",
    "loop": "count:\n  sample:\n    b: &x\n      n: *x\n",
    "list loop": "count:\n  sample:\n    b: {n: &x [1, *x]}\n",
    "bomb": "x: &a [1,1,1,1,1,1,1,1,1,1]\n"
    + "".join(
        f"x{c}: &{c} [{','.join([f'*{b}'] * 10)}]\n" for b, c in itertools.pairwise("abcdefghi")
    )
    + "count:\n  sample:\n    b: {n: *i}\n",
    "deep": "count: {sample: {b: {n: " + "[" * 5000 + "]" * 5000 + "}}}\n",
    "dates": "count:\n  sample:\n    b: {2024-01-01: 3, 5: {2024-01-02: 1}}\n",
    "no date": "count:\n  sample:\n    b: {n: 2024-99-99}\n",
    "binary": "\x00\x01\x02",
    "scalar": "count:\n  sample:\n    b: 5\n",
    "of another": "count:\n  sample:\n    a: {n: 99}\n",
    "object": "count:\n  sample:\n    b: {n: !!python/object:os.system {}}\n",
}


@pytest.mark.parametrize("place", ["file", "records"])
@pytest.mark.parametrize("kind", BAD)
def test_a_damaged_file_costs_its_own_record(
    count: Path, kind: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(count / ".looper.yaml", "results_file_path: all.yaml", PLACES[place])
    set_says(count, a="n=1", b="", c="n=3")
    played = Project(count)
    played.run(a="n=1", c="n=3")
    folder = count / "out/count/all_records" if place == "file" else count / "out"
    name = "b.yaml" if place == "file" else "rec_b.yaml"
    (folder / name).write_bytes(BAD[kind].encode())
    jobs = jobs_of(count)
    publish_all(jobs)
    results = read_results(jobs, count)
    records = dict(results[0].records)
    if kind == "of another" and place == "records":
        assert records.pop("a")["n"] in (1, 99)  # no file is known to be another's
        records["a"] = {"n": 1}
    assert {key: dict(records[key]) for key in "ac"} == {"a": {"n": 1}, "c": {"n": 3}}
    said = capsys.readouterr().err + "".join(results[0].warnings)
    assert name in said or kind == "dates" or (kind, place) == ("of another", "records")
    assert "Traceback" not in said
    for form in FORMATS:
        assert "3" in text(results, form)
    write_report(jobs, count / "pages", read=results)
    jobs.close()


# --- samples that left the table ------------------------------------------------------------------


def test_records_of_removed_samples(anywhere: Project) -> None:
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5")
    anywhere.run(a="n=2!")
    set_says(folder, b="n=5", c="n=6")
    assert notes(folder) == {"a": "not in the sample table"}
    limited = current_plan(folder / ".looper.yaml", from_config({"samples": "c"})).jobs()
    assert read_results(limited, folder)[0].notes == {"a": "not in the sample table"}
    what = removal_without_sample(limited, folder)
    destroy(what, folder)
    limited.close()
    assert sample(folder) == {"b": {"n": 5}}
    assert not list(folder.rglob("*a_*.flag")) and left(folder) == []
    jobs = jobs_of(folder)
    assert not removal_without_sample(jobs, folder)
    publish_all(jobs)
    jobs.close()
    assert sample(folder) == {"b": {"n": 5}}, "it does not come back"


def test_names_in_a_results_file_lead_nowhere(played: Project) -> None:
    """A results file may hold any text as a name; only what can be a file's name is one."""
    played.run(a="n=1")
    file = played.folder / "out/count/all.yaml"
    data = yaml.safe_load(file.read_text())
    data["count"]["sample"]["../../keep"] = {"n": 1}
    file.write_text(yaml.safe_dump(data))
    keep = played.folder / "keep"
    keep.mkdir()
    (played.folder / "out/results_pipeline").mkdir(parents=True)
    jobs = jobs_of(played.folder)
    what = removal_without_sample(jobs, played.folder)
    assert what.paths == () and [names for _, names in what.records] == [("../../keep",)]
    destroy(what, played.folder)
    jobs.close()
    assert keep.exists() and sample(played.folder) == {"a": {"n": 1}}


def test_destroy_names_the_way(played: Project, capsys: pytest.CaptureFixture[str]) -> None:
    played.run(a="n=1", b="n=5")
    set_says(played.folder, b="n=5")
    config = ["-c", str(played.folder / ".looper.yaml")]
    assert main(["destroy", *config, "--samples", "a", "--force"]) == 2
    said = capsys.readouterr().err
    assert "there is no sample 'a'" in said and "destroy --removed" in said
    assert main(["destroy", *config, "--removed", "--samples", "x", "--force"]) == 0
    assert set(sample(played.folder)) == {"a", "b"}
    assert main(["destroy", *config, "--removed", "--force"]) == 0
    assert "1 record (a)" in capsys.readouterr().out
    assert sample(played.folder) == {"b": {"n": 5}}


def test_destroy_takes_along_what_is_set_aside(played: Project) -> None:
    path = played.folder / "count.yaml"
    path.write_text(path.read_text() + PROJECT_LEVEL)
    played.run(a="n=1", b="n=5")
    played.run("project", demo="total=1")
    played.run(a="!")
    played.run("project", demo="!")
    assert left(played.folder)
    jobs = jobs_of(played.folder)
    destroy(removal_of_selected(jobs, played.folder, ["sample", "project"]), played.folder)
    publish_all(jobs)
    jobs.close()
    assert left(played.folder) == []
    assert [dict(one.records) for one in read(played.folder)] == [{}, {}]


# --- runs of Snakemake ----------------------------------------------------------------------------


def test_commands_tell_of_results_of_an_earlier_run(count: Path) -> None:
    run(count)
    set_says(count, a="m=3", b="n=5")
    fails(count, "a")
    run(count, code=1)
    assert sample(count) == {"a": {"n": 1, "m": 3}, "b": {"n": 5}}
    assert notes(count) == {"a": "failed; some values are of an earlier run"}
    shown = cli("table", "--format", "csv", cwd=count)
    assert shown.out.splitlines()[0].endswith(",n,m,Note")
    assert "1,a,sample,1,3,failed; some values are of an earlier run" in shown.out
    assert "warning: count: a: failed; some values are of an earlier run" in shown.err
    data = json.loads(cli("table", "--format", "json", cwd=count).out)
    assert data["sample"]["a"] == {"n": 1, "m": 3}, "notes are beside the results"
    assert data["notes"]["sample"] == {"a": "failed; some values are of an earlier run"}
    itemized = cli("check", "--itemized", cwd=count)
    assert "results shown are of an earlier run" in itemized.out
    assert "values are of an earlier run" in cli("report", cwd=count).err
    pages = count / "out/reports/pipelines/count/sample"
    for page in ("a.html", "index.html"):
        assert "failed; some values are of an earlier run" in (pages / page).read_text()
    assert "earlier run" not in (pages / "b.html").read_text()

    # Nothing changed: the next attempt finds what the failed one reported, and only that.
    fails(count)
    found(count)
    run(count)
    assert found(count) == ["a:m"]
    assert sample(count) == {"a": {"m": 3}, "b": {"n": 5}}
    assert notes(count) == {} and left(count) == []


def test_retries_of_one_run_continue(count: Path) -> None:
    run(count)
    set_says(count, a="n=7", b="n=5")
    fails(count, "a")
    found(count)
    run(count, "--retries", "2", code=1)
    assert found(count) == ["a:", "a:n", "a:n"]


def test_force_begins_afresh_what_was_complete(count: Path) -> None:
    set_says(count, a="n=1 m=2", b="n=5")
    fails(count, "b")
    run(count, code=1)
    fails(count)
    found(count)
    run(count, "--forcerun", "count_sample")
    assert found(count) == ["a:", "b:n"]
    run(count, "-F")
    assert found(count) == ["a:", "b:"]
    assert sample(count) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}} and left(count) == []


def test_two_pipelines_share_the_files_of_records(count: Path) -> None:
    """Only the part of the pipeline that runs again is set aside."""
    edit(count / ".looper.yaml", "results_file_path: all.yaml", PLACES["records"])
    edit(count / ".looper.yaml", "[count.yaml]", "[count.yaml, more.yaml]")
    more = (count / "count.yaml").read_text().replace("count", "more").replace("says", "more")
    more = more.replace("sample_interface:", "snakemake: {depends_on: count}\nsample_interface:")
    (count / "more.yaml").write_text(more.replace("out.yaml", "more_out.yaml"))
    schema = (count / "out.yaml").read_text().replace("count", "more")
    (count / "more_out.yaml").write_text(schema)
    (count / "samples.csv").write_text("sample_name,says,more\na,n=1,n=10 m=3\n")
    run(count)
    (count / "samples.csv").write_text("sample_name,says,more\na,n=1,n=20\n")
    found(count)
    run(count)
    assert found(count) == ["a:"]
    assert [one.records for one in read(count)] == [{"a": {"n": 1}}, {"a": {"n": 20}}]
    fails(count, "a")
    (count / "samples.csv").write_text("sample_name,says,more\na,n=1,m=4\n")
    run(count, code=1)
    first, second = read(count)
    assert first.records == {"a": {"n": 1}} and not first.notes
    assert second.records == {"a": {"n": 20, "m": 4}} and "earlier" in second.notes["a"]


def test_a_run_that_is_killed_before_a_job_begins_loses_nothing(count: Path) -> None:
    """Killed while the first job runs: the second one's results count, and are put back."""
    set_says(count, a="n=1 m=2", b="n=5")
    run(count)
    hold = "until [[ -e go ]]; do sleep 0.05; done; python report.py"
    edit(count / "count.yaml", "python report.py", hold)
    command = [str(BIN / "snakemake"), "--use-looper-config", "--cores", "1"]
    process = subprocess.Popen(
        command, cwd=count, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: list((count / "flags").glob("*_running.flag")), "the first job does not run")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(left(count)) == 2
    assert sample(count) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}}
    assert sorted(notes(count).values()) == ["failed; values are of an earlier run"]
    (count / "go").touch()
    found(count)
    run(count)
    assert found(count) == ["a:", "b:"]
    assert sample(count) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}} and left(count) == []

"""A project whose jobs report results, run after run: for tests of what an earlier run has left.

`PlayedProject` plays the jobs in this process. What a run does before and after them is real.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from snakemake_looper.layout import EARLIER
from snakemake_looper.results.attempts import beginning_afresh
from snakemake_looper.results.earlier import conclude, set_aside
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import Results, read_results
from snakemake_looper.results.stores.open_store import open_stores
from snakemake_looper.status.flags import flag_path
from snakemake_looper.status.journal import Death, Journal, read_runs
from snakemake_looper.status_words import STATUSES
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.rows import Brief
from support.projects import edit

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


PROJECT_LEVEL = """
project_interface:
  command_template: "echo {pipestat.config_file}"
"""


def jobs_of(folder: Path) -> JobTable:
    return current_plan(folder / ".looper.yaml").jobs()


def read(folder: Path) -> list[Results]:
    """The results that `table` and `report` show."""
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


def report(file: str, record: str, says: str, level: str = "sample") -> list[str]:
    """Report as `report.py` does. Returns the results that were there before."""
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


class PlayedProject:
    """A project whose jobs are played; the rest of a run is real."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def jobs(self) -> JobTable:
        return jobs_of(self.folder)

    def begin(self, *names: str) -> tuple[JobTable, list[Brief]]:
        """Do all that a run does before its first job."""
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
        """End the process of a run before it settles anything."""
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
        """Run records; one whose text ends with `!` fails. Returns the results that each found."""
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
def count(project: Callable[..., Path]) -> Path:
    return project(PROJECT)


@pytest.fixture
def played(count: Path) -> PlayedProject:
    return PlayedProject(count)


@pytest.fixture(params=PLACES)
def anywhere(request: pytest.FixtureRequest, count: Path) -> PlayedProject:
    place = PLACES[request.param].replace("{folder}", str(count))
    edit(count / ".looper.yaml", "results_file_path: all.yaml", place)
    return PlayedProject(count)

"""A project whose jobs report results, and the files that its jobs would write.

Plans are made in the tests' own process, and no job runs: `report` and `set_flag` write what a job
would. So tests of results need no Snakemake.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from snakemake_looper.results.stores.open_store import open_stores
from snakemake_looper.status.flags import flag_path
from snakemake_looper.status_words import STATUSES
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.job_table import JobTable

REPORTING: Mapping[str, str] = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: out
        pipeline_interfaces: [count.yaml]
        pipestat: {results_file_path: all.yaml, flag_file_dir: flags}
        """,
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name\nb\na\nc\n",
    "count.yaml": """
        pipeline_name: count
        output_schema: out.yaml
        sample_interface: {command_template: "true {pipestat.results_file}"}
        """,
    "out.yaml": """
        pipeline_name: count
        samples:
          n: {type: integer, description: a number}
          word: {type: string, description: a text}
        project:
          total: {type: integer, description: of all}
        """,
}
SQLITE = 'project_name: demo, database: {sqlite_url: "all.db"},'
"""In the place of the results file: results are copied to SQLite."""


def jobs_of(folder: Path) -> JobTable:
    """The job table of a project as it is now; to be closed."""
    return current_plan(folder / ".looper.yaml").jobs()


def record_file(jobs: JobTable, record: str) -> Path:
    """The file that the job of a record reports into."""
    pattern = open_stores(jobs)[0].record_pattern()
    assert pattern is not None
    return Path(pattern.replace("{record_identifier}", record))


def report(jobs: JobTable, record: str, **values: Any) -> None:
    """Report results, as the job of a record would."""
    path = jobs.facts.workdir / record_file(jobs, record)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"count": {"project": {}, "sample": {record: values}}}
    path.write_text(yaml.safe_dump(content))


def set_flag(jobs: JobTable, record: str, status: str) -> None:
    """Write the log and the flag of a record, as if its job had begun and got this status."""
    folder = jobs.facts.workdir
    brief = next(one for one in jobs.briefs() if one.record == record)
    log = folder / brief.log
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    for word in STATUSES:
        flag_path(folder, brief.flag, word).unlink(missing_ok=True)
    flag = flag_path(folder, brief.flag, status)
    flag.parent.mkdir(parents=True, exist_ok=True)
    flag.write_text(status)

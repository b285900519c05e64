"""Plans on disk: their folders, and what they share.

    .snakemake/looper/
        index/<key>.json       for each looper config and set of options: its current plan, and
                               the sizes and times that the source files had when it was made
        configs/<digest>.yaml  contents of merged pipestat configs, without secrets
        written/               digests of the contents that merged configs were last written with
        places/<key>.json      where a project was planned first, see `places`
        key                    for the digests of configs with secrets, see `config_digest`
        scripts/, report/      scripts and captions of the rules, the same for all plans
        <plan id>/             Snakefile, jobs.sqlite, profiles/default/, manifest.json, structure;
                               commands/ if there are very long ones

Plan folders are named after their content, and never change: the jobs of a run go on reading the
plan that they were started with, while a changed project gets a new folder. A file whose content is
right is not written again, so its time says when its content was first written.

All of this is a cache. A plan folder is complete before it gets its name. Each command compares
its files with its manifest, and makes a damaged part anew. If nothing can be written, because the
folder belongs to somebody else, the plan is made in a temporary folder for this process: commands
can show it, Snakemake can show what it would do, but nothing is run.

`plan_folder_writer` makes a folder, and `current_plan` decides whether a new one is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..layout import JOB_TABLE
from .job_table import JobTable
from .manifest import is_whole


@dataclass(frozen=True, slots=True)
class PlanFolder:
    """A plan as it lies on disk."""

    path: Path

    @property
    def snakefile(self) -> Path:
        return self.path / "Snakefile"

    def jobs(self) -> JobTable:
        """The job table, opened.

        Raises:
            FileNotFoundError: the folder has none.
        """
        return JobTable(self.path / JOB_TABLE)

    def is_whole(self) -> bool:
        """Whether all files can be read, and are as they were written."""
        return is_whole(self.path, ("Snakefile", JOB_TABLE))

"""The door: all that Snakefiles and their scripts import from this package.

This module is stable. Its names and their arguments stay as they are, so a workflow that
`snakemake-looper generate` wrote with this version, or a workflow that uses a looper project as a
module, runs with later versions. Everything else in this package may move.

    looper = open_project(workflow)     the project of a plan, or of a generated workflow
    looper.jobs                         its job table, as functions of wildcards
    looper.begin(), looper.finish()     for `onstart`, `onsuccess` and `onerror`
    plan_for(workflow, config)          the Snakefile of a module's project, for `include`
    module_snakefile()                  the Snakefile to name in `module:`
    by_attempt(value)                   a resource that grows with each try
    assemble_results(snakemake), …      the scripts of the rules

On a cluster every job reads the Snakefile again. A job imports this module and the job table's
reader, which need the standard library only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .layout import FILE_NAME, LOCK_VARIABLE
from .workspace.engine import Engine
from .workspace.job_table import JobTable
from .workspace.lookups import Lookups

if TYPE_CHECKING:
    from .run.session import Session

__all__ = [
    "OpenProject",
    "assemble_results",
    "by_attempt",
    "module_snakefile",
    "open_project",
    "plan_for",
    "publish_results",
    "write_pipestat_config",
    "write_report",
    "write_tables",
]


class OpenProject:
    """A looper project in a Snakefile; made by `open_project`."""

    def __init__(self, jobs: Lookups, session: Session | None) -> None:
        self.jobs = jobs
        self._session = session

    def begin(self) -> None:
        """Settle what earlier runs left, and ask servers whether they will take results."""
        if self._session is not None:
            self._session.begin()

    def finish(self) -> None:
        """Put what was reported where it belongs: after a failed run, too."""
        if self._session is not None:
            self._session.finish()


def open_project(
    workflow: Any, config: Mapping[str, Any] | None = None, structure: str = ""
) -> OpenProject:
    """Open the project of the Snakefile that is being read.

    Args:
        workflow: Snakemake's `workflow`.
        config: in a generated workflow, Snakemake's `config`; else the job table is the one
            beside the Snakefile.
        structure: the digest of a generated workflow's rules.

    Raises:
        WorkflowError: the project cannot be planned, or needs other rules than these.
    """
    engine = Engine(workflow)
    if engine.is_remote:
        os.environ[LOCK_VARIABLE] = "yes"
    if not engine.is_main and "SLURM_ARRAY_TASK_ID" in os.environ:
        from .workspace.array_task import become_own_task

        become_own_task(sys.argv)
    if config is None:
        folder = engine.folder
    else:
        from .run.from_snakefile import generated_plan

        folder = generated_plan(engine, config, structure)
    table = JobTable(folder / FILE_NAME)
    jobs = Lookups(table, engine, partial(_left, table))
    if not engine.is_main:
        # Snakemake calls `onsuccess` and `onerror` in a job's own process as well.
        return OpenProject(jobs, None)
    from .run.session import open_session

    return OpenProject(jobs, open_session(table, Path.cwd(), engine))


def _left(table: JobTable) -> list[str]:
    from .results.unfinished import unfinished

    return unfinished(table)


def plan_for(workflow: Any, config: Mapping[str, Any]) -> str:
    """The Snakefile of the plan for a module's config; for `include`.

    Raises:
        WorkflowError: the project cannot be planned; says all that is wrong.
    """
    from .run.from_snakefile import plan_folder

    return str(plan_folder(Engine(workflow), config) / "Snakefile")


def module_snakefile() -> str:
    """The path of the Snakefile that a `module:` names."""
    from .layout import data_dir

    return str(data_dir("Snakefile"))


def by_attempt(value: Any) -> Any:
    """A resource that grows with each try, as the rules have it."""
    from .formula import by_attempt as growing

    return growing(value)


# --- scripts of the rules, which get the `snakemake` object ----------------------------------------


def assemble_results(snakemake: Any) -> None:
    """Assemble the results file of a project from one file per record."""
    from .results import rule_scripts

    rule_scripts.assemble_results(snakemake)


def publish_results(snakemake: Any) -> None:
    """Bring results and statuses where they belong."""
    from .results import rule_scripts

    rule_scripts.publish_results(snakemake)


def write_pipestat_config(snakemake: Any) -> None:
    """Write a merged pipestat config that has a literal password."""
    from .results import rule_scripts

    rule_scripts.write_pipestat_config(snakemake)


def write_report(snakemake: Any) -> None:
    """Write the HTML report."""
    from .results import rule_scripts

    rule_scripts.write_report(snakemake)


def write_tables(snakemake: Any) -> None:
    """Write the results as tables."""
    from .results import rule_scripts

    rule_scripts.write_tables(snakemake)

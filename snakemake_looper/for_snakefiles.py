"""The door: all that Snakefiles import from this package.

People keep Snakefiles: those that `generate` wrote, and workflows of their own that use a project
as a module. The names here stay as they are, so a Snakefile that was made with this version runs
with later ones; everything else in this package may move.

    looper = open_project(workflow)     the project of a plan, or of a generated workflow
    looper.jobs                         its job table: functions of wildcards
    looper.begin(), looper.finish()     for `onstart`, `onsuccess` and `onerror`
    plan_for(workflow, config)          the Snakefile of a module's project, for `include`
    module_snakefile()                  the Snakefile to name in `module:`

A job on a cluster reads the Snakefile again: it imports this file and the job table, no more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .jobtable import FILE_NAME, LOCK_VARIABLE, JobTable

if TYPE_CHECKING:
    from .run.session import Session

__all__ = ["OpenProject", "by_attempt", "module_snakefile", "open_project", "plan_for"]


class OpenProject:
    """A looper project in a Snakefile; made by `open_project`."""

    def __init__(self, jobs: JobTable, session: Session | None) -> None:
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
    if workflow.remote_exec:
        os.environ[LOCK_VARIABLE] = "yes"
    if not workflow.is_main_process and "SLURM_ARRAY_TASK_ID" in os.environ:
        from .arrays import become_own_task

        become_own_task(sys.argv)
    if config is None:
        folder = Path(workflow.current_basedir)
    else:
        from .module import generated_plan

        folder = generated_plan(workflow, config, structure)
    jobs = JobTable(folder / FILE_NAME, workflow)
    if not workflow.is_main_process:
        # Snakemake calls `onsuccess` and `onerror` in a job's own process as well.
        return OpenProject(jobs, None)
    from .run.session import open_session

    return OpenProject(jobs, open_session(jobs, Path.cwd(), workflow))


def plan_for(workflow: Any, config: Mapping[str, Any]) -> str:
    """The Snakefile of the plan for a module's config; for `include`.

    Raises:
        WorkflowError: the project cannot be planned; says all that is wrong.
    """
    from .module import plan_folder

    return str(plan_folder(workflow, config) / "Snakefile")


def module_snakefile() -> str:
    """The path of the Snakefile that a `module:` names."""
    from .workspace import data_dir

    return str(data_dir("Snakefile"))


def by_attempt(value: Any) -> Any:
    """A resource that grows with each try, as the rules have it."""
    from .growth import by_attempt as growing

    return growing(value)

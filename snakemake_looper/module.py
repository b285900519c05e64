"""Called from Snakefiles: plan where Snakemake is the one that was started.

Used by `workflow/Snakefile` (the module) and by generated workflows. The main process plans and
notes the plan in an environment variable that Snakemake hands on to every job, so all processes
of a run see the same plan, whatever becomes of the project's files meanwhile.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .jobtable import JobTable

_VARIABLE = "SNAKEMAKE_LOOPER_PLAN_"


def plan_for(workflow: Any, config: Mapping[str, Any]) -> str:
    """The Snakefile of the plan for a module's config; for `include`.

    Raises:
        WorkflowError: the project cannot be planned; says all that is wrong.
    """
    folder = _plan_folder(workflow, config)
    if workflow.is_main_process and workflow.modifier.namespace is not None:
        # Snakemake ignores `onerror` in a module.
        atexit.register(_after_run, workflow, folder)
    return str(folder / "Snakefile")


def open_jobs(workflow: Any, config: Mapping[str, Any], structure: str) -> JobTable:
    """The job table for a generated Snakefile, whose rules have the digest `structure`.

    Raises:
        WorkflowError: the project cannot be planned, or needs other rules than these.
    """
    from .generate import structure_of

    folder = _plan_folder(workflow, config)
    if workflow.is_main_process and structure_of(folder) != structure:
        raise _workflow_error(
            "This Snakefile was made for other pipeline interfaces, or for another folder: run"
            " 'snakemake-looper generate' again, or start Snakemake where it was made for."
        )
    return JobTable(folder / "jobs.sqlite", workflow)


def _plan_folder(workflow: Any, config: Mapping[str, Any]) -> Path:
    name = _VARIABLE + _digest(config)
    if workflow.is_main_process:
        os.environ[name] = str(_plan(config))
    workflow.register_envvars(name)
    return Path(os.environ[name])


def _plan(config: Mapping[str, Any]) -> Path:
    from .errors import ProjectError
    from .frontend import activate, options_of_config
    from .settings import locate
    from .workspace import current_plan

    try:
        looper_config = locate(config.get("looper_config"))
        options = options_of_config(config, "config")
        workdir = Path.cwd()
        folder = current_plan(looper_config, options, workdir, rundir=looper_config.parent)
    except ProjectError as error:
        raise _workflow_error("\n".join(map(str, error.problems))) from None
    activate(folder, workdir)
    return folder.path


def _digest(config: Mapping[str, Any]) -> str:
    text = json.dumps([os.getcwd(), dict(config)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8].upper()


def _after_run(workflow: Any, folder: Path) -> None:
    if workflow.scheduler is not None and not workflow.dryrun:
        JobTable(folder / "jobs.sqlite").after_run()


def _workflow_error(message: str) -> Exception:
    from snakemake.exceptions import WorkflowError

    error: Exception = WorkflowError(message)
    return error

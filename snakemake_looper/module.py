"""Planning from a Snakefile: where Snakemake is the one that was started.

For `workflow/Snakefile` (the module) and generated workflows. The main process plans and notes the
plan in an environment variable that Snakemake hands on to every job, so all processes of a run see
the same plan, whatever becomes of the project's files meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_VARIABLE = "SNAKEMAKE_LOOPER_PLAN_"


def generated_plan(workflow: Any, config: Mapping[str, Any], structure: str) -> Path:
    """The plan folder for a generated Snakefile, whose rules have the digest `structure`.

    Raises:
        WorkflowError: the project cannot be planned, or needs other rules than these.
    """
    from .generate import structure_of

    folder = plan_folder(workflow, config)
    if workflow.is_main_process and structure_of(folder) != structure:
        raise _workflow_error(
            "This Snakefile was made for other pipeline interfaces, or for another folder: run"
            " 'snakemake-looper generate' again, or start Snakemake where it was made for."
        )
    return folder


def open_jobs(*_: Any, **__: Any) -> Any:
    """Called by workflows that version 0.1 generated.

    Raises:
        WorkflowError: says what to do.
    """
    raise _workflow_error(
        "This Snakefile was made by snakemake-looper 0.1: run 'snakemake-looper generate' again."
    )


def plan_folder(workflow: Any, config: Mapping[str, Any]) -> Path:
    """The folder of the plan for a module's or a generated workflow's config.

    Raises:
        WorkflowError: the project cannot be planned; says all that is wrong.
    """
    name = _VARIABLE + _digest(config)
    if workflow.is_main_process:
        os.environ[name] = str(_plan(config))
    workflow.register_envvars(name)
    return Path(os.environ[name])


def _plan(config: Mapping[str, Any]) -> Path:
    from .errors import ProjectError
    from .frontend import options_of_config
    from .settings import locate
    from .workspace import current_plan

    try:
        looper_config = locate(config.get("looper_config"))
        options = options_of_config(config, "config")
        folder = current_plan(looper_config, options, Path.cwd(), rundir=looper_config.parent)
    except ProjectError as error:
        raise _workflow_error("\n".join(map(str, error.problems))) from None
    return folder.path


def _digest(config: Mapping[str, Any]) -> str:
    text = json.dumps([os.getcwd(), dict(config)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8].upper()


def _workflow_error(message: str) -> Exception:
    from snakemake.exceptions import WorkflowError

    error: Exception = WorkflowError(message)
    return error

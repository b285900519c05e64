"""From a Snakefile to a plan: for the module `workflow/Snakefile` and for generated workflows.

In both cases the user starts Snakemake with a Snakefile, and the project is planned while Snakemake
reads this file. The main process plans, and notes the plan's folder in an environment variable that
Snakemake hands on to every job. So all processes of a run see the same plan, also if files of the
project change meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..workspace.engine import Engine, workflow_error

_VARIABLE = "SNAKEMAKE_LOOPER_PLAN_"


def generated_plan(engine: Engine, config: Mapping[str, Any], structure: str) -> Path:
    """The plan folder for a generated Snakefile, whose rules have the digest `structure`.

    Raises:
        WorkflowError: the project cannot be planned, or needs other rules than these.
    """
    folder = plan_folder(engine, config)
    if engine.is_main:
        from ..workspace.structure import digest_in  # heavy, and jobs do not compare

        if digest_in(folder) != structure:
            raise workflow_error(
                "This Snakefile was made for other pipeline interfaces, or for another folder: run"
                " 'snakemake-looper generate' again, or start Snakemake in that folder."
            )
    return folder


def plan_folder(engine: Engine, config: Mapping[str, Any]) -> Path:
    """The folder of the plan for a module's or a generated workflow's config.

    Raises:
        WorkflowError: the project cannot be planned. The message lists all that is wrong.
    """
    name = _VARIABLE + _digest(config)
    if engine.is_main:
        os.environ[name] = str(_plan(config))
    engine.hand_on(name)
    return Path(os.environ[name])


def _plan(config: Mapping[str, Any]) -> Path:
    # These imports are heavy. Jobs import this module as well, and do not plan.
    from ..errors import ProjectError
    from ..read.looper_config import locate
    from ..read.option_sources import from_config
    from ..workspace.current_plan import current_plan

    try:
        looper_config = locate(config.get("looper_config"))
        options = from_config(config, "config")
        folder = current_plan(looper_config, options, Path.cwd(), rundir=looper_config.parent)
    except ProjectError as error:
        raise workflow_error("\n".join(map(str, error.problems))) from None
    return folder.path


def _digest(config: Mapping[str, Any]) -> str:
    """A part of a variable's name that tells two projects of one workflow apart."""
    text = json.dumps([os.getcwd(), dict(config)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8].upper()

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

from ..workspace.engine import Engine

_VARIABLE = "SNAKEMAKE_LOOPER_PLAN_"


def generated_plan(
    engine: Engine, config: Mapping[str, Any], structure: str, selects: bool
) -> tuple[Path, bool]:
    """The plan folder for a generated Snakefile, and whether it has selected samples only.

    Args:
        engine: Snakemake.
        config: the config of the workflow.
        structure: the digest that the rules of the Snakefile have.
        selects: whether its rules fit a selection of the samples, too.

    Raises:
        WorkflowError: the project cannot be planned, or needs other rules than these.
    """
    folder = plan_folder(engine, config)
    if not engine.is_main:
        return folder, False
    from .snakefile_config import is_selection

    return folder, is_selection(engine, config, folder, structure, selects)


def plan_folder(engine: Engine, config: Mapping[str, Any]) -> Path:
    """The folder of the plan for a module's or a generated workflow's config.

    Raises:
        WorkflowError: the project cannot be planned. The message lists all that is wrong.
    """
    name = _VARIABLE + _digest(config)
    if engine.is_main:
        from .snakefile_config import plan

        os.environ[name] = str(plan(engine, config))
    engine.hand_on(name)
    return Path(os.environ[name])


def _digest(config: Mapping[str, Any]) -> str:
    """A part of a variable's name that tells two projects of one workflow apart."""
    text = json.dumps([os.getcwd(), dict(config)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8].upper()

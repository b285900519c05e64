"""Plans for sample-level targets of a project whose project level has a fault.

Somebody who asks for `samples`, or for one pipeline of samples, needs no project-level pipeline. A
fault of such a pipeline is then a warning, and the plan has the sample level only. Without a
target, everything is asked for, and the fault ends the command.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path

from ..errors import ProjectError
from ..messages import warn
from ..read.options.options import Options
from ..remote_files import Ask
from ..workspace.current_plan import current_plan
from ..workspace.plan_folder import PlanFolder


def plan_for_targets(
    looper_config: Path,
    options: Options,
    workdir: Path,
    targets: Collection[str],
    ask: Ask | None = None,
) -> PlanFolder:
    """The current plan of a project, or of its sample level if the targets need no more.

    `ask` asks servers about remote input files, see `current_plan`.

    Raises:
        ProjectError: the project cannot be planned. The error has all problems.
    """
    try:
        return current_plan(looper_config, options, workdir, ask=ask)
    except ProjectError as error:
        folder = _of_samples(looper_config, options, workdir, targets, ask) if targets else None
        if folder is None:
            raise
        warn(*error.problems)
        return folder


def _of_samples(
    looper_config: Path,
    options: Options,
    workdir: Path,
    targets: Collection[str],
    ask: Ask | None,
) -> PlanFolder | None:
    """The plan of the sample level; None if it cannot be made, or lacks a target."""
    try:
        only_samples = dataclasses.replace(options, only_samples=True)
        folder = current_plan(looper_config, only_samples, workdir, ask=ask)
    except ProjectError:
        return None
    return folder if set(targets) <= set(_targets(folder)) else None


def _targets(folder: PlanFolder) -> Iterator[str]:
    """The targets of a plan of samples: all samples, each pipeline, rule, sample and flag."""
    yield "samples"
    table = folder.jobs()
    try:
        for brief in table.briefs():
            yield from (brief.pipeline, brief.rule, brief.rule.removesuffix("_sample"))
            yield from (brief.record, brief.flag)
    finally:
        table.close()

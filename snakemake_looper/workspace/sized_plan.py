"""A plan for commands that run nothing, with the sizes of remote input files if it depends on them."""

from __future__ import annotations

from pathlib import Path

from ..model import Plan
from ..plan.planner import plan_project
from ..plan.remote_inputs import lacks_sizes
from ..read.options.options import Options
from .current_plan import last_answers
from .remote_answers import answers_by_default


def sized_plan(
    looper_config: Path,
    options: Options,
    workdir: Path | None = None,
    rundir: Path | None = None,
) -> Plan:
    """The plan of a project, with the last answers about remote input files.

    Servers are asked only if it depends on sizes that nobody has asked for, with the settings of the
    environment. See `plan_project` for arguments and errors.
    """
    last = last_answers(looper_config, options, workdir, rundir)
    plan = plan_project(looper_config, options, workdir, rundir, last)
    if not lacks_sizes(plan):
        return plan
    return plan_project(looper_config, options, workdir, rundir, answers_by_default().sizes)

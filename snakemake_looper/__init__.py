"""Run looper projects on Snakemake.

    from pathlib import Path

    from snakemake_looper import make_plan, read_project, write_plan

    project = read_project(Path(".looper.yaml"))
    plan = make_plan(project)
    folder = write_plan(plan)

`__all__` is the public API; `docs/python.md` describes it. Snakefiles import
`snakemake_looper.for_snakefiles` and nothing else.

Each name is imported when it is first used. Every Snakemake job of a project imports this package,
and a job needs only the job table.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .errors import LooperError as LooperError
    from .errors import Problem as Problem
    from .errors import ProjectError as ProjectError
    from .model import Job as Job
    from .model import Plan as Plan
    from .model import Skip as Skip
    from .plan.planner import make_plan as make_plan
    from .read.looper_config import locate as locate
    from .read.options.options import Options as Options
    from .read.project import Project as Project
    from .read.project import read_project as read_project
    from .results.for_python import read_results as read_results
    from .results.for_python import read_statuses as read_statuses
    from .results.project_records import Records as Records
    from .results.record import Record as Record
    from .results.statuses import RecordStatus as RecordStatus
    from .workspace.plan_folder import PlanFolder as PlanFolder
    from .workspace.plan_folder_writer import write_plan as write_plan

# Written out: type checkers and editors read this list without running code.
__all__ = [
    "Job",
    "LooperError",
    "Options",
    "Plan",
    "PlanFolder",
    "Problem",
    "Project",
    "ProjectError",
    "Record",
    "RecordStatus",
    "Records",
    "Skip",
    "__version__",
    "locate",
    "make_plan",
    "read_project",
    "read_results",
    "read_statuses",
    "write_plan",
]

_HOMES = {
    "Job": "model",
    "LooperError": "errors",
    "Options": "read.options.options",
    "Plan": "model",
    "PlanFolder": "workspace.plan_folder",
    "Problem": "errors",
    "Project": "read.project",
    "ProjectError": "errors",
    "Record": "results.record",
    "RecordStatus": "results.statuses",
    "Records": "results.project_records",
    "Skip": "model",
    "locate": "read.looper_config",
    "make_plan": "plan.planner",
    "read_project": "read.project",
    "read_results": "results.for_python",
    "read_statuses": "results.for_python",
    "write_plan": "workspace.plan_folder_writer",
}
"""The module of each public name."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

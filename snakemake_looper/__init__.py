"""Run looper projects on Snakemake.

    from pathlib import Path
    from snakemake_looper import make_plan, read_project, write_plan

    project = read_project(Path(".looper.yaml"))
    plan = make_plan(project)
    folder = write_plan(plan)

Names are imported when they are asked for: every Snakemake job of a project imports this
package, and needs nothing but the job table.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .errors import ProjectError as ProjectError
    from .model import Plan as Plan
    from .plan.planner import make_plan as make_plan
    from .read.looper_config import locate as locate
    from .read.options import Options as Options
    from .read.project import Project as Project
    from .read.project import read_project as read_project
    from .workspace.plan_folder_writer import write_plan as write_plan

_HOMES = {
    "ProjectError": "errors",
    "Options": "read.options",
    "Plan": "model",
    "Project": "read.project",
    "locate": "read.looper_config",
    "make_plan": "plan.planner",
    "read_project": "read.project",
    "write_plan": "workspace.plan_folder_writer",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

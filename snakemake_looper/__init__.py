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

__version__ = "0.2.0"

if TYPE_CHECKING:
    from .errors import ProjectError as ProjectError
    from .model import Options as Options
    from .model import Plan as Plan
    from .model import Project as Project
    from .plan import make_plan as make_plan
    from .project import read_project as read_project
    from .settings import locate as locate
    from .workspace import write_plan as write_plan

_HOMES = {
    "ProjectError": "errors",
    "Options": "model",
    "Plan": "model",
    "Project": "model",
    "locate": "settings",
    "make_plan": "plan",
    "read_project": "project",
    "write_plan": "workspace",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)

"""The facts that every stage of planning needs. No stage changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..layout import shown
from ..model import Level, Pep
from ..read.interfaces.interface_commands import LEVELS
from ..read.options.options import Options
from ..read.project import Project
from ..read.settings import Settings
from .compute_settings import Layers, layers_of


@dataclass(frozen=True, slots=True)
class PlanContext:
    """A project, and the folders that it is planned for."""

    project: Project
    workdir: Path
    """Snakemake's working directory: paths in rules and jobs are relative to it."""
    rundir: Path
    """The folder where commands run."""
    layers: Mapping[Level, Layers]
    """Compute settings that are the same for all jobs of a level."""
    results_dir: str
    """`settings.results_dir` as text, made once: each job has paths below it."""
    submission_dir: str
    """`settings.submission_dir` as text."""
    looper: Mapping[str, Any]
    """The values of the `looper` namespace that all jobs share, made once."""

    @property
    def settings(self) -> Settings:
        return self.project.settings

    @property
    def options(self) -> Options:
        return self.project.settings.options

    @property
    def pep(self) -> Pep:
        return self.project.pep

    def shown(self, path: Path) -> str:
        """A path in the form that the Snakefile uses, see `layout.shown`."""
        return shown(path, self.workdir, self.settings.root)


def plan_context(
    project: Project, workdir: Path | None = None, rundir: Path | None = None
) -> PlanContext:
    """The context of a project. The default folder is that of the looper config.

    Args:
        project: the project.
        workdir: Snakemake's working directory.
        rundir: the folder where commands run, if it is another one.
    """
    settings = project.settings
    workdir = workdir or settings.root
    results, submission = str(settings.results_dir), str(settings.submission_dir)
    return PlanContext(
        project=project,
        workdir=workdir,
        rundir=rundir or workdir,
        layers={level: layers_of(settings, project.pep, level) for level in LEVELS},
        results_dir=results,
        submission_dir=submission,
        looper={
            "config_file": str(project.pep.config_file) if project.pep.config_file else None,
            "pep_config": settings.pep,
            "output_dir": settings.out_text,
            "results_subdir": results,
            "submission_subdir": submission,
        },
    )

"""The step between a command line and Snakemake: find the project, plan it, say what is wrong.

`snakemake --use-looper-config`, `snakemake-looper` and the module's Snakefile all come here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Place, Problems, ProjectError
from .model import Options
from .settings import locate, read_options
from .workspace import PlanFolder, current_plan


@dataclass(frozen=True, slots=True)
class Ready:
    """What Snakemake is started with."""

    folder: PlanFolder
    workdir: Path

    @property
    def snakefile(self) -> str:
        return str(self.folder.snakefile)


_active: Ready | None = None


def active() -> Ready | None:
    """The plan that this process runs, once there is one; for the logger plugin."""
    return _active


def activate(folder: PlanFolder, workdir: Path) -> Ready:
    """Note the plan that this process runs, and say what a user should know about it."""
    global _active
    _active = Ready(folder, workdir)
    jobs = folder.jobs()
    for warning in jobs.value("warnings"):
        print(f"warning: {warning}", file=sys.stderr)
    jobs.close()
    return _active


def prepare(asked: str, config: Iterable[str] | None, directory: str | Path | None = None) -> Ready:
    """Plan the project that `--use-looper-config` means.

    Prints what is wrong and leaves with exit code 2 if the project cannot be planned.
    """
    try:
        looper_config = locate(asked)
        options = options_of_config(_entries(config))
        workdir = Path(directory).absolute() if directory else looper_config.parent
        folder = current_plan(looper_config, options, workdir)
    except ProjectError as error:
        report(error)
        raise SystemExit(error.exit_code) from None
    return activate(folder, workdir)


def report(error: ProjectError) -> None:
    """Print all problems, one line each."""
    for warning in error.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for problem in error.problems:
        print(f"error: {problem}", file=sys.stderr)


def options_of_config(config: Mapping[str, Any]) -> Options:
    """Options given as Snakemake config: `--config limit=2`, or a module's `config:`.

    Keys that are no option belong to somebody else and are left alone.

    Raises:
        ProjectError: a value cannot be read.
    """
    problems = Problems()

    def place(key: str) -> Place:
        return Place("--config")

    options = read_options(config, place, problems)
    problems.raise_if_any()
    return options


def _entries(config: Iterable[str] | None) -> dict[str, str]:
    """`key=value` words as a mapping; what is malformed is for Snakemake to complain about."""
    pairs = (str(entry).partition("=") for entry in config or ())
    return {key: value for key, equals, value in pairs if equals}

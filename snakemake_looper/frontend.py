"""The step between a command line and Snakemake: find the project, plan it, say what is wrong.

`snakemake --use-looper-config`, `snakemake-looper` and the module's Snakefile all come here.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import recovery
from .errors import Place, Problems, ProjectError
from .jobtable import JobTable
from .journal import Journal
from .model import Options
from .reading import let_snakemake_read
from .recovery import remove_stale_lock
from .settings import locate, read_options
from .workspace import PlanFolder, current_plan


@dataclass(frozen=True, slots=True)
class Ready:
    """What Snakemake is started with."""

    folder: PlanFolder
    workdir: Path
    journal: Journal

    @property
    def snakefile(self) -> str:
        return str(self.folder.snakefile)


_active: Ready | None = None
_before_the_end: Callable[[], None] | None = None


def active() -> Ready | None:
    """The plan that this process runs, once there is one; for the logger plugin."""
    return _active


def activate(folder: PlanFolder, workdir: Path) -> Ready:
    """Note the plan that this process runs, and say what a user should know about it."""
    global _active
    if _active is not None and _active.folder == folder and _active.workdir == workdir:
        return _active
    jobs = folder.jobs()
    for warning in jobs.value("warnings"):
        print(f"warning: {warning}", file=sys.stderr)
    jobs.close()
    let_snakemake_read(workdir)
    remove_stale_lock(workdir)
    _active = Ready(folder, workdir, Journal.open(workdir, folder.path.name))
    atexit.register(recovery.end, workdir, _active.journal)
    return _active


def watched_by(drain: Callable[[], None]) -> None:
    """Note how to wait until all events so far are dealt with; called by the logger plugin."""
    global _before_the_end
    _before_the_end = drain


def run_begins(jobs: JobTable, workflow: Any) -> None:
    """Called in the main process before the first job."""
    ready = _active or activate(PlanFolder(jobs.path.parent), Path.cwd())
    recovery.begin(jobs, workflow, ready.journal)


def run_ends() -> None:
    """Called in the main process after the last job."""
    if _before_the_end is not None:
        _before_the_end()
    run_is_over()


def run_is_over() -> None:
    """Close the journal of this process's run; does nothing the second time."""
    if _active is not None:
        recovery.end(_active.workdir, _active.journal)


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

"""The step between a command line and Snakemake: find the project, plan it, say what is wrong.

`snakemake --use-looper-config`, `snakemake-looper` and generated Snakefiles come here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from ..errors import Problems, ProjectError
from ..read.looper_config import locate
from ..read.option_sources import config_entries, from_configs
from ..status.flags import obstacles
from ..workspace.current_plan import current_plan
from ..workspace.plan_folder import PlanFolder


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan on disk, and where Snakemake works."""

    folder: PlanFolder
    workdir: Path

    @property
    def snakefile(self) -> str:
        return str(self.folder.snakefile)


_seen: ContextVar[list[Ready] | None] = ContextVar("_seen", default=None)


@contextmanager
def plans_seen() -> Iterator[list[Ready]]:
    """The plans that `prepare` makes in here: for a command that calls Snakemake's `main`."""
    seen: list[Ready] = []
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def prepare(
    asked: str,
    config: Iterable[str] | None,
    configfiles: Iterable[Path] | None = None,
    directory: str | Path | None = None,
) -> Ready:
    """Plan the project that `--use-looper-config` means.

    Options count as in Snakemake: `config`, which are words `key=value`, over the configfiles, of
    which a later one counts more.

    Prints what is wrong and leaves with exit code 2 if the project cannot be planned.
    """
    try:
        looper_config = locate(asked)
        options = from_configs(config_entries(config), configfiles or ())
        workdir = Path(directory).absolute() if directory else looper_config.parent
        folder = current_plan(looper_config, options, workdir)
        _refuse_obstacles(folder, workdir)
    except ProjectError as error:
        report(error)
        raise SystemExit(error.exit_code) from None
    ready = Ready(folder, workdir)
    seen = _seen.get()
    if seen is not None:
        seen.append(ready)
    return ready


def _refuse_obstacles(folder: PlanFolder, workdir: Path) -> None:
    """Refuse a plan where something that is no file is in the place of a flag or log.

    Raises:
        ProjectError: names each.
    """
    jobs = folder.jobs()
    problems = Problems()
    for line in obstacles(workdir, jobs.briefs()):
        problems.add("", "", line)
    jobs.close()
    problems.raise_if_any()


def report(error: ProjectError) -> None:
    """Print all problems, one line each."""
    for warning in error.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for problem in error.problems:
        print(f"error: {problem}", file=sys.stderr)

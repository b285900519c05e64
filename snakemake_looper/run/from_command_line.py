"""From Snakemake's command line to a plan: `snakemake --use-looper-config`.

The logger plugin calls this between Snakemake's parser and Snakemake itself, see its `hook`. It
plans the project that the command line names, and returns the plan, whose Snakefile Snakemake
reads. `from_snakefile` does the same where Snakemake was started with a Snakefile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from ..errors import Problems, ProjectError
from ..messages import complain, warn
from ..read.looper_config import locate
from ..read.option_sources import config_entries, from_configs
from ..status.flags import obstacles
from ..workspace.plan_folder import PlanFolder
from .sample_targets import plan_for_targets


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan on disk, and Snakemake's working directory for it."""

    folder: PlanFolder
    workdir: Path

    @property
    def snakefile(self) -> str:
        return str(self.folder.snakefile)


# Snakemake calls the plugin, so there is no argument that could hand the list on. Each `plans_seen`
# has its own list; where two threads run projects, each thread sees its own.
_seen: ContextVar[list[Ready] | None] = ContextVar("_seen", default=None)


@contextmanager
def plans_seen() -> Iterator[list[Ready]]:
    """The plans that are made within this block, for a command that calls Snakemake's `main`."""
    seen: list[Ready] = []
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def plan_of_command_line(
    asked: str,
    config: Iterable[str] | None,
    configfiles: Iterable[Path] | None = None,
    directory: str | Path | None = None,
    targets: Iterable[str] = (),
) -> Ready:
    """Plan the project of `--use-looper-config`.

    The order of precedence is Snakemake's: `config` counts more than the configfiles, and a later
    configfile more than an earlier one.

    Args:
        asked: the path that was given; empty for the nearest looper config.
        config: words `key=value`.
        configfiles: config files of Snakemake.
        directory: Snakemake's working directory; without it, the looper config's folder.
        targets: the targets of the command line.

    Raises:
        SystemExit: the project cannot be planned. Its code is 2, and all that is wrong is printed.
    """
    try:
        looper_config = locate(asked)
        options = from_configs(config_entries(config), configfiles or ())
        workdir = Path(directory).absolute() if directory else looper_config.parent
        folder = plan_for_targets(looper_config, options, workdir, tuple(targets))
        _refuse_obstacles(folder, workdir)
    except ProjectError as error:
        print_problems(error)
        raise SystemExit(error.exit_code) from None
    ready = Ready(folder, workdir)
    seen = _seen.get()
    if seen is not None:
        seen.append(ready)
    return ready


def _refuse_obstacles(folder: PlanFolder, workdir: Path) -> None:
    """Refuse a plan if a folder, or another thing that is no file, has the name of a flag or log.

    Raises:
        ProjectError: names each of them.
    """
    table = folder.jobs()
    problems = Problems()
    for line in obstacles(workdir, table.briefs()):
        problems.add("", "", line)
    table.close()
    problems.raise_if_any()


def print_problems(error: ProjectError) -> None:
    """Print all warnings and problems on standard error, one line each."""
    warn(*error.warnings)
    complain(*error.problems)

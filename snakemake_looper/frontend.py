"""The step between a command line and Snakemake: find the project, plan it, say what is wrong.

`snakemake --use-looper-config`, `snakemake-looper` and generated Snakefiles come here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Place, Problems, ProjectError
from .model import Options
from .settings import locate, place_of_option, read_options, warn_of_misspelt
from .source import read_yaml
from .status import obstacles
from .workspace import PlanFolder, current_plan


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
        options = _merged_options(_entries(config), configfiles or ())
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


def options_of_config(config: Mapping[str, Any], source: str = "--config") -> Options:
    """Options given as Snakemake config: `--config limit=2`, or a module's `config:`.

    Keys that are no option belong to somebody else and are left alone.

    Raises:
        ProjectError: a value cannot be read.
    """
    return _options(config, place_of_option(config, source))


def _merged_options(config: Mapping[str, Any], configfiles: Iterable[Path]) -> Options:
    """Options of configfiles and words together, each key from where Snakemake would take it.

    Raises:
        ProjectError: a value cannot be read.
    """
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for path in configfiles:
        document = read_yaml(Path(path), Problems())
        if document is None:
            continue  # Snakemake itself says what is wrong with it
        for key, value in document.data.items():
            values[str(key)], places[str(key)] = value, document.place(key)
    typed = place_of_option(config, "--config")
    places |= {key: typed(key) for key in config}
    return _options(values | {**config}, places.__getitem__)


def _options(values: Mapping[str, Any], place: Callable[[str], Place]) -> Options:
    problems = Problems()
    options = read_options(values, place, problems)
    for key in values:
        warn_of_misspelt([key], place(key), problems)
    problems.raise_if_any()
    for warning in problems.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return options


def _entries(config: Iterable[str] | None) -> dict[str, str]:
    """`key=value` words as a mapping; what is malformed is for Snakemake to complain about."""
    pairs = (str(entry).partition("=") for entry in config or ())
    return {key: value for key, equals, value in pairs if equals}

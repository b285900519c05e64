"""From Snakemake's command line to a plan: `snakemake --use-looper-config`.

The logger plugin calls this between Snakemake's parser and Snakemake itself, see its `hook`. It
plans the project that the command line names, and returns the plan, whose Snakefile Snakemake
reads. `from_snakefile` does the same where Snakemake was started with a Snakefile.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..errors import Place, Problems, ProjectError
from ..messages import complain, note, warn
from ..read.looper_config import locate
from ..read.options.option_sources import (
    TYPED,
    Source,
    configfile,
    from_sources,
    profile_config,
    typed_config,
)
from ..read.options.options import Options, without_lumps
from ..remote_files import Ask
from ..status.flags import obstacles
from ..workspace.plan_folder import PlanFolder
from .sample_targets import plan_for_targets
from .targets import resolved, rules_meant

Rules = tuple[tuple[str, tuple[str, ...]], ...]
"""Options that take rules of jobs, such as `--forcerun`, each with its words."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan on disk, and Snakemake's working directory for it."""

    folder: PlanFolder
    workdir: Path
    targets: tuple[str, ...] = ()
    """The targets that were asked for, as the Snakefile has them."""
    rules: Rules = ()
    """The same for options like `--forcerun`."""

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


@dataclass(frozen=True, slots=True)
class Asked:
    """All that Snakemake's command line says about a looper project."""

    path: str = ""
    """The path behind `--use-looper-config`; empty for the nearest looper config."""
    config: tuple[str, ...] = ()
    """Words `key=value` of `--config`."""
    configfiles: tuple[Path, ...] = ()
    profiles: tuple[Path, ...] = ()
    """The files of the profiles that apply; a later one counts more."""
    profile_config: tuple[str, ...] = ()
    """`config:` of these profiles as Snakemake reads it: templates in it are evaluated."""
    directory: str | None = None
    """Snakemake's working directory; without it, the looper config's folder."""
    targets: tuple[str, ...] = ()
    rules: Rules = ()
    ask: Ask | None = field(default=None, compare=False)
    """Asks servers about remote input files, with the settings of the command line."""


def plan_of_command_line(asked: Asked) -> Ready:
    """Plan the project of `--use-looper-config`.

    Raises:
        SystemExit: the project cannot be planned. Its code is 2, and all that is wrong is printed.
            It is 1 after Ctrl+C.
    """
    options = _options(asked)
    try:
        looper_config, words = _project(asked)
        workdir = Path(asked.directory).absolute() if asked.directory else looper_config.parent
        plan = partial(plan_for_targets, looper_config, workdir=workdir, targets=tuple(words))
        folder = plan(options=options, ask=asked.ask)
        targets, rules = _checked(folder, workdir, words, asked.rules)
        if _names_members(folder, targets, rules):
            note("no lumps are made: single samples were asked for")
            folder = plan(options=without_lumps(options), ask=asked.ask)
            targets, rules = _checked(folder, workdir, words, asked.rules)
    except ProjectError as error:
        print_problems(error, options)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:  # as while servers are asked about remote input files
        note("interrupted while planning: nothing was started")
        raise SystemExit(1) from None
    ready = Ready(folder, workdir, targets, rules)
    seen = _seen.get()
    if seen is not None:
        seen.append(ready)
    return ready


def _options(asked: Asked) -> Options:
    """The options of the command line, in Snakemake's order of precedence.

    `--config`, then `config:` of profiles, then configfiles. A typed `--config` replaces that of
    profiles, as in Snakemake. Options that were typed to `snakemake-looper` stand beside it: the
    user has typed no `--config`.
    """
    problems = Problems()
    typed = typed_config(asked.config, problems)
    for path in asked.configfiles:
        if not path.is_file():
            problems.add("--configfile", "", f"'{path}' does not exist; correct the path")
    files = [configfile(path) for path in reversed(asked.configfiles)]
    profiles = [profile_config(path) for path in reversed(asked.profiles)]
    read = {str(key) for profile in profiles for key in profile.values}
    entries = (word.partition("=") for word in asked.profile_config)
    templates = {key: value for key, equals, value in entries if equals and key not in read}
    where = Place(str(asked.profiles[-1] if asked.profiles else ""))
    evaluated = Source(templates, lambda key: where)
    is_replaced = bool(asked.config) and TYPED not in typed.values
    of_profiles = [] if is_replaced else [*profiles, evaluated]
    return from_sources([typed, *of_profiles, *files], problems)


def _project(asked: Asked) -> tuple[Path, tuple[str, ...]]:
    """The looper config, and the words that are targets.

    The option takes the word behind it, also if this word is a target: `--use-looper-config align`.
    A word that names no looper config, and has the form of a target, is a target of the nearest
    looper config.

    Raises:
        ProjectError: there is no looper config.
    """
    try:
        return locate(asked.path), asked.targets
    except ProjectError:
        if os.sep in asked.path or asked.path.endswith((".yaml", ".yml")):
            raise
        with contextlib.suppress(ProjectError):
            return locate(None), (asked.path, *asked.targets)
        raise


def _names_members(folder: PlanFolder, targets: Sequence[str], rules: Rules) -> bool:
    """Whether a file of a member of a lump is a target, or behind `--forcerun` or the like.

    Snakemake knows no rule that makes it.
    """
    words = {*targets, *(one for _, words in rules for one in words)}
    if not any(os.sep in one or "." in one for one in words):
        return False
    table = folder.jobs()
    try:
        lumped = tuple(table.facts.lumps)
        known = {*table.flags(lumped), *table.declared_outputs(lumped)} if lumped else set()
    finally:
        table.close()
    return not words.isdisjoint(known)


def _checked(
    folder: PlanFolder, workdir: Path, words: tuple[str, ...], rules: Rules
) -> tuple[tuple[str, ...], Rules]:
    """The targets and rules that words mean.

    Raises:
        ProjectError: a word means none, or a folder, or another thing that is no file, has the
            name of a flag or log. The error names each of them.
    """
    problems = Problems()
    is_ours = _seen.get() is not None  # called by `snakemake-looper run`
    samples = "--samples {}" if is_ours else "--config samples={}"
    targets = resolved(words, folder, problems, samples)
    meant = tuple((name, rules_meant(name, words, folder, problems)) for name, words in rules)
    table = folder.jobs()
    for line in obstacles(workdir, table.briefs(), table.results()):
        problems.add("", "", line)
    table.close()
    problems.raise_if_any()
    return targets, meant


def print_problems(error: ProjectError, options: Options | None = None) -> None:
    """Print all warnings and problems on standard error, one line each.

    Args:
        error: the error that ends the command.
        options: the options of the command. If the error came before the project was read, it
            lacks their problems.
    """
    warn(*error.warnings)
    complain(*dict.fromkeys([*(options.problems if options else ()), *error.problems]))

"""The config of a module or of a generated workflow: its options, and where each of them stands.

The config of a module stands in the user's Snakefile. That of a generated workflow comes from its
`config/config.yaml`, `--configfile`, `--config` and profiles, which Snakemake has put together.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Place, Problems, ProjectError
from ..messages import warn
from ..read.documents.yaml_lines import read_yaml
from ..read.looper_config import locate
from ..read.options.option_sources import (
    CONFIG,
    LOOPER_CONFIG_KEY,
    Source,
    configfile,
    from_sources,
)
from ..read.options.options import OPTIONS, Options, spelled
from ..remote_files import Ask
from ..workspace.current_plan import current_plan
from ..workspace.engine import Engine, workflow_error
from ..workspace.structure import digest_in

_PREFIX = (
    "module {name}: 'prefix:' does not fit: the paths of a looper project are those of its looper"
    " config; remove it, and name another output folder as \"output_dir\" in 'config:'"
)
_OUT_OF_DATE = (
    "This Snakefile was made for other pipeline interfaces, for another folder, or with other"
    " options{given}: run 'snakemake-looper generate' again, or start Snakemake in that folder."
)


def plan(engine: Engine, config: Mapping[str, Any]) -> Path:
    """The folder of the plan.

    Raises:
        WorkflowError: the project cannot be planned. The message lists all that is wrong.
    """
    if engine.moves_paths:
        raise workflow_error(_PREFIX.format(name=engine.module))
    options = _options(engine, config)
    try:
        _check_has_project(engine, config)
        return _planned(config, options, lambda addresses: engine.storage.ask(addresses))
    except ProjectError as error:
        warn(*error.warnings)
        lines = dict.fromkeys(map(str, [*options.problems, *error.problems]))
        raise workflow_error("\n".join(lines)) from None


def _check_has_project(engine: Engine, config: Mapping[str, Any]) -> None:
    """Refuse a module that names no looper config, if there is none to be found.

    Raises:
        ProjectError: says so, at the line of the module.
    """
    if config.get(LOOPER_CONFIG_KEY) or not engine.module:
        return
    try:
        locate(None)
    except ProjectError:
        problems = Problems()
        what = "is missing; write the path of the project's looper config"
        problems.add(_in_module(engine)(LOOPER_CONFIG_KEY), LOOPER_CONFIG_KEY, what)
        raise ProjectError(problems) from None


def _planned(config: Mapping[str, Any], options: Options, ask: Ask | None = None) -> Path:
    looper_config = locate(config.get(LOOPER_CONFIG_KEY))
    folder = looper_config.parent
    return current_plan(looper_config, options, Path.cwd(), rundir=folder, ask=ask).path


def _options(engine: Engine, config: Mapping[str, Any]) -> Options:
    typed, files = engine.config_sources
    if engine.module:
        section = next((one for path in files for one in _sections(path, config)), None)
        place = section.place if section else _in_module(engine)
        return from_sources([Source(_as_written(config, {}, [section] if section else []), place)])
    read = [configfile(path) for path in files]
    words = any(word.split("=")[0] in (CONFIG, "-C") for word in sys.argv)
    where = CONFIG if words else "config: of the profile"

    def place_of(key: str) -> Place:
        if key in typed:
            return Place(where)
        found = next((source for source in read if key in source.values), None)
        return found.place(key) if found else Place("config")

    return from_sources([Source(_as_written(config, typed, read), place_of)])


def _sections(path: Path, config: Mapping[str, Any]) -> Iterator[Source]:
    """The sections of a config file with exactly these keys, as in `config: config["looper"]`."""
    document = read_yaml(path, Problems())
    for name, section in document.data.items() if document else ():
        if document and isinstance(section, Mapping) and section.keys() == config.keys():
            yield Source(section, partial(document.place, name))


def _as_written(
    config: Mapping[str, Any], typed: Mapping[str, Any], files: list[Source]
) -> dict[str, Any]:
    """The entries of a config, with ranges as the files have them.

    Snakemake reads `limit: 2:5` without quotes as a number of base 60, which is 125.
    """
    found = dict(config)
    for source in reversed(files):
        for key, value in source.values.items():
            is_range = isinstance(value, str) and isinstance(config.get(key), int)
            if is_range and key not in typed:
                found[key] = value
    return found


def _in_module(engine: Engine) -> Callable[[str], Place]:
    """The place of an entry of a module's `config:`, in the Snakefile that has the module."""
    path = engine.main_snakefile
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    module = re.compile(rf"\s*module\s+{re.escape(engine.module)}\s*:")
    start = next((number for number, line in enumerate(lines) if module.match(line)), None)

    def place(key: str) -> Place:
        if start is None:
            return Place(f"config of module {engine.module}")
        quoted = re.compile(rf"""['"]?\b{re.escape(key)}\b['"]?\s*[:=]""")
        behind = range(start, len(lines))
        line = next((number for number in behind if quoted.search(lines[number])), start)
        return Place(str(path), line + 1)

    return place


# --- a Snakefile that people keep ----------------------------------------------------------------


def is_selection(
    engine: Engine, config: Mapping[str, Any], folder: Path, structure: str, selects: bool
) -> bool:
    """Whether a generated Snakefile for all samples is to run selected ones.

    Args:
        engine: Snakemake.
        config: the config of the workflow.
        folder: the plan.
        structure: the digest that the Snakefile was made for.
        selects: whether its rules fit a selection of the samples, too.

    Raises:
        WorkflowError: the plan needs other rules. The message names the options that it is due to.
    """
    if digest_in(folder) == structure:
        return False
    options = _options(engine, config)
    given = [name for name, value in options.by_name().items() if value is not None]
    narrowing = [one.name for one in OPTIONS if one.narrows and one.name in given]
    if selects and narrowing and _fits_without(narrowing, config, options, structure):
        return True
    left = [name for name in given if name not in narrowing] if selects else given
    lines = [
        _due_to(name, options)
        for name in left
        if _fits_without([name, *(narrowing if selects else ())], config, options, structure)
    ]
    general = _OUT_OF_DATE.format(given=f" ({', '.join(given)})" if given else "")
    raise workflow_error("\n".join(lines) or general)


def _fits_without(
    names: Iterable[str], config: Mapping[str, Any], options: Options, structure: str
) -> bool:
    """Whether the Snakefile has the rules of a plan without these options."""
    less: dict[str, Any] = dict.fromkeys(names)
    try:
        return digest_in(_planned(config, dataclasses.replace(options, **less))) == structure
    except ProjectError:
        return False


def _due_to(name: str, options: Options) -> str:
    place, key = options.origin(name)
    value = getattr(options, name)
    narrows = next(one.narrows for one in OPTIONS if one.name == name)
    if narrows:
        what = "this Snakefile has rules for all samples, which assemble or publish their results"
        advice = "leave it out here, and use 'snakemake-looper run'"
        words = " ".join(value) if isinstance(value, tuple) else value
        return f"{place}: {key}: {what}; {advice} with {spelled(name)} {words}"
    what = "is not the one that this Snakefile was made with, and its rules depend on it"
    advice = f"write 'snakemake-looper generate {spelled(name)} … --force' to make it again"
    return f"{place}: {key}: {what}; {advice}"

"""The sources of options: `--config`, configfiles, the looper config and the PEP.

    read_options      any mapping of keys and values
    from_config       Snakemake's config: `--config limit=2`, or a module's `config:`
    from_configs      configfiles and `--config` together
    from_cli_section  `cli: run:` and the like, of a looper config or a PEP

`snakemake-looper` passes typed options to Snakemake as `--config`. The entry `looper_options` lists
their names. So a message names an option as it was typed (`--limit`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Place, Problems, near
from ..messages import warn
from .deprecated import OPTIONS as OLDER
from .deprecated import PEP_LOOPER, instead
from .option_values import words
from .options import OPTION_NAMES, OPTIONS, Options, overlay, spelled
from .yaml_lines import read_yaml

TYPED = "looper_options"
"""The entry of Snakemake's config that lists the options typed to `snakemake-looper`."""

_READERS = {one.name: one.read for one in OPTIONS}


def read_options(
    values: Mapping[str, Any], place: Callable[[str], Place], problems: Problems
) -> Options:
    """Options from a mapping. `-` and `_` mean the same; other keys are ignored.

    A value that cannot be read is added to `problems`.
    """
    found: dict[str, Any] = {}
    origins: dict[str, tuple[Place, str]] = {}
    for key, value in values.items():
        name = _name(key)
        if name not in _READERS or value is None or value == "" or value == []:
            continue
        where = place(str(key))
        origins[name] = (where, "" if where.file == spelled(name) else str(key))
        try:
            found[name] = _READERS[name](value)
        except ValueError as error:
            said = str(error)
            problems.add(*origins[name], said if ";" in said else f"{said}; correct the value")
    return Options(**found, origins=origins)


def _name(key: object) -> str:
    return str(key).replace("-", "_")


# --- Snakemake's config --------------------------------------------------------------------------


def from_config(config: Mapping[str, Any], source: str = "--config") -> Options:
    """Options among the entries of Snakemake's config. Prints warnings to stderr.

    Args:
        config: the entries. Keys that are not options belong to somebody else and are ignored.
        source: the place that messages name for options that were not typed to
            `snakemake-looper`.

    Raises:
        ProjectError: a value cannot be read.
    """
    return _from_config(config, _place_in_config(config, source))


def from_configs(config: Mapping[str, Any], configfiles: Iterable[Path]) -> Options:
    """Options of configfiles and `--config` together. Prints warnings to stderr.

    A later configfile counts more than an earlier one, and `config` more than all, as in Snakemake.

    Raises:
        ProjectError: a value cannot be read.
    """
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for path in configfiles:
        document = read_yaml(Path(path), Problems())
        if document is None:
            continue  # Snakemake reads it as well, and reports the error
        for key, value in document.data.items():
            values[str(key)], places[str(key)] = value, document.place(key)
    typed = _place_in_config(config, "--config")
    places |= {key: typed(key) for key in config}
    return _from_config(values | {**config}, places.__getitem__)


def _from_config(values: Mapping[str, Any], place: Callable[[str], Place]) -> Options:
    problems = Problems()
    options = read_options(values, place, problems)
    for key in values:
        _warn_of_misspelt(key, place(key), problems)
    problems.raise_if_any()
    warn(*problems.warnings)
    return options


def _place_in_config(values: Mapping[str, Any], source: str) -> Callable[[str], Place]:
    typed = set(words(values.get(TYPED) or ()))

    def place(key: str) -> Place:
        return Place(spelled(key) if key in typed else source)

    return place


def _warn_of_misspelt(key: str, place: Place, problems: Problems) -> None:
    """Warn of a key that is nearly an option. Any other key may belong to somebody else."""
    if _name(key) in OPTION_NAMES:
        return
    close = difflib.get_close_matches(_name(key).lower(), OPTION_NAMES, n=1, cutoff=0.8)
    if close:
        problems.warn(place, str(key), f"no option, ignored (did you mean '{close[0]}'?)")


def config_entries(config: Iterable[str] | None) -> dict[str, str]:
    """`key=value` words as a mapping. Snakemake itself reports a word without `=`."""
    entries = (str(entry).partition("=") for entry in config or ())
    return {key: value for key, equals, value in entries if equals}


# --- sections of our own files --------------------------------------------------------------------


def warn_of_unknown(
    values: Mapping[str, Any],
    others: Iterable[str],
    place: Callable[[str], Place],
    problems: Problems,
) -> None:
    """Warn of each key that is neither an option nor one of `others`."""
    known = (*OPTION_NAMES, *others)
    for key in values:
        if _name(key) not in known:
            older = instead(_name(key), {**OLDER, **PEP_LOOPER})
            unknown = f"no option, ignored{near(_name(key), known)}"
            problems.warn(place(key), str(key), older or unknown)


def check_cli_section(
    section: Any, place: Callable[[str], Place], problems: Problems, commands: tuple[str, ...]
) -> None:
    """Warn of each subcommand in a `cli:` section whose options nobody reads."""
    if section is not None and not isinstance(section, Mapping):
        problems.add(place("cli"), "cli", "must be a mapping; write 'cli: run: limit: 3'")
        return
    for command in section or ():
        if command not in commands:
            known = " and ".join(f"'{one}'" for one in commands[:2])
            problems.warn(place(command), f"cli.{command}", f"ignored; only {known} are read")


def from_cli_section(
    section: Any, commands: tuple[str, ...], place: Callable[..., Place], problems: Problems
) -> Options:
    """Options from a `cli:` section.

    Args:
        section: the section, as YAML has it; it may be of any type.
        commands: the subcommands whose options are read; an earlier one counts more.
        place: gives the place of a subcommand's option.
        problems: gets unknown options, and values that cannot be read.
    """
    merged = Options()
    for command in commands:
        values = section.get(command) if isinstance(section, Mapping) else None
        if isinstance(values, Mapping):
            of_option = partial(place, command)
            warn_of_unknown(values, (), of_option, problems)
            merged = overlay(merged, read_options(values, of_option, problems))
    return merged

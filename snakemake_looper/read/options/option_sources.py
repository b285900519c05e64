"""The sources of options: Snakemake's config, the looper config and the PEP.

    read_options      any mapping of keys and values
    from_config       a mapping that somebody else made: a module's `config:`
    from_sources      `--config`, configfiles and profiles, the strongest first
    from_cli_section  `cli: run:` and the like, of a looper config or a PEP

`snakemake-looper` passes typed options to Snakemake as `--config`. The entry `looper_options` lists
their names, each with its spelling if that is a short one (`limit:-l`). So a message names an
option as it was typed.

Values that cannot be read do not end the command here: they are in `Options.problems`, and reading
the project reports them together with the problems of its files.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ... import messages
from ...errors import Place, Problems, near
from ..deprecated import OPTIONS as OLDER
from ..deprecated import PEP_LOOPER, instead
from .option_values import words
from .options import OPTION_NAMES, OPTIONS, Options, overlay, spelled

TYPED = "looper_options"
"""The entry of Snakemake's config that lists the options typed to `snakemake-looper`."""
CONFIG = "--config"
LOOPER_CONFIG_KEY = "looper_config"
"""The key with which a module or a generated workflow names the looper config."""

_READERS = {one.name: one.read for one in OPTIONS}
_OLDER_HERE = {name for name in OLDER if "_" in name or name in ("amendments", "lumpn")}
"""Older options that nobody else has in a config of Snakemake."""
_SPELLINGS = {spelling for one in OPTIONS for spelling in one.spellings}
_NARROWING = {one.name for one in OPTIONS if one.narrows}


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
        if name in origins:
            what = "stands here twice, with '-' and with '_'; the last one counts"
            problems.warn(where, str(key), what)
        origins[name] = (where, "" if where.file in _SPELLINGS else str(key))
        try:
            found[name] = _READERS[name](value)
        except ValueError as error:
            said = str(error)
            problems.add(*origins[name], said if ";" in said else f"{said}; correct the value")
    return Options(**found, origins=origins)


def _name(key: object) -> str:
    return str(key).strip().replace("-", "_")


# --- Snakemake's config --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Entries of Snakemake's config from one place."""

    values: Mapping[str, Any]
    place: Callable[[str], Place]
    is_typed: bool = False
    """Whether they were typed. An empty value is then a slip, as of a variable that is not set."""


def from_config(config: Mapping[str, Any], source: str = CONFIG) -> Options:
    """Options among the entries of a mapping. Prints warnings.

    Args:
        config: the entries. Keys that are not options belong to somebody else and are ignored.
        source: the place that messages name for options that were not typed to
            `snakemake-looper`.
    """
    return from_sources([_typed(config, source)])


def from_sources(sources: Iterable[Source], problems: Problems | None = None) -> Options:
    """Options of several sources, the strongest first. Prints warnings.

    Args:
        sources: the sources.
        problems: what is wrong with the sources themselves.
    """
    collector = problems if problems is not None else Problems()
    options = Options()
    given: set[str] = set()
    for source in sources:
        if source.is_typed:
            _check_empty(source, collector)
        # As in Snakemake, a key of a stronger source counts also if its value is empty.
        values = {key: value for key, value in source.values.items() if _name(key) not in given}
        given.update(map(_name, source.values))
        options = overlay(options, read_options(values, source.place, collector))
        for key in source.values:
            _warn_of_misspelt(str(key), source.place(str(key)), collector)
    messages.warn(*collector.warnings)
    return options.with_problems(collector)


def typed_config(config: Iterable[str] | None, problems: Problems) -> Source:
    """The words of `--config`, as in `limit=2`."""
    entries = {}
    for word in map(str, config or ()):
        key, equals, value = word.partition("=")
        if equals:
            entries[key] = value
        else:
            what = f"'{word}' is not of the form key=value; write it with '=', without blanks"
            problems.add(CONFIG, "", what)
    return _typed(entries, CONFIG)


def configfile(path: Path) -> Source:
    """The entries of a config file of Snakemake; Snakemake itself reports a file it cannot read."""
    from ..documents.yaml_lines import read_yaml  # late: most commands read no such file

    document = read_yaml(path, Problems())
    if document is None:
        return Source({}, lambda key: Place(str(path)))
    return Source(document.data, document.place)


def profile_config(path: Path) -> Source:
    """The entries below `config:` of a profile: a mapping, or a list of `key=value` words."""
    from ..documents.yaml_lines import read_yaml  # late: most commands read no such file

    document = read_yaml(path, Problems())
    section = document.data.get("config") if document else None
    if document is None or not section:
        return Source({}, lambda key: Place(str(path)))
    if isinstance(section, Mapping):
        return Source(section, partial(document.place, "config"))
    listed = section if isinstance(section, list) else [section]
    entries = {}
    positions: dict[str, int] = {}
    for position, word in enumerate(map(str, listed)):
        key, equals, value = word.partition("=")
        if equals:
            entries[key], positions[key] = value, position
    return Source(entries, lambda key: document.place("config", positions.get(key, 0)))


def _typed(values: Mapping[str, Any], source: str) -> Source:
    parts = (word.partition(":") for word in words(values.get(TYPED) or ()))
    typed = {name: spelling or spelled(name) for name, _, spelling in parts}

    def place(key: str) -> Place:
        return Place(typed.get(key, source))

    return Source(values, place, is_typed=source == CONFIG)


def _check_empty(source: Source, problems: Problems) -> None:
    """Refuse an option that chooses samples and is empty: not all samples are meant."""
    for key, value in source.values.items():
        if _name(key) in _NARROWING and value in ("", []):
            where = source.place(key)
            shown = "" if where.file in _SPELLINGS else key
            problems.add(where, shown, "is empty; write a value, or leave it out")


def _warn_of_misspelt(key: str, place: Place, problems: Problems) -> None:
    """Warn of a key that is nearly an option. Any other key may belong to somebody else."""
    name = _name(key)
    if name in (*OPTION_NAMES, TYPED, LOOPER_CONFIG_KEY):
        return
    known = (*OPTION_NAMES, LOOPER_CONFIG_KEY)
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
    if close:
        problems.warn(place, key, f"no option, ignored (did you mean '{close[0]}'?)")
    elif name in _OLDER_HERE:
        problems.warn(place, key, str(instead(name, OLDER)))


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
    """Report each part of a `cli:` section that nobody reads."""
    if section is not None and not isinstance(section, Mapping):
        problems.add(place("cli"), "cli", "must be a mapping; write 'cli: run: limit: 3'")
        return
    known = " and ".join(f"'{one}'" for one in commands[:2])
    for command, values in (section or {}).items():
        key = f"cli.{command}"
        if command in commands:
            if values is not None and not isinstance(values, Mapping):
                what = "must be a mapping; write options with their values below it"
                problems.add(place(command), key, f"{what}, as in 'limit: 3'")
        elif _name(command) in OPTION_NAMES:
            what = "ignored: it stands below no command; write it below 'run:'"
            problems.warn(place(command), key, what)
        else:
            what = f"ignored; only {known} are read{near(str(command), commands)}"
            problems.warn(place(command), key, what)


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

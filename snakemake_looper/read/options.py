"""TODO: read.options."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Place, Problems, near
from ..status_words import STATUSES
from .deprecated import OPTIONS, PEP_LOOPER, instead
from .yaml_lines import read_yaml


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; every None means "as the files say".

    Spelling and meaning of each option are looper's, except where a comment says otherwise.
    """

    output_dir: str | None = None
    results_subdir: str | None = None
    submission_subdir: str | None = None
    amend: tuple[str, ...] | None = None
    sel_attr: str | None = None
    sel_incl: tuple[str, ...] | None = None
    sel_excl: tuple[str, ...] | None = None
    sel_flag: tuple[str, ...] | None = None
    exc_flag: tuple[str, ...] | None = None
    limit: str | None = None
    skip: str | None = None
    samples: tuple[str, ...] | None = None  # ours: exact names
    command_extra: str | None = None
    command_extra_override: str | None = None
    skip_file_checks: bool | None = None
    compute: tuple[tuple[str, Any], ...] | None = None
    settings: str | None = None
    package: str | None = None
    divvy: str | None = None
    lump: str | None = None
    """GB of input (1024³ bytes) in one job."""
    lump_n: str | None = None
    lump_j: str | None = None
    pep_config: str | None = None
    sample_pipeline_interfaces: tuple[str, ...] | None = None
    project_pipeline_interfaces: tuple[str, ...] | None = None
    origins: Mapping[str, tuple[Place, str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """For each option that was given: where it was written, and its name as it was written."""

    def asked(self) -> dict[str, Any]:
        """The values of all options by name, without their origins."""
        return {name: getattr(self, name) for name in OPTION_NAMES}

    def origin(self, name: str) -> tuple[Place, str]:
        """Place and key of a message about an option."""
        return self.origins.get(name, (Place(spelled(name)), ""))

    def narrows(self) -> bool:
        """Whether the options choose among the samples."""
        return any(getattr(self, name) is not None for name in NARROWING)


NARROWING = ("sel_incl", "sel_excl", "sel_flag", "exc_flag", "limit", "skip", "samples")
"""Options that choose among the samples."""


OPTION_NAMES = tuple(one.name for one in fields(Options) if one.name != "origins")


def spelled(name: str) -> str:
    """An option as it is typed on the command line of `snakemake-looper`."""
    return f"--{name.replace('_', '-')}"


def options_of_config(config: Mapping[str, Any], source: str = "--config") -> Options:
    """Options given as Snakemake config: `--config limit=2`, or a module's `config:`.

    Keys that are no option belong to somebody else and are left alone.

    Raises:
        ProjectError: a value cannot be read.
    """
    return _options(config, place_of_option(config, source))


def merged_options(config: Mapping[str, Any], configfiles: Iterable[Path]) -> Options:
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


def config_entries(config: Iterable[str] | None) -> dict[str, str]:
    """`key=value` words as a mapping; what is malformed is for Snakemake to complain about."""
    pairs = (str(entry).partition("=") for entry in config or ())
    return {key: value for key, equals, value in pairs if equals}


def words_of(value: Any) -> tuple[str, ...]:
    """Values of an option that takes several: a list, JSON for one, or text with commas."""
    if isinstance(value, str):
        if value.startswith("["):
            with contextlib.suppress(ValueError):
                return tuple(map(str, json.loads(value)))
        return tuple(word.strip() for word in value.split(",") if word.strip())
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return (str(value),)


def _pairs(value: Any) -> tuple[tuple[str, Any], ...]:
    """`key=value` words, parted by spaces or commas; a comma that no key follows is a value's."""
    if isinstance(value, Mapping):
        return tuple((str(key), item) for key, item in value.items())
    words = value.split() if isinstance(value, str) and not value.startswith("[") else value
    words = words_of(words) if isinstance(words, str) else map(str, words)
    pairs = []
    for word in (part for one in words for part in re.split(r",(?=[A-Za-z_]\w*=)", one)):
        key, equals, item = word.partition("=")
        if not equals:
            raise ValueError(f"'{word}' is not of the form key=value")
        pairs.append((key, item))
    return tuple(pairs)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "1"):
        return True
    if str(value).lower() in ("false", "no", "0", ""):
        return False
    raise ValueError(f"'{value}' is neither true nor false")


def _statuses(value: Any) -> tuple[str, ...]:
    words = tuple(word.lower() for word in words_of(value))
    for word in words:
        if word not in STATUSES:
            known = ", ".join(STATUSES)
            raise ValueError(f"'{word}' is no status{near(word, STATUSES)}; there are {known}")
    return words


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple, Mapping)):
        raise ValueError(f"'{value}' is not one value; write a text")
    return str(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "amend": words_of,
    "sel_incl": words_of,
    "sel_excl": words_of,
    "sel_flag": _statuses,
    "exc_flag": _statuses,
    "samples": words_of,
    "sample_pipeline_interfaces": words_of,
    "project_pipeline_interfaces": words_of,
    "compute": _pairs,
    "skip_file_checks": _flag,
}


def read_options(
    values: Mapping[str, Any], place: Callable[[str], Place], problems: Problems
) -> Options:
    """Options from a mapping; `-` and `_` are alike, keys that are no option are left alone."""
    found: dict[str, Any] = {}
    origins: dict[str, tuple[Place, str]] = {}
    for key, value in values.items():
        name = str(key).replace("-", "_")
        if name not in OPTION_NAMES or value is None or value == "" or value == []:
            continue
        where = place(str(key))
        origins[name] = (where, "" if where.file == spelled(name) else str(key))
        try:
            reader: Callable[[Any], Any] = _READERS.get(name, _text)
            found[name] = reader(value)
        except ValueError as error:
            what = str(error)
            end = "" if ";" in what else "; correct the value"
            problems.add(*origins[name], f"{what}{end}")
    return Options(**found, origins=origins)


TYPED = "looper_options"
"""An entry of Snakemake's config: the options that were typed to `snakemake-looper`.

It hands its options on as `--config`; a message names each as it was typed.
"""


def place_of_option(values: Mapping[str, Any], source: str) -> Callable[[str], Place]:
    """Where an option of Snakemake's config was written: typed to us, or in `source`."""
    typed = set(words_of(values.get(TYPED) or ()))

    def place(key: str) -> Place:
        return Place(spelled(key) if key in typed else source)

    return place


def warn_of_misspelt(values: Iterable[str], place: Place, problems: Problems) -> None:
    """Name keys that look like an option among keys that may be somebody else's."""
    for key in values:
        name = str(key).replace("-", "_").lower()
        close = difflib.get_close_matches(name, OPTION_NAMES, n=1, cutoff=0.8)
        if close and str(key).replace("-", "_") not in OPTION_NAMES:
            problems.warn(place, str(key), f"no option, ignored (did you mean '{close[0]}'?)")


def warn_of_unknown(
    values: Mapping[str, Any],
    others: Iterable[str],
    place: Callable[[str], Place],
    problems: Problems,
) -> None:
    """Name keys that should be options and are none, rather than drop them."""
    known = (*OPTION_NAMES, *others)
    for key in values:
        name = str(key).replace("-", "_")
        if name not in known:
            old = instead(name, {**OPTIONS, **PEP_LOOPER})
            problems.warn(place(key), str(key), old or f"no option, ignored{near(name, known)}")


def overlay(first: Options, second: Options) -> Options:
    """Options of which the first given wins, field by field."""
    filled = {name: getattr(second, name) for name in OPTION_NAMES if getattr(first, name) is None}
    return dataclasses.replace(first, **filled, origins={**second.origins, **first.origins})


def check_sections(
    section: Any, place: Callable[[str], Place], problems: Problems, commands: tuple[str, ...]
) -> None:
    """Name what a `cli:` section has besides the subcommands whose options mean something here."""
    if section is not None and not isinstance(section, Mapping):
        problems.add(place("cli"), "cli", "must be a mapping; write 'cli: run: limit: 3'")
        return
    for command in section or ():
        if command not in commands:
            known = " and ".join(f"'{one}'" for one in commands[:2])
            problems.warn(place(command), f"cli.{command}", f"only {known} are read, ignored")


def section_options(
    section: Any, commands: tuple[str, ...], place: Callable[..., Place], problems: Problems
) -> Options:
    """Options from a `cli:` section: the named subcommands, first wins.

    `place` says where the option of a subcommand stands.
    """
    merged = Options()
    for command in commands:
        values = section.get(command) if isinstance(section, Mapping) else None
        if isinstance(values, Mapping):
            of_option = partial(place, command)
            warn_of_unknown(values, (), of_option, problems)
            merged = overlay(merged, read_options(values, of_option, problems))
    return merged

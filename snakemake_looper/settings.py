"""The looper config and the options, merged into `Settings`.

Precedence of options, first wins:

1. the command line (or `--config key=value`, or a module's `config:`);
2. `cli: run:` of the looper config;
3. the PEP's `looper:` section (`output_dir`, `cli: run:`, `cli: all:`);
4. the default.

(looper 2.1.1 lets the files beat the command line, quirk 10; its documentation says otherwise.)

Two generations of the looper config are read: `pipeline_interfaces` is a list of files (2.x,
each file says which levels it has) or a mapping with `sample:` and `project:` (1.x).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .deprecated import CONFIG_KEYS, OPTIONS, PEP_LOOPER, instead
from .errors import Place, Problems, ProjectError, near
from .model import STATUSES, InterfaceSource, Level, Options, Settings
from .source import Document, expand, read_yaml, resolve

LOOPER_CONFIG = ".looper.yaml"

_KEYS = {
    "pep_config",
    "output_dir",
    "results_subdir",
    "submission_subdir",
    "pipeline_interfaces",
    "pipestat",
    "sample_modifiers",
    "cli",
    "name",
}
_REGISTRY_PATH = re.compile(r"^(pephub::)?[\w.-]+/[\w.-]+(:[\w.-]+)?$")


def find_looper_config(start: Path) -> Path:
    """The nearest `.looper.yaml` in a folder or its parents.

    Raises:
        ProjectError: there is none; the message says where was looked.
    """
    folders = [start, *start.parents]
    for folder in folders:
        if (folder / LOOPER_CONFIG).is_file():
            return folder / LOOPER_CONFIG
    problems = Problems()
    problems.add(
        start,
        "",
        f"no {LOOPER_CONFIG} here nor in any folder above ({', '.join(map(str, folders[1:]))});"
        " go to a looper project or name its looper config",
    )
    raise ProjectError(problems)


def locate(path: str | Path | None, cwd: Path | None = None) -> Path:
    """The looper config that an argument means: a file, a folder that has one, or None.

    Raises:
        ProjectError: there is no such file.
    """
    cwd = cwd or Path.cwd()
    if not path:
        return find_looper_config(cwd)
    typed = Path(os.path.normpath(cwd / path))
    # A path that is there is meant as it is: `$` and `~` may be parts of a folder's name.
    given = typed if typed.exists() else Path(os.path.normpath(cwd / expand(str(path))))
    if given.is_dir():
        given = given / LOOPER_CONFIG
    if not given.is_file():
        problems = Problems()
        problems.add(given, "", "no such looper config; correct the path")
        raise ProjectError(problems)
    return given


def is_registry_path(text: str, root: Path) -> bool:
    """Whether `pep_config` is a PEPhub path (`namespace/name:tag`) and not a file.

    A path that exists, or that ends as PEP files do, is a file (quirk 30 asks to look at all).
    """
    looks = bool(_REGISTRY_PATH.match(text)) and not text.endswith(
        (".yaml", ".yml", ".csv", ".tsv")
    )
    return looks and not resolve(text, root).exists()


# --- options -----------------------------------------------------------------------------------


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
OPTION_NAMES = tuple(field.name for field in dataclasses.fields(Options))


def read_options(
    values: Mapping[str, Any], place: Callable[[str], Place], problems: Problems
) -> Options:
    """Options from a mapping; `-` and `_` are alike, keys that are no option are left alone."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = str(key).replace("-", "_")
        if name not in OPTION_NAMES or value is None or value == "" or value == []:
            continue
        try:
            found[name] = _READERS.get(name, str)(value)
        except ValueError as error:
            what = str(error)
            end = "" if ";" in what else "; correct the value"
            problems.add(place(key), str(key), f"{what}{end}")
    return Options(**found)


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
    return dataclasses.replace(first, **filled)


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
    section: Any, commands: tuple[str, ...], place: Callable[[str], Place], problems: Problems
) -> Options:
    """Options from a `cli:` section: the named subcommands, first wins."""
    merged = Options()
    for command in commands:
        values = section.get(command) if isinstance(section, Mapping) else None
        if isinstance(values, Mapping):
            warn_of_unknown(values, (), place, problems)
            merged = overlay(merged, read_options(values, place, problems))
    return merged


# --- the looper config -------------------------------------------------------------------------


def read_settings(looper_config: Path, options: Options, problems: Problems) -> Settings | None:
    """Read a looper config and merge the command line's options into it.

    None if it cannot be read at all; smaller faults go to `problems` and reading goes on.
    """
    looper_config = Path(os.path.abspath(looper_config))
    document = read_yaml(looper_config, problems)
    if document is None:
        return None
    root = looper_config.parent
    data = document.data
    for key in ("output_dir", "results_subdir", "submission_subdir"):
        if isinstance(data.get(key), (list, dict)):
            problems.add(document.place(key), key, f"'{data.pop(key)}' is no path; write a text")
    for key in data:
        if key not in _KEYS:
            old = instead(str(key), CONFIG_KEYS)
            what = old or f"unknown key, ignored{near(str(key), _KEYS)}"
            problems.warn(document.place(key), str(key), what)
    cli = data.get("cli")
    check_sections(cli, lambda key: document.place("cli", key), problems, ("run", "runp"))

    def from_section(command: str) -> Options:
        return section_options(
            cli, (command,), lambda key: document.place("cli", command, key), problems
        )

    project_options = overlay(options, from_section("runp"))
    options = overlay(options, from_section("run"))
    pipestat = _section(document, "pipestat", problems)
    output_dir = options.output_dir or data.get("output_dir")
    return Settings(
        looper_config=looper_config,
        root=root,
        pep=_pep(document, root, options, problems),
        pep_place=Place("--pep-config") if options.pep_config else document.place("pep_config"),
        output_dir=resolve(str(output_dir), root) if output_dir else None,
        results_subdir=str(
            options.results_subdir or data.get("results_subdir") or "results_pipeline"
        ),
        submission_subdir=str(
            options.submission_subdir or data.get("submission_subdir") or "submission"
        ),
        interfaces=tuple(_interfaces(document, root, options, problems)),
        pipestat=pipestat,
        pipestat_places={key: document.place("pipestat", key) for key in ("", *(pipestat or {}))},
        sample_modifiers=_section(document, "sample_modifiers", problems) or {},
        compute_package={},
        compute_options={},
        options=options,
        project_options=project_options,
        files=(looper_config,),
    )


def _section(document: Document, key: str, problems: Problems) -> dict[str, Any] | None:
    value = document.data.get(key)
    if value is None or isinstance(value, dict):
        return value
    problems.add(document.place(key), key, f"must be a mapping, not '{value}'")
    return None


def _pep(document: Document, root: Path, options: Options, problems: Problems) -> str:
    value = options.pep_config or document.data.get("pep_config")
    place = Place("--pep-config") if options.pep_config else document.place("pep_config")
    if not value or not isinstance(value, str):
        problems.add(
            place,
            "pep_config",
            "is missing; write the path of the project's PEP, as in 'pep_config: project.yaml'",
        )
        return ""
    if is_registry_path(expand(value), root):
        return expand(value).removeprefix("pephub::")
    path = resolve(value, root)
    if not path.is_file():
        problems.add(
            place,
            "" if options.pep_config else "pep_config",
            f"'{value}' does not exist ({path}); correct the path, it is relative to this file",
        )
        return ""
    return str(path)


def _interfaces(
    document: Document, root: Path, options: Options, problems: Problems
) -> list[InterfaceSource]:
    key = "pipeline_interfaces"
    given = _given_interfaces(root, options, problems)
    if given:
        return given
    value = document.data.get(key)
    if isinstance(value, Mapping):
        found = []
        for level, paths in value.items():
            if level not in ("sample", "project"):
                problems.add(
                    document.place(key, level),
                    f"{key}.{level}",
                    f"unknown level{near(str(level), ('sample', 'project'))};"
                    " write 'sample' or 'project'",
                )
                continue
            found += _interface_list(document, root, (key, level), paths, level, problems)
        return found
    if value is None:
        return []  # samples may name their own
    return _interface_list(document, root, (key,), value, None, problems)


def _given_interfaces(root: Path, options: Options, problems: Problems) -> list[InterfaceSource]:
    """Interfaces of the command line, instead of all that the looper config names."""
    found: list[InterfaceSource] = []
    given: tuple[tuple[Level, tuple[str, ...] | None], ...] = (
        ("sample", options.sample_pipeline_interfaces),
        ("project", options.project_pipeline_interfaces),
    )
    for level, paths in given:
        place = Place(f"--{level}-pipeline-interfaces")
        for item in paths or ():
            path = resolve(item, root)
            if path.is_file():
                found.append(InterfaceSource(path, level, place))
            else:
                problems.add(place, "", f"'{item}' does not exist ({path}); correct the path")
    return found


def _interface_list(
    document: Document,
    root: Path,
    keys: tuple[str, ...],
    value: Any,
    level: Level | None,
    problems: Problems,
) -> list[InterfaceSource]:
    found = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        place = document.place(*keys, index)
        if not isinstance(item, str):
            problems.add(place, ".".join(keys), f"'{item}' is not a path; write the path of a file")
            continue
        path = resolve(item, root)
        if not path.is_file():
            problems.add(
                place,
                ".".join(keys),
                f"'{item}' does not exist ({path}); correct the path, it is relative to this file",
            )
            continue
        found.append(InterfaceSource(path, level, place))
    return found

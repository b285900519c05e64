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

from .errors import Place, Problems, ProjectError, near
from .model import InterfaceSource, Level, Options, Settings
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
_REGISTRY_PATH = re.compile(r"^[\w.-]+/[\w.-]+(:[\w.-]+)?$")


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
    given = Path(os.path.normpath(cwd / expand(str(path))))
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


def _words(value: Any) -> tuple[str, ...]:
    """Values of an option that takes several: a list, JSON for one, or text with commas."""
    if isinstance(value, str):
        if value.startswith("["):
            with contextlib.suppress(ValueError):
                return tuple(map(str, json.loads(value)))
        return tuple(word.strip() for word in value.split(",") if word.strip())
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return (str(value),)


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping):
        return tuple((str(key), str(item)) for key, item in value.items())
    pairs = []
    words = value.split() if isinstance(value, str) and not value.startswith("[") else _words(value)
    for word in words:
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


_READERS: dict[str, Callable[[Any], Any]] = {
    "amend": _words,
    "sel_incl": _words,
    "sel_excl": _words,
    "samples": _words,
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
            problems.add(place(key), str(key), f"{error}; correct the value")
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
        if str(key).replace("-", "_") not in known:
            problems.warn(
                place(key),
                str(key),
                f"not supported by this version, ignored{near(str(key), known)}",
            )


def overlay(first: Options, second: Options) -> Options:
    """Options of which the first given wins, field by field."""
    filled = {name: getattr(second, name) for name in OPTION_NAMES if getattr(first, name) is None}
    return dataclasses.replace(first, **filled)


def section_options(
    section: Any, commands: tuple[str, ...], place: Callable[[str], Place], problems: Problems
) -> Options:
    """Options from a `cli:` section: the named subcommands, first wins."""
    merged = Options()
    for command in section if isinstance(section, Mapping) else ():
        if command not in commands:
            problems.warn(place(command), f"cli.{command}", "only 'run' is read, ignored")
    if not isinstance(section, Mapping):
        if section is not None:
            problems.add(place("cli"), "cli", "must be a mapping; write 'cli: run: limit: 3'")
        return merged
    for command in commands:
        values = section.get(command)
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
            problems.warn(
                document.place(key), str(key), f"unknown key, ignored{near(str(key), _KEYS)}"
            )
    options = overlay(
        options,
        section_options(
            data.get("cli"), ("run",), lambda key: document.place("cli", "run", key), problems
        ),
    )
    pipestat = _section(document, "pipestat", problems)
    output_dir = options.output_dir or data.get("output_dir")
    return Settings(
        looper_config=looper_config,
        root=root,
        pep=_pep(document, root, problems),
        pep_place=document.place("pep_config"),
        output_dir=resolve(str(output_dir), root) if output_dir else None,
        results_subdir=str(
            options.results_subdir or data.get("results_subdir") or "results_pipeline"
        ),
        submission_subdir=str(
            options.submission_subdir or data.get("submission_subdir") or "submission"
        ),
        interfaces=tuple(_interfaces(document, root, problems)),
        pipestat=pipestat,
        pipestat_places={key: document.place("pipestat", key) for key in ("", *(pipestat or {}))},
        sample_modifiers=_section(document, "sample_modifiers", problems) or {},
        options=options,
    )


def _section(document: Document, key: str, problems: Problems) -> dict[str, Any] | None:
    value = document.data.get(key)
    if value is None or isinstance(value, dict):
        return value
    problems.add(document.place(key), key, f"must be a mapping, not '{value}'")
    return None


def _pep(document: Document, root: Path, problems: Problems) -> str:
    value = document.data.get("pep_config")
    if not value or not isinstance(value, str):
        problems.add(
            document.place("pep_config"),
            "pep_config",
            "is missing; write the path of the project's PEP, as in 'pep_config: project.yaml'",
        )
        return ""
    if is_registry_path(expand(value), root):
        return expand(value)
    path = resolve(value, root)
    if not path.is_file():
        problems.add(
            document.place("pep_config"),
            "pep_config",
            f"'{value}' does not exist ({path}); correct the path, it is relative to this file",
        )
        return ""
    return str(path)


def _interfaces(document: Document, root: Path, problems: Problems) -> list[InterfaceSource]:
    key = "pipeline_interfaces"
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

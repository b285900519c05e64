"""TODO: read.looper_config."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Place, Problems, ProjectError, near
from ..model import Level
from .deprecated import CONFIG_KEYS, instead
from .options import Options, check_sections, overlay, section_options
from .yaml_lines import Document, absent, expand, read_yaml, resolve, section


@dataclass(frozen=True, slots=True)
class InterfaceSource:
    """A pipeline interface as the looper config names it; no level means all it defines."""

    path: Path
    level: Level | None
    place: Place


@dataclass(frozen=True, slots=True)
class LooperConfig:
    """A looper config with the command line over it. The PEP is still to be read."""

    path: Path
    root: Path
    """Folder of the looper config: where jobs run."""
    pep: str | None
    """Absolute path of the PEP, or a PEPhub registry path; None if it is missing."""
    pep_place: Place
    texts: Mapping[str, str]
    """`output_dir`, `results_subdir` and `submission_subdir` of the file, as far as it has them."""
    places: Mapping[str, Place] = field(repr=False)
    """Where each key of the file stands."""
    refused: frozenset[str]
    """Keys with a value that cannot be used. The problem is already named."""
    interfaces: tuple[InterfaceSource, ...]
    pipestat: Mapping[str, Any] | None
    pipestat_places: Mapping[str, Place] = field(repr=False)
    sample_modifiers: Mapping[str, Any]
    options: Options
    """The command line over `cli: run:`."""
    project_options: Options
    """The command line over `cli: runp:`."""


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


def read_looper_config(path: Path, options: Options, problems: Problems) -> LooperConfig | None:
    """Read a looper config and merge the command line's options into it.

    None if it cannot be read at all; smaller faults go to `problems` and reading goes on.
    """
    path = Path(os.path.abspath(path))
    document = read_yaml(path, problems)
    if document is None:
        return None
    root = path.parent
    data = document.data
    texts, refused = _texts(document, problems)
    for key in data:
        if key not in _KEYS:
            old = instead(str(key), CONFIG_KEYS)
            what = old or f"unknown key, ignored{near(str(key), _KEYS)}"
            problems.warn(document.place(key), str(key), what)
    cli = data.get("cli")
    check_sections(cli, lambda key: document.place("cli", key), problems, ("run", "runp"))

    of_option = partial(document.place, "cli")
    project_options = overlay(options, section_options(cli, ("runp",), of_option, problems))
    options = overlay(options, section_options(cli, ("run",), of_option, problems))
    pipestat = section(document, problems, "pipestat")
    return LooperConfig(
        path=path,
        root=root,
        pep=_pep(document, root, options, problems),
        pep_place=options.origin("pep_config")[0]
        if options.pep_config
        else document.place("pep_config"),
        texts=texts,
        places={key: document.place(key) for key in map(str, data)},
        refused=refused,
        interfaces=tuple(_interfaces(document, root, options, problems)),
        pipestat=pipestat,
        pipestat_places={key: document.place("pipestat", key) for key in ("", *(pipestat or {}))},
        sample_modifiers=section(document, problems, "sample_modifiers") or {},
        options=options,
        project_options=project_options,
    )


def _texts(document: Document, problems: Problems) -> tuple[dict[str, str], frozenset[str]]:
    """The folders that a looper config names, and the keys that name none."""
    found, refused = {}, set()
    for key in ("output_dir", "results_subdir", "submission_subdir"):
        value = document.data.get(key)
        if isinstance(value, (list, dict)):
            problems.add(document.place(key), key, f"'{value}' is no path; write a text")
            refused.add(key)
        elif value:
            found[key] = str(value)
    return found, frozenset(refused)


def _pep(document: Document, root: Path, options: Options, problems: Problems) -> str | None:
    value = options.pep_config or document.data.get("pep_config")
    place, key = document.place("pep_config"), "pep_config"
    if options.pep_config:
        place, key = options.origin("pep_config")
    if not value or not isinstance(value, str):
        problems.add(
            place,
            "pep_config",
            "is missing; write the path of the project's PEP, as in 'pep_config: project.yaml'",
        )
        return None
    if is_registry_path(expand(value), root):
        return expand(value).removeprefix("pephub::")
    path = resolve(value, root)
    if not path.is_file():
        problems.add(
            place,
            key,
            absent(value, path, "correct the path, it is relative to this file"),
        )
        return None
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
        place, key = options.origin(f"{level}_pipeline_interfaces")
        for item in paths or ():
            path = resolve(item, root)
            if path.is_file():
                found.append(InterfaceSource(path, level, place))
            else:
                problems.add(place, key, absent(item, path))
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
                absent(item, path, "correct the path, it is relative to this file"),
            )
            continue
        found.append(InterfaceSource(path, level, place))
    return found

"""The looper config: the file `.looper.yaml` that makes a folder a looper project.

It names the project's PEP (its samples), its pipeline interfaces and its output folder. Under
`cli:`, it may have options of looper's command line. A `LooperConfig` is this file with the options
of the command line over it. The PEP has options too: `settings.merge` merges all three.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Place, Problems, ProjectError, near
from ..files import file_size
from ..model import Level
from .deprecated import CONFIG_KEYS, instead
from .documents.yaml_lines import Document, absent, expand, flow, read_yaml, resolve, section
from .documents.yaml_values import not_text
from .first_config import (
    LOOPER_CONFIG,
    TABLES,
    instead_of,
    instead_of_table,
    kind_of,
    pep_in_folder,
    without,
)
from .keys.key import names
from .keys.of_looper_config import FOLDERS, KEYS
from .lost_indentation import IN_LOOPER_CONFIG, Lost, tell_of_lost_indentation
from .options.option_sources import check_cli_section, from_cli_section
from .options.options import Options, overlay
from .own_section import read_own_section

_FOLDERS = tuple(key.name for key in FOLDERS)
_KEYS = names(KEYS)
_BEGIN = "begin one with: snakemake-looper init"
_MOST_UNKNOWN = 20
"""The greatest number of unknown keys that are named."""
_MOST_BYTES = 1_000_000
"""A file that is larger is something else."""
_NAMES_OF_A_PEP = {
    "config_file_path": "is not read any more",
    "sample_table": "is a key of PEPs, and a looper config names a PEP or a table",
}
"""Keys that people write in the place of `pep_config`, each with its fault."""
_REGISTRY_PATH = re.compile(r"^(pephub::)?[\w.-]+/[\w.-]+(:[\w.-]+)?$")


@dataclass(frozen=True, slots=True)
class InterfaceSource:
    """A pipeline interface that a file or the command line names."""

    path: Path
    level: Level | None
    """The level that it is named for; None means each level that it defines."""
    place: Place


@dataclass(frozen=True, slots=True)
class LooperConfig:
    """A looper config with the command line over it, before the PEP is read."""

    path: Path
    root: Path
    """Folder of the looper config: where jobs run."""
    pep: str | None
    """Absolute path of the PEP, or a PEPhub registry path; None if it is missing."""
    pep_place: Place
    texts: Mapping[str, str]
    """`output_dir`, `results_subdir` and `submission_subdir`, if the file has them."""
    places: Mapping[str, Place] = field(repr=False)
    """The place of each key of the file."""
    refused: frozenset[str]
    """Keys with a value that cannot be used. Each of them is a problem already."""
    interfaces: tuple[InterfaceSource, ...]
    pipestat: Mapping[str, Any] | None
    pipestat_places: Mapping[str, Place] = field(repr=False)
    sample_modifiers: Mapping[str, Any]
    options: Options
    """The command line over `cli: run:`."""
    project_options: Options
    """The command line over `cli: runp:`."""


def find_looper_config(start: Path) -> Path:
    """The nearest `.looper.yaml` in a folder or its parents.

    Raises:
        ProjectError: there is none. The message lists the folders.
    """
    folders = [start, *start.parents]
    for folder in folders:
        if os.path.isfile(folder / LOOPER_CONFIG):
            return folder / LOOPER_CONFIG
    above = ", ".join(map(str, folders[1:]))  # none for the root folder
    what = f"no {LOOPER_CONFIG} here" + (f" nor in any folder above ({above})" if above else "")
    instead = without(start)
    end = (
        f", {instead}"
        if instead
        else f"; go to a looper project, name its looper config, or {_BEGIN}"
    )
    problems = Problems()
    problems.add(start, "", f"{what}{end}")
    raise ProjectError(problems)


def locate(path: str | Path | None, cwd: Path | None = None) -> Path:
    """The looper config that an argument means.

    Args:
        path: a looper config, or a folder that has one; None means the nearest looper config.
        cwd: the folder that `path` is relative to, and where a search begins. Default: the
            working directory.

    Raises:
        ProjectError: there is no such file.
    """
    cwd = cwd or Path.cwd()
    if not path:
        return find_looper_config(cwd)
    typed = Path(os.path.normpath(cwd / path))
    # An existing path is taken as it is: `$` and `~` may be parts of a folder's name.
    given = typed if os.path.exists(typed) else Path(os.path.normpath(cwd / expand(str(path))))
    folder, given = (given, given / LOOPER_CONFIG) if os.path.isdir(given) else (None, given)
    if not os.path.isfile(given):
        instead = without(folder) if folder else None
        problems = Problems()
        if folder:
            instead = f", {instead}" if instead else f"; correct the path, or {_BEGIN}"
            problems.add(str(folder), "", f"no {LOOPER_CONFIG} in this folder{instead}")
        else:
            problems.add(given, "", "no such looper config; correct the path")
        raise ProjectError(problems)
    return given


def is_registry_path(text: str, root: Path) -> bool:
    """Whether `pep_config` is a PEPhub path (`namespace/name:tag`) and not a file.

    A path that exists, or that ends as PEP files do, is a file. looper does not check (quirk 30).
    """
    has_form = bool(_REGISTRY_PATH.match(text)) and not text.endswith(
        (".yaml", ".yml", ".csv", ".tsv")
    )
    return has_form and not os.path.exists(resolve(text, root))


def read_looper_config(path: Path, options: Options, problems: Problems) -> LooperConfig | None:
    """Read a looper config and lay the command line's options over its own.

    All faults go to `problems`. If the file is not a YAML mapping, the value is None. After any
    other fault, reading goes on.
    """
    path = Path(os.path.abspath(path))
    if path.suffix in TABLES:
        problems.add(path, "", instead_of_table(path))
        return None
    if file_size(str(path)) > _MOST_BYTES:
        what = "is too large for a looper config, which has a few lines; name the right file"
        problems.add(path, "", what)
        return None
    document = read_yaml(path, problems)
    if document is None or _is_other_file(document, options, problems):
        return None
    root = path.parent
    texts, refused = _folders(document, problems)
    lost = tell_of_lost_indentation(document, IN_LOOPER_CONFIG, _KEYS, problems)
    _warn_of_unknown_keys(document, lost, problems)
    for_samples, for_project = _with_cli_section(options, document, problems)
    pipestat = _pipestat(document, problems)
    in_file = document.place("pep_config")
    return LooperConfig(
        path=path,
        root=root,
        pep=_pep(document, root, for_samples, problems),
        pep_place=for_samples.origin("pep_config")[0] if for_samples.pep_config else in_file,
        texts=texts,
        places={key: document.place(key) for key in map(str, document.data)},
        refused=refused,
        interfaces=tuple(_interfaces(document, root, for_samples, problems)),
        pipestat=pipestat,
        pipestat_places={key: document.place("pipestat", key) for key in ("", *(pipestat or {}))},
        sample_modifiers=_sample_modifiers(document, lost, problems),
        options=for_samples,
        project_options=for_project,
    )


def _pipestat(document: Document, problems: Problems) -> dict[Any, Any] | None:
    """The section, empty if it is refused: templates that need it are no further problem."""
    found = section(document, problems, "pipestat")
    return {} if found is None and document.data.get("pipestat") is not None else found


def _is_other_file(document: Document, options: Options, problems: Problems) -> bool:
    """Whether the file is a PEP or an interface, which is a problem then."""
    kind = kind_of(document.data)
    if options.pep_config or kind in (None, "looper config"):
        return False
    first = next(iter(document.data))
    problems.add(document.place(first), "", instead_of(document, str(kind)))
    return True


def _sample_modifiers(document: Document, lost: Lost, problems: Problems) -> dict[Any, Any]:
    """The modifiers for samples; none if their lines lost their indentation."""
    key = "sample_modifiers"
    found = section(document, problems, key) or {}
    return {} if any(keys[0] == key for keys in lost) else found


def _warn_of_unknown_keys(document: Document, lost: Lost, problems: Problems) -> None:
    # Keys that are older names of `pep_config` are a problem, see `_pep`.
    known = _KEYS if "pep_config" in document.data else _KEYS | _NAMES_OF_A_PEP.keys()
    unknown = [key for key in document.data if key not in known and (key,) not in lost]
    for key in unknown[:_MOST_UNKNOWN]:
        old = instead(str(key), CONFIG_KEYS)
        what = old or f"unknown key, ignored{near(str(key), _KEYS)}"
        problems.warn(document.place(key), str(key), what)
    rest = len(unknown) - _MOST_UNKNOWN
    if rest > 0:
        place = document.place(unknown[_MOST_UNKNOWN])
        problems.warn(place, "", f"{rest} more unknown keys are ignored; is this a looper config?")


def _with_cli_section(
    options: Options, document: Document, problems: Problems
) -> tuple[Options, Options]:
    """The command line over `cli: run:` (samples), and over `cli: runp:` (project).

    The options of the `snakemake:` section are below both.
    """
    cli = document.data.get("cli")
    place = partial(document.place, "cli")
    check_cli_section(cli, place, problems, ("run", "runp"))
    own = read_own_section(document, problems)
    for_project = overlay(options, from_cli_section(cli, ("runp",), place, problems))
    for_samples = overlay(options, from_cli_section(cli, ("run",), place, problems))
    return overlay(for_samples, own), overlay(for_project, own)


def _folders(document: Document, problems: Problems) -> tuple[dict[str, str], frozenset[str]]:
    """The folders that a looper config names, and the keys whose value is not a path."""
    found, refused = {}, set()
    for key in _FOLDERS:
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
    wrong = not_text(value)
    if wrong:
        problems.add(place, key, wrong)
        return None
    if not value:
        _report_no_pep(document, place, problems)
        return None
    if is_registry_path(expand(value), root):
        return expand(value).removeprefix("pephub::")
    path = resolve(value, root)
    if not os.path.isfile(path):
        inside = pep_in_folder(path) if os.path.isdir(path) else None
        advice = (
            f"write '{os.path.join(value, inside)}'"
            if inside
            else "correct the path, it is relative to this file"
        )
        problems.add(place, key, absent(value, path, advice))
        return None
    return str(path)


def _report_no_pep(document: Document, place: Place, problems: Problems) -> None:
    """Report that no PEP is named, at the line of an older name for it if there is one."""
    for old, what in _NAMES_OF_A_PEP.items():
        value = document.data.get(old)
        if isinstance(value, str) and value:
            new = f"'pep_config: {flow(value)}'"
            problems.add(document.place(old), old, f"{what}; write {new}")
            return
    what = "is missing; write the path of the project's PEP, as in 'pep_config: project.yaml'"
    problems.add(place, "pep_config", what)


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
            if level == "sample" or not options.only_samples:
                found += _interface_list(document, root, (key, level), paths, level, problems)
        return found
    if value is None:
        return []  # samples may name their own
    return _interface_list(document, root, (key,), value, None, problems)


def _given_interfaces(root: Path, options: Options, problems: Problems) -> list[InterfaceSource]:
    """Interfaces that the command line names. They replace those of the looper config."""
    found: list[InterfaceSource] = []
    given: tuple[tuple[Level, tuple[str, ...] | None], ...] = (
        ("sample", options.sample_pipeline_interfaces),
        ("project", options.project_pipeline_interfaces),
    )
    for level, paths in given:
        place, key = options.origin(f"{level}_pipeline_interfaces")
        for item in () if level == "project" and options.only_samples else paths or ():
            path = resolve(item, root)
            if os.path.isfile(path):
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
        if not os.path.isfile(path):
            problems.add(
                place,
                ".".join(keys),
                absent(item, path, "correct the path, it is relative to this file"),
            )
            continue
        found.append(InterfaceSource(path, level, place))
    return found

"""The first looper config of a project: its lines, for people who have none.

A project of looper 0.x or 1.0 has a PEP but no looper config, and a new user may have a table only.
They name such a file in the place of a looper config, or start in its folder. The messages here
then have a command that writes the looper config, with the values that the PEP has.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Problems
from .deprecated import PEP
from .documents.yaml_lines import Document, flow, read_yaml
from .peps.old_pep import is_old_pep, output_dir_of, pipeline_interfaces_of

LOOPER_CONFIG = ".looper.yaml"
"""The name of a looper config that is found without being named on the command line."""
TABLES = (".csv", ".tsv", ".xlsx")
_YAML = (".yaml", ".yml")
_SUFFIXES = (*TABLES, *_YAML)
_ONLY_PEP = ("pep_version", "project_modifiers")
_MAY_BE_IN_BOTH = ("pipeline_interfaces", "sample_modifiers")
_OF_LOOPER_CONFIG = ("pep_config", "config_file_path")
_FOLDERS = ("", "metadata", "project", "pep", "config", "pipeline", "pipelines", "interfaces")
"""Folders of a project that are searched for its files."""
_FIRST = ("project_config.yaml", "pep_config.yaml", "project.yaml", "pep.yaml", "samples.csv")
"""The usual names of a PEP; files of other names come after them."""
_MOST_ENTRIES, _MOST_FILES, _MOST_BYTES = 10_000, 50, 100_000
"""Limits of the search, for a folder that is no project at all."""


_MAY_BE_PART = re.compile(
    r"^(?:pep_config|config_file_path|pep_version|sample_table|sample_annotation|metadata"
    r"|project_modifiers|command_template|sample_interface|project_interface|pipelines)\s*:",
    re.MULTILINE,
)
"""A key by which `kind_of` may know a file."""


class _Found(NamedTuple):
    """The files that may be parts of a project, as far as their content says."""

    looper_configs: list[Path]
    peps: list[Path]
    tables: list[Path]
    interfaces: list[Path]


def kind_of(data: Mapping[Any, Any]) -> str | None:
    """The kind of a YAML file: "PEP", "pipeline interface", "looper config"; None if unclear."""
    if any(key in data for key in _OF_LOOPER_CONFIG):
        return "looper config"
    if any(key in data for key in _ONLY_PEP) or is_old_pep(data):
        return "PEP"
    if "sample_table" in data:
        others = set(data) - {"sample_table", "name", *_MAY_BE_IN_BOTH}
        is_pep = not {"output_dir", "pipeline_interfaces"} & set(data) or others & set(PEP)
        return "PEP" if is_pep else None
    levels = ("command_template", "sample_interface", "project_interface")
    if "pipelines" in data or any(key in data for key in levels):
        return "pipeline interface"
    return None


def instead_of(document: Document, kind: str) -> str:
    """The message for a PEP or an interface in the place of a looper config."""
    path = document.path
    folder, name = path.parent, path.name
    found = _search(folder)
    what = f"is a {kind}, not a looper config"
    if found.looper_configs:
        return f"{what}; name the one beside it, {folder / found.looper_configs[0]}"
    write = "write one: "
    if path.name == LOOPER_CONFIG:
        name = "project_config.yaml" if kind == "PEP" else "pipeline_interface.yaml"
        move = f"mv {shlex.quote(str(path))} {shlex.quote(str(folder / name))}"
        write = f"rename it, and write one: {move} && "
    if kind == "PEP":
        return f"{what}; {write}{_command(folder, Path(name), document.data, [], found)}"
    pep = next(iter([*found.peps, *found.tables]), None)
    data = _data(folder / pep) if pep else {}
    return f"{what}; {write}{_command(folder, pep, data, [name], found)}"


def instead_of_table(path: Path) -> str:
    """The message for a table of samples in the place of a looper config."""
    found = _search(path.parent)
    what = "is a table of samples, not a looper config"
    if found.looper_configs:
        return f"{what}; name the one beside it, {path.parent / found.looper_configs[0]}"
    if not found.interfaces and path.suffix != ".xlsx":
        return f"{what}; begin a project with it: {_init(path.parent, Path(path.name))}"
    return f"{what}; write one: {_command(path.parent, Path(path.name), {}, [], found)}"


def without(folder: Path) -> str | None:
    """The part of a message for a folder without a looper config; None if it has no project."""
    found = _search(folder)
    if found.looper_configs:
        named = ", ".join(str(path) for path in found.looper_configs)
        return f"but {named}; name it as the looper config"
    pep = next(iter([*found.peps, *found.tables]), None)
    if pep is None:
        return None
    if pep in found.tables and not found.interfaces:
        return f"but the table {pep}; begin a project with it: {_init(folder, pep)}"
    what = "the PEP" if pep in found.peps else "the table"
    command = _command(folder, pep, _data(folder / pep), [], found)
    return f"but {what} {pep}; write its looper config: {command}"


def pep_in_folder(folder: Path) -> str | None:
    """The name of the PEP in a folder, or of its table; None if the folder has neither."""
    found = _search(folder)
    names = [str(one) for one in (*found.peps, *found.tables) if len(one.parts) == 1]
    return next(iter(names), None)


def _init(folder: Path, table: Path) -> str:
    """The command that begins a project with a table."""
    return f"snakemake-looper init {shlex.quote(str(folder / table))} -o {shlex.quote(str(folder))}"


def _command(
    folder: Path, pep: Path | None, data: Mapping[Any, Any], interfaces: list[str], found: _Found
) -> str:
    """The command that writes the looper config of a PEP, or of a table."""
    lines = [f"pep_config: {flow(str(pep or 'project_config.yaml'))}"]
    section = data.get("looper")
    looper = section if isinstance(section, Mapping) else {}
    if not looper.get("output_dir"):
        lines.append(f"output_dir: {flow(output_dir_of(data) or 'results')}")
    listed = interfaces or pipeline_interfaces_of(data, folder)
    if not listed and not looper.get("pipeline_interfaces") and not _samples_name_theirs(data):
        listed = [str(path) for path in found.interfaces] or ["pipeline_interface.yaml"]
    if listed:
        lines.append(f"pipeline_interfaces: {flow(listed)}")
    words = " ".join(map(shlex.quote, lines))
    target = shlex.quote(str(folder / LOOPER_CONFIG))
    return f"printf '%s\\n' {words} > {target}"


def _samples_name_theirs(data: Mapping[Any, Any]) -> bool:
    """Whether samples get their interfaces from a modifier of the PEP."""
    return "pipeline_interfaces" in str(data.get("sample_modifiers", ""))


# --- the files of a folder ------------------------------------------------------------------------


def _search(folder: Path) -> _Found:
    """The files of a folder, and of folders with a usual name in it, relative to it."""
    found = _Found([], [], [], [])
    by_kind = {
        "looper config": found.looper_configs,
        "PEP": found.peps,
        "pipeline interface": found.interfaces,
    }
    for path in _candidates(folder):
        inside = path.relative_to(folder)
        if path.suffix in TABLES:
            if _is_table_of_samples(path):
                found.tables.append(inside)
        elif kind := kind_of(_data(path)):
            by_kind[kind].append(inside)
    return found


def _candidates(folder: Path) -> Iterator[Path]:
    """Tables and YAML files that are no larger than a config is; the usual names first."""
    for name in _FOLDERS:
        try:
            entries = list(itertools.islice(os.scandir(folder / name), _MOST_ENTRIES))
        except OSError:
            continue
        entries = [one for one in entries if one.name.endswith(_SUFFIXES)]
        entries.sort(key=lambda one: (_rank(one.name), one.name))
        for entry in entries[:_MOST_FILES]:
            with contextlib.suppress(OSError):
                if entry.is_file() and entry.stat().st_size <= _MOST_BYTES:
                    yield Path(entry.path)


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _data(path: Path) -> Mapping[Any, Any]:
    """The content of a YAML file that may be a part of a project. Others are not parsed."""
    if path.suffix not in _YAML or not _MAY_BE_PART.search(_text(path)):
        return {}
    document = read_yaml(path, Problems())
    return document.data if document else {}


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _is_table_of_samples(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
        return path.suffix != ".xlsx" and "sample_name" in lines.readline()
    return False

"""Pipeline interfaces: the files that say how to run a pipeline, for a sample or the project.

A pipeline interface is a YAML file of looper. It names the pipeline, gives a template for its
command, and has sections for schemas, compute settings and hooks. There are two generations:

1. Interfaces of looper 2.x have `sample_interface:` or `project_interface:`, or both, each with a
   `command_template`.
2. Interfaces of looper 1.x have one template at the top; `pipeline_type` says for which level.

In both, all other keys stand at the top and are for both levels. This module makes one `Interface`
per level of a file. So the rest of the package sees no difference between the generations.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import Problems
from ...layout import is_file_name
from ...model import Hooks, InputSchema, Interface, Level, SizeRow
from ..documents.yaml_lines import (
    Document,
    absent,
    expanded,
    read_yaml,
    resolve,
    section,
    unset,
)
from ..documents.yaml_values import not_text
from ..first_config import TABLES, kind_of
from ..lost_indentation import Lost
from ..schemas.input_schema import read_input_schema
from ..schemas.output_schema import OutputSchemaError, read_output_schema
from .directives import read_directives
from .interface_commands import (
    LEVELS,
    Command,
    check_reports,
    is_for_project,
    levels_of,
    read_commands,
)
from .interface_keys import tell_of_lost_lines, warn_of_unknown_keys
from .old_interface import tell_of_old_interface
from .pre_submit import read_hooks
from .size_table import size_table

_WANTED = "not a pipeline interface; name a file"
_SCRIPTS = {
    ".bash": "shell script",
    ".nf": "Nextflow script",
    ".pl": "Perl script",
    ".py": "Python script",
    ".r": "script of R",
    ".sh": "shell script",
    ".smk": "Snakefile",
}


def read_interface(
    path: Path,
    problems: Problems,
    reports: bool = True,
    wanted: Collection[Level] = LEVELS,
) -> tuple[Interface, ...]:
    """Read one file into an interface for each level that it defines.

    A level without a fault is returned even if the other level has one.

    Args:
        path: the file.
        problems: gets the faults.
        reports: whether the project keeps results: its looper config has a section `pipestat:`.
        wanted: the levels that are read. The other one may have faults.
    """
    if "project" not in wanted and is_for_project(path):
        return ()  # also if it is no YAML
    document = _document(path, problems)
    if document is None or tell_of_old_interface(document, problems):
        return ()
    kind = kind_of(document.data)
    if kind in ("PEP", "looper config"):
        what = f"is a {kind}, {_WANTED} with 'pipeline_name:'"
        problems.add(document.place(next(iter(document.data))), "", what)
        return ()
    if kind is None and _is_schema(document.data):
        what = f"is a schema, {_WANTED} with 'command_template:'"
        problems.add(document.place(next(iter(document.data))), "", what)
        return ()
    return _levels_of_file(document, reports, wanted, problems)


def _document(path: Path, problems: Problems) -> Document | None:
    """The file as YAML. For a table or a script, its kind is the fault, not its grammar."""
    kind = "table" if path.suffix.lower() in TABLES else _SCRIPTS.get(path.suffix.lower())
    if kind and path.is_file() and read_yaml(path, Problems()) is None:
        problems.add(path, "", f"is a {kind}, {_WANTED} with 'pipeline_name:'")
        return None
    return read_yaml(path, problems)


def _is_schema(data: Mapping[Any, Any]) -> bool:
    """Whether a file without a command describes samples or results."""
    results = data.get("samples", data.get("project"))
    return isinstance(data.get("properties"), Mapping) or (
        isinstance(results, Mapping) and any(isinstance(one, Mapping) for one in results.values())
    )


def _levels_of_file(
    document: Document, reports: bool, wanted: Collection[Level], problems: Problems
) -> tuple[Interface, ...]:
    if not set(levels_of(document)) & set(wanted):
        return ()
    lost = tell_of_lost_lines(document, problems)
    commands = read_commands(document, wanted, lost, problems)
    name = _pipeline_name(document, problems)
    shared = _read_shared(document, reports, problems)
    _check_keys(document, lost, problems)
    needless = _is_of_looper_1(document) and not reports and shared.output_schema is None
    for level, command in () if needless else commands.items():
        check_reports(document, level, command, reports, problems)
    if name is None:
        return ()
    return tuple(
        _interface(document, level, name, command, shared, problems)
        for level, command in commands.items()
    )


def _check_keys(document: Document, lost: Lost, problems: Problems) -> None:
    """Warn of keys that nothing reads, and tell of a path with a variable that is not set.

    In an interface of looper 2.x, the job's shell fills the variable in. It may be set there.
    """
    data, place = document.data, document.place("path")
    if _is_of_looper_1(document) and "path" in data:
        expanded(str(data["path"]), place, "path", problems)
    elif isinstance(path := data.get("path"), str) and "pipeline.path" in str(data):
        own = data.get("inject_env_vars")
        for name in unset(path):
            known = name in own if isinstance(own, Mapping) else False
            if name.isidentifier() and not known and f"{name}=" not in str(data):
                what = f"the environment variable {name} is not set here, and the command needs it"
                problems.warn(place, "path", f"{what}; set it, or write the value itself")
    warn_of_unknown_keys(document, lost, problems)


def _pipeline_name(document: Document, problems: Problems) -> str | None:
    """The name of the pipeline, which becomes part of the names of flags and logs."""
    key = "pipeline_name"
    name = document.data.get(key)
    if wrong := not_text(name):
        what = wrong
    elif not isinstance(name, str) or not name:
        what = "is missing; name the pipeline, as in 'pipeline_name: count_lines'"
    elif re.search(r"\s", name) or not is_file_name(name):
        what = (
            f"'{name}' has white space, a slash, a brace or the like; write a name that can be"
            " part of a file name"
        )
    else:
        return name
    problems.add(document.place(key), key, what)
    return None


@dataclass(frozen=True, slots=True)
class _Shared:
    """The sections of a file that are for both levels."""

    var_templates: Mapping[str, Any]
    compute: Mapping[str, Any]
    size_table: tuple[SizeRow, ...]
    input_schema: InputSchema | None
    output_schema: Path | None
    output_paths: Mapping[str, str]
    directives: Mapping[str, Any]
    env: Mapping[str, str]
    linked: tuple[Path, ...]
    hooks: Hooks
    files: tuple[Path, ...]
    """All files that were read for these sections, the interface first."""


def _read_shared(document: Document, reports: bool, problems: Problems) -> _Shared:
    compute = section(document, problems, "compute") or {}
    sizes, size_files = _size_table(document, compute, problems)
    input_schema = _input_schema(document, problems)
    output_schema = _output_schema(document, reports, problems)
    schema_files = (*(input_schema.files if input_schema else ()), *filter(None, [output_schema]))
    return _Shared(
        compute=compute,
        size_table=sizes,
        input_schema=input_schema,
        output_schema=output_schema,
        output_paths=_output_paths(output_schema),
        directives=read_directives(document, problems, "snakemake"),
        env=_environment(document, problems),
        linked=_linked(document, problems),
        hooks=read_hooks(document, problems),
        var_templates=section(document, problems, "var_templates") or {},
        files=(document.path, *size_files, *schema_files),
    )


def _interface(
    document: Document,
    level: Level,
    name: str,
    command: Command,
    shared: _Shared,
    problems: Problems,
) -> Interface:
    """The interface of one level. The input schema describes samples, so only they get it."""
    own = read_directives(document, problems, f"{level}_interface", "snakemake")
    return Interface(
        path=document.path,
        level=level,
        pipeline_name=name,
        command_template=command.text,
        data=_namespace(document),
        place=document.place(),
        template_place=command.place,
        places={key: document.place(key) for key in document.data},
        var_templates=shared.var_templates,
        inject_env_vars=shared.env,
        compute=shared.compute,
        size_table=shared.size_table,
        input_schema=shared.input_schema if level == "sample" else None,
        output_schema=shared.output_schema,
        output_paths=shared.output_paths if level == "sample" else {},
        hooks=shared.hooks,
        linked=shared.linked,
        directives={**shared.directives, **own},
        files=shared.files,
    )


def _is_of_looper_1(document: Document) -> bool:
    return "pipeline_type" in document.data


def _namespace(document: Document) -> dict[str, Any]:
    """The `pipeline` namespace; 1.x interfaces get an absolute `path` (quirk 36)."""
    data = dict(document.data)
    path = data.get("path")
    if _is_of_looper_1(document) and isinstance(path, str):
        beside = resolve(path, document.path.parent)
        data["path"] = str(beside) if os.path.exists(beside) else path
    return data


def _size_table(
    document: Document, compute: Mapping[str, Any], problems: Problems
) -> tuple[tuple[SizeRow, ...], tuple[Path, ...]]:
    """The rows of the size table, and its file; nothing if the interface names no table."""
    source = compute.get("size_dependent_variables")
    if not source:
        return (), ()
    keys = ("compute", "size_dependent_variables")
    place = document.place(*keys)
    if not isinstance(source, str):
        problems.add(place, ".".join(keys), "must be the path of a table; write a text")
        return (), ()
    path = resolve(source, document.path.parent)
    if unset(source):
        problems.add(place, ".".join(keys), absent(source, path))
        return (), ()
    return size_table(path, place, problems), (path,)


def _input_schema(document: Document, problems: Problems) -> InputSchema | None:
    source = document.data.get("input_schema")
    if not source:
        return None
    place = document.place("input_schema")
    return read_input_schema(str(source), document.path.parent, place, problems)


def _output_schema(document: Document, reports: bool, problems: Problems) -> Path | None:
    """The path of the output schema, if it is there.

    A 1.x interface may run without it if no results are kept: then it only described them.
    """
    key = "output_schema"
    value = document.data.get(key)
    if not value:
        return None
    path = resolve(str(value), document.path.parent)
    if os.path.isfile(path):
        return path
    place = document.place(key)
    if _is_of_looper_1(document) and not reports and not unset(str(value)):
        problems.warn(place, key, f"'{value}' is no file here, and no results are kept; remove it")
    else:
        problems.add(place, key, absent(str(value), path))
    return None


def _output_paths(output_schema: Path | None) -> Mapping[str, str]:
    # Planning reports the faults of a schema, with their lines.
    with contextlib.suppress(OSError, OutputSchemaError):
        return read_output_schema(output_schema).sample_paths if output_schema else {}
    return {}


def _environment(document: Document, problems: Problems) -> dict[str, str]:
    """The environment variables of the command: templates by name."""
    key = "inject_env_vars"
    found = {}
    for name, value in (section(document, problems, key) or {}).items():
        if re.fullmatch(r"[A-Za-z_]\w*", str(name)):
            found[str(name)] = str(value)
        else:
            what = "is no name for a variable; use letters, digits and '_'"
            problems.add(document.place(key, name), f"{key}.{name}", what)
    return found


def _linked(document: Document, problems: Problems) -> tuple[Path, ...]:
    """Sample-level interfaces whose jobs come before those of this one."""
    key = "linked_pipeline_interfaces"
    value = document.data.get(key) or []
    found = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        path = resolve(str(item), document.path.parent)
        if os.path.isfile(path):
            found.append(path)
        else:
            problems.add(document.place(key, index), key, absent(str(item), path))
    return tuple(found)

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
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Place, Problems, near
from ..layout import is_file_name
from ..model import Hooks, InputSchema, Interface, Level, SizeRow
from .deprecated import INTERFACE, instead
from .directives import read_directives
from .input_schema import read_input_schema
from .output_schema import OutputSchemaError, read_output_schema
from .pre_submit import read_hooks
from .size_table import size_table
from .yaml_lines import Document, absent, read_yaml, resolve, section

LEVELS: tuple[Level, Level] = ("sample", "project")
_KEYS = {
    "pipeline_name",
    "pipeline_type",
    "path",
    "command_template",
    "sample_interface",
    "project_interface",
    "var_templates",
    "pre_submit",
    "inject_env_vars",
    "compute",
    "input_schema",
    "output_schema",
    "linked_pipeline_interfaces",
    "pipestat_config_required",
    "snakemake",
}
_TELLS_PIPESTAT = re.compile(r"\{[^}]*\bpipestat\.")
"""A part of a template that tells the command where to report its results."""


class _Command(NamedTuple):
    """The command template of a level, and where it stands."""

    text: str
    place: Place


def read_interface(path: Path, problems: Problems) -> tuple[Interface, ...]:
    """Read one file into an interface for each level that it defines.

    Faults go to `problems`. A level without a fault is returned even if the other level has one.
    """
    document = read_yaml(path, problems)
    if document is None:
        return ()
    commands = _commands(document, problems)
    name = _pipeline_name(document, problems)
    shared = _read_shared(document, problems)
    _warn_of_unknown_keys(document, commands.values(), problems)
    for level, command in commands.items():
        _check_reports(document, level, command, problems)
    if name is None:
        return ()
    return tuple(
        _interface(document, level, name, command, shared, problems)
        for level, command in commands.items()
    )


def _pipeline_name(document: Document, problems: Problems) -> str | None:
    """The name of the pipeline, which becomes part of the names of flags and logs."""
    key = "pipeline_name"
    name = document.data.get(key)
    if not isinstance(name, str) or not name:
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


def _commands(document: Document, problems: Problems) -> dict[Level, _Command]:
    """The command template of each level that the file defines."""
    levels = [level for level in LEVELS if document.data.get(f"{level}_interface") is not None]
    if not levels:
        return _old_command(document, problems)
    found: dict[Level, _Command] = {}
    for level in levels:
        key = f"{level}_interface"
        given = document.data[key]
        own = given if isinstance(given, Mapping) else {}
        text = own.get("command_template")
        if isinstance(text, str) and text.strip():
            found[level] = _Command(text, document.place(key, "command_template"))
        else:
            problems.add(
                document.place(key),
                f"{key}.command_template",
                "is missing; write the command that runs the pipeline",
            )
        for extra in [one for one in own if one not in ("command_template", "snakemake")]:
            problems.warn(
                document.place(key, extra),
                f"{key}.{extra}",
                "only 'command_template' and 'snakemake' are read here; move other keys to the top"
                " of the file",
            )
    return found


def _old_command(document: Document, problems: Problems) -> dict[Level, _Command]:
    """The command of a 1.x interface, which defines one level."""
    data = document.data
    text = data.get("command_template")
    if not isinstance(text, str) or not text.strip():
        problems.add(
            document.place("command_template"),
            "command_template",
            "there is no command; write 'sample_interface: command_template: …'"
            " (or 'project_interface:')",
        )
        return {}
    level = data.get("pipeline_type", "sample")
    if level not in LEVELS:
        problems.add(
            document.place("pipeline_type"),
            "pipeline_type",
            f"'{level}' is no level{near(str(level), LEVELS)}; write 'sample' or 'project'",
        )
        return {}
    return {level: _Command(text, document.place("command_template"))}


def _warn_of_unknown_keys(
    document: Document, commands: Iterable[_Command], problems: Problems
) -> None:
    """Warn of keys without effect: neither this reader nor a template uses them."""
    variables = str(document.data.get("var_templates", ""))
    texts = " ".join([*(command.text for command in commands), variables])
    for key in document.data:
        if key in _KEYS or f"pipeline.{key}" in texts:
            continue
        old = instead(str(key), INTERFACE)
        what = f"unknown key, and no template uses {{pipeline.{key}}}{near(str(key), _KEYS)}"
        problems.warn(document.place(key), str(key), old or what)


def _check_reports(document: Document, level: Level, command: _Command, problems: Problems) -> None:
    """Refuse an output schema if no template tells the pipeline where to report its results."""
    data = document.data
    if not data.get("output_schema") or data.get("pipestat_config_required") is False:
        return
    texts = [command.text, str(data.get("inject_env_vars", "")), str(data.get("var_templates", ""))]
    texts += [
        str(own.get("command_template", ""))
        for one in LEVELS
        if isinstance(own := data.get(f"{one}_interface"), Mapping)
    ]
    if any(_TELLS_PIPESTAT.search(text) for text in texts):
        return
    problems.add(
        command.place,
        "command_template" if level == data.get("pipeline_type") else f"{level}_interface",
        "there is an output_schema, but the command is not told where to report; add"
        " '{pipestat.config_file}' to it, or 'pipestat_config_required: false' to the file",
    )


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


def _read_shared(document: Document, problems: Problems) -> _Shared:
    compute = section(document, problems, "compute") or {}
    sizes, size_files = _size_table(document, compute, problems)
    input_schema = _input_schema(document, problems)
    output_schema = _output_schema(document, problems)
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
    command: _Command,
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


def _namespace(document: Document) -> dict[str, Any]:
    """The `pipeline` namespace; 1.x interfaces get an absolute `path` (quirk 36)."""
    data = dict(document.data)
    path = data.get("path")
    if "pipeline_type" in data and isinstance(path, str):
        beside = resolve(path, document.path.parent)
        data["path"] = str(beside) if beside.exists() else path
    return data


def _size_table(
    document: Document, compute: Mapping[str, Any], problems: Problems
) -> tuple[tuple[SizeRow, ...], tuple[Path, ...]]:
    """The rows of the size table, and its file; nothing if the interface names no table."""
    source = compute.get("size_dependent_variables")
    if not source:
        return (), ()
    place = document.place("compute", "size_dependent_variables")
    if not isinstance(source, str):
        what = "must be the path of a table; write a text"
        problems.add(place, "compute.size_dependent_variables", what)
        return (), ()
    path = resolve(source, document.path.parent)
    return size_table(path, place, problems), (path,)


def _input_schema(document: Document, problems: Problems) -> InputSchema | None:
    source = document.data.get("input_schema")
    if not source:
        return None
    place = document.place("input_schema")
    return read_input_schema(str(source), document.path.parent, place, problems)


def _output_schema(document: Document, problems: Problems) -> Path | None:
    value = document.data.get("output_schema")
    if not value:
        return None
    path = resolve(str(value), document.path.parent)
    if path.is_file():
        return path
    problems.add(document.place("output_schema"), "output_schema", absent(str(value), path))
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
        if path.is_file():
            found.append(path)
        else:
            problems.add(document.place(key, index), key, absent(str(item), path))
    return tuple(found)

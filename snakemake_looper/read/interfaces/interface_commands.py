"""Command templates of a pipeline interface: for each level, its text and the line of it.

Interfaces of looper 2.x have `sample_interface:` and `project_interface:`. Those of looper 1.x have
one template at the top, and `pipeline_type:` names its level.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Place, Problems, near
from ...model import Level
from ..documents.yaml_lines import Document
from ..documents.yaml_values import kind_of_value, not_text
from ..lost_indentation import Lost
from .interface_keys import warn_of_level_keys

LEVELS: tuple[Level, Level] = ("sample", "project")
_LEVEL_KEYS = tuple(f"{level}_interface" for level in LEVELS)
_OF_PROJECT = re.compile(r"^(?:project_interface\s*:|pipeline_type\s*:\s*[\"']?project)", re.M)
_OF_SAMPLES = re.compile(r"^sample_interface\s*:", re.M)
_TELLS_PIPESTAT = re.compile(r"\{[^}]*\bpipestat\.")
"""A part of a template that tells the command where to report its results."""


class Command(NamedTuple):
    """The command template of a level, and where it stands."""

    text: str
    place: Place


def levels_of(document: Document) -> tuple[Level, ...]:
    """The levels that a file means to define; both, if its keys do not say so."""
    data = document.data
    found = [level for level in LEVELS if f"{level}_interface" in data]
    if not found and data.get("command_template") is not None:
        found = [level for level in LEVELS if level == data.get("pipeline_type", "sample")]
    return tuple(found) or LEVELS


def is_for_project(path: Path) -> bool:
    """Whether the text of a file, which need not be YAML, has a project level and no other."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_OF_PROJECT.search(text)) and not _OF_SAMPLES.search(text)


def read_commands(
    document: Document, wanted: Collection[Level], lost: Lost, problems: Problems
) -> dict[Level, Command]:
    """The command template of each level that the file defines and that is wanted.

    Args:
        document: the interface.
        wanted: the levels.
        lost: keys that lost their indentation. If the template is one, nothing more is said.
        problems: gets the faults.
    """
    if ("command_template",) in lost:
        return {}
    defined = [level for level in LEVELS if f"{level}_interface" in document.data]
    if not defined:
        return _old_command(document, problems)
    found: dict[Level, Command] = {}
    for level in (one for one in defined if one in wanted):
        key = f"{level}_interface"
        given = document.data[key]
        if given is None:
            what = "is empty; write 'command_template:' below it, indented by two spaces"
            other = len(document.data.keys() & {*_LEVEL_KEYS, "command_template"}) > 1
            problems.add(document.place(key), key, f"{what}, or remove it" if other else what)
            continue
        if not isinstance(given, Mapping):
            problems.add(document.place(key), key, _no_level(given))
            continue
        text = given.get("command_template")
        if isinstance(text, str) and text.strip():
            found[level] = Command(text, document.place(key, "command_template"))
        else:
            what = not_text(text) or "is missing; write the command that runs the pipeline"
            where = (key, "command_template")
            problems.add(document.place(*where if text else (key,)), ".".join(where), what)
        warn_of_level_keys(document, key, problems)
    return found


def _no_level(given: Any) -> str:
    """The message for a level's section that is no mapping."""
    if isinstance(given, str) and re.match(r"command_template:\S", given):
        return "'command_template:' has no space after it; write one"
    kind = kind_of_value(given)
    return f"must be a mapping, not {kind}; write 'command_template:' and the command below it"


def _old_command(document: Document, problems: Problems) -> dict[Level, Command]:
    """The command of a 1.x interface, which defines one level."""
    data = document.data
    text = data.get("command_template")
    if not isinstance(text, str) or not text.strip():
        what = "there is no command; write 'sample_interface: command_template: …'"
        what = not_text(text) or f"{what} (or 'project_interface:')"
        problems.add(document.place("command_template"), "command_template", what)
        return {}
    level = data.get("pipeline_type", "sample")
    if level not in LEVELS:
        problems.add(
            document.place("pipeline_type"),
            "pipeline_type",
            f"'{level}' is no level{near(str(level), LEVELS)}; write 'sample' or 'project'",
        )
        return {}
    return {level: Command(text, document.place("command_template"))}


def check_reports(
    document: Document, level: Level, command: Command, reports: bool, problems: Problems
) -> None:
    """Refuse an output schema if no template tells the pipeline where to report its results.

    A 1.x interface in a project that keeps no results runs as it did (quirk 40): its schema is
    often one of eido, for the paths of outputs.
    """
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
    is_old = data.get(f"{level}_interface") is None
    key = "command_template" if is_old else f"{level}_interface"
    what = "there is an output_schema, but the command is not told where to report"
    if is_old and not reports:
        what += ", and no results are kept; to keep them, add a section 'pipestat:' to the looper"
        problems.warn(command.place, key, f"{what} config, and '{{pipestat.config_file}}' here")
        return
    problems.add(
        command.place,
        key,
        f"{what}; add '{{pipestat.config_file}}' to it, or 'pipestat_config_required: false' to the"
        " file",
    )

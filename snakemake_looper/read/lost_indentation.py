"""Sections that are empty since the lines below them lost their indentation.

    sample_interface:
    command_template: run {sample.file}

An editor or a copy may do this. YAML reads an empty section and a second key beside it. A section
without any line is no fault: all of its lines may be comments.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import Problems
from .documents.yaml_lines import Document


class Section(NamedTuple):
    """A section whose lines may stand beside it by mistake."""

    keys: tuple[str, ...]
    """Its path in the file."""
    own: Collection[str] = ()
    """Keys that belong to it alone."""
    takes_any: bool = False
    """Whether it may have any other key with a text or a number, on the line below."""


Lost = frozenset[tuple[str, ...]]
"""The paths of keys that lost their indentation. They are problems already."""
_MODIFIERS = (
    Section(("sample_modifiers",), ("append", "remove", "duplicate", "imply", "derive")),
    Section(("sample_modifiers", "derive"), ("attributes", "sources")),
)
_CLI = (Section(("cli",), ("run", "runp")),)
IN_LOOPER_CONFIG = (
    *_MODIFIERS,
    *_CLI,
    Section(("pipeline_interfaces",), ("sample", "project")),
    Section(("pipestat",), ("results_file_path", "flag_file_dir", "database"), takes_any=True),
    Section(("pipestat", "database"), ("dialect", "driver", "host", "port", "user", "password")),
    Section(("snakemake",), ("on_end",)),
)
IN_PEP = (
    *_MODIFIERS,
    Section(("project_modifiers",), ("amend", "import")),
    Section(("looper",), ("output_dir", "cli")),
)
IN_INTERFACE = (
    Section(("sample_interface",), ("command_template",)),
    Section(("project_interface",), ("command_template",)),
    Section(("compute",), ("size_dependent_variables", "cores", "mem", "time"), takes_any=True),
    Section(("pre_submit",), ("python_functions", "command_templates")),
    Section(("var_templates",), takes_any=True),
    Section(("inject_env_vars",), takes_any=True),
    Section(
        ("snakemake",), ("container", "conda", "retries", "group", "priority", "resources", "input"),
    ),
    Section(("snakemake", "resources"), takes_any=True),
)  # fmt: skip


def tell_of_lost_indentation(
    document: Document, sections: Iterable[Section], known: Collection[str], problems: Problems
) -> Lost:
    """Add a problem for each section whose lines stand beside it.

    Args:
        document: the file.
        sections: its sections.
        known: keys at the top of such a file. They belong to no section.
        problems: gets the problems.

    Returns:
        The paths of the keys that belong into a section.
    """
    found: set[tuple[str, ...]] = set()
    for section in sections:
        beside = _beside(document, section, known if len(section.keys) == 1 else ())
        if not beside:
            continue
        *above, _ = section.keys
        found.update((*above, key) for key in beside)
        lines = [document.place(*above, key).line for key in beside]
        named = ", ".join(f"'{key}' (line {line})" for key, line in zip(beside, lines, strict=True))
        what = "its line stands" if len(beside) == 1 else "its lines stand"
        problems.add(
            document.place(*section.keys),
            ".".join(section.keys),
            f"is empty, since {what} beside it: {named}; indent by two spaces",
        )
    return frozenset(found)


def _beside(document: Document, section: Section, known: Collection[str]) -> list[str]:
    """The keys after an empty section that belong into it."""
    *above, name = section.keys
    data: Any = document.data
    for key in above:
        data = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or name not in data or data[name] is not None:
        return []
    after = list(itertools.dropwhile(lambda key: key != name, data))[1:]
    below = document.place(*section.keys).line + 1
    is_next = bool(after) and document.place(*above, after[0]).line == below
    others = itertools.takewhile(
        lambda key: key in section.own or (key not in known and _is_value(data[key])), after
    )
    any_other = set(others) if section.takes_any and is_next else set()
    return [key for key in after if key in section.own or key in any_other]


def _is_value(value: Any) -> bool:
    return isinstance(value, (str, int, float))

"""A rule as text, in the layout of `snakefmt` (2.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

Sections = Mapping[str, str | list[str]]
"""The Python text below each directive: one value, or a list of items."""

# The directives in snakefmt's order, and how it lays each out.
_INLINE, _BLOCK, _LIST = range(3)
_DIRECTIVES = {
    "input": _LIST,
    "output": _LIST,
    "log": _LIST,
    "benchmark": _BLOCK,
    "wildcard_constraints": _LIST,
    "priority": _INLINE,
    "retries": _INLINE,
    "group": _BLOCK,
    "localrule": _INLINE,
    "conda": _BLOCK,
    "container": _BLOCK,
    "threads": _INLINE,
    "resources": _LIST,
    "params": _LIST,
    "shell": _BLOCK,
    "script": _BLOCK,
}


def rule_text(name: str, docstring: str, sections: Sections) -> str:
    """A rule; sections that are empty are left out."""
    lines = [f"rule {name}:", *_docstring(docstring)]
    for key, layout in _DIRECTIVES.items():
        value = sections.get(key)
        if not value:
            continue
        if layout == _INLINE:
            lines.append(f"    {key}: {value}")
            continue
        comma = "," if layout == _LIST else ""
        items = [value] if isinstance(value, str) else value
        lines += [f"    {key}:", *(f"        {item}{comma}" for item in items)]
    return "\n".join(lines) + "\n"


def _docstring(text: str) -> list[str]:
    """A docstring, as snakefmt leaves it.

    Blanks part three quotes in a row, with which snakefmt would end the docstring. Lines that a
    backslash continues are joined: snakefmt would indent the rest of the docstring anew.
    """
    text = re.sub(r"[ \t]*\\+[ \t]*(?:\n[ \t]*|\Z)", " ", text).rstrip()
    text = re.sub(r"""(["'])(?=["']{2})""", r"\1 ", text.replace("\\", "\\\\"))
    if "\n" not in text:
        return [f'    """{text}"""']
    first, *rest = text.splitlines()
    return [
        f'    """{first}',
        *(f"    {line}" if line else "" for line in rest),
        '    """',
    ]


def quoted(value: str) -> str:
    """A string literal, with the quotes that snakefmt chooses."""
    if '"' in value and "'" not in value and "\\" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def quoted_list(values: Iterable[str]) -> str:
    """String literals with commas between them."""
    return ", ".join(quoted(value) for value in values)


def quoted_mapping(values: Iterable[tuple[str, str]]) -> str:
    """A dict literal of texts."""
    return "{" + ", ".join(f"{quoted(key)}: {quoted(value)}" for key, value in values) + "}"


def literal(value: int | str) -> str:
    """A literal of a text or number."""
    return quoted(value) if isinstance(value, str) else str(value)

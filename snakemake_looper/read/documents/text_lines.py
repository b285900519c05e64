"""The lines of a text in a YAML file.

A template may go over several lines of a file, and YAML folds `>` and plain texts into one line. A
message about a template has to name the line of the file. It is found again in the file: only a
faulty template needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .yaml_lines import KeyPath

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def lines_of_text(path: Path, *keys: KeyPath) -> tuple[int, ...]:
    """The line of each character of a text, counted from 1.

    Args:
        path: a YAML file.
        keys: paths of keys; the first one that the file has is the text's.

    Returns:
        The lines; nothing if there is no such text, or the file cannot be read.
    """
    try:
        source = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(source, Loader=_Loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return ()
    nodes = (_node(root, one) for one in keys)
    found = next((node for node in nodes if isinstance(node, yaml.ScalarNode)), None)
    return tuple(_lines(found, source.splitlines(keepends=True))) if found else ()


def _node(node: yaml.Node | None, keys: KeyPath) -> yaml.Node | None:
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            node = next((value for one, value in node.value if one.value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key] if key < len(node.value) else None
        else:
            return None
    return node


def _lines(node: yaml.ScalarNode, source: list[str]) -> Iterator[int]:
    """Find the characters of the value one after another in the text of the file."""
    line, column = node.start_mark.line, node.start_mark.column
    if node.style in ("|", ">"):
        line, column = line + 1, 0
    for character in str(node.value):
        if not character.isspace():
            at, where = line, column
            while at <= min(node.end_mark.line, len(source) - 1):
                found = source[at].find(character, where)
                if found >= 0:
                    line, column = at, found + 1
                    break
                at, where = at + 1, 0
        yield line + 1

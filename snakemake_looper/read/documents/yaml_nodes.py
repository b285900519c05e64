"""YAML texts as nodes: one guard for all YAML files that users write.

A short text can stand for an endless value: an anchor that contains itself, or anchors of anchors
that multiply. An enormous file, or a device in its place, would take all memory. This module
refuses such texts before anything is built from them, with the line.

A node that several aliases name is one object here. Readers that copy it for each alias (they
keep the line of each key) can rely on `_MOST_COPIES`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .yaml_values import DEEP, YamlFault

_MOST_BYTES = 8 * 1024**2
_MOST_VALUES = 200_000
"""Values in a text, if it is longer than `_LONG` characters."""
_LONG = 500_000
_MOST_COPIES = 100_000
"""Values that aliases may add to those in the text."""
_DEEPEST = 100
_INDENTED = re.compile(rf"^[ \-?]{{{_DEEPEST // 2}}}", re.MULTILINE)
"""A level takes a column at least, but two if a list is in the column of its key."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        YamlFault: it is no text in UTF-8, no file, or too large.
        OSError: it cannot be read.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise YamlFault("is no regular file; write the path of a file")
        if about.st_size > _MOST_BYTES:
            size = f"{about.st_size / 1024**2:,.0f} MB"
            raise YamlFault(f"has {size}, too much for a YAML file; correct the path")
        content = file.read()
    return _as_text(content)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would wait for a writer


def _as_text(content: bytes) -> str:
    """The text of a file's content.

    Raises:
        YamlFault: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith(_UTF_16):
            raise YamlFault("is UTF-16 text; save it as UTF-8") from None
        line = content.count(b"\n", 0, error.start) + 1
        raise YamlFault("is not UTF-8 text; save it as UTF-8", line) from None


def nodes_of(text: str, loader: Any) -> yaml.Node | None:
    """The top node of a text; None if the text is empty.

    Args:
        text: YAML with one document.
        loader: a `FastLoader` of this text.

    Raises:
        YamlFault: it is no YAML, it is nested too deeply, or its anchors have no end.
    """
    try:
        if len(text) > _LONG or _may_be_deep(text):
            _look_through(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.YAMLError as error:
        from .yaml_faults import in_words

        raise in_words(error, text) from None
    except RecursionError:  # PyYAML without libyaml
        raise YamlFault(DEEP) from None
    if node is not None:
        _check(node)
    return node


def _look_through(text: str) -> None:
    """Refuse a text with countless values, and one that is nested so deeply that libyaml crashes.

    Nodes take much more memory than the text does; events are forgotten one by one.
    """
    depth = 0
    event: Any
    for number, event in enumerate(yaml.parse(text, FastLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise YamlFault(DEEP, event.start_mark.line + 1)
        if number > 2 * _MOST_VALUES:
            what = "has more values than a YAML file can have; correct the path"
            raise YamlFault(what, event.start_mark.line + 1)


def _may_be_deep(text: str) -> bool:
    """Whether a text can be nested deeply: most are too short for it, or not indented enough."""
    return text.count("[") + text.count("{") > _DEEPEST // 2 or bool(_INDENTED.search(text))


def _check(top: yaml.Node) -> None:
    """Refuse nodes that contain themselves, are nested too deeply, or multiply by their aliases.

    Each node is looked at once, after its children, however many aliases name it.
    """
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    begun: set[int] = set()
    stack = [(top, False)]
    while stack:
        node, has_children_done = stack.pop()
        key = id(node)
        if has_children_done:
            children = [id(child) for child in _children(node)]
            sizes[key] = 1 + sum(map(sizes.__getitem__, children))
            depths[key] = 1 + max(map(depths.__getitem__, children), default=0)
            if sizes[key] > len(sizes) + _MOST_COPIES:
                raise YamlFault("its anchors multiply without end; remove some", _line(node))
            if depths[key] > _DEEPEST:
                raise YamlFault(DEEP, _line(node))
        elif key in begun:
            if key not in sizes:
                raise YamlFault("an anchor contains itself; write its value out", _line(node))
        else:
            begun.add(key)
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1

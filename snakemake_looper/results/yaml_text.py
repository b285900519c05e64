"""YAML of other people's pipelines: read with care, and written.

A file may be cut off, binary, or made to do harm. PyYAML answers with many kinds of exceptions,
and with data that cannot be written again: values without end, or of endless depth. `parse_yaml`
answers with data that this package can write in any of its formats, or with one kind of error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from .plain_yaml import Values, read_plain, write_plain

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_FAIR = 100_000
"""Values that a text with aliases may always stand for, however short it is."""
_DEEPEST = 100
"""Levels of mappings and lists. YAML with three times as many cannot be written."""
_LONGEST = 13_000
"""Bits of a whole number. Python writes no number with more than 4,300 digits."""


class YamlFault(ValueError):
    """A text is no YAML, or none that can be handled. The message says why."""

    def __init__(self, message: str, line: int = 0) -> None:
        self.line = line
        """Counted from 1; 0 if it is not known."""
        super().__init__(message)


def parse_yaml(text: bytes) -> Any:
    """YAML as data.

    Raises:
        YamlFault: it is no YAML, refers to itself, is nested too deeply, or stands for far more
            values than it has.
    """
    simple = read_plain(text, _VALUES)
    if simple is not None:
        return simple
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if b"*" in text:  # without an alias, no value can be in several places
            _check_size(node)
        data = loader.construct_document(node)
    except RecursionError:
        raise YamlFault(_TOO_DEEP) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count(b"\n") + 1
        raise YamlFault("is no text in UTF-8", line) from None
    except yaml.MarkedYAMLError as error:
        lines = len(text.splitlines())  # the mark of the end is a line below the last
        raise YamlFault(_said(error), min(_line(error), lines)) from None
    finally:
        loader.dispose()
    if len(text) > 2 * _DEEPEST:  # each level takes a character to begin, and one to end
        _check_depth(data)
    return data


def dump(data: Any) -> str:
    """Data as YAML, its keys in the order that they have."""
    if type(data) is dict and data:
        return write_plain(data, _dump, meaning)
    return _dump(data)


def _dump(data: Any) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def meaning(text: str) -> Any:
    """The value that a text without quotes stands for. Several threads may call this at once.

    Raises:
        ValueError: it has the form of a number or date, and is none.
    """
    if text[:1] not in _PLAIN.yaml_implicit_resolvers:
        return text
    tag = _PLAIN.resolve(yaml.ScalarNode, text, (True, False))
    if tag == _STR:
        return text
    # `construct_document` keeps notes in the loader, which all threads share.
    construct = _PLAIN.yaml_constructors.get(tag, _Loader.construct_undefined)
    try:
        return construct(_PLAIN, yaml.ScalarNode(tag, text))
    except yaml.YAMLError as error:
        raise ValueError(text) from error


_ENDLESS = "has anchors that refer to themselves, or multiply without end"
_TOO_DEEP = f"is nested more than {_DEEPEST} levels deep"


def _said(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, yaml.constructor.ConstructorError):
        return "has a value that cannot be read"
    is_deep = str(error.problem).endswith("exceeded maximum nesting depth")
    return _TOO_DEEP if is_deep else "is not valid YAML"


def _line(error: yaml.MarkedYAMLError) -> int:
    return error.problem_mark.line + 1 if error.problem_mark else 0


def _check_size(root: yaml.Node) -> None:
    """Refuse a document that contains itself, or stands for countless values.

    Aliases are one node, so each node is looked at once. This has to be done before there is data:
    merge keys (`<<`) multiply on the way to it.

    Raises:
        YamlFault: this is such a document.
    """
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        known = sizes.get(id(node))
        if known is not None:
            if not known:  # it is being counted: it contains itself
                raise YamlFault(_ENDLESS, node.start_mark.line + 1)
            return known
        sizes[id(node)] = 0
        found = 1
        if isinstance(node, yaml.MappingNode):
            found += sum(size(key) + size(value) for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            found += sum(map(size, node.value))
        sizes[id(node)] = found
        return found

    if size(root) > max(_FAIR, 2 * len(sizes)):
        raise YamlFault(_ENDLESS)


def _check_depth(data: Any) -> None:
    """Refuse data that is nested too deeply to be written.

    Raises:
        YamlFault: this is such data.
    """
    level = [data]
    for _ in range(_DEEPEST):
        level = [
            child
            for node in level
            if isinstance(node, dict | list | tuple)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise YamlFault(_TOO_DEEP)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Values that are none of their kind, and numbers that Python cannot write, are errors."""


def _careful(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A constructor of values whose errors, of many kinds, have their line."""

    def constructed(loader: Any, node: yaml.Node) -> Any:
        try:
            value = construct(loader, node)
        except (ValueError, KeyError, AttributeError, IndexError, OverflowError) as error:
            raise yaml.constructor.ConstructorError(problem_mark=node.start_mark) from error
        if type(value) is int and value.bit_length() > _LONGEST:
            raise yaml.constructor.ConstructorError(problem_mark=node.start_mark)
        return value

    return constructed


for _kind in ("bool", "int", "float", "timestamp"):
    _Loader.add_constructor(
        f"tag:yaml.org,2002:{_kind}",
        _careful(getattr(yaml.constructor.SafeConstructor, f"construct_yaml_{_kind}")),
    )

_PLAIN: Any = _Loader("")
"""It constructs values of texts that are no part of a document."""
_STR = "tag:yaml.org,2002:str"
_VALUES = Values(meaning)

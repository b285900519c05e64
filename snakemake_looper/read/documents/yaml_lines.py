"""YAML files as plain data, with the line of every key for messages.

PyYAML forgets lines when it builds plain objects. So it only parses a document to nodes, and this
module builds the data from them. Scalars are read as PyYAML reads them (YAML 1.1, as in looper and
peppy), with one difference: `8:00:00` stays text. YAML 1.1 makes it the base-60 number 28800, but
in these files it is a wall time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ...errors import Place, Problems
from .yaml_nodes import FastLoader, nodes_of, read_text
from .yaml_values import YamlFault

KeyPath = tuple[str | int, ...]

# As `os.path.expandvars` reads them.
_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
_STANDARD = "tag:yaml.org,2002:"
_MERGE = f"{_STANDARD}merge"
_COLLECTIONS = {f"{_STANDARD}{kind}" for kind in ("map", "seq", "set", "omap", "pairs")}
_TAGGED = "a value that begins with '!' needs quotes; write them"
_NO_KEY = "a key is a list or a mapping; put a value that begins with '{' or '[' in quotes"
_NO_DATE = "a value looks like a date, and there is no such date; put it in quotes"
_NO_NUMBER = "a value looks like a number, but it cannot be read as one; put it in quotes"
_MOST_BITS = 10_000
"""Of a number. Python refuses to print longer ones."""
_SEXAGESIMAL = re.compile(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")


class Repeated(NamedTuple):
    """A key that is written twice in one mapping."""

    keys: KeyPath
    before: int
    """The line of the first one."""
    line: int
    """The line of the second one, which counts."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its data, and the line of each key."""

    path: Path
    data: dict[str, Any]
    lines: Mapping[KeyPath, int] = field(repr=False)
    repeated: tuple[Repeated, ...] = ()
    """Keys that are written again in the same mapping."""

    def place(self, *keys: str | int) -> Place:
        """The place of a key; for a missing key, the place of its nearest parent."""
        path: KeyPath = keys
        while path and path not in self.lines:
            path = path[:-1]
        return Place(str(self.path), self.lines.get(path, 1))

    def value(self, *keys: str | int) -> Any:
        """The value of a key that is there."""
        value: Any = self.data
        for key in keys:
            value = value[key]
        return value


class _Builder:
    """Builds plain data from nodes, and notes the line of each key."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self.lines: dict[KeyPath, int] = {}
        self.repeated: list[Repeated] = []
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, path: KeyPath = ()) -> Any:
        """The data of a node that is found at a path."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in _COLLECTIONS:
            raise YamlFault(f"not valid YAML: {_TAGGED}", _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        items = []
        for index, item in enumerate(node.value):
            here = (*path, index)
            self.lines[here] = _line(item)
            items.append(self.build(item, here))
        return items

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[Any, Any]:
        if id(node) not in self._seen:  # merging (`<<`) changes a node, so only the first look
            self._seen.add(id(node))
            self._note_repeated(node, path)
        self._loader.flatten_mapping(node)
        built: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlFault(f"not valid YAML: {_NO_KEY}", _line(key_node))
            key = self._scalar(key_node)
            here = (*path, key)
            self.lines[here] = _line(key_node)
            built[key] = self.build(value_node, here)
        return built

    def _note_repeated(self, node: yaml.MappingNode, path: KeyPath) -> None:
        first: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                name, line = (key.tag, key.value), _line(key)
                if name in first:
                    self.repeated.append(Repeated((*path, key.value), first[name], line))
                first[name] = line

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag in (f"{_STANDARD}int", f"{_STANDARD}float") and _SEXAGESIMAL.match(node.value):
            return node.value
        if node.tag == f"{_STANDARD}value":  # a relic of YAML 1.1, which PyYAML cannot build
            raise YamlFault("not valid YAML: the value '=' needs quotes; write them", _line(node))
        try:
            value = self._loader.construct_object(node, deep=True)
        except (ArithmeticError, AttributeError, LookupError, ValueError):
            what = _NO_DATE if node.tag == f"{_STANDARD}timestamp" else _NO_NUMBER
            raise YamlFault(f"not valid YAML: {what}", _line(node)) from None
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise YamlFault(f"not valid YAML: {_NO_NUMBER}", _line(node))
        return value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def parse_yaml(text: str, path: Path) -> Document:
    """Build a document from text.

    Raises:
        YamlFault: the text is not YAML, not a mapping, or has a value that cannot be built.
    """
    loader = FastLoader(text)
    builder = _Builder(loader)
    try:
        node = nodes_of(text, loader)
        data = {} if node is None else builder.build(node)
    except yaml.YAMLError as error:
        from .yaml_faults import in_words

        raise in_words(error, text) from None
    finally:
        loader.dispose()
    if data is None:
        data = {}
    if not isinstance(data, dict):
        kind = "list" if isinstance(data, list) else "single value"
        raise YamlFault(f"a mapping is expected, not a {kind}; write 'key: value' lines", 1)
    return Document(path, data, builder.lines, tuple(builder.repeated))


def read_yaml(path: Path, problems: Problems, key: str = "") -> Document | None:
    """Read a YAML mapping; None if it cannot be read, with the reason in `problems`."""
    try:
        document = parse_yaml(read_text(path), path)
    except YamlFault as fault:
        problems.add(Place(str(path), fault.line), key, str(fault))
        return None
    except OSError as error:
        problems.add(path, key, f"cannot be read: {error.strerror or error}")
        return None
    warn_of_repeated(document, problems)
    return document


def warn_of_repeated(document: Document, problems: Problems) -> None:
    """Warn of keys that are written twice: only the last one counts."""
    for one in document.repeated:
        problems.warn(
            Place(str(document.path), one.line),
            ".".join(map(str, one.keys)),
            f"is written again, and the one in line {one.before} has no effect; remove one",
        )


def section(document: Document, problems: Problems, *keys: str) -> dict[Any, Any] | None:
    """The mapping under a path of keys; None if it is missing.

    Any other value is a problem. The message does not show the value: it may be a secret.
    """
    value: Any = document.data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict):
        return value
    what = "must be a mapping; write 'key: value' lines below it"
    problems.add(document.place(*keys), ".".join(keys), what)
    return None


def expand(text: str) -> str:
    """Expand `~`, `$VAR` and `${VAR}`; an unset variable stays as it is written."""
    return os.path.expanduser(os.path.expandvars(text))


def unset(text: str) -> tuple[str, ...]:
    """Names of the environment variables in a text that are not set, each once."""
    names = (braced or bare for bare, braced in _VARIABLE.findall(text))
    return tuple(dict.fromkeys(name for name in names if name and name not in os.environ))


def not_set(name: str) -> str:
    """The message for a name of `unset`, which may be `NAME:-default` as shells read it."""
    variable = re.match(r"\w*", name, re.ASCII)
    if variable and variable[0] != name:
        return f"'${{{name}}}': defaults are not read here; write '${{{variable[0]}}}' and set it"
    return f"the environment variable {name} is not set; set it, or write the value itself"


def expanded(text: str, place: Place, key: str, problems: Problems) -> str:
    """The text with `~` and variables expanded. Each variable that is not set is a problem."""
    for name in unset(text):
        problems.add(place, key, not_set(name))
    user = re.match(r"~[^/]+", expand(text))
    if user:
        what = f"there is no user '{user[0][1:]}' here; write the folder instead of '{user[0]}'"
        problems.add(place, key, what)
    return expand(text)


def absent(text: str, path: Path, advice: str = "correct the path") -> str:
    """The message for a path that leads to no file, or has a variable that is not set."""
    names = unset(text)
    if names:
        return f"'{text}': {not_set(names[0])}"
    if text.startswith("file:"):
        return f"'{text}' is no path; write '{re.sub('^file:(//)?', '', text)}'"
    if "://" in text:
        shown = re.sub(r"//[^/]*@", "//", text.partition("?")[0])
        return f"'{shown}' is an address, and only files are read here; write the path of a copy"
    if os.path.isdir(path):
        return f"'{text}' is a folder, not a file ({path}); {advice}"
    if os.path.exists(path):
        return f"'{text}' is no regular file; {advice}"
    where = "" if text == str(path) else f" ({path})"
    return f"'{text}' does not exist{where}; {advice}"


def resolve(text: str, folder: Path) -> Path:
    """The absolute path that a text in a file of `folder` means, without `..` and `.`.

    `~` and variables are expanded. If the text begins with the path of the folder, that part stays:
    it may have a `$` in it.
    """
    if text.startswith(f"{folder}{os.sep}"):
        text = os.path.expandvars(text[len(f"{folder}{os.sep}") :])
        return Path(os.path.normpath(folder / text.lstrip(os.sep)))
    return Path(os.path.normpath(folder / expand(text)))


def flow(value: Any) -> str:
    """A value as YAML in one line, for a message that says what to write."""
    text = yaml.safe_dump(
        value, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")

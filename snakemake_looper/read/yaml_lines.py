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
from typing import Any

import yaml

from ..errors import Place, Problems

KeyPath = tuple[str | int, ...]

_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# As `os.path.expandvars` reads them.
_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
# PyYAML's message repeats the word after `*` or `!`, which may be a password without quotes.
_REPEATED = (
    (re.compile(r"found undefined alias\b.*"), "a value that begins with '*' needs quotes"),
    (
        re.compile(r"could not determine a constructor for the tag .*"),
        "a value that begins with '!' needs quotes",
    ),
)
_SEXAGESIMAL = re.compile(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its data, and the line of each key."""

    path: Path
    data: dict[str, Any]
    lines: Mapping[KeyPath, int] = field(repr=False)

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


class _Loader(_FastLoader):  # type: ignore[misc]
    pass


def _construct(loader: Any, node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        built: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            lines[(*path, key)] = key_node.start_mark.line + 1
            built[key] = _construct(loader, value_node, (*path, key), lines)
        return built
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            items.append(_construct(loader, item, (*path, index), lines))
        return items
    if node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float") and _SEXAGESIMAL.match(
        str(node.value)
    ):
        return node.value
    return loader.construct_object(node, deep=True)


def parse_yaml(text: str, path: Path) -> Document:
    """Build a document from text.

    Raises:
        yaml.YAMLError: the text is not YAML.
        ValueError: a date or a number in the text is not valid.
        RecursionError: an anchor contains itself.
        TypeError: the text is YAML, but not a mapping.
    """
    lines: dict[KeyPath, int] = {}
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        data = {} if node is None else _construct(loader, node, (), lines)
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise TypeError(f"a mapping is expected, not a {type(data).__name__}")
    return Document(path, data, lines)


def read_yaml(path: Path, problems: Problems, key: str = "") -> Document | None:
    """Read a YAML mapping; None if it cannot be read, with the reason in `problems`."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        what = getattr(error, "problem", None) or "cannot be read"
        what = next((text for look, text in _REPEATED if look.match(what)), what)
        problems.add(Place(str(path), line), key, f"not valid YAML: {what}; correct the syntax")
    except TypeError as error:
        problems.add(Place(str(path), 1), key, f"{error}; write 'key: value' lines")
    except UnicodeDecodeError:
        problems.add(path, key, "is not UTF-8 text; save it as UTF-8")
    except (
        ValueError,
        RecursionError,
    ) as error:  # a date or a number that is not valid, a loop of anchors
        problems.add(path, key, f"not valid YAML: {error}; correct the value")
    except OSError as error:
        problems.add(path, key, f"cannot be read: {error.strerror or error}")
    return None


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


def expanded(text: str, place: Place, key: str, problems: Problems) -> str:
    """The text with `~` and variables expanded. Each variable that is not set is a problem."""
    for name in unset(text):
        problems.add(
            place,
            key,
            f"the environment variable {name} is not set; set it, or write the value itself",
        )
    return expand(text)


def absent(text: str, path: Path, advice: str = "correct the path") -> str:
    """The message for a path that leads to no file, or has a variable that is not set."""
    names = unset(text)
    if names:
        return (
            f"'{text}': the environment variable {names[0]} is not set; set it, or write the"
            " value itself"
        )
    what = "is a folder, not a file" if os.path.isdir(path) else "does not exist"
    return f"'{text}' {what} ({path}); {advice}"


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

"""YAML in the simple form that pipestat writes, read and written several times as fast.

PyYAML makes a node of each value, and a dozen calls. Nearly all lines of results files have one of
these forms, with a plain or quoted value on one line:

    key: value
    key:
    - value

`read_plain` knows these forms and no other. A text with anything else, as a comment, an anchor or a
value on several lines, is left to PyYAML, which also finds faults and their lines. `write_plain`
gives entries of other forms to PyYAML.

Both answer exactly as PyYAML does (`tests/results/test_plain_yaml.py` compares them). The form of a
value decides whether it is one value. PyYAML's resolver decides whether it is a number or text,
unless the form leaves no choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_DEEPEST = 40
"""Levels of mappings and lists."""
_LONGEST_KEY = 100
"""Characters of a key. PyYAML has another form for longer ones."""
_MOST_KNOWN = 20_000
"""Texts whose meaning is remembered: keys and words occur in each record."""
_WIDTH = 80
"""PyYAML breaks a line behind this column."""

_IN_WORD = r"\w./+=@%,;()~^$?!&*-"
_WORD = rf"(?:[{_IN_WORD}]|:(?=[{_IN_WORD}]))"
_QUOTED = r"'[\w ./+=@%,;()~^$:#&*!|<>?{}\[\]\"-]*'"
_VALUE = rf"(?:[\w/]|[-+.](?=[\w.])){_WORD}*(?: {_WORD}+)*|{_QUOTED}"
_LINE = re.compile(
    rf"( *)(?:- ({_VALUE})|(\w[\w.+/-]*|{_QUOTED}):(?: ({_VALUE}|\{{\}}|\[\]))?)(?:\n|\Z)"
)
"""Indent; an item of a list; a key; its value."""
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?[0-9]{1,17}\.[0-9]{1,20}")
_SAFE = re.compile(rf"[\w/]{_WORD}*(?: {_WORD}+)*", re.ASCII)
"""Text that PyYAML writes plainly, or in quotes if it would be a number."""
_SAFE_KEY = re.compile(r"\w[\w.+/-]*", re.ASCII)


class _Unfit(Exception):
    """PyYAML has to read or write this."""


# --- to read --------------------------------------------------------------------------------------


class Values(dict[str, Any]):
    """The values that texts stand for. Keys and words occur in each record, so it remembers them."""

    def __init__(self, meaning: Callable[[str], Any]) -> None:
        """Begin with nothing known.

        Args:
            meaning: constructs the value of a plain text with PyYAML; ValueError if that fails.
        """
        super().__init__()
        self._meaning = meaning

    def __missing__(self, text: str) -> Any:
        if text[0] == "'":
            return text[1:-1]
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        value = self._meant(text)
        if len(text) < _WIDTH:
            if len(self) >= _MOST_KNOWN:
                self.clear()
            self[text] = value
        return value

    def key(self, text: str) -> str:
        """The text of a key, which is not a number."""
        value = self[text]
        if type(value) is not str or len(text) > _LONGEST_KEY:
            raise _Unfit
        return value

    def _meant(self, text: str) -> Any:
        try:
            value = self._meaning(text)
        except ValueError:
            raise _Unfit from None
        if value is None or type(value) in (str, bool, int, float):
            return value
        raise _Unfit  # a date: PyYAML writes an anchor if it meets the same one twice


def read_plain(content: bytes, values: Values) -> dict[str, Any] | None:
    """The content of a file as a mapping; None if PyYAML has to read it."""
    try:
        return _read(content.decode(), values) if content else None
    except (_Unfit, UnicodeDecodeError):
        return None


def _read(text: str, values: Values) -> dict[str, Any]:
    root: dict[str, Any] = {}
    here: Any = root
    column = 0
    above: list[tuple[int, Any]] = []
    waiting: str | None = None  # a key whose value begins in the next line
    for indent, item, key, value in _lines(text):
        if waiting is not None:
            if indent > column or (item and indent == column):
                above.append((column, here))
                here[waiting] = here = [] if item else {}
                column = indent
            else:
                here[waiting] = None
            waiting = None
        if item:
            if type(here) is not list or indent != column:
                raise _Unfit
            here.append(values[item])
            continue
        while indent < column or type(here) is list:
            column, here = above.pop()
        if indent != column or len(above) > _DEEPEST:
            raise _Unfit
        if value is None:
            waiting = values.key(key)
        elif value == "{}" or value == "[]":
            here[values.key(key)] = {} if value == "{}" else []
        else:
            here[values.key(key)] = values[value]
    if waiting is not None:
        here[waiting] = None
    return root


def _lines(text: str) -> Iterator[tuple[int, str | None, str, str | None]]:
    match, at, end = _LINE.match, 0, len(text)
    while at < end:
        found = match(text, at)
        if found is None:
            raise _Unfit
        blanks, item, key, value = found.groups()
        yield len(blanks), item, key, value
        at = found.end()


# --- to write -------------------------------------------------------------------------------------


def write_plain(
    data: dict[Any, Any], dump: Callable[[Any], str], meaning: Callable[[str], Any]
) -> str:
    """A mapping as YAML.

    Args:
        data: the mapping.
        dump: writes data with PyYAML.
        meaning: as for `Values`.
    """
    try:
        return _Writer(dump, meaning).text(data)
    except _Unfit:
        return dump(data)


class _Writer:
    def __init__(self, dump: Callable[[Any], str], meaning: Callable[[str], Any]) -> None:
        self._dump = dump
        self._meaning = meaning
        self._lines: list[str] = []
        self._seen: set[int] = set()
        self._plain: dict[str, str] = {}

    def text(self, data: dict[Any, Any]) -> str:
        """The whole text.

        Raises:
            _Unfit: a value is in two places, so PyYAML has to write an anchor.
        """
        if not data:
            raise _Unfit
        self._mapping(data, 0)
        return "".join(self._lines)

    def _mapping(self, data: dict[Any, Any], depth: int) -> None:
        self._meet(data)
        start = "  " * depth
        for key, value in data.items():
            name = self._key(key) if depth < _DEEPEST else None
            kind = type(value)
            if name is None:
                self._leave(key, value, depth)
            elif kind is dict and value:
                self._lines.append(f"{start}{name}:\n")
                self._mapping(value, depth + 1)
            elif kind is list and value:
                self._list(key, value, depth, f"{start}{name}:\n")
            elif kind is dict or kind is list:
                self._meet(value)
                self._lines.append(f"{start}{name}: {'{}' if kind is dict else '[]'}\n")
            elif (shown := self._value(value, 2 * depth + len(name) + 2)) is None:
                self._leave(key, value, depth)
            else:
                self._lines.append(f"{start}{name}: {shown}\n")

    def _list(self, key: Any, items: list[Any], depth: int, heading: str) -> None:
        shown = [self._value(one, 2 * depth + 2) for one in items]
        if None in shown:
            self._leave(key, items, depth)
            return
        self._meet(items)
        start = "  " * depth
        self._lines += [heading, *(f"{start}- {one}\n" for one in shown)]

    def _leave(self, key: Any, value: Any, depth: int) -> None:
        """Let PyYAML write an entry, inside as many mappings as it is in."""
        self._meet_all(key)
        self._meet_all(value)
        data = {key: value}
        for _ in range(depth):
            data = {"k": data}
        self._lines.append(self._dump(data).split("\n", depth)[depth])

    def _key(self, key: Any) -> str | None:
        if type(key) is not str or len(key) > _LONGEST_KEY or not _SAFE_KEY.fullmatch(key):
            return None
        return self._known(key)

    def _value(self, value: Any, column: int) -> str | None:
        """A plain value as PyYAML writes it behind a column, on one line; None if unknown."""
        kind = type(value)
        if kind is str:
            if not _SAFE.fullmatch(value) or (" " in value and column + len(value) + 2 > _WIDTH):
                return None if value else "''"
            return self._known(value)
        if kind is int:
            return str(value)
        if kind is float:
            return _float(value)
        if kind is bool:
            return "true" if value else "false"
        return "null" if value is None else None

    def _known(self, text: str) -> str:
        """A text in quotes if it would be a number or the like without."""
        found = self._plain.get(text)
        if found is None:
            found = text if self._is_text(text) else f"'{text}'"
            if len(self._plain) >= _MOST_KNOWN:
                self._plain.clear()
            self._plain[text] = found
        return found

    def _is_text(self, text: str) -> bool:
        try:
            return isinstance(self._meaning(text), str)
        except ValueError:  # as `2026-99-99`, which has the form of a date
            return False

    def _meet_all(self, value: Any) -> None:
        if value is None or isinstance(value, str | bytes | bool | int | float):
            return
        self._meet(value)
        if isinstance(value, dict):
            for key, one in value.items():
                self._meet_all(key)
                self._meet_all(one)
        elif isinstance(value, list | tuple | set | frozenset):
            for one in value:
                self._meet_all(one)

    def _meet(self, value: Any) -> None:
        if id(value) in self._seen:
            raise _Unfit
        self._seen.add(id(value))


def _float(value: float) -> str:
    text = repr(value)
    if "e" in text:
        return text if "." in text else text.replace("e", ".0e", 1)
    return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}.get(text, text)

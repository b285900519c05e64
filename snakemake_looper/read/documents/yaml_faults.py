"""Faults of YAML texts, in words for people who do not know YAML's grammar.

PyYAML says where it stopped and which token it wanted. The same token is wanted after a forgotten
quote, a tab and a wrong indentation. This module looks at the text as well, and says what to write.

The readers import it only when a text is broken: its many patterns take long to compile.

A message never repeats a value: it may be a password without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

from .yaml_values import DEEP, YamlFault

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Stop(NamedTuple):
    """The place where PyYAML stopped."""

    before: str
    """The part of the line before the place, without indentation."""
    char: str
    """The character there; empty at the end of the text or of the line."""
    is_end: bool
    """Whether only blank lines follow."""


class _Rule(NamedTuple):
    """A message for some errors of PyYAML."""

    error: re.Pattern[str]
    """Searched in `context: problem`."""
    message: str | Callable[[_Stop], str]
    at_context: bool = False
    """Whether to name the line where the construct begins, and not the line where PyYAML stopped."""


def _sign(message: str) -> Callable[[_Stop], str]:
    """A message for a sign that may also follow a value that has ended, as in `{a} > b`."""

    def say(stop: _Stop) -> str:
        ended = _ENDED.match(f"{stop.before} ")
        if ended is None:
            return message
        return _BRACE.format(ended[1]) if ended[1] in "[{" else _MORE

    return say


def _quotes(stop: _Stop) -> str:
    return f"a value that begins with '{stop.char}' needs quotes; write them"


def _no_token(stop: _Stop) -> str:
    return _TAB if stop.char == "\t" else _sign(_quotes(stop))(stop)


def _no_content(stop: _Stop) -> str:
    if stop.is_end:
        return "the file ends inside '[' or '{'; close it, or put the value in quotes"
    return _quotes(stop)


def _no_key(stop: _Stop) -> str:
    if stop.before:
        return _MORE
    return "the line fits to none above it; correct its indentation"


_MORE = "more text follows where a value has ended; put the whole value in quotes"
_BRACE = "a value that begins with '{}' needs quotes; write them"
_ENDED = re.compile(r"""(?:- )*(?:[^\s'"\[{#][^'"\[{#]*: +)?([{\["'])(?:.*[}\]"'])\s""")
_TAB = "a tab stands in the indentation; write spaces"
_SCALAR = "a text cannot begin in the line of '|' or '>'; begin it in the next line"
_TAG = "a value that begins with '!' needs quotes; write them"
_RULES = tuple(
    _Rule(re.compile(pattern), *rest)
    for pattern, *rest in (
        ("tab character", _TAB),
        ("cannot start any token", _no_token),
        (
            "mapping values are not allowed",
            "a value has ': ' in it, or a line above has no ':'; put the value in quotes, or"
            " correct the indentation",
        ),
        (
            "a flow sequence",
            "'[' begins a list that lacks a ',' or its ']'; add it, or put the value in quotes",
            True,
        ),
        (
            "a flow mapping",
            "'{' begins a mapping that lacks a ',' or its '}'; add it, or put the value in quotes",
            True,
        ),
        ("expected '-' indicator", "the line stands in a list without '- '; correct its indentation"),
        ("did not find expected key", _no_key),
        ("expected ':'", "the line has no ':'; write 'key: value', or indent it", True),
        ("scanning a quoted scalar", "a quote opens here and is never closed; close it", True),
        (
            "parsing a quoted scalar",
            "a backslash in double quotes has no meaning here; write '\\\\', or single quotes",
        ),
        ("alias", _sign("a value that begins with '*' needs quotes; write them")),
        ("duplicate anchor", "a name behind '&' is used twice; rename one"),
        ("an anchor", _sign("a value that begins with '&' needs quotes; write them")),
        (
            "another document|<document start>",
            "a second document begins here; keep one in the file",
        ),
        ("directive|YAML document|version number", "a line that begins with '%' needs quotes; write them"),
        ("a block scalar", _sign(_SCALAR)),
        ("block sequence entries", "a list cannot begin in the line of its key; begin it in the next line"),
        ("mapping keys are not allowed", _sign("a value that begins with '?' needs quotes; write them")),
        ("unexpected ':'", "a value has ':' in it; put it in quotes"),
        ("tag|constructor|expected '!'|URI", _sign(_TAG)),
        ("for merging", "'<<' stands for a mapping, as in '<<: *name'; correct its value"),
        ("node content", _no_content),
    )
)  # fmt: skip


def in_words(error: yaml.YAMLError, text: str) -> YamlFault:
    """An error of PyYAML in our words, with its line."""
    position = getattr(error, "position", None)
    if position is not None:
        return _character(text)
    said = f"{getattr(error, 'context', '')}: {getattr(error, 'problem', '')}"
    rule = next((one for one in _RULES if one.error.search(said)), None)
    mark: Any = getattr(error, "problem_mark", None)
    if rule and rule.at_context:
        mark = getattr(error, "context_mark", None) or mark
    line = mark.line + 1 if mark else 0
    other = _conflict(text) or _no_space(said, text, line)
    if other:
        return other
    if "nesting depth" in said:
        return YamlFault(DEEP, line)
    message: Any = rule.message if rule else "the line cannot be read; put its value in quotes"
    if callable(message):
        message = message(_stop(mark, text))
    return YamlFault(f"not valid YAML: {message}", line)


def _conflict(text: str) -> YamlFault | None:
    """The fault of a file that git could not merge."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            what = "the line is a conflict mark of git; resolve the conflict"
            return YamlFault(f"not valid YAML: {what}", number)
    return None


def _no_space(said: str, text: str, line: int) -> YamlFault | None:
    """The fault of `key:value`, at its line. PyYAML takes it for text, and stops later."""
    if not re.search("mapping values are not allowed|expected ':'", said):
        return None
    lines = text.splitlines()
    for number in range(min(line, len(lines)), 0, -1):
        if re.match(r"\s*(?:- )?[A-Za-z_]\w*:(?!//)[^\s:](?!.*: )", lines[number - 1]):
            what = "the key needs a space after its ':'; write one"
            return YamlFault(f"not valid YAML: {what}", number)
        if number < line and lines[number - 1].strip():
            break
    return None


def _stop(mark: Any, text: str) -> _Stop:
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    column = mark.column if mark else 0
    rest = [line[column:], *lines[mark.line + 1 :]] if mark else []
    return _Stop(line[:column].strip(), line[column : column + 1], not any(map(str.strip, rest)))


def _character(text: str) -> YamlFault:
    """The fault of a text with a character that YAML does not allow."""
    found = _FORBIDDEN.search(text)
    if found is None:
        return YamlFault("not valid YAML: a character is not allowed; remove it")
    line = text.count("\n", 0, found.start()) + 1
    what = f"the character U+{ord(found[0]):04X} is not allowed; remove it"
    return YamlFault(f"not valid YAML: {what}", line)

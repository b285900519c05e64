"""Braces of a command template: those that begin a template, and those that stay as they are.

`{sample.x}` is a variable, `{% if %}` a statement. Two kinds of braces begin no template: braces
after a `$`, as in `${HOME}`, and braces around a text that is not an expression, as in
`awk '{print $1}'` or `{1..3}`. Braces around the name of a namespace are always a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from .template_environment import is_template

NAMESPACES = ("project", "sample", "samples", "pipeline", "looper", "compute", "pipestat")
"""All namespaces: `sample` is for the sample level, `samples` for the project level."""

_MENTION = re.compile(rf"\b(?:{'|'.join(NAMESPACES)})\s*[.\[|]")
_STATEMENT = re.compile(
    r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL
)
_DECLARED = re.compile(r"\{%-?\s*(?:for\s+(.+?)\s+in\b|set\s+(\w+))")
_LEFT_OVER = re.compile(
    rf"(?<!\$)\{{(\{{\s*(?:{'|'.join(NAMESPACES)})\s*[.\[][^{{}}]*\}})\}}"
    rf"|\$(\{{\s*(?:{'|'.join(NAMESPACES)})\s*[.\[][^{{}}]*\}})"
)
_BEGUN = re.compile(rf"(?:{'|'.join(NAMESPACES)})\.\w[\w.]*")


class Piece(NamedTuple):
    """A part of a template."""

    kind: str
    """`text`, or `raw` for braces that stay, or `expression`, or `statement`."""
    start: int
    text: str


@lru_cache(maxsize=1024)
def pieces(text: str) -> tuple[Piece, ...]:
    """The parts of a template, in their order."""
    return tuple(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    declared = {
        name
        for match in _DECLARED.finditer(text)
        for name in re.findall(r"\w+", match[1] or match[2])
    }
    position = 0
    while (start := text.find("{", position)) >= 0:
        if start > position:
            yield Piece("text", position, text[position:start])
        statement = _STATEMENT.match(text, start)
        end = statement.end() if statement else _closing(text, start)
        kind = "statement" if statement else _kind(text, start, end, declared)
        if kind == "brace":
            kind, end = "raw", start + 1
        yield Piece(kind, start, text[start:end])
        position = end
    if position < len(text):
        yield Piece("text", position, text[position:])


def _kind(text: str, start: int, end: int, declared: set[str]) -> str:
    """The kind of the braces from `start` to `end`; `brace` if only the first one stays."""
    piece = text[start:end]
    mentions = bool(_MENTION.search(piece)) and end > start + 1
    if mentions and _holds_templates(piece):
        return "brace"
    own = piece[1:-1].strip() in declared
    after_dollar = start > 0 and text[start - 1] == "$" and not mentions and not own
    if mentions or (not after_dollar and _is_expression(piece[1:-1])):
        return "expression"
    return "raw" if after_dollar and end > start + 1 else "brace"


def _holds_templates(piece: str) -> bool:
    """Whether templates stand inside literal braces, as in `{"mem": "{compute.mem}"}`."""
    inner = piece.find("{", 1)
    return inner > 0 and not _is_expression(piece[1:-1]) and bool(_MENTION.search(piece, inner))


def _closing(text: str, start: int) -> int:
    """The position after the brace that closes the one at `start`; quoted braces do not count."""
    depth = 0
    quote = ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and depth:
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if not depth:
                return position + 1
    return start + 1


def _is_expression(text: str) -> bool:
    if not text.strip() or text.strip()[0].isdigit():
        return False
    return is_template("{" + text + "}")


def protect(text: str) -> str:
    """Mark braces that begin no template as raw text, so that Jinja2 does not read them."""
    return "".join(_protected(piece) for piece in pieces(text))


def _protected(piece: Piece) -> str:
    return "{% raw %}" + piece.text + "{% endraw %}" if piece.kind == "raw" else piece.text


def with_lines(text: str, lines: Sequence[int]) -> str:
    """A template as `protect` makes it, with a line break wherever its file has one.

    A text of YAML has other line breaks than its file: `>` and plain texts are folded. The
    template that this function makes is only for finding the line of a fault.

    Args:
        text: the template.
        lines: the line of the file for each character of the text.
    """
    made = []
    now = lines[0] if lines else 1
    for piece in pieces(text):
        starts = [0]
        if piece.kind == "text":
            inner = range(1, len(piece.text))
            starts += [at for at in inner if lines[piece.start + at] > lines[piece.start + at - 1]]
        for start, end in pairwise([*starts, len(piece.text)]):
            line = lines[piece.start + start]
            if line > now:
                made.append("{#" + "\n" * (line - now) + "#}")
                now = line
            part = _protected(Piece(piece.kind, 0, piece.text[start:end]))
            made.append(part.replace("\n", " "))
    return "".join(made)


def left_over(text: str) -> Iterator[tuple[int, str]]:
    """Variables that leave a brace or a `$` beside their value, with the message for each.

    `${{sample.x}}` is left out: it is the variable of the shell that the value names.
    """
    without = _STATEMENT.sub(lambda match: " " * len(match[0]), text)
    for match in _LEFT_OVER.finditer(without):
        if match[1]:
            what = f"{match[0]} leaves braces around the value in the command"
        else:
            what = f"{match[0]} leaves a '$' before the value in the command"
        yield match.start(), f"{what}; write {_bare(match[1] or match[2])}"
    yield from _unbalanced(pieces(text))


def _unbalanced(parts: Sequence[Piece]) -> Iterator[tuple[int, str]]:
    """Variables with a brace too many or too few, in a template whose braces are not balanced."""
    literal = "".join(one.text for one in parts if one.kind in ("text", "raw"))
    opened, closed = literal.count("{"), literal.count("}")
    for piece, after in pairwise(parts):
        if piece.kind == "raw" and after.kind == "text" and opened > closed:
            named = _BEGUN.match(after.text)
            if named:
                what = f"{{{named[0]} has no closing brace and stays in the command; write"
                yield piece.start, f"{what} {{{named[0]}}}"
        elif piece.kind == "expression" and after.text.startswith("}") and opened < closed:
            what = f"{piece.text}}} leaves a brace behind the value in the command; write"
            yield piece.start, f"{what} {piece.text}"
        elif piece.text == "{" and after.kind == "expression" and opened > closed:
            what = f"{{{after.text} leaves a brace before the value in the command; write"
            yield piece.start, f"{what} {after.text}"


def _bare(variable: str) -> str:
    """A variable without spaces at its braces."""
    return "{" + variable[1:-1].strip() + "}"

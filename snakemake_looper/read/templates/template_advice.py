"""Advice for words of other languages in templates: formats, operators, `else if`.

A template is easily written in the words of Python's formats, of shells or of C. Jinja2 says only
that it expected another token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_MOST_NAMES = 12
"""The number of names that a message lists."""
_FORMAT = re.compile(r"(\w+)(?:![rsa])?:([<>]?)(0?\d*(?:\.\d+)?)([dfegxs]?)")
_CONVERTED = re.compile(r"(\w+)(?:![rsa])?(:.*)?")
_KINDS = {"d": " | int", "x": " | int", "f": " | float", "e": " | float", "g": " | float"}
_ELSE_IF = re.compile(r"\{%-?\s*(elseif|elsif|else\s+if)\b")
_OPERATOR = re.compile(r"'[^']*'|\"[^\"]*\"|===|[=!<>]=|&&|\|\||=|!")
_OPERATORS = {"=": "==", "===": "==", "&&": "and", "||": "or", "!": "not"}
"""Operators of other languages, each with that of a template."""


def few(names: Sequence[str]) -> str:
    """A list of names; of many names, the first ones and the number of the others."""
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def instead_of_format(path: str, text: str) -> str:
    """The variable to write instead of one with a format, as in `{sample.x:03d}`; or empty.

    Args:
        path: the namespace.
        text: the text behind it, as in `x:03d`.
    """
    found = _CONVERTED.fullmatch(text)
    if not found or not ("!" in text or found[2]):
        return ""
    known = _FORMAT.fullmatch(text)
    if known:
        name, side, width, kind = known.groups()
        minus = "-" if side == "<" or (not side and kind in ("", "s")) else ""
        if not width or (kind in ("", "s") and width.startswith("0")):
            return f"{{{path}.{name}}}"
        return f"{{'%{minus}{width}{kind or 's'}' | format({path}.{name}{_KINDS.get(kind, '')})}}"
    return f"{{{path}.{found[1]}}}, with a filter such as '| round(2)' if the value needs one"


def is_else_if(statement: str) -> bool:
    """Whether a statement is another language's word for `elif`."""
    return bool(_ELSE_IF.match(statement))


def instead_of_operator(statement: str, is_sound: Callable[[str], bool]) -> str:
    """The operator to write in a statement that cannot be read, with its own one; or empty.

    Args:
        statement: an `if` or `elif`.
        is_sound: whether a statement can be read.
    """
    if not re.match(r"\{%-?\s*(?:if|elif)\b", statement):
        return ""
    wrong = [one[0] for one in _OPERATOR.finditer(statement) if one[0] in _OPERATORS]

    def right(match: re.Match[str]) -> str:
        own = _OPERATORS.get(match[0])
        return f" {own} " if own else match[0]

    if not wrong or not is_sound(_OPERATOR.sub(right, statement)):
        return ""
    each = [f"'{_OPERATORS[one]}' instead of '{one}'" for one in dict.fromkeys(wrong)]
    return f"write {' and '.join(each)}"

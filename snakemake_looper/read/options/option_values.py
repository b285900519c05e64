"""Readers of option values: each makes one type from the forms that a value may have.

An option may be typed (`sel_incl=RRBS,WGBS`) or stand in a YAML file (`sel_incl: [RRBS, WGBS]`).
Each reader takes both forms. If it cannot read a value, it raises ValueError with a message for the
user.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from ...errors import near
from ...layout import shown_name
from ...status_words import STATUSES

_RANGE = re.compile(r"([0-9]*)[:-]([0-9]*)")
_COMMA_BEFORE_A_KEY = re.compile(r",(?=[A-Za-z_]\w*=)")


def text(value: Any) -> str:
    """A single value as text.

    Raises:
        ValueError: the value is a list or a mapping.
    """
    if isinstance(value, (list, tuple, Mapping)):
        raise ValueError(f"'{value}' is not a single value; write a text")
    return str(value)


def words(value: Any) -> tuple[str, ...]:
    """Several values: a list, a JSON list as text, or text with commas.

    Raises:
        ValueError: the value, or one in the list, is a mapping or another list.
    """
    for one in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(one, (list, tuple, Mapping)):
            raise ValueError(f"'{one}' is not a single value; write a text, or a list of texts")
    if isinstance(value, str):
        if value.startswith("["):
            with contextlib.suppress(ValueError):
                return tuple(map(str, json.loads(value)))
        return tuple(word.strip() for word in value.split(",") if word.strip())
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return (str(value),)


def statuses(value: Any) -> tuple[str, ...]:
    """Several status words.

    Raises:
        ValueError: a word is not a status.
    """
    found = tuple(word.lower() for word in words(value))
    for word in found:
        if word not in STATUSES:
            known = ", ".join(STATUSES)
            raise ValueError(f"'{word}' is no status{near(word, STATUSES)}; there are {known}")
    return found


def pairs(value: Any) -> tuple[tuple[str, Any], ...]:
    """Keys with their values: a mapping, or `key=value` words with spaces or commas between them.

    A comma separates two pairs only if a key and `=` follow it. Any other comma belongs to the
    value: `gres=gpu:1,tmp` is one pair.

    Raises:
        ValueError: a word has no `=`.
    """
    if isinstance(value, Mapping):
        return tuple((str(key), item) for key, item in value.items())
    listed = value.split() if isinstance(value, str) and not value.startswith("[") else words(value)
    found = []
    for word in (part for one in listed for part in _COMMA_BEFORE_A_KEY.split(one)):
        key, equals, item = word.partition("=")
        if not equals:
            raise ValueError(f"'{word}' is not of the form key=value")
        found.append((key, item))
    return tuple(found)


def flag(value: Any) -> bool:
    """True or false, also in the words of YAML and of shells.

    Raises:
        ValueError: the value is neither.
    """
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "yes", "1"):
        return True
    if str(value).lower() in ("false", "no", "0", ""):
        return False
    raise ValueError(f"'{value}' is neither true nor false")


# --- numbers, which stay text --------------------------------------------------------------------


def ranges(value: Any) -> str:
    """A number or a range: `3`, `2:5`, `:4` or `6-`.

    Raises:
        ValueError: the value is neither.
    """
    written = text(value).strip()
    if span(written) is None:
        raise ValueError(f"{shown_name(written)} is no number or range; write 3, 2:5, :4 or 6-")
    return written


def span(written: str) -> tuple[int, int | None] | None:
    """The first and the last number of a range; None for a text that is none.

    `3` is short for `1:3`. A range without an end has None as its last number.
    """
    if re.fullmatch("[0-9]+", written):
        return 1, int(written)
    match = _RANGE.fullmatch(written)
    if not match or not (match[1] or match[2]):
        return None
    low, high = int(match[1] or 1), int(match[2]) if match[2] else None
    return (low, high) if low >= 1 and (high is None or low <= high) else None


def size(value: Any) -> str:
    """A number of GB.

    Raises:
        ValueError: the value is none.
    """
    return _number(value, float, 0, "a number of GB")


def count(value: Any) -> str:
    """A whole number of at least 1.

    Raises:
        ValueError: the value is none.
    """
    return _number(value, int, 1, "a whole number of at least 1")


def _number(value: Any, kind: type[int] | type[float], least: int, what: str) -> str:
    written = text(value).strip()
    try:
        fits = least <= kind(written) < math.inf
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"'{written}' is not {what}; correct it")
    return written

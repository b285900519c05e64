"""Readers of option values: each makes one type from the forms that a value may have.

An option may be typed (`sel_incl=RRBS,WGBS`) or stand in a YAML file (`sel_incl: [RRBS, WGBS]`).
Each reader takes both forms. If it cannot read a value, it raises ValueError with a message for the
user.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import near
from ..status_words import STATUSES

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
    """Several values: a list, a JSON list as text, or text with commas."""
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

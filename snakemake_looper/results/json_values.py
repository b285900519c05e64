"""Values as JSON has them, whatever a pipeline has reported.

YAML and databases have values and keys that JSON has not: dates, sets, bytes, infinity. Python's
own writer fails at some of them, and writes others in a form that is no JSON.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

_DEEPEST = 100
"""Levels that are kept. A database may have more than any of the formats here."""


def plain(value: Any, depth: int = 0) -> Any:
    """A value of nothing but mappings with text as keys, lists, text, numbers, true, false, null.

    `NaN`, `Infinity` and `-Infinity` are text, in the spelling that JSON formats agree on.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _word(value)
    if depth == _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item, depth + 1) for item in value), key=str)
    if isinstance(value, bytes | bytearray):
        return _text_of(bytes(value))
    return str(value)


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by their names: the form of a record in all JSON of ours."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names_of(kind)}


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def moment(seconds: float | None) -> str | None:
    """A time since the epoch in ISO 8601, with the time zone of this machine.

    A millisecond is the most that a shell can tell.
    """
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")


def json_text(value: Any) -> str:
    """JSON with indents, which is also safe to print: invisible characters are escapes."""
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    odd = {ord(one): _escape(one) for one in set(text) if not one.isprintable() and one != "\n"}
    return text.translate(odd) if odd else text


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return json.dumps(key)
    return str(plain(key) if isinstance(key, float | bytes) else key)


def _text_of(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _escape(one: str) -> str:
    units = one.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))

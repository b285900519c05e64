"""Results against the output schema: text becomes numbers, and wrong types are named.

pipestat does not check results against the output schema when it is built from a config file, and
its command line then stores numbers as text (quirks 22 and 43). Here text becomes a number where
the schema wants a number. A result that still has the wrong type is named in a warning, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..read.schemas.output_schema import DeclaredResult, read_output_schema
from .results_file import BOOKKEEPING, Records

_META = "meta"
_MOST_SHOWN = 80
"""Characters of a value in a warning."""


def declared_results(schema: str | None, level: str) -> Mapping[str, DeclaredResult]:
    """The results that a pipeline declares for a level; none without a schema, or if it is gone.

    Raises:
        OutputSchemaError: the file is no output schema.
        OSError: it cannot be read.
    """
    try:
        found = read_output_schema(Path(schema)) if schema else None
    except FileNotFoundError:
        return {}
    return found.results("project" if level == "project" else "sample") if found else {}


def to_show(
    record: str, results: Mapping[str, Any], declared: Mapping[str, DeclaredResult]
) -> dict[str, Any]:
    """Results of a record without pipestat's bookkeeping, numbers as numbers."""
    kept = {key: value for key, value in results.items() if key not in BOOKKEEPING}
    return checked(record, kept, declared, [])


def checked(
    record: str,
    results: Records,
    declared: Mapping[str, DeclaredResult],
    warnings: list[str],
    place: str = "",
) -> Records:
    """Results with text as numbers where the schema wants them; `warnings` names wrong types.

    Args:
        place: the start of these warnings.
    """
    found = {}
    for key, value in results.items():
        kind = declared[key].type if key in declared and key != _META else None
        found[key] = _as_number(value, kind)
        if not _is_a(found[key], kind):
            warnings.append(
                f"{place}record '{record}': {key}: {_short(value)} is no {kind};"
                " correct the value, or its type in the output schema"
            )
    return found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def _as_number(value: Any, kind: str | None) -> Any:
    if not isinstance(value, str) or "_" in value or not value.isascii():
        return value  # Python would take `1_000` for a number
    try:
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value) if any(c in value for c in ".eEnN") else int(value)
    except ValueError:
        pass
    if kind == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "file": (dict,),
    "image": (dict,),
    "link": (dict,),
    "array": (list,),
}


def _is_a(value: Any, kind: str | None) -> bool:
    types = _TYPES.get(kind) if kind else None
    if types is None:
        return True
    if isinstance(value, bool):
        return bool(kind == "boolean")
    return isinstance(value, types)

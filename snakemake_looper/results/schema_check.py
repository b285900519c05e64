"""TODO: results.schema_check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .results_file import Records

_META = "meta"


def wanted_of(data: Any, level: str) -> Mapping[str, Mapping[str, Any]]:
    """JSON schema of each result of a level, from an output schema of either form."""
    node: Any = data if isinstance(data, dict) else {}
    node = node.get("properties", node)
    node = (
        node.get("samples" if level == "sample" else "project", node)
        if isinstance(node, dict)
        else {}
    )
    node = node.get("items", node) if isinstance(node, dict) else {}
    node = node.get("properties", node) if isinstance(node, dict) else {}
    return {key: value for key, value in node.items() if isinstance(value, dict)}


def checked(
    record: str, results: Records, wanted: Mapping[str, Mapping[str, Any]], warnings: list[str]
) -> Records:
    """Results with text as numbers where the schema wants them (quirk 43); the rest is named."""
    found = {}
    for key, value in results.items():
        kind = wanted.get(key, {}).get("type") if key != _META else None
        found[key] = _as_number(value, kind)
        if not _is_a(found[key], kind):
            warnings.append(f"record '{record}': {key}: {value!r} is no {kind}")
    return found


def _as_number(value: Any, kind: Any) -> Any:
    if not isinstance(value, str):
        return value
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


def _is_a(value: Any, kind: Any) -> bool:
    types = _TYPES.get(kind) if isinstance(kind, str) else None
    if types is None:
        return True
    if isinstance(value, bool):
        return bool(kind == "boolean")
    return isinstance(value, types)

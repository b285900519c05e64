"""An output schema as pipestat reads it: the results that it finds, and the faults.

pipestat takes two forms. In its own form results stand under `samples:` and `project:`; each
needs a type and a description, and `image` and `file` stand for objects. In the JSON Schema form
there is a `properties:` at the top, and pipestat follows each `$ref`. The steps here are those of
pipestat 0.13's `ParsedSchema`, in their order, because an earlier step can cause or hide the fault
of a later one. Where pipestat raises any exception, this reader notes a fault and goes on.
`tests/read/test_output_schema_faults.py` compares both over a list of schemas.

pipestat itself is not imported: it takes longer to load than the whole planning takes.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import near
from ..keys.key import names
from ..keys.of_results import OWN_FORM

Keys = tuple[str, ...]

_FILE_TYPES: Mapping[str, tuple[str, ...]] = {
    "image": ("path", "thumbnail_path", "title"),
    "file": ("path", "title"),
}
_REQUIRED = ("path", "title")
_RESERVED = ("id", "record_identifier")
_CLOSE = 0.8
_KNOWN_KEYS = names(OWN_FORM) | {"properties"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for which pipestat refuses a schema."""

    keys: Keys
    """The keys that lead to the fault."""
    message: str


@dataclass(frozen=True, slots=True)
class PipestatSchema:
    """The results that pipestat finds in an output schema, and the schema's faults."""

    pipeline_name: str
    name_keys: Keys
    """The keys that lead to the pipeline's name."""
    results: Mapping[str, Mapping[str, Any]]
    """Results by `sample`, `project` and `status`, with references and short types replaced."""
    roots: Mapping[str, Keys]
    """The keys that lead to the results of a level."""
    faults: tuple[Fault, ...]
    empty: Fault | None
    """The fault of a schema without results; None if it declares results."""


@dataclass(slots=True)
class _Parse:
    """A schema while it is parsed."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    roots: dict[str, Keys] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, keys: Keys, message: str) -> None:
        self.faults.append(Fault(keys, message))


def pipestat_schema(raw: Mapping[str, Any]) -> PipestatSchema:
    """Parse the data of an output schema in the steps of pipestat's `ParsedSchema.__init__`.

    Args:
        raw: the file as data, with all keys as text: `OutputSchema.raw`. It stays as it is.
    """
    schema = _Parse()
    data = copy.deepcopy(dict(raw))
    if "$defs" in data:
        _replace_references(copy.deepcopy(data), data, (), schema)
    if "properties" in data:
        name = _read_json_form(data, schema)
        name_keys: Keys = ("properties", "pipeline_name")
    else:
        name = data.get("pipeline_name")
        name_keys = ("pipeline_name",)
        _read_own_form(data, schema)
    if not isinstance(name, str):
        schema.add(name_keys, _name_message(name, raw))
    for level, results in schema.results.items():
        for reserved in sorted(set(results) & set(_RESERVED)):
            schema.add(
                (*schema.roots[level], reserved),
                f"'{reserved}' is reserved by pipestat; rename the result",
            )
    has_results = schema.results.get("sample") or schema.results.get("project")
    empty = None if has_results else _no_results(raw)
    return PipestatSchema(
        str(name), name_keys, schema.results, schema.roots, tuple(schema.faults), empty
    )


def _name_message(name: Any, data: Mapping[str, Any]) -> str:
    if name is not None:
        if isinstance(name, list | Mapping):
            kind = "list" if isinstance(name, list) else "mapping"
            return f"must be text, not a {kind}; write one name"
        return f"must be text, not '{name}'; put it in quotes"
    properties = data.get("properties")
    if "pipeline_id" in data or (isinstance(properties, Mapping) and "pipeline_id" in properties):
        return "is missing; pipestat no longer reads 'pipeline_id', rename that key"
    where = "under 'properties:'" if "properties" in data else "at the top"
    return f"is missing, and pipestat needs it; write 'pipeline_name: …' {where}"


def _no_results(data: Mapping[str, Any]) -> Fault:
    properties = data.get("properties")
    section = properties if isinstance(properties, Mapping) else data
    keys: Keys = ("properties",) if isinstance(properties, Mapping) else ()
    for key in section:
        meant = near(key, ("samples", "project")) if key not in _KNOWN_KEYS else ""
        if meant:
            return Fault((*keys, key), f"pipestat finds no results in it{meant}; rename the key")
    where = "'samples: items: properties:' or 'project: properties:'" if keys else ""
    where = where or "'samples:' or 'project:'"
    return Fault(keys, f"pipestat finds no results in it; declare them under {where}")


# --- pipestat's two forms ----------------------------------------------------------------------


def _read_json_form(data: dict[str, Any], schema: _Parse) -> Any:
    properties = data["properties"]
    if not isinstance(properties, dict):
        schema.add(("properties",), "must be a mapping; write 'samples:' and 'project:' under it")
        return ""  # there is no place for a name, so a missing name is not another fault
    name = properties.pop("pipeline_name", None)
    items = _popped(properties, ("samples", "items"), schema)
    found = {
        "sample": items.pop("properties", {}),
        "project": _popped(properties, ("project", "properties"), schema),
        "status": _popped(properties, ("status", "properties"), schema),
    }
    roots: dict[str, Keys] = {
        "sample": ("properties", "samples", "items", "properties"),
        "project": ("properties", "project", "properties"),
        "status": ("properties", "status", "properties"),
    }
    for level, results in found.items():
        schema.roots[level] = roots[level]
        if not isinstance(results, dict):
            schema.add(roots[level], "must be a mapping; write a line for each result")
            results = {}
        if level != "status":
            _replace_references(results, data, roots[level], schema)
        schema.results[level] = results
    return name


def _popped(properties: dict[str, Any], keys: tuple[str, str], schema: _Parse) -> Any:
    section = properties.get(keys[0], {})
    value = section.pop(keys[1], {}) if isinstance(section, dict) else None
    if isinstance(value, dict):
        return value
    where = ("properties", *(keys if isinstance(section, dict) else keys[:1]))
    schema.add(where, f"must be a mapping; write 'properties: {keys[0]}: {keys[1]}: …'")
    return {}


def _read_own_form(data: dict[str, Any], schema: _Parse) -> None:
    for level, key in (("sample", "samples"), ("project", "project"), ("status", "status")):
        results = data.pop(key, {})
        schema.roots[level] = (key,)
        if not isinstance(results, dict):
            schema.add((key,), "must be a mapping; write a line for each result, or remove it")
            results = {}
        if level != "status":
            results.pop("additionalProperties", None)
            _replace_types(results, (key,), schema)
        schema.results[level] = results


def _replace_types(results: dict[str, Any], keys: Keys, schema: _Parse) -> None:
    """`image` and `file` become objects; each result needs a type and a description."""
    for name, result in results.items():
        here = (*keys, name)
        if not isinstance(result, dict):
            schema.add(here, "must be a mapping; write '{type: …, description: …}'")
            continue
        missing = [key for key in ("type", "description") if key not in result]
        if missing:
            what = " and no ".join(f"'{key}'" for key in missing)
            wrong = [f"'{key}'" for key in result if near(key, missing, _CLOSE)]
            advice = f"rename {' and '.join(wrong)}" if wrong else "add it"
            schema.add(here, f"has no {what}, which pipestat needs; {advice}")
            continue
        kind = result["type"]
        if kind == "object" and "properties" in result:
            _replace_nested(result["properties"], (*here, "properties"), schema)
        if kind == "array" and "items" in result:
            items = result["items"]
            nested = items.get("properties") if isinstance(items, dict) else None
            _replace_nested(nested, (*here, "items", "properties"), schema)
        if not isinstance(kind, Hashable):
            schema.add(
                (*here, "type"),
                "must be one type; pipestat takes a list of types only below a top-level"
                " 'properties:'",
            )
        elif kind in _FILE_TYPES:
            _replace_file_type(result, here, schema)


def _replace_nested(nested: Any, keys: Keys, schema: _Parse) -> None:
    if isinstance(nested, dict):
        _replace_types(nested, keys, schema)
    else:
        schema.add(
            keys,
            "is missing or no mapping, and pipestat needs it; declare the parts with type and"
            " description, or leave out 'items' or 'properties'",
        )


def _replace_file_type(result: dict[str, Any], here: Keys, schema: _Parse) -> None:
    properties = result.setdefault("properties", {})
    required = result.setdefault("required", [])
    if not isinstance(properties, dict):
        schema.add((*here, "properties"), "must be a mapping; correct or remove it")
    elif not isinstance(required, list):
        schema.add((*here, "required"), "must be a list; correct or remove it")
    else:
        properties.update({key: {"type": "string"} for key in _FILE_TYPES[result["type"]]})
        required.extend(_REQUIRED)
        result["type"] = "object"


def _replace_references(
    target: dict[str, Any], source: Mapping[str, Any], keys: Keys, schema: _Parse
) -> None:
    for key, value in list(target.items()):
        if isinstance(value, dict):
            _replace_references(value, source, (*keys, key), schema)
        if key != "$ref":
            continue
        parts = value.split("/") if isinstance(value, str) else []
        group = source.get(parts[1]) if len(parts) == 3 else None
        found = group.get(parts[2]) if isinstance(group, dict) else None
        if isinstance(found, dict):
            target.update(found)
            target.pop("$ref", None)
        else:
            schema.add(
                (*keys, key),
                f"pipestat finds nothing at '{value}'; write '#/$defs/NAME', with NAME under"
                " '$defs:' in this file",
            )

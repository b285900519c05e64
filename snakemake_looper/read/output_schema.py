"""The output schema as pipestat reads it, to refuse before any job what pipestat refuses.

pipestat takes two forms. In its own form results stand under `samples:` and `project:`; each
needs a type and a description, and `image` and `file` stand for objects. In the JSON Schema form
there is a `properties:` at the top, and `$ref` is followed. The steps here are those of pipestat
0.13's `ParsedSchema`, in their order, because some faults depend on what an earlier step has
changed. Where pipestat ends with any exception, a fault is noted, and reading goes on.
`tests/test_output_schema.py` compares both over a list of schemas.

pipestat itself is not imported: it takes longer than all of planning.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import near

Keys = tuple[str, ...]

_FILE_TYPES: Mapping[str, tuple[str, ...]] = {
    "image": ("path", "thumbnail_path", "title"),
    "file": ("path", "title"),
}
_REQUIRED = ("path", "title")
_JSON_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_COLUMN_TYPES = (
    *("array", "bool", "boolean", "file", "image", "integer", "link", "number", "object"),
    *("path", "string"),
)
_RESERVED = ("id", "record_identifier")
_RESERVED_IN_DATABASE = (
    *("pipeline_name", "pipestat_created_time", "pipestat_modified_time", "project_name"),
    *("status", "metadata", "registry"),
)
_KNOWN_KEYS = ("samples", "project", "status", "pipeline_name", "properties")


@dataclass(frozen=True, slots=True)
class Fault:
    """A thing that pipestat refuses: the keys that lead to it, and what is wrong."""

    keys: Keys
    message: str


@dataclass(slots=True)
class OutputSchema:
    """What pipestat finds in an output schema, and what it refuses."""

    pipeline_name: str | None = None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Declared results by level, after references and short types were replaced."""
    roots: dict[str, Keys] = field(default_factory=dict)
    """The keys that lead to the results of a level."""
    faults: list[Fault] = field(default_factory=list)
    empty: Fault | None = None
    """Set where no results are declared: pipestat refuses that, too."""

    def add(self, keys: Keys, message: str) -> None:
        self.faults.append(Fault(keys, message))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Aliases stay one object, as pipestat has them, and keys become text."""


def _mapping(loader: Any, node: yaml.MappingNode) -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    yield found
    loader.flatten_mapping(node)
    pairs = loader.construct_pairs(node)
    found.update((str(key), value) for key, value in pairs)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_output_schema(path: Path) -> OutputSchema:
    """Read a schema that is known to be a YAML mapping."""
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader) or {}
    return parse_output_schema(data)


def parse_output_schema(data: dict[str, Any]) -> OutputSchema:
    """Go the way of pipestat's `ParsedSchema.__init__`."""
    schema = OutputSchema()
    original, data = data, copy.deepcopy(data)
    if "$defs" in data:
        _replace_references(copy.deepcopy(data), data, (), schema)
    if "properties" in data:
        name = _read_json_form(data, schema)
        name_keys: Keys = ("properties", "pipeline_name")
    else:
        name = data.get("pipeline_name")
        name_keys = ("pipeline_name",)
        _read_own_form(data, schema)
    if isinstance(name, str):
        schema.pipeline_name = name
    else:
        schema.add(name_keys, _name_message(name, original))
    for level, results in schema.results.items():
        for reserved in sorted(set(results) & set(_RESERVED)):
            schema.add(
                (*schema.roots[level], reserved),
                f"'{reserved}' is reserved by pipestat; rename the result",
            )
    if not schema.results.get("sample") and not schema.results.get("project"):
        schema.empty = _nothing(original)
    return schema


def _name_message(name: Any, data: Mapping[str, Any]) -> str:
    if name is not None:
        return f"must be text, not '{name}'; put it in quotes"
    properties = data.get("properties")
    if "pipeline_id" in data or (isinstance(properties, Mapping) and "pipeline_id" in properties):
        return "is missing; pipestat no longer reads 'pipeline_id', rename that key"
    where = "under 'properties:'" if "properties" in data else "at the top"
    return f"is missing, and pipestat needs it; write 'pipeline_name: …' {where}"


def _nothing(data: Mapping[str, Any]) -> Fault:
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


def _read_json_form(data: dict[str, Any], schema: OutputSchema) -> Any:
    properties = data["properties"]
    if not isinstance(properties, dict):
        schema.add(("properties",), "must be a mapping; write 'samples:' and 'project:' under it")
        return ""  # whether there is a name cannot be told
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


def _popped(properties: dict[str, Any], keys: tuple[str, str], schema: OutputSchema) -> Any:
    section = properties.get(keys[0], {})
    value = section.pop(keys[1], {}) if isinstance(section, dict) else None
    if isinstance(value, dict):
        return value
    where = ("properties", *(keys if isinstance(section, dict) else keys[:1]))
    schema.add(where, f"must be a mapping; write 'properties: {keys[0]}: {keys[1]}: …'")
    return {}


def _read_own_form(data: dict[str, Any], schema: OutputSchema) -> None:
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


def _replace_types(results: dict[str, Any], keys: Keys, schema: OutputSchema) -> None:
    """`image` and `file` become objects; each result needs a type and a description."""
    for name, result in results.items():
        here = (*keys, name)
        if not isinstance(result, dict):
            schema.add(here, "must be a mapping; write '{type: …, description: …}'")
            continue
        missing = [key for key in ("type", "description") if key not in result]
        if missing:
            what = " and no ".join(f"'{key}'" for key in missing)
            schema.add(here, f"has no {what}, which pipestat needs; add it")
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


def _replace_nested(nested: Any, keys: Keys, schema: OutputSchema) -> None:
    if isinstance(nested, dict):
        _replace_types(nested, keys, schema)
    else:
        schema.add(
            keys,
            "is missing or no mapping, and pipestat needs it; declare the parts with type and"
            " description, or leave out 'items' or 'properties'",
        )


def _replace_file_type(result: dict[str, Any], here: Keys, schema: OutputSchema) -> None:
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
    target: dict[str, Any], source: Mapping[str, Any], keys: Keys, schema: OutputSchema
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


# --- where jobs report to ----------------------------------------------------------------------


def refusals(
    schema: OutputSchema, level: str, *, in_tables: bool, validates: bool
) -> tuple[Fault, ...]:
    """All that pipestat refuses for a level.

    Args:
        schema: as read.
        level: `sample` or `project`.
        in_tables: results get into a database, which needs a column for each.
        validates: the command gets the schema's path. pipestat then holds each result against
            the schema; it does not if it only has the path from a config.
    """
    if schema.faults or schema.empty:
        return (*schema.faults, *((schema.empty,) if schema.empty else ()))
    found = list(faults_of_types(schema, level))
    if in_tables:
        found += faults_of_columns(schema, level)
    if validates and not found:
        found += faults_of_validation(schema, level)
    return tuple({fault.keys: fault for fault in reversed(found)}.values())[::-1]


def faults_of_types(schema: OutputSchema, level: str) -> Iterator[Fault]:
    """Types that neither pipestat nor JSON Schema knows."""
    known = {*_JSON_TYPES, *_COLUMN_TYPES}
    for keys, result in _with_parts(schema.results.get(level, {}), schema.roots.get(level, ())):
        kinds = result.get("type")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if isinstance(kind, str) and kind not in known:
                yield Fault(
                    (*keys, "type"),
                    f"'{kind}' is no type{near(kind, known)}; write one of {_listed(_JSON_TYPES)}",
                )


def faults_of_columns(schema: OutputSchema, level: str) -> Iterator[Fault]:
    """What keeps pipestat from making a table of a level's results."""
    root = schema.roots.get(level, ())
    for name, result in schema.results.get(level, {}).items():
        keys = (*root, name)
        if name in _RESERVED_IN_DATABASE or name.startswith("_"):
            yield Fault(keys, f"'{name}' can be no column of a database; rename the result")
        elif not isinstance(result, dict) or "type" not in result:
            yield Fault(keys, "has no 'type', which a database needs; add it")
        elif not isinstance(result["type"], str) or result["type"] not in _COLUMN_TYPES:
            yield Fault(
                (*keys, "type"),
                f"'{result['type']}' is no type of a database's column; write one of"
                f" {_listed(_COLUMN_TYPES)}",
            )


def faults_of_validation(schema: OutputSchema, level: str) -> Iterator[Fault]:
    """Results that cannot be reported with the schema: jsonschema takes no value for them."""
    root = schema.roots.get(level, ())
    sound = {repr({"type": kind}) for kind in _JSON_TYPES}
    for name, result in schema.results.get(level, {}).items():
        if isinstance(result, bool):  # a schema that takes anything, or nothing
            continue
        if not isinstance(result, dict):
            yield Fault((*root, name), "must be a mapping; write '{type: …, description: …}'")
            continue
        # Most results are of few shapes; each is looked at once.
        shape = repr({k: v for k, v in result.items() if k != "description" or type(v) is not str})
        if shape in sound:
            continue
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for

        try:
            validator_for(result, default=Draft202012Validator).check_schema(result)
            sound.add(shape)
        except SchemaError as error:
            path = tuple(map(str, error.path))
            if path[-1:] == ("type",):
                known = _listed(_JSON_TYPES)
                what = f"'{error.instance}' is no type of JSON Schema, so nothing can be reported"
                yield Fault((*root, name, *path), f"{what}; write one of {known}")
            else:
                said = " ".join(error.message.split())[:200]
                yield Fault((*root, name, *path), f"not a valid schema: {said}; correct it")


def _with_parts(results: Mapping[str, Any], keys: Keys) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    for name, result in results.items():
        if not isinstance(result, Mapping):
            continue
        here = (*keys, name)
        yield here, result
        nested = result.get("properties")
        if isinstance(nested, Mapping):
            yield from _with_parts(nested, (*here, "properties"))
        items = result.get("items")
        if isinstance(items, Mapping):
            yield from _with_parts({"items": items}, here)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}"

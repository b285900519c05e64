"""Faults of input schemas, with the line of each: they are found before any sample is checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...errors import Problems, near
from .schema_files import SchemaFile
from .schema_refs import ITEMS, PROJECT, Keys, OneSchema, at
from .schema_words import of_schema

KEYWORDS = frozenset({
    "$comment", "$id", "$ref", "$schema", "additionalItems", "additionalProperties", "allOf",
    "anyOf", "const", "contains", "contentEncoding", "contentMediaType", "default", "definitions",
    "dependencies", "description", "else", "enum", "examples", "exclusiveMaximum",
    "exclusiveMinimum", "format", "if", "items", "maxItems", "maxLength", "maxProperties", "maximum",
    "minItems", "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern",
    "patternProperties", "properties", "propertyNames", "readOnly", "required", "then", "title",
    "type", "uniqueItems",
})  # fmt: skip
"""The keywords of a JSON schema, draft 7."""
_OF_EIDO = ("tangible", "sizing", "required_files", "files", "directories")
_KNOWN: Mapping[Keys, frozenset[str]] = {
    (): KEYWORDS | {"imports", "version", "name", "$defs"},
    ("properties",): frozenset({"samples", "project", "config"}),
    ("properties", "samples"): KEYWORDS,
    ITEMS: KEYWORDS | set(_OF_EIDO),
    PROJECT: KEYWORDS,
}
"""The keys that have a meaning, by place. Others are for people; only near ones are warned of."""
_HARMLESS = frozenset({"example", "$defs"})
"""Words of people that look like a misspelt key."""
_CLOSE = 0.82
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def report_faults(file: SchemaFile, schema: OneSchema, problems: Problems) -> None:
    """Report the parts of a schema that are no valid JSON schema, and keys that are misspelt."""
    for above in (ITEMS[:1], ITEMS[:2]):
        if not isinstance(at(file.data, above) or {}, Mapping):
            what = "not a valid schema: it must be a mapping; correct it"
            problems.add(file.place(*above), ".".join(map(str, above)), what)
    for key in _OF_EIDO:
        names = at(file.data, (*ITEMS, key)) or []
        if not all(isinstance(one, str) for one in (names if isinstance(names, list) else [names])):
            what = "must be a list of attributes, as in '[file]'; correct it"
            problems.add(file.place(*ITEMS, key), ".".join(map(str, (*ITEMS, key))), what)
    parts = {ITEMS: (file, ITEMS), PROJECT: (file, PROJECT), **schema.targets}
    for keys, (source, there) in parts.items():
        part = at(schema.data, keys)
        if part is None:
            continue
        found = list(dict.fromkeys((*_not_valid(part), *_bad_patterns(part))))
        for path, message in sorted(found, key=str):
            path = (*there, *path)
            problems.add(source.place(*path), ".".join(map(str, path)), message)
    _warn_of_names(file, problems)


def _not_valid(part: Any) -> Iterator[tuple[Keys, str]]:
    if is_plain(part):
        return
    from jsonschema import Draft7Validator  # late: it is heavy, and most schemas are plain

    for error in Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(part):
        path = tuple(error.absolute_path)
        yield path, f"not a valid schema: {of_schema(error)}"


def is_plain(node: Any) -> bool:
    """Whether a schema has only simple keywords, each with a value of its kind: it is valid then."""
    return isinstance(node, dict) and all(_is_plain(key, node[key]) for key in node)


def _is_plain(key: Any, value: Any) -> bool:
    if key in ("title", "description"):
        return isinstance(value, str)
    if key == "type":
        return isinstance(value, str) and value in _TYPES
    if key == "properties":
        return isinstance(value, dict) and all(
            isinstance(name, str) and is_plain(one) for name, one in value.items()
        )
    if key == "items":
        return is_plain(value)
    if key == "required":
        are_names = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return are_names and len(set(value)) == len(value)
    return key in _OF_EIDO  # to a JSON schema, these have no meaning


def _bad_patterns(node: Any, path: Keys = (), names: bool = False) -> Iterator[tuple[Keys, str]]:
    """Patterns that are no regular expressions.

    Args:
        names: whether the keys of the node are names of attributes, and no keywords.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _bad_patterns(item, (*path, index))
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        here = (*path, key)
        if key == "pattern" and not names and isinstance(value, str) and not _compiles(value):
            yield here, f"'{value}' is no regular expression; correct it"
        if key == "patternProperties" and not names and isinstance(value, Mapping):
            for one in value:
                if not _compiles(one):
                    yield (*here, one), f"'{one}' is no regular expression; correct it"
        are_names = not names and key in ("properties", "definitions", "$defs", "patternProperties")
        if key not in ("enum", "const", "default", "examples") or names:
            yield from _bad_patterns(value, here, are_names)


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


# --- keys that are misspelt, or stand in the wrong place -----------------------------------------


def _warn_of_names(file: SchemaFile, problems: Problems) -> None:
    for keys, known in _KNOWN.items():
        node = at(file.data, keys)
        if isinstance(node, Mapping):
            _warn_of_near(file, node, keys, known, problems)
    attributes = at(file.data, (*ITEMS, "properties"))
    for name, node in attributes.items() if isinstance(attributes, Mapping) else ():
        if isinstance(node, Mapping):
            _warn_of_near(file, node, (*ITEMS, "properties", name), KEYWORDS, problems)
    for keys, right in (((), "properties"), (("properties", "samples"), "items")):
        above = at(file.data, keys)
        if isinstance(above, Mapping) and above.get(right) is None:
            wrong = ("samples", "project") if not keys else ("properties", "required", *_OF_EIDO)
            for key in (one for one in wrong if one in above):
                problems.warn(
                    file.place(*keys, key),
                    ".".join(map(str, (*keys, key))),
                    f"has no effect here; write it below '{right}:'",
                )


def _warn_of_near(
    file: SchemaFile, node: Mapping[Any, Any], keys: Keys, known: Iterable[str], problems: Problems
) -> None:
    words = {str(key) for key in node}
    for key in node:
        if key in known or key in _HARMLESS:
            continue
        close = near(str(key), set(known) - words, _CLOSE)
        if close:
            problems.warn(
                file.place(*keys, key),
                ".".join(map(str, (*keys, key))),
                f"unknown key, ignored{close}",
            )

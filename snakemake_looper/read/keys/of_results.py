"""The keys of an output schema, in pipestat's own form and in that of JSON Schema.

The third form, eido's, has results directly below `properties:`. Its results are for people and
for paths, and pipestat is not told of them; so nothing is required of them here.
"""

from __future__ import annotations

from types import NoneType
from typing import Any

from .key import SECTION, SECTION_OR_NONE, TEXT, File, Form, Key, Rules, free

JSON_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
COLUMN_TYPES = (
    *("array", "bool", "boolean", "file", "image", "integer", "link", "number", "object"),
    *("path", "string"),
)
"""The types of which pipestat makes a column in a database."""
_TYPES = [*JSON_TYPES, *sorted(set(COLUMN_TYPES) - set(JSON_TYPES))]

RESULT = (
    Key(
        "type",
        Form("type", (str, list)),
        "The type: `string`, `integer`, `number`, `boolean`, `file`, `image`, `array`, `object`.",
        "integer",
    ),
    Key("description", free("text"), "A sentence for people.", "Lines of the file."),
    Key("properties", free("mapping"), "The parts of an `object`, with type and description each."),
    Key(
        "items",
        free("mapping"),
        "The items of an `array`.",
        "{type: object, properties: {word: {type: string, description: A word.}}}",
    ),
    Key(
        "$ref", free("text"), "A definition of `$defs:`, in JSON Schema's form.", "'#/$defs/image'"
    ),
    Key("enum", free("list"), "The values that are allowed.", "[low, high]"),
)
"""Keys of one result."""

_SAMPLES = "The results of each sample, by name."
_PROJECT = "The results of the project, by name."
_STATUS = "Statuses of your own, in place of pipestat's."
_EXAMPLE = "{lines: {type: integer, description: Lines of the file.}}"

OWN_FORM = (
    Key("pipeline_name", TEXT, "The pipeline's name, as in the interface.", "count_lines"),
    Key("samples", free("mapping"), _SAMPLES, _EXAMPLE),
    Key("project", free("mapping"), _PROJECT, _EXAMPLE),
    Key("status", SECTION_OR_NONE, _STATUS),
)
JSON_FORM = (
    Key("pipeline_name", free("text"), "The pipeline's name, as in the interface.", "count_lines"),
    Key(
        "samples",
        free("mapping"),
        _SAMPLES[:-1] + ", below `items: properties:`.",
        f"{{type: array, items: {{type: object, properties: {_EXAMPLE}}}}}",
    ),
    Key(
        "project",
        free("mapping"),
        _PROJECT[:-1] + ", below `properties:`.",
        f"{{type: object, properties: {_EXAMPLE}}}",
    ),
    Key("status", free("mapping"), _STATUS),
)
KEYS = (
    *(Key(one.name, free(one.form.words), one.meaning, one.example) for one in OWN_FORM),
    Key("properties", SECTION, "JSON Schema's form: the same keys below this one.", keys=JSON_FORM),
    Key("$defs", Form("mapping", (dict, NoneType)), "Definitions that `$ref` names."),
    Key("title", free("text"), "A title for people.", "Results of counting"),
    Key("description", free("text"), "A sentence for people.", "Lines of each file."),
)


def _at(keys: tuple[str, ...], rules: Rules) -> dict[str, Any]:
    """Rules for the value under a path of keys. Nothing is required to be there."""
    found = dict(rules)
    for key in reversed(keys):
        found = {"properties": {key: found}}
    return found


def _mapping_of(result: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"$ref": f"#/definitions/{result}"}}


def _results(result: str) -> dict[str, Any]:
    """The results of a level, by names that pipestat has not taken."""
    return {**_mapping_of(result), "propertyNames": {"not": {"enum": ["id", "record_identifier"]}}}


_MEANT = {key.name: {"description": key.meaning.replace("`", "")} for key in RESULT}
_IS_TYPE = {"enum": _TYPES}
_RESULT = {
    "type": "object",
    "required": ["type", "description"],
    "properties": {**_MEANT, "type": {**_MEANT["type"], **_IS_TYPE}},
    "allOf": [
        {
            "if": {"properties": {"type": {"enum": ["file", "image"]}}},
            "then": {
                "properties": {"properties": {"type": "object"}, "required": {"type": "array"}}
            },
        },
        {
            "if": {"properties": {"type": {"const": "object"}}, "required": ["properties"]},
            "then": {"properties": {"properties": _mapping_of("result")}},
        },
        {
            "if": {"properties": {"type": {"const": "array"}}, "required": ["items"]},
            "then": {
                "properties": {
                    "items": {
                        "type": "object",
                        "required": ["properties"],
                        "properties": {"properties": _mapping_of("result")},
                    }
                }
            },
        },
    ],
}
"""A result in pipestat's own form."""
_JSON_RESULT = {
    "properties": {
        **_MEANT,
        "type": {"anyOf": [_IS_TYPE, {"type": "array", "items": _IS_TYPE}]},
        "$ref": {"type": "string", "pattern": "^[^/]*/[^/]+/[^/]+$"},
    },
}
_LEVELS = ("samples", "project")
_OWN_RESULTS = {**_results("result"), "properties": {"additionalProperties": {}}}
_IS_OWN_FORM = {
    "required": ["pipeline_name"],
    "properties": {"pipeline_name": {"type": "string"}, **dict.fromkeys(_LEVELS, _OWN_RESULTS)},
}
_MAPPING = {"type": "object"}
_KNOWN = {"type": "object", "propertyNames": {"enum": [*_LEVELS, "pipeline_name", "status"]}}
_IS_JSON_FORM = {
    "allOf": [
        _at(("properties", "samples"), _MAPPING),
        _at(("properties", "project"), _MAPPING),
        _at(("properties", "status"), _MAPPING),
        _at(("properties", "samples", "items"), _MAPPING),
        _at(("properties", "samples", "items", "properties"), _results("json_result")),
        _at(("properties", "project", "properties"), _results("json_result")),
        _at(("properties", "status", "properties"), _MAPPING),
        # With other keys beside these it is eido's form, and pipestat does not get it.
        {
            "if": {"properties": {"properties": _KNOWN}},
            "then": {
                "properties": {
                    "properties": {
                        "required": ["pipeline_name"],
                        "properties": {"pipeline_name": {"type": "string"}},
                    }
                }
            },
        },
    ]
}

OUTPUT_SCHEMA = File(
    "output_schema",
    "Output schema",
    "An output schema declares the results of a pipeline. It has one of two forms: pipestat's own,"
    " with `samples:` and `project:` at the top, or JSON Schema's, with the same below"
    " `properties:`.",
    KEYS,
    rules={
        "definitions": {"result": _RESULT, "json_result": _JSON_RESULT},
        "if": {"required": ["properties"]},
        "then": _IS_JSON_FORM,
        "else": _IS_OWN_FORM,
    },
    deeper={"Of each result": RESULT},
)

"""Errors of jsonschema in words for the people who wrote the samples, or the schema.

A schema is checked before samples are. So each keyword has a value of its kind then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import near

_KINDS = {
    "array": "list", "object": "mapping", "string": "text", "number": "number",
    "integer": "whole number", "boolean": "true or false", "null": "empty value",
}  # fmt: skip
_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
_MEANT = {
    "str": "string", "text": "string", "file": "string", "path": "string", "int": "integer",
    "float": "number", "double": "number", "bool": "boolean", "list": "array", "dict": "object",
}  # fmt: skip
"""Types of other languages, and of output schemas."""
_MUST_BE = {
    "array": "a list", "object": "a mapping", "string": "text", "number": "a number",
    "integer": "a whole number", "boolean": "true or false",
}  # fmt: skip
_LONGEST = 60
_MOST = 8


def of_sample(error: Any) -> list[str]:
    """The messages of an error of jsonschema; it can stand for several."""
    if error.validator == "required":
        return [f"there is no '{n}'" for n in error.validator_value if n not in error.instance]
    if error.validator == "dependencies":
        return _missing_beside(error)
    if error.validator == "anyOf":
        inner = _of_value_or_list(error)
        if inner:
            return list(dict.fromkeys(text for one in inner for text in of_sample(one)))
    say = _SAID.get(error.validator)
    return [say(error) if say else f"{_shown(error.instance)} does not fit to the schema"]


def _of_value_or_list(error: Any) -> list[Any]:
    """The errors that matter of a schema that allows a value, or a list of such values."""
    branches = error.validator_value
    is_pair = len(branches) == 2 and branches[1] == {"type": "array", "items": branches[0]}
    wanted = int(isinstance(error.instance, list))
    return [one for one in error.context if is_pair and one.schema_path[0] == wanted]


def _type(error: Any) -> str:
    given = error.validator_value
    kinds = [given] if isinstance(given, str) else [kind for kind in given if kind != "array"]
    if kinds == ["boolean"]:
        return f"{_shown(error.instance)} is not true or false"
    return f"{_shown(error.instance)} is no {' or '.join(_KINDS.get(k, k) for k in kinds or given)}"


def _enum(error: Any) -> str:
    allowed = list(map(str, error.validator_value))
    listed = ", ".join(f"'{one}'" for one in allowed[:_MOST])
    more = f" and {len(allowed) - _MOST} more" if len(allowed) > _MOST else ""
    close = near(str(error.instance), allowed)
    return f"{_shown(error.instance)} is none of {listed}{more}{close}"


def _additional(error: Any) -> str:
    known = error.schema.get("properties") or {}
    extra = [f"'{name}'" for name in error.instance if name not in known]
    return f"the schema allows no {', '.join(extra[:_MOST])}"


def _missing_beside(error: Any) -> list[str]:
    return [
        f"'{name}' needs '{one}' beside it"
        for name, wanted in error.validator_value.items()
        if name in error.instance and isinstance(wanted, list)
        for one in wanted
        if one not in error.instance
    ] or ["an attribute that another one needs is missing"]


def _pattern(error: Any) -> str:
    if error.cause:
        return f"the pattern '{error.validator_value}' takes too long; simplify it in the schema"
    return f"{_shown(error.instance)} does not match '{error.validator_value}'"


def _length(word: str) -> Callable[[Any], str]:
    def say(error: Any) -> str:
        count = error.validator_value
        if word == "shorter" and not error.instance:
            return "it is empty"
        return f"{_shown(error.instance)} is {word} than {count} character{'s' * (count != 1)}"

    return say


def _compared(text: str) -> Callable[[Any], str]:
    return lambda error: f"{_shown(error.instance)} is {text} {_shown(error.validator_value)}"


def _counted(text: str) -> Callable[[Any], str]:
    return lambda error: f"it has {text} than {error.validator_value} values"


_SAID: Mapping[str, Callable[[Any], str]] = {
    "type": _type,
    "enum": _enum,
    "const": _compared("not"),
    "pattern": _pattern,
    "minLength": _length("shorter"),
    "maxLength": _length("longer"),
    "minimum": _compared("below"),
    "maximum": _compared("above"),
    "exclusiveMinimum": _compared("not above"),
    "exclusiveMaximum": _compared("not below"),
    "multipleOf": _compared("no multiple of"),
    "minItems": _counted("fewer"),
    "maxItems": _counted("more"),
    "minProperties": _counted("fewer"),
    "maxProperties": _counted("more"),
    "uniqueItems": lambda _: "a value is in it twice",
    "additionalProperties": _additional,
    "anyOf": lambda one: f"{_shown(one.instance)} fits to none of the forms that the schema allows",
    "oneOf": lambda one: f"{_shown(one.instance)} does not fit to exactly one form of the schema",
    "not": lambda one: f"{_shown(one.instance)} is excluded by the schema",
}


def _shown(value: Any) -> str:
    """A value for a message. A whole sample is not shown."""
    if isinstance(value, Mapping):
        return "it"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# --- of a schema itself ---------------------------------------------------------------------------


def of_schema(error: Any) -> str:
    """The message of an error of a schema itself, found by the schema of schemas."""
    path = error.absolute_path
    keyword = next((key for key in reversed(path) if isinstance(key, str)), "")
    wanted = error.validator_value
    if keyword == "type":
        given = error.instance if isinstance(error.instance, list) else [error.instance]
        wrong = next((str(one) for one in given if one not in _TYPES), "")
        meant = f" (did you mean '{_MEANT[wrong]}'?)" if wrong in _MEANT else near(wrong, _TYPES)
        return f"'{wrong}' is no type{meant}; write one of {', '.join(_TYPES[:-1])} or {_TYPES[-1]}"
    if keyword == "required" and isinstance(error.instance, bool):
        return "it must be a list of names; write it beside 'properties:', as in 'required: [name]'"
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        return f"it must be {_MUST_BE.get(kinds[0], kinds[0])}; correct it"
    return {
        "format": f"it is no {'regular expression' if wanted == 'regex' else 'address'}; correct it",
        "minItems": "it must not be empty; correct it",
        "uniqueItems": "an item is in it twice; remove one",
        "minimum": f"it must not be below {wanted}; correct it",
        "exclusiveMinimum": f"it must be above {wanted}; correct it",
    }.get(error.validator, "it has a form that it cannot have; correct it")

"""JSON Schemas of a project's files, for editors: made from the tables of keys.

The schemas are of draft 7, the one that yaml-language-server knows. A schema accepts each file that
the checks accept: a key that is not in a table is allowed, since the checks only warn of it. It
cannot refuse what is only seen with other files: a path that leads nowhere, a template of an
attribute that no sample has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any

from ..read.keys.key import File, Key
from ..read.keys.of_interface import INTERFACE, SIZE_TABLE
from ..read.keys.of_looper_config import LOOPER_CONFIG
from ..read.keys.of_pep import PEP
from ..read.keys.of_pipestat import PIPESTAT
from ..read.keys.of_results import OUTPUT_SCHEMA

FILES: Mapping[str, File] = {
    one.name: one for one in (LOOPER_CONFIG, PIPESTAT, PEP, INTERFACE, SIZE_TABLE, OUTPUT_SCHEMA)
}
"""Kinds of files by the names of their schemas."""
DRAFT = "http://json-schema.org/draft-07/schema#"
_TYPES = {
    str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", list: "array",
    NoneType: "null",
}  # fmt: skip


def schema_text(name: str) -> str:
    """The schema of a kind of file, as the text of a JSON file."""
    return f"{json.dumps(schema_of(name), indent=2, ensure_ascii=False)}\n"


def schema_of(name: str) -> dict[str, Any]:
    """The schema of a kind of file.

    A size table is an array of rows, each with its cells by column.
    """
    file = FILES[name]
    schema = _with_keys(file.keys, file.old, file.rules, file.strikes)
    if file is SIZE_TABLE:
        schema = {"type": "array", "minItems": 1, "items": schema}
    comment = f"Made by 'snakemake-looper schema {name}'."
    head = {
        "$schema": DRAFT,
        "$comment": comment,
        "title": _plain(file.title),
        "description": _plain(file.about),
    }
    return {**head, **schema}


def _with_keys(
    keys: Iterable[Key], old: Mapping[str, str], rules: Mapping[str, Any], strikes: bool = True
) -> dict[str, Any]:
    """The schema of a mapping. Editors strike old keys out, with the message of the checks.

    If they do not strike, they show the message where the mouse is.
    """
    message = "deprecationMessage" if strikes else "description"
    given = dict(rules)
    more = given.pop("properties", {})
    known = {one.name: {**_of_key(one), **more.get(one.name, {})} for one in keys}
    struck = {
        name: {message: f"is not read any more; write {new}", "doNotSuggest": True}
        for name, new in old.items()
        if name not in known
    }
    return {"type": "object", "properties": {**known, **struck}, **given}


def _of_key(key: Key) -> dict[str, Any]:
    example = f"\n\nFor example: {key.name}: {key.example}" if key.example else ""
    schema: dict[str, Any] = {"description": f"{_plain(key.meaning)}{example}"}
    types = [_TYPES[one] for one in key.form.types]
    if types:
        schema["type"] = types if len(types) > 1 else types[0]
    schema |= key.form.rules
    if key.keys:
        inner = _with_keys(key.keys, {}, key.rules)
        del inner["type"]
        schema |= inner
    if key.closed:
        schema["additionalProperties"] = False
    return schema


def _plain(text: str) -> str:
    """A sentence without the marks of Markdown."""
    return text.replace("`", "")

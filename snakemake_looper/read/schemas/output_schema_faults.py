"""The faults for which pipestat would refuse an output schema, found before any job starts.

Not every fault counts for every job. A database needs a column for each result. If a command gets
the schema's path, pipestat validates each of its results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import near
from ..keys.of_results import COLUMN_TYPES, JSON_TYPES
from .pipestat_schema import Fault, Keys, PipestatSchema
from .schema_words import of_schema

_OWN_COLUMNS = (
    *("pipeline_name", "pipestat_created_time", "pipestat_extended_data"),
    *("pipestat_modified_time", "project_name", "status"),
)
_OF_LIBRARIES = frozenset({
    "cls", "metadata", "model_config", "model_dump", "model_dump_json", "model_fields",
    "model_validate", "model_validate_json", "model_validate_strings",
})  # fmt: skip
"""Names with which SQLModel, pydantic and SQLAlchemy fail: when tables are made, or at a report."""
_LONGEST_NAME = 63
"""Of a table or column in PostgreSQL. It cuts longer names of columns."""


def refusals(
    schema: PipestatSchema,
    level: str,
    *,
    in_tables: bool,
    validates: bool,
    on_server: bool = False,
) -> tuple[Fault, ...]:
    """All faults for which pipestat refuses a schema at a level.

    Args:
        schema: the schema as pipestat has it.
        level: `sample` or `project`.
        in_tables: whether results go to a database, which needs a column for each.
        on_server: whether this database is a PostgreSQL server, and not a SQLite file.
        validates: whether the command gets the schema's path. pipestat then validates each result;
            it does not if it has the path only from a config.
    """
    if schema.faults or schema.empty:
        empty = schema.empty if schema.empty and not _has_broken_section(schema) else None
        return (*schema.faults, *((empty,) if empty else ()))
    found = list(faults_of_types(schema, level))
    if in_tables:
        found += faults_of_columns(schema, level)
        found += faults_of_names(schema, level, on_server=on_server)
    if validates and not found:
        found += faults_of_validation(schema, level)
    return tuple({fault.keys: fault for fault in reversed(found)}.values())[::-1]


def _has_broken_section(schema: PipestatSchema) -> bool:
    """Whether a section of results is no mapping: it has no results because of that fault."""
    roots = [schema.roots.get(level, ()) for level in ("sample", "project")]
    return any(root[: len(fault.keys)] == fault.keys for root in roots for fault in schema.faults)


def faults_of_types(schema: PipestatSchema, level: str) -> Iterator[Fault]:
    """Types that neither pipestat nor JSON Schema knows."""
    known = {*JSON_TYPES, *COLUMN_TYPES}
    root = schema.roots.get(level, ())
    # Below a top-level `properties:`, pipestat does not replace the short types of files.
    advised = JSON_TYPES if root[:1] == ("properties",) else (*JSON_TYPES, "file", "image")
    for keys, result in _with_parts(schema.results.get(level, {}), root):
        kinds = result.get("type")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if isinstance(kind, str) and kind not in known:
                yield Fault(
                    (*keys, "type"),
                    f"'{kind}' is no type{near(kind, known)}; write one of {_listed(advised)}",
                )


def faults_of_columns(schema: PipestatSchema, level: str) -> Iterator[Fault]:
    """Results of a level for which pipestat cannot make a column of a table."""
    root = schema.roots.get(level, ())
    for name, result in schema.results.get(level, {}).items():
        keys = (*root, name)
        if name in _OWN_COLUMNS or name in _OF_LIBRARIES or name[:1] in ("", "_"):
            yield Fault(keys, f"'{name}' can be no column of a database; rename the result")
        elif not isinstance(result, dict) or "type" not in result:
            yield Fault(keys, "has no 'type', which a database needs; add it")
        elif not isinstance(result["type"], str) or result["type"] not in COLUMN_TYPES:
            yield Fault(
                (*keys, "type"),
                f"'{result['type']}' is no type of a database's column; write one of"
                f" {_listed(COLUMN_TYPES)}",
            )


def faults_of_names(schema: PipestatSchema, level: str, *, on_server: bool) -> Iterator[Fault]:
    """Names that are too long for PostgreSQL, or that a database takes for the same."""
    table = f"{schema.pipeline_name}__{level}_history"
    if on_server and len(table) > _LONGEST_NAME:
        most = _LONGEST_NAME - len(table) + len(schema.pipeline_name)
        what = f"has {len(schema.pipeline_name)} characters, too many for the name of a table in"
        what += f" PostgreSQL; write {most} at most"
        yield Fault(schema.name_keys, what)
    names = schema.results.get(level, {})
    known = {} if on_server else {one: one for one in (*_OWN_COLUMNS, "id", "record_identifier")}
    for name in names:
        short = (name.encode()[:_LONGEST_NAME] if on_server else name.encode().lower()).decode(
            errors="ignore"
        )
        first = known.setdefault(short, name)
        if first != name:
            why = f"begins with the same {_LONGEST_NAME} characters" if on_server else "is the same"
            what = f"'{name}' {why} as '{first}' for the database; rename the result"
            yield Fault((*schema.roots.get(level, ()), name), what)


def faults_of_validation(schema: PipestatSchema, level: str) -> Iterator[Fault]:
    """Results whose definition is not a valid JSON schema: pipestat cannot validate with it."""
    root = schema.roots.get(level, ())
    sound = {repr({"type": kind}) for kind in JSON_TYPES}
    for name, result in schema.results.get(level, {}).items():
        if isinstance(result, bool):  # a schema that takes anything, or nothing
            continue
        if not isinstance(result, dict):
            yield Fault((*root, name), "must be a mapping; write '{type: …, description: …}'")
            continue
        # Most results have one of a few shapes; each shape is checked once.
        shape = repr({k: v for k, v in result.items() if k != "description" or type(v) is not str})
        if shape in sound:
            continue
        # Imported late: jsonschema is heavy, and few schemas get this far.
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for

        try:
            validator_for(result, default=Draft202012Validator).check_schema(result)
            sound.add(shape)
        except SchemaError as error:
            path = tuple(map(str, error.path))
            if path[-1:] == ("type",):
                known = _listed(JSON_TYPES)
                what = f"'{error.instance}' is no type of JSON Schema, so nothing can be reported"
                yield Fault((*root, name, *path), f"{what}; write one of {known}")
            else:
                yield Fault((*root, name, *path), f"not a valid schema: {of_schema(error)}")


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

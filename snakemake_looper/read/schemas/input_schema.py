"""Input schemas: the attributes that a sample must have, and those that name files.

An input schema is a JSON schema of a sample with keys of eido: `tangible` lists attributes whose
files must exist, `sizing` lists those whose sizes add up to the input size (in GB, 1024³ bytes).
The older `required_files` and `files` are read too (quirk 31). A path under `imports` is relative
to the schema that names it (quirk 37).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import Place, Problems, near
from ...model import InputSchema, Pep, Sample
from ..documents.yaml_lines import read_yaml, resolve
from ..secrets import address
from .patterns import Patterns, TakesTooLong, may_take_long
from .remote import is_url
from .schema_faults import report_faults
from .schema_files import SchemaFiles
from .schema_refs import (
    ITEMS,
    PROJECT,
    Keys,
    OneSchema,
    at,
    has_references,
    parts,
    pointer_to,
    resolved,
)
from .schema_words import of_sample

_LISTABLE = ("string", "number", "boolean")
_SCALAR_ONLY = {"type", "description", "title", "pattern", "minLength", "maxLength", "format"}
"""Keywords that have no effect on an array."""
_MOST_COLUMNS = 12
"""So many columns are listed in a message."""
_PLAIN_ITEMS = {
    "type", "properties", "required", "description", "tangible", "sizing", "required_files", "files",
    "directories",
}  # fmt: skip


def read_input_schema(
    source: str, folder: Path, place: Place, problems: Problems
) -> InputSchema | None:
    """Read an input schema and everything that it imports or refers to.

    A remote schema that cannot be reached is a warning: samples are not checked against it, as in
    looper.

    Args:
        source: path or URL, as a file names it.
        folder: the folder that a path is relative to.
        place: where the schema is named.
        problems: gets each fault.

    Returns:
        The schema; None if it cannot be read or is no JSON schema.
    """
    files = SchemaFiles(problems)
    where = source if is_url(source) else str(resolve(source, folder))
    before = len(problems)
    top = files.open(where, source, place, "input_schema")
    if top is None:
        return None
    schemas = []
    for file in files.with_imports(top):
        schema = OneSchema(file, files)
        report_faults(file, schema, problems)
        schemas.append(schema.data)
    if len(problems) > before:
        return None
    items = _items(schemas[-1])
    return InputSchema(
        path=Path(address(where)),
        schemas=tuple(schemas),
        required_files=_names(items, "tangible", "required_files"),
        sized_files=_names(items, "sizing", "files"),
        directories=_names(items, "directories"),
        files=files.paths,
        volatile=files.is_unreachable,
    )


def _items(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of one sample inside a PEP schema."""
    node = at(schema, resolved(schema, ITEMS))
    return dict(node) if isinstance(node, Mapping) else {}


def _names(items: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        value = items.get(key) or []
        found += [str(name) for name in (value if isinstance(value, list) else [value])]
    return tuple(dict.fromkeys(found))


def report_config(schema: InputSchema, pep: Pep, problems: Problems) -> None:
    """Check the PEP's config against the `project` section of an input schema, as eido does."""
    file = pep.config_file or (pep.files or (Path(),))[0]
    for one in schema.schemas:
        validator = _validator(one, PROJECT)
        for keys, message in _faults(validator, _with_text_keys(pep.config)) if validator else ():
            source = re.sub("^(https?|ftp):/", r"\1://", str(schema.path))  # a path has one slash
            said = f"{message}, says {source}; correct it"
            problems.add(_place(file, keys), ".".join(map(str, keys)), said)


def warn_of_no_column(schema: InputSchema, pep: Pep, problems: Problems) -> None:
    """Warn of attributes that must name files, and that no sample has: each sample is skipped.

    An attribute that the schema also requires is left out: each skip names it then.
    """
    required = {name for one in schema.schemas for name in _names(_items(one), "required")}
    wanted = [name for name in schema.required_files if name not in required]
    absent = [name for name in wanted if not any(name in one.attributes for one in pep.samples)]
    if not absent or not pep.samples:
        return
    document = read_yaml(schema.path, Problems()) if schema.path.is_file() else None
    there = list(pep.samples[0].attributes)
    listed = ", ".join(there[:_MOST_COLUMNS]) + (", …" if len(there) > _MOST_COLUMNS else "")
    items = _items(schema.schemas[-1])
    for name in absent:
        key = "tangible" if name in _names(items, "tangible") else "required_files"
        keys = (*ITEMS, key)
        place = document.place(*keys) if document else Place(str(schema.path))
        what = f"there is no column '{name}'{near(name, there)}; there are {listed}"
        problems.warn(place, ".".join(map(str, keys)), what)


def _faults(validator: Any, value: Any) -> Iterator[tuple[Keys, str]]:
    """The faults of a value, each with the keys that lead to it."""
    try:
        for error in validator.iter_errors(value):
            for message in of_sample(error):
                yield tuple(error.absolute_path), message
    except RecursionError:
        yield (), "it is nested too deeply to be checked"


def _with_text_keys(value: Any) -> Any:
    """A copy of a config with text as keys, which jsonschema relies on."""
    if isinstance(value, Mapping):
        return {str(key): _with_text_keys(one) for key, one in value.items()}
    return [_with_text_keys(one) for one in value] if isinstance(value, list) else value


def _place(file: Path, keys: Keys) -> Place:
    document = read_yaml(file, Problems()) if keys and file.suffix in (".yaml", ".yml") else None
    return document.place(*keys) if document else Place(str(file))


def _validator(schema: Mapping[str, Any], keys: Keys) -> Any:
    """The validator of a part of a schema; None if there is no such part."""
    part = at(schema, keys)
    if not isinstance(part, Mapping):
        return None
    # A reference counts from the top of the schema. Beside `$ref`, nothing at the top has an effect.
    whole = {**schema, "$ref": pointer_to(keys)} if has_references(schema) else part
    return _kind_of_validator(whole)(whole)


def _kind_of_validator(schema: Mapping[str, Any]) -> Any:
    """jsonschema's validator; one that gives up patterns if the schema has any to give up."""
    # Imported late: it is heavy, and valid samples of most schemas do not need it.
    from jsonschema import Draft7Validator, ValidationError
    from jsonschema.validators import extend

    if not any(may_take_long(str(one.get("pattern"))) for one in parts(schema)):
        return Draft7Validator
    patterns = Patterns()

    def check(_: Any, pattern: str, text: Any, __: Any) -> Iterator[ValidationError]:
        try:
            if isinstance(text, str) and not patterns.matches(pattern, text):
                yield ValidationError("")
        except TakesTooLong as error:
            yield ValidationError("", cause=error)

    return extend(Draft7Validator, {"pattern": check})  # type: ignore[no-untyped-call]


class Validator:
    """Checks samples against one input schema. It is compiled once and used for every sample."""

    def __init__(self, schema: InputSchema) -> None:
        self._schemas = schema.schemas
        self._plain = _plain_demands(schema)

    @cached_property
    def _validators(self) -> list[Any]:
        found = (_validator(_listable(one), resolved(one, ITEMS)) for one in self._schemas)
        return [one for one in found if one]

    def faults(self, sample: Sample) -> list[str]:
        """The faults of a sample's attributes; empty if the sample is valid."""
        if self._plain is not None and self._obviously_valid(sample.attributes):
            return []
        found = []
        for validator in self._validators:
            for keys, text in _faults(validator, dict(sample.attributes)):
                where = ".".join(map(str, keys))
                found.append(f"{where}: {text}" if where else text)
        return list(dict.fromkeys(found))

    def _obviously_valid(self, attributes: Mapping[str, Any]) -> bool:
        assert self._plain is not None
        required, texts = self._plain
        return all(name in attributes for name in required) and all(
            type(attributes.get(name, "")) is str for name in texts
        )


def _plain_demands(schema: InputSchema) -> tuple[frozenset[str], frozenset[str]] | None:
    """The attributes that must exist, and those that must be text; None if a schema demands more.

    Most schemas demand no more, and most samples are valid. These samples need no jsonschema, which
    is slow.
    """
    required: set[str] = set()
    texts: set[str] = set()
    for one in schema.schemas:
        items = _items(one)
        properties = items.get("properties") or {}
        if not set(items) <= _PLAIN_ITEMS or not isinstance(properties, Mapping):
            return None
        for name, wanted in properties.items():
            if not isinstance(wanted, Mapping) or not set(wanted) <= {"type", "description"}:
                return None
            if wanted.get("type", "string") != "string":
                return None
            texts |= {name} if "type" in wanted else set()
        required |= set(_names(items, "required"))
    return frozenset(required), frozenset(texts)


def _listable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a schema that allows a list for every plain attribute, as eido does."""
    listable = copy.deepcopy(dict(schema))
    there = (*resolved(listable, ITEMS), "properties")
    properties = at(listable, there)
    if isinstance(properties, dict):
        for name, wanted in properties.items():
            kind = at(schema, resolved(schema, (*there, name)))
            if not isinstance(kind, Mapping) or kind.get("type") not in _LISTABLE:
                continue
            if set(wanted) <= _SCALAR_ONLY:  # the same meaning, and quicker to check
                properties[name] = {**wanted, "type": [wanted["type"], "array"], "items": wanted}
            else:
                properties[name] = {"anyOf": [wanted, {"type": "array", "items": wanted}]}
    return listable

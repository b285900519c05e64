"""Input schemas: the attributes that a sample must have, and those that name files.

An input schema is a JSON schema of a sample with keys of eido: `tangible` lists attributes whose
files must exist, `sizing` lists those whose sizes add up to the input size (in GB, 1024³ bytes).
The older `required_files` and `files` are read too (quirk 31). A path under `imports` is relative
to the schema that names it (quirk 37).
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from jsonschema import Draft7Validator

from ..errors import Place, Problems
from ..model import InputSchema, Sample
from .yaml_faults import YamlFault
from .yaml_lines import Document, absent, parse_yaml, read_yaml, resolve

_log = logging.getLogger(__name__)

_TIMEOUT = 10
"""Seconds to wait for a remote schema."""
_LISTABLE = ("string", "number", "boolean")
_SCALAR_ONLY = {"type", "description", "title", "pattern", "minLength", "maxLength", "format"}
"""Keywords that have no effect on an array."""
_PLAIN_ITEMS = {
    "type", "properties", "required", "description", "tangible", "sizing", "required_files", "files",
    "directories",
}  # fmt: skip


def read_input_schema(
    source: str, folder: Path, place: Place, problems: Problems
) -> InputSchema | None:
    """Read an input schema and everything that it imports.

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
    reader = _Reader(problems)
    where = source if _is_url(source) else str(resolve(source, folder))
    reader.read(where, source, place, "input_schema")
    if not reader.schemas or reader.sources[-1] != where:
        return None
    items = _items(reader.schemas[-1])
    faulty = [
        _has_faults(source, _items(schema), problems)
        for source, schema in zip(reader.sources, reader.schemas, strict=True)
    ]
    if any(faulty):
        return None
    return InputSchema(
        path=Path(where),
        schemas=tuple(reader.schemas),
        required_files=_names(items, "tangible", "required_files"),
        sized_files=_names(items, "sizing", "files"),
        directories=_names(items, "directories"),
        files=tuple(Path(source) for source in reader.sources if not _is_url(source)),
        volatile=reader.unreachable,
    )


def _has_faults(file: str, items: dict[str, Any], problems: Problems) -> bool:
    """Whether the schema of a sample is not a valid JSON schema. Each fault becomes a problem."""
    errors = Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(items)
    found = sorted((".".join(map(str, error.absolute_path)), error.message) for error in errors)
    for where, message in found:
        problems.add(file, where, f"not a valid schema: {message}; correct it")
    return bool(found)


class _Reader:
    """Reads schemas in the order in which they apply: an imported one before its importer."""

    def __init__(self, problems: Problems) -> None:
        self.schemas: list[Mapping[str, Any]] = []
        self.sources: list[str] = []
        self.unreachable = False
        self._problems = problems
        self._seen: set[str] = set()

    def read(self, where: str, source: str, place: Place, key: str) -> None:
        """Read a file or URL. The file at `place` names it `source` under `key`."""
        if where in self._seen:
            return
        self._seen.add(where)
        document = self._open(where, source, place, key)
        if document is None:
            return
        imports = document.data.get("imports") or []
        for item in map(str, imports if isinstance(imports, list) else [imports]):
            # Relative to the file that imports it (quirk 37), which may be remote.
            target = (
                item
                if _is_url(item)
                else urljoin(where, item)
                if _is_url(where)
                else str(resolve(item, Path(where).parent))
            )
            at = Place(where) if _is_url(where) else document.place("imports")
            self.read(target, item, at, "imports")
        self.schemas.append(document.data)
        self.sources.append(where)

    def _open(self, where: str, source: str, place: Place, key: str) -> Document | None:
        if _is_url(where):
            return self._fetch(where, place, key)
        if Path(where).is_file():
            return read_yaml(Path(where), self._problems)
        self._problems.add(place, key, absent(source, Path(where)))
        return None

    def _fetch(self, url: str, place: Place, key: str) -> Document | None:
        from urllib.request import urlopen

        try:
            with urlopen(url, timeout=_TIMEOUT) as response:
                text = response.read().decode()
        except (OSError, ValueError) as error:
            self.unreachable = True
            why = getattr(error, "reason", None) or error
            self._problems.warn(
                place, key, f"{url} cannot be reached ({why}); samples are not checked against it"
            )
            return None
        try:
            return parse_yaml(text, Path(url))
        except YamlFault:
            self._problems.add(place, key, f"{url} is no schema; correct the address")
            return None


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://", "ftp://"))


def _items(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of one sample inside a PEP schema."""
    node: Any = schema
    for key in ("properties", "samples", "items"):
        node = node.get(key) if isinstance(node, Mapping) else None
    return dict(node) if isinstance(node, Mapping) else {}


def _names(items: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        value = items.get(key) or []
        found += [str(name) for name in (value if isinstance(value, list) else [value])]
    return tuple(dict.fromkeys(found))


def config_faults(schema: InputSchema, config: Mapping[str, Any]) -> list[str]:
    """The faults of a PEP's config by the `project` section of an input schema, as in eido."""
    found = []
    for one in schema.schemas:
        properties = one.get("properties")
        section = properties.get("project") if isinstance(properties, Mapping) else None
        if not isinstance(section, Mapping):
            continue
        for error in Draft7Validator(section).iter_errors(dict(config)):
            where = ".".join(map(str, error.absolute_path))
            found.append(f"{where}: {error.message}" if where else error.message)
    return list(dict.fromkeys(found))


class Validator:
    """Checks samples against one input schema. It is compiled once and used for every sample."""

    def __init__(self, schema: InputSchema) -> None:
        self._validators = [Draft7Validator(_listable(_items(one))) for one in schema.schemas]
        self._plain = _plain_demands(schema)

    def faults(self, sample: Sample) -> list[str]:
        """The faults of a sample's attributes; empty if the sample is valid."""
        if self._plain is not None and self._obviously_valid(sample.attributes):
            return []
        found = []
        for validator in self._validators:
            try:
                for error in validator.iter_errors(dict(sample.attributes)):
                    where = ".".join(map(str, error.absolute_path))
                    found.append(f"{where}: {error.message}" if where else error.message)
            except Exception as error:  # a $ref without a target raises an error of another library
                _log.debug("sample %s cannot be checked", sample.name, exc_info=True)
                found.append(f"the schema cannot be applied: {error}")
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


def _listable(items: dict[str, Any]) -> dict[str, Any]:
    """Allow a list for every plain attribute, as eido does for merged samples."""
    items = copy.deepcopy(items)
    properties = items.get("properties")
    if isinstance(properties, dict):
        for name, wanted in properties.items():
            if not isinstance(wanted, Mapping) or wanted.get("type") not in _LISTABLE:
                continue
            if set(wanted) <= _SCALAR_ONLY:  # the same meaning, and quicker to check
                properties[name] = {**wanted, "type": [wanted["type"], "array"], "items": wanted}
            else:
                properties[name] = {"anyOf": [wanted, {"type": "array", "items": wanted}]}
    return items

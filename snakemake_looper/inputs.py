"""Input schemas: which samples are valid, which files they need, and how large those are.

Follows eido (`tangible`: files that must exist; `sizing`: files whose sizes add up to the input
size in GB of 1024³ bytes), reads the older `required_files` and `files` too (quirk 31), and
resolves `imports` beside the schema that names them (quirk 37).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from .errors import Place, Problems
from .model import InputSchema, Sample
from .source import expand, read_yaml, resolve

GB = 1024**3
_LISTABLE = ("string", "number", "boolean")


def read_input_schema(
    source: str, folder: Path, place: Place, problems: Problems
) -> InputSchema | None:
    """Read an input schema and everything that it imports."""
    if _is_url(source):
        problems.warn(place, "input_schema", f"{source} is remote and was not read: no check made")
        return None
    path = resolve(source, folder)
    if not path.is_file():
        problems.add(place, "input_schema", f"'{source}' does not exist ({path}); correct the path")
        return None
    schemas: list[Mapping[str, Any]] = []
    files: list[Path] = []
    _collect(path, schemas, files, problems, seen=set())
    if not schemas or files[-1] != path:
        return None
    items = _items(schemas[-1])
    faulty = [
        _faulty(file, _items(one), problems) for file, one in zip(files, schemas, strict=True)
    ]
    if any(faulty):
        return None
    return InputSchema(
        path=path,
        schemas=tuple(schemas),
        required_files=_names(items, "tangible", "required_files"),
        sized_files=_names(items, "sizing", "files"),
        files=tuple(files),
    )


def _faulty(file: Path, items: dict[str, Any], problems: Problems) -> bool:
    """Name what makes a sample's schema no JSON schema."""
    errors = Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(items)
    found = sorted((".".join(map(str, error.absolute_path)), error.message) for error in errors)
    for where, message in found:
        problems.add(file, where, f"not a valid schema: {message}; correct it")
    return bool(found)


def _collect(
    path: Path,
    schemas: list[Mapping[str, Any]],
    files: list[Path],
    problems: Problems,
    seen: set[Path],
) -> None:
    if path in seen:
        return
    seen.add(path)
    document = read_yaml(path, problems)
    if document is None:
        return
    imports = document.data.get("imports") or []
    for item in imports if isinstance(imports, list) else [imports]:
        if _is_url(str(item)):
            problems.warn(
                document.place("imports"),
                "imports",
                f"{item} is remote and was not read: no check made",
            )
            continue
        target = resolve(str(item), path.parent)
        if target.is_file():
            _collect(target, schemas, files, problems, seen)
        else:
            problems.add(
                document.place("imports"),
                "imports",
                f"'{item}' does not exist ({target}); correct the path",
            )
    schemas.append(document.data)
    files.append(path)


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


class Validator:
    """Checks samples against one input schema; compiled once, used for every sample."""

    def __init__(self, schema: InputSchema) -> None:
        self._validators = [Draft7Validator(_listable(_items(one))) for one in schema.schemas]

    def faults(self, sample: Sample) -> list[str]:
        """What is wrong with a sample's attributes; empty if nothing is."""
        found = []
        for validator in self._validators:
            try:
                for error in validator.iter_errors(dict(sample.attributes)):
                    where = ".".join(map(str, error.absolute_path))
                    found.append(f"{where}: {error.message}" if where else error.message)
            except Exception as error:  # a $ref that leads nowhere
                found.append(f"the schema cannot be applied: {error}")
        return list(dict.fromkeys(found))


def _listable(items: dict[str, Any]) -> dict[str, Any]:
    """Let every plain attribute be a list too, as eido does for merged samples."""
    items = copy.deepcopy(items)
    properties = items.get("properties")
    if isinstance(properties, dict):
        for name, wanted in properties.items():
            if isinstance(wanted, Mapping) and wanted.get("type") in _LISTABLE:
                properties[name] = {"anyOf": [wanted, {"type": "array", "items": wanted}]}
    return items


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The files of one sample: those that must be there, those that are not, and their size."""

    required: tuple[str, ...]
    missing: tuple[str, ...]
    size_gb: float


class FileSizes:
    """Sizes of input files, each asked of the file system once; relative to the root."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self.sizes: dict[str, int] = {}

    def size(self, path: str) -> int:
        """Size in bytes, of a folder that of all files in it; -1 if there is nothing."""
        known = self.sizes.get(path)
        if known is None:
            known = self.sizes[path] = file_size(os.path.join(self._root, path))
        return known

    def of(self, sample: Sample, schema: InputSchema) -> InputFiles:
        """The input files of a sample. A required attribute that is empty is a missing file."""
        required = tuple(_paths(sample, schema.required_files))
        sized = dict.fromkeys((*required, *_paths(sample, schema.sized_files)))
        missing = tuple(path for path in required if self.size(path) < 0) + tuple(
            f"none named by '{attribute}'"
            for attribute in schema.required_files
            if sample.attributes.get(attribute) in (None, "", [])
        )
        total = sum(max(self.size(path), 0) for path in sized)
        return InputFiles(required, missing, total / GB)


def file_size(path: str) -> int:
    """Size in bytes of a file, or of all files below a folder; -1 if there is nothing."""
    try:
        if not os.path.isdir(path):
            return os.stat(path).st_size
    except OSError:
        return -1
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(path)
        for name in names
    )


def _paths(sample: Sample, attributes: Iterable[str]) -> Iterable[str]:
    for attribute in attributes:
        value = sample.attributes.get(attribute)
        for item in value if isinstance(value, list) else [value]:
            if item is not None and item != "":
                yield _expanded(str(item))


@lru_cache(maxsize=65536)
def _expanded(path: str) -> str:
    return expand(path)

"""The files of a project, each with the name of the schema that describes it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from snakemake_looper.create.json_schemas import FILES, schema_of


@cache
def validator(name: str) -> Draft7Validator:
    return Draft7Validator(schema_of(name))


def faults(name: str, data: Any) -> list[str]:
    """What a schema says of a file: the path of each fault, and its message."""
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator(name).iter_errors(data)
    ]


def load(path: Path) -> Any:
    """A file as data with text as keys; None if it cannot be read, or is no mapping.

    Numbers and dates in the place of text stay as YAML 1.1 has them.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".tsv":
            rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
            return [{str(k).strip(): v for k, v in row.items()} for row in rows]
        data = yaml.safe_load(text)
    except (OSError, UnicodeError, yaml.YAMLError, ValueError):
        return None
    return _texts(data) if isinstance(data, Mapping) else None


def _texts(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _texts(value) for key, value in data.items()}
    return [_texts(one) for one in data] if isinstance(data, list) else data


def parts(looper_config: Path) -> Iterator[tuple[str, Path]]:
    """The files that a looper config names, and those that these name, with their schemas."""
    config = load(looper_config)
    yield "looper_config", looper_config
    if not isinstance(config, Mapping):
        return
    folder = looper_config.parent
    pep = config.get("pep_config")
    if isinstance(pep, str) and pep.endswith((".yaml", ".yml")):
        yield "pep", folder / pep
    listed = config.get("pipeline_interfaces")
    groups = list(listed.values()) if isinstance(listed, Mapping) else [listed]
    for group in groups:
        for name in group if isinstance(group, list) else [group]:
            if isinstance(name, str):
                yield from _parts_of_interface(folder / name)


def _parts_of_interface(path: Path) -> Iterator[tuple[str, Path]]:
    yield "pipeline_interface", path
    interface = load(path) or {}
    compute = interface.get("compute")
    sizes = compute.get("size_dependent_variables") if isinstance(compute, Mapping) else None
    for kind, name in (("output_schema", interface.get("output_schema")), ("size_table", sizes)):
        if isinstance(name, str):
            yield kind, path.parent / name


def refused(looper_config: Path) -> dict[Path, list[str]]:
    """The faults of each file of a project that its schema refuses."""
    found = {}
    for kind, path in parts(looper_config):
        data = load(path)
        if data is not None and kind in FILES and (said := faults(kind, data)):
            found[path] = said
    return found

"""The output schema of a pipeline, read into a value: the results that it declares.

An output schema is a YAML file that lists the results of a pipeline, for each sample and for the
project, with a type and a description each. It is written in one of three forms:

1. pipestat's own: results stand under `samples:` and `project:`;
2. JSON Schema: the same below a `properties:` at the top, and `$ref` names a part of `$defs:`;
3. eido's, older than pipestat: results stand directly below `properties:`, and are the samples'.

This reader is lenient: it takes the results that it understands and ignores the rest, because a
table or a report can be shown without the rest. `pipestat_schema` reads the same text as strictly
as pipestat does, and reports all that pipestat refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from ...errors import LooperError, Place
from ...model import Level
from ..documents.yaml_lines import parse_yaml
from ..documents.yaml_nodes import FastLoader, read_text
from ..documents.yaml_values import YamlFault

FileKind = Literal["file", "image", ""]


class OutputSchemaError(LooperError):
    """A file is not an output schema: it is not YAML, or not a mapping."""


@dataclass(frozen=True, slots=True)
class DeclaredResult:
    """A result that an output schema declares."""

    name: str
    type: str | None
    """As the schema has it: `integer`, `image`, …; None if it names none, or several."""
    description: str
    file_kind: FileKind
    """Whether the result is a file or an image, or a list of these; empty for other results."""
    definition: Mapping[str, Any] = field(repr=False)
    """Its definition in the schema. A `$ref` is replaced by the definition that it names."""


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """The results that a pipeline declares. A pipeline without an output schema declares none."""

    pipeline_name: str | None = None
    """The name that pipestat reads; the interface's name counts for everything else."""
    samples: Mapping[str, DeclaredResult] = field(default_factory=dict)
    """Results of each sample, by name, in the order of the file."""
    project: Mapping[str, DeclaredResult] = field(default_factory=dict)
    """Results of the project, by name, in the order of the file."""
    sample_paths: Mapping[str, str] = field(default_factory=dict)
    """Path templates: the `path:` of each result that stands beside `samples:`, as in eido."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The file as data. All keys are text."""

    def results(self, level: Level) -> Mapping[str, DeclaredResult]:
        """The results of a level."""
        return self.project if level == "project" else self.samples


def read_output_schema(path: Path) -> OutputSchema:
    """Read an output schema. Nothing is cached.

    Raises:
        OutputSchemaError: the file is not YAML, or not a mapping.
        OSError: the file cannot be read.
    """
    try:
        text = read_text(path)
        parse_yaml(text, path)  # refuses all that the loader below could not build
        data = yaml.load(text, Loader=_Loader)
    except YamlFault as fault:
        raise OutputSchemaError(f"{Place(str(path), fault.line)}: {fault}") from fault
    return parse_output_schema(data or {})


def parse_output_schema(data: Mapping[str, Any]) -> OutputSchema:
    """An output schema from data whose keys are text."""
    properties = data.get("properties")
    is_json_form = isinstance(properties, Mapping)
    top = properties if isinstance(properties, Mapping) else data
    name = top.get("pipeline_name")
    return OutputSchema(
        pipeline_name=name if isinstance(name, str) else None,
        samples=_declared(_section(top, "samples", is_json_form), data),
        project=_declared(_section(top, "project", is_json_form), data),
        sample_paths=dict(_paths(properties)) if is_json_form and "samples" in top else {},
        raw=data,
    )


def _section(top: Mapping[str, Any], key: str, is_json_form: bool) -> Mapping[str, Any]:
    """The results of a level by name, as they are written."""
    if key not in top:
        # `status:` is a section that declares statuses. With a type, it is a result.
        if "samples" in top or "project" in top:
            return {}
        return {name: value for name, value in top.items() if name != "status" or _is_result(value)}
    section = top[key]
    for inner in ("items", "properties"):
        section = _below(section, inner, is_json_form)
    return section if isinstance(section, Mapping) else {}


def _below(node: Any, key: str, is_json_form: bool) -> Any:
    """The part `key` of a JSON schema; the node itself if that part is missing or is a result."""
    if not isinstance(node, Mapping) or key not in node:
        return node
    part = node[key]
    is_schema = is_json_form or isinstance(node.get("type"), str)
    return part if is_schema or not _is_result(part) else node


def _is_result(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("type"), str)


def _declared(results: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, DeclaredResult]:
    """Results by name. A value that is not a mapping declares nothing."""
    found = {}
    for name, value in results.items():
        if isinstance(value, Mapping):
            definition = _resolved(value, data)
            kind = definition.get("type")
            description = definition.get("description")
            found[str(name)] = DeclaredResult(
                name=str(name),
                type=kind if isinstance(kind, str) else None,
                description="" if description is None else str(description),
                file_kind=_file_kind(definition, data),
                definition=definition,
            )
    return found


def _resolved(definition: Mapping[str, Any], data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A definition with its `$ref` replaced: `#/GROUP/NAME`, as pipestat follows it."""
    reference = definition.get("$ref")
    parts = reference.split("/") if isinstance(reference, str) else []
    group = data.get(parts[1]) if len(parts) == 3 else None
    target = group.get(parts[2]) if isinstance(group, Mapping) else None
    if not isinstance(target, Mapping):
        return definition
    own = {key: value for key, value in definition.items() if key != "$ref"}
    return {**own, **{key: value for key, value in target.items() if key != "$ref"}}


def _file_kind(definition: Mapping[str, Any], data: Mapping[str, Any]) -> FileKind:
    items = definition.get("items")
    is_list = definition.get("type") == "array" and isinstance(items, Mapping)
    node = _resolved(items, data) if is_list and isinstance(items, Mapping) else definition
    kind = node.get("object_type") or node.get("type")
    return "image" if kind == "image" else "file" if kind == "file" else ""


def _paths(properties: Any) -> Iterator[tuple[str, str]]:
    for name, value in properties.items():
        if isinstance(value, Mapping) and value.get("path"):
            yield name, str(value["path"])


class _Loader(FastLoader):  # type: ignore[misc]
    """Aliases stay one object, as pipestat has them, and keys become text."""


def _mapping(loader: Any, node: yaml.MappingNode) -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    yield found
    loader.flatten_mapping(node)
    pairs = loader.construct_pairs(node)
    found.update((str(key), value) for key, value in pairs)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)

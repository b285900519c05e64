"""The results that an output schema declares, in each of its forms."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from snakemake_looper.read.schemas.output_schema import (
    OutputSchema,
    OutputSchemaError,
    read_output_schema,
)

OWN = """
pipeline_name: count
samples:
  lines: {type: integer, description: Number of lines}
  plot: {type: image, description: A plot}
  tables: {type: array, description: All tables, items: {type: file}}
  items: {type: string, description: A result of this name}
  additionalProperties: false
project:
  total: {type: number}
status:
  paused: {description: Not one of ours}
"""

JSON = """
properties:
  pipeline_name: count
  samples:
    type: array
    items:
      type: object
      properties:
        lines: {type: integer, description: Number of lines}
        plot: {$ref: '#/$defs/image', description: own}
        several: {type: [integer, 'null']}
        lost: {$ref: '#/$defs/none'}
  project:
    type: object
    properties:
      total: {type: number}
$defs:
  image:
    type: object
    object_type: image
    description: An image
"""


def schema(folder: Path, text: str) -> OutputSchema:
    path = folder / "out.yaml"
    path.write_text(textwrap.dedent(text))
    return read_output_schema(path)


def types(schema: OutputSchema) -> dict[str, tuple[str | None, str]]:
    return {name: (one.type, one.file_kind) for name, one in schema.samples.items()}


def test_own_form(tmp_path: Path) -> None:
    found = schema(tmp_path, OWN)
    assert found.pipeline_name == "count"
    assert types(found) == {
        "lines": ("integer", ""),
        "plot": ("image", "image"),
        "tables": ("array", "file"),
        "items": ("string", ""),
    }
    assert found.samples["lines"].description == "Number of lines"
    assert list(found.results("project")) == ["total"]
    assert found.results("project")["total"].description == ""


def test_json_schema_form_with_references(tmp_path: Path) -> None:
    found = schema(tmp_path, JSON)
    assert found.pipeline_name == "count"
    assert types(found) == {
        "lines": ("integer", ""),
        "plot": ("object", "image"),
        "several": (None, ""),
        "lost": (None, ""),
    }
    # As in pipestat, the part of `$defs` wins over what stands beside the reference.
    assert found.samples["plot"].description == "An image"
    assert list(found.project) == ["total"]


def test_the_form_of_eido_declares_results_of_samples(tmp_path: Path) -> None:
    found = schema(tmp_path, "properties:\n  lines: {type: integer}\n  status: {type: string}\n")
    assert list(found.samples) == ["lines", "status"]
    found = schema(tmp_path, "lines: {type: integer}\nstatus: {paused: {description: Not ours}}\n")
    assert list(found.samples) == ["lines"]
    beside = """
        properties:
          samples: {type: array, items: {type: object, properties: {lines: {type: integer}}}}
          report: {type: string, path: '{sample.name}.html'}
        """
    found = schema(tmp_path, beside)
    assert list(found.samples) == ["lines"]
    assert found.sample_paths == {"report": "{sample.name}.html"}
    assert not found.project


@pytest.mark.parametrize(
    "text", ["", "samples:\n", "samples: 3\n", "properties: 3\n", "samples: {n: 3}\n"]
)
def test_a_schema_without_results(tmp_path: Path, text: str) -> None:
    found = schema(tmp_path, text)
    assert not found.samples and not found.project


@pytest.mark.parametrize("text", ["a: [", "- a", "3", "a: 2024-99-99"])
def test_a_file_that_is_no_schema(tmp_path: Path, text: str) -> None:
    with pytest.raises(OutputSchemaError, match=r"out\.yaml:\d: .+;"):
        schema(tmp_path, text)


def test_keys_are_text(tmp_path: Path) -> None:
    assert list(schema(tmp_path, "samples: {3: {type: integer}}").samples) == ["3"]

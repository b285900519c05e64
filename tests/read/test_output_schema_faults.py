"""Faults of output schemas: exactly the schemas that pipestat refuses have one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pipestat import PipestatManager
from pipestat.exceptions import SchemaValidationErrorDuringReport
from pipestat.parsed_schema import ParsedSchema

from snakemake_looper.read.output_schema import read_output_schema
from snakemake_looper.read.output_schema_faults import refusals
from snakemake_looper.read.pipestat_schema import PipestatSchema, pipestat_schema
from snakemake_looper.results.database_tables import pipestat_tables

OWN = """
pipeline_name: p
samples:
  n: {type: integer, description: a number}
  plot: {type: image, description: a plot}
  table: {type: file, description: a table}
  both:
    type: object
    description: two
    properties:
      a: {type: string, description: one}
      b: {type: file, description: other}
  many:
    type: array
    description: some
    items: {type: object, properties: {a: {type: image, description: one}}}
project: {m: {type: number, description: a number}}
status: {running: {description: it runs}}
"""
JSON = """
type: object
properties:
  pipeline_name: p
  samples:
    type: array
    items:
      type: object
      properties:
        n: {type: integer}
        plot: {$ref: '#/$defs/image'}
        nested: {type: object, properties: {deep: {$ref: '#/$defs/image'}}}
        either: {type: [string, 'null']}
  project:
    type: object
    properties: {m: {type: number}}
  status: {properties: {running: {description: it runs}}}
$defs:
  image: {type: object, properties: {path: {type: string}}, required: [path]}
"""


def own(results: str) -> str:
    return f"pipeline_name: p\nsamples:\n  {results}\n"


def json_form(results: str, more: str = "") -> str:
    return (
        "properties:\n  pipeline_name: p\n  samples:\n    items:\n      properties:\n"
        f"        {results}\n{more}"
    )


SCHEMAS = [
    OWN,
    JSON,
    "",
    "pipeline_name: p\n",
    "pipeline_name: p\nsamples:\n",
    "pipeline_name: p\nsamples: {}\n",
    "pipeline_name: p\nprojects: {n: {type: integer, description: n}}\n",
    "pipeline_name: p\nproject: {n: {type: integer, description: n}}\n",
    "pipeline_name: 3\nsamples: {n: {type: integer, description: n}}\n",
    "pipeline_id: p\nsamples: {n: {type: integer, description: n}}\n",
    "samples: {n: {type: integer, description: n}}\n",
    "pipeline_name: p\nproperties: {samples: {items: {properties: {n: {type: integer}}}}}\n",
    "properties: {pipeline_name: p, samples: {lines: {type: integer}}}\n",
    "properties: {pipeline_name: p, samples: {properties: {n: {type: integer}}}}\n",
    "properties: {pipeline_name: p, samples: [n]}\n",
    "properties: [pipeline_name]\n",
    "properties: {pipeline_name: p, project: {properties: {n: {type: integer}}}}\n",
    own("n: {type: integer}"),
    own("n: {description: n}"),
    own("n: integer"),
    own("n:"),
    own("additionalProperties: false"),
    own("n: {type: integer, description: n}\n  additionalProperties: false"),
    own("id: {type: integer, description: n}"),
    own("record_identifier: {type: string, description: n}"),
    own("status: {type: string, description: n}"),
    own("project_name: {type: string, description: n}"),
    own("_n: {type: string, description: n}"),
    own("metadata: {type: string, description: n}"),
    own("3: {type: string, description: n}"),
    own("n: {type: [integer, 'null'], description: n}"),
    own("n: {type: array, items: {type: image}, description: n}"),
    own("n: {type: array, items: {type: integer}, description: n}"),
    own("n: {type: array, items: {properties: {a: {type: file}}}, description: n}"),
    own("n: {type: array, description: n}"),
    own("n: {type: object, description: n}"),
    own("n: {type: object, description: n, properties: {a: {type: string}}}"),
    own("n: {type: image, description: n, properties: [path]}"),
    own("n: {type: file, description: n, required: path}"),
    own("n: {type: link, description: n}"),
    own("n: {type: bool, description: n}"),
    own("n: {type: path, description: n}"),
    own("n: {type: 'null', description: n}"),
    own("n: {$ref: '#/$defs/image', description: n}\n$defs: {image: {type: string}}"),
    own("n: {type: integer, description: n, $ref: '#/$defs/x'}\n$defs: {image: {type: string}}"),
    # One object under two names: pipestat changes it twice.
    own("n: &one {type: image, description: n}\n  m: *one"),
    own("n: &one {type: integer, description: n}\n  m: *one"),
    own("n: &one {type: image, description: n}\n  m: {<<: *one, description: m}"),
    json_form("n: {type: integer}"),
    json_form("n: {}"),
    json_form("n: integer"),
    json_form("n: true"),
    json_form("n: {type: image}"),
    json_form("n: {type: file, description: n}"),
    json_form("n: {type: bool}"),
    json_form("n: {type: array, items: {type: image}}"),
    json_form("n: {type: integer, minimum: few}"),
    json_form("n: {type: string, description: [n]}"),
    json_form("n: {$ref: '#/$defs/x'}", "$defs: {x: {type: integer}}\n"),
    json_form("n: {$ref: '#/$defs/y'}", "$defs: {x: {type: integer}}\n"),
    json_form("n: {$ref: '#/definitions/x'}", "definitions: {x: {type: integer}}\n"),
    json_form("n: {$ref: other.yaml}"),
    json_form("n: {$ref: 3}"),
    json_form("n: {$ref: '#/$defs/x'}", "$defs: {x: integer}\n"),
    json_form("n: {$ref: '#/$defs/x'}", "$defs:\n"),
    json_form("n: {type: integer}", "  status: {properties: [running]}\n"),
    json_form("id: {type: integer}"),
]


def as_pipestat_has_it(path: Path) -> PipestatSchema:
    return pipestat_schema(read_output_schema(path).raw)


def opens(path: Path) -> bool:
    try:
        ParsedSchema(str(path))
    except Exception:
        return False
    return True


def validates(path: Path, level: str, folder: Path) -> bool:
    """Whether each result can be reported by a command that gives pipestat the schema."""
    if not opens(path):
        return False
    manager = PipestatManager(
        results_file_path=str(folder / f"{level}.yaml"),
        schema_path=str(path),
        pipeline_type=level,
    )
    for name in manager.result_schemas:
        try:
            manager.report(record_identifier="r", values={name: object})
        except SchemaValidationErrorDuringReport:
            continue  # it would take another value
        except jsonschema.SchemaError:
            return False
        except Exception:
            if not isinstance(manager.result_schemas[name], (bool, dict)):
                return False
    return True


def makes_tables(path: Path, level: str) -> bool:
    try:
        pipestat_tables(str(path), level)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("number", range(len(SCHEMAS)))
def test_schemas_that_pipestat_refuses_have_faults(tmp_path: Path, number: int) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text(SCHEMAS[number])
    schema = as_pipestat_has_it(path)
    for level in ("sample", "project"):
        found = {
            (in_tables, handed): refusals(schema, level, in_tables=in_tables, validates=handed)
            for in_tables, handed in ((False, False), (False, True), (True, False))
        }
        said = f"{level} of\n{SCHEMAS[number]}\n{found}"
        assert (not found[False, False]) is opens(path), said
        assert (not found[False, True]) is validates(path, level, tmp_path), said
        assert (not found[True, False]) is makes_tables(path, level), said


def test_the_list_has_sound_and_faulty_schemas(tmp_path: Path) -> None:
    """A comparison of schemas that are all refused would show nothing."""
    path = tmp_path / "schema.yaml"
    answers = []
    for text in SCHEMAS:
        path.write_text(text)
        answers.append(opens(path))
    assert answers.count(True) > 20 and answers.count(False) > 20


def changed(value: Any) -> Iterator[Any]:
    """Copies of a schema, each with one part removed or replaced by something else."""
    children: Any = value.items() if isinstance(value, dict) else enumerate(value)
    if not isinstance(value, (dict, list)):
        return
    for key, child in children:
        without = copy.copy(value)
        del without[key]
        yield without
        for other in (None, 3, True, "x", "image", [], ["x"], {}, {"x": 1}):
            replaced = copy.copy(value)
            replaced[key] = other
            yield replaced
        if isinstance(child, (dict, list)):
            for inner in changed(child):
                replaced = copy.copy(value)
                replaced[key] = inner
                yield replaced


@pytest.mark.parametrize("text", [OWN, JSON])
def test_a_schema_with_one_part_changed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "schema.yaml"
    for number, data in enumerate(changed(yaml.safe_load(text))):
        path.write_text(yaml.safe_dump(data))
        found = refusals(as_pipestat_has_it(path), "sample", in_tables=False, validates=False)
        # pipestat never looks at a type that it takes from a config. We do.
        known = all("is no type" not in fault.message for fault in found)
        assert not known or (not found) is opens(path), f"{number}: {data}\n{found}"
        assert known or opens(path)


@pytest.mark.parametrize("schema", [own("n: {{type: {}, description: n}}"), json_form("n: {{type: {}}}")])  # fmt: skip
def test_an_unknown_type(tmp_path: Path, schema: str) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text(schema.format("intger"))
    for in_tables, handed in ((False, False), (False, True), (True, False)):
        (fault,) = refusals(
            as_pipestat_has_it(path), "sample", in_tables=in_tables, validates=handed
        )
        assert fault.message.startswith("'intger' is no type (did you mean 'integer'?)")
        assert fault.keys[-2:] == ("n", "type")
    assert not validates(path, "sample", tmp_path) and not makes_tables(path, "sample")

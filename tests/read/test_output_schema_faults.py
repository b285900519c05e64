"""Faults of output schemas: exactly the schemas that pipestat refuses have one."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pipestat import PipestatManager
from pipestat.exceptions import SchemaValidationErrorDuringReport
from pipestat.parsed_schema import ParsedSchema
from sqlalchemy import create_engine

from snakemake_looper.read.schemas.output_schema import read_output_schema
from snakemake_looper.read.schemas.output_schema_faults import refusals
from snakemake_looper.read.schemas.pipestat_schema import Fault, PipestatSchema, pipestat_schema
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
    *(
        own(f"{name}: {{type: string, description: n}}")
        for name in ("registry", "schema", "class", "a b", "a.b", "é", "'a%(b)s'", "Id", "STATUS")
    ),
    *(
        own(f"{name}: {{type: string, description: n}}")
        for name in ("''", "model_config", "model_dump", "model_validate", "model_x", "self")
    ),
    own("n: {type: string, description: n}\n  N: {type: string, description: n}"),
    own("é: {type: string, description: n}\n  É: {type: string, description: n}"),
    own("n: {type: string, description: n, default: [x], index: true}"),
    own("n: {type: object, description: n, index: true}"),
    own("n: {type: object, description: n, properties: {a: {type: image, description: a}}}"),
    own("n: {type: object, description: n, properties: {a: {type: image}}}"),
    own("n: {type: object, description: n, properties: [a]}"),
    own("n: {type: array, description: n, items: [a]}"),
    own("n: {type: array, description: n, items: {type: object, properties: {a: {type: file}}}}"),
    own("n: {type: image, description: n, properties: {path: {type: integer}}, required: []}"),
    own("n: {type: 5, description: n}"),
    own("n: {type: , description: n}"),
    own("n: {type: {a: b}, description: n}"),
    own("n: {type: integer, description: }"),
    own("n: {type: integer, description: [a]}"),
    own("n: {type: array, description: n, items: {type: integer, properties: {}}}"),
    "pipeline_name: ''\nsamples: {n: {type: integer, description: n}}\n",
    "pipeline_name: p q\nsamples: {n: {type: integer, description: n}}\n",
    "pipeline_name: p\nsamples: {n: {type: integer, description: n}}\nproject: [a]\n",
    "pipeline_name: p\nsamples: {n: {type: integer, description: n}}\nstatus: {id: {}}\n",
    "pipeline_name: p\nsamples: {n: {type: integer, description: n}}\nproject: {n: {type: string, description: n}}\n",
    "pipeline_name: p\nsample: {n: {type: integer, description: n}}\n",
    "pipeline_name: p\nn: {type: integer, description: n}\n",
    "properties: {n: {type: integer, description: n}}\npipeline_name: p\n",
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
    """Whether pipestat can make tables, and a database too: SQLite, which needs no server."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about names that hide methods
            _, main, history = pipestat_tables(str(path), level)
        with create_engine("sqlite://").begin() as connection:
            main.metadata.create_all(connection, tables=[main, history])
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


def test_misspelt_keys_of_a_result(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    for result, advice in (
        ("{typ: integer, descripton: n}", "'type' and no 'description', which pipestat needs; rename 'typ' and 'descripton'"),
        ("{type: integer, Description: n}", "'description', which pipestat needs; rename 'Description'"),
        ("{type: integer, value: n}", "'description', which pipestat needs; add it"),
    ):  # fmt: skip
        path.write_text(own(f"n: {result}"))
        found = refusals(as_pipestat_has_it(path), "sample", in_tables=False, validates=False)
        assert found == (Fault(("samples", "n"), f"has no {advice}"),)


# --- schemas that hypothesis makes ---------------------------------------------------------------


def mostly(sound: list[Any], odd: list[Any]) -> some.SearchStrategy[Any]:
    """A sound value, and now and then an odd one: with many odd ones, all would be refused."""
    return some.sampled_from([*(sound * (1 + 8 * len(odd) // len(sound))), *odd])


NAMES = mostly(["n", "m", "plot"], ["id", "status", "metadata", "_x", "Id", "N", ""])
KINDS: Any = mostly(
    ["string", "integer", "boolean", "object", "array", "file", "image"],
    ["link", "null", None, 3, ["string"], ["string", "null"]],
)
DESCRIPTIONS = mostly(["n"], [None, 3, ["n"]])
REFERENCES = some.sampled_from(["#/$defs/x", "#/$defs/y", "#/definitions/x", "#/x", "o.yaml"])


def results(children: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    """Definitions of results; some lack a part, or have one of another kind."""
    nested = some.dictionaries(some.sampled_from(["a", "path"]), children, max_size=2)
    sound: dict[str, some.SearchStrategy[Any]] = {"type": KINDS, "description": DESCRIPTIONS}
    parts: dict[str, some.SearchStrategy[Any]] = {
        "properties": nested,
        "items": some.fixed_dictionaries({"type": KINDS, "properties": nested}),
        "required": mostly([["a"], []], ["a", None]),
    }
    odd: dict[str, some.SearchStrategy[Any]] = {
        "properties": nested | some.sampled_from([None, ["a"]]),
        "items": children | some.sampled_from([None, ["a"], {"type": "image"}]),
        "$ref": REFERENCES,
    }
    whole = some.fixed_dictionaries(sound, optional=parts)
    faulty = some.fixed_dictionaries({}, optional={**sound, **parts, **odd})
    return some.one_of(whole, whole, whole, whole, faulty)


RESULT = some.recursive(
    mostly([{"type": "string", "description": "n"}], [3]), results, max_leaves=4
)
LEVEL = some.dictionaries(NAMES, RESULT, min_size=1, max_size=2)
LEVELS = some.one_of(*[LEVEL] * 9, some.sampled_from([None, [], {}, "n"]))
TOP = some.fixed_dictionaries(
    {"pipeline_name": mostly(["p"], [None, 3]), "samples": LEVELS},
    optional={"project": LEVELS, "status": LEVELS},
)
JSON_TOP = some.fixed_dictionaries(
    {
        "pipeline_name": mostly(["p"], [None]),
        "samples": some.fixed_dictionaries({"items": some.fixed_dictionaries({"properties": LEVELS})}),
    },
    optional={"project": some.fixed_dictionaries({"properties": LEVELS})},
)  # fmt: skip
DEFS = some.sampled_from([{"x": {"type": "string"}}, {"x": {"type": "image"}}, {"x": 3}, None])
MADE = TOP | some.fixed_dictionaries({"properties": JSON_TOP}, optional={"$defs": DEFS})


@given(MADE)
@settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_schemas_made_at_random(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "made.yaml"
    path.write_text(yaml.safe_dump(data))
    schema = as_pipestat_has_it(path)
    level = "sample"
    plain = refusals(schema, level, in_tables=False, validates=False)
    if any("is no type" in fault.message for fault in plain):  # pipestat does not look at it
        return
    assert (not plain) is opens(path), (data, plain)
    if plain:
        return
    tables = refusals(schema, level, in_tables=True, validates=False)
    assert (not tables) is makes_tables(path, level), (data, tables)


def test_names_that_postgresql_cannot_have(tmp_path: Path) -> None:
    """It refuses long names of tables, and cuts those of columns."""
    path = tmp_path / "schema.yaml"
    for name, count in (("p" * 47, 0), ("p" * 48, 1)):
        path.write_text(
            f"pipeline_name: {name}\nsamples: {{n: {{type: integer, description: n}}}}\n"
        )
        schema = as_pipestat_has_it(path)
        for on_server in (True, False):
            found = refusals(schema, "sample", in_tables=True, validates=False, on_server=on_server)
            assert len(found) == (count if on_server else 0)
    assert refusals(schema, "sample", in_tables=True, validates=False, on_server=True)[0] == Fault(
        ("pipeline_name",),
        "has 48 characters, too many for the name of a table in PostgreSQL; write 47 at most",
    )
    long = "x" * 63
    path.write_text(own("".join(f"{long}{i}: {{type: string, description: n}}\n  " for i in "ab")))
    schema = as_pipestat_has_it(path)
    assert refusals(schema, "sample", in_tables=True, validates=False, on_server=True) == (
        Fault(
            ("samples", f"{long}b"),
            f"'{long}b' begins with the same 63 characters as '{long}a' for the database; rename"
            " the result",
        ),
    )


def test_one_message_for_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    for text, keys, message in (
        ("pipeline_name: p\nsamples:\n", ("samples",), "must be a mapping;"),
        ("pipeline_name: p\nsamples: [n]\n", ("samples",), "must be a mapping;"),
        ("pipeline_name: p\n", (), "pipestat finds no results in it;"),
        (own("n: {type: integer, description: n}").replace("pipeline_name: p", "pipeline_name: [p]"),
         ("pipeline_name",), "must be text, not a list; write one name"),
    ):  # fmt: skip
        path.write_text(text)
        (fault,) = refusals(as_pipestat_has_it(path), "sample", in_tables=False, validates=False)
        assert fault.keys == keys and fault.message.startswith(message)


def test_types_of_files_are_listed_where_pipestat_knows_them(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    for text, end in (
        (own("n: {type: zzz, description: n}"), "string, file or image"),
        (json_form("n: {type: zzz}"), "object or string"),
    ):
        path.write_text(text)
        (fault,) = refusals(as_pipestat_has_it(path), "sample", in_tables=False, validates=False)
        assert fault.message.endswith(end)

"""Results against the output schema: text that is a number, and values of a wrong type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snakemake_looper.read.schemas.output_schema import OutputSchemaError
from snakemake_looper.results.schema_check import checked, declared_results, to_show

TYPES = ("integer", "number", "boolean", "string", "array", "object", "file")


@pytest.fixture
def schema(tmp_path: Path) -> str:
    path = tmp_path / "out.yaml"
    lines = "".join(f"  {kind}: {{type: {kind}}}\n" for kind in TYPES)
    path.write_text(f"pipeline_name: p\nsamples:\n{lines}project:\n  total: {{type: integer}}\n")
    return str(path)


@pytest.mark.parametrize(
    ("kind", "value", "becomes"),
    [
        ("integer", "16", 16),
        ("integer", "-3", -3),
        ("number", "16", 16),
        ("number", "1.5", 1.5),
        ("number", "1e-3", 0.001),
        ("number", 2, 2),
        ("boolean", "True", True),
        ("boolean", "false", False),
        ("string", "16", "16"),
        ("file", {"path": "a"}, {"path": "a"}),
    ],
)
def test_text_becomes_what_the_schema_wants(
    kind: str, value: Any, becomes: Any, schema: str
) -> None:
    warnings: list[str] = []
    found = checked("a", {kind: value}, declared_results(schema, "sample"), warnings)[kind]
    assert found == becomes and type(found) is type(becomes) and warnings == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "1.5"),
        ("integer", "1_000"),  # Python would read it
        ("number", "\u0967\u0968"),
        ("integer", True),
        ("number", "many"),
        ("boolean", "yes"),
        ("string", 3),
        ("array", {}),
        ("object", "x"),
        ("file", "a.txt"),
    ],
)
def test_a_wrong_type_is_named_and_kept(kind: str, value: Any, schema: str) -> None:
    warnings: list[str] = []
    found = checked("a", {kind: value}, declared_results(schema, "sample"), warnings)
    assert found == {kind: value}
    assert warnings == [
        f"record 'a': {kind}: {value!r} is no {kind};"
        " correct the value, or its type in the output schema"
    ]


def test_each_level_has_its_results(schema: str) -> None:
    assert tuple(declared_results(schema, "sample")) == TYPES
    assert tuple(declared_results(schema, "project")) == ("total",)


def test_without_a_schema_nothing_is_declared(tmp_path: Path) -> None:
    assert declared_results(None, "sample") == {}
    assert declared_results(str(tmp_path / "gone.yaml"), "sample") == {}
    (tmp_path / "none.yaml").write_text("[1]")
    with pytest.raises(OutputSchemaError):
        declared_results(str(tmp_path / "none.yaml"), "sample")


def test_bookkeeping_is_not_shown(schema: str) -> None:
    values = {"meta": {}, "pipestat_created_time": "now", "integer": "1", "own": "2"}
    assert to_show("a", values, declared_results(schema, "sample")) == {"integer": 1, "own": "2"}

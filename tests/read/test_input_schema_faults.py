"""Input schemas with a slip: what is said of them, and of samples that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from support.projects import TOUCH, write

from snakemake_looper import Options, ProjectError
from snakemake_looper.errors import Place, Problems
from snakemake_looper.model import Sample
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.schemas.input_schema import Validator, read_input_schema
from snakemake_looper.read.schemas.schema_faults import KEYWORDS, is_plain

ITEMS = "properties.samples.items"
HEAD = "properties:\n  samples:\n    items:\n      properties:\n        "  # the next line is line 5
TYPES = "write one of string, number, integer, boolean, array, object or null"
IGNORED = "unknown key, ignored"
NOT_VALID = "not a valid schema: it must"


def said(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Problems and warnings of reading a schema, without the folder."""
    write(folder, files)
    problems = Problems()
    read_input_schema("s.yaml", folder, Place("p.yaml", 2), problems)
    return [line.replace(f"{folder}/", "") for line in (*map(str, problems), *problems.warnings)]


FAULTS: list[tuple[str, list[str]]] = [
    (HEAD + "x: {type: string}\n", []),
    (HEAD + "x: {type: 5}\n", [f"s.yaml:5: {ITEMS}.properties.x.type: not a valid schema: '5' is no type; {TYPES}"]),
    (HEAD + "x: {type: [string, str]}\n", [f"s.yaml:5: {ITEMS}.properties.x.type: not a valid schema: 'str' is no type (did you mean 'string'?); {TYPES}"]),
    (HEAD + "x: {type: dict}\n", [f"s.yaml:5: {ITEMS}.properties.x.type: not a valid schema: 'dict' is no type (did you mean 'object'?); {TYPES}"]),
    (HEAD + "x: {enum: a}\n", [f"s.yaml:5: {ITEMS}.properties.x.enum: {NOT_VALID} be a list; correct it"]),
    (HEAD + "x: {minLength: -1}\n", [f"s.yaml:5: {ITEMS}.properties.x.minLength: {NOT_VALID} not be below 0; correct it"]),
    (HEAD + "x: {minLength: few}\n", [f"s.yaml:5: {ITEMS}.properties.x.minLength: {NOT_VALID} be a whole number; correct it"]),
    (HEAD + "x: {anyOf: []}\n", [f"s.yaml:5: {ITEMS}.properties.x.anyOf: {NOT_VALID} not be empty; correct it"]),
    (HEAD + "x: {required: true}\n", [f"s.yaml:5: {ITEMS}.properties.x.required: {NOT_VALID} be a list of names; write it beside 'properties:', as in 'required: [name]'"]),
    (HEAD + "x: 3\n", [f"s.yaml:5: {ITEMS}.properties.x: {NOT_VALID} be a mapping; correct it"]),
    (HEAD + "x: {pattern: '('}\n", [f"s.yaml:5: {ITEMS}.properties.x.pattern: '(' is no regular expression; correct it"]),
    (HEAD + "x: {patternProperties: {'[': {}}}\n", [f"s.yaml:5: {ITEMS}.properties.x.patternProperties.[: '[' is no regular expression; correct it"]),
    (HEAD + "pattern: {type: string, enum: ['(']}\n", []),
    ("properties: [samples]\n", [f"s.yaml:1: properties: {NOT_VALID} be a mapping; correct it"]),
    ("properties: {samples: [x]}\n", [f"s.yaml:1: properties.samples: {NOT_VALID} be a mapping; correct it"]),
    ("properties: {samples: {items: [x]}}\n", [f"s.yaml:1: {ITEMS}: {NOT_VALID} be a mapping; correct it"]),
    ("properties:\n  project: {type: 5, pattern: '('}\n", [
        f"s.yaml:2: properties.project.type: not a valid schema: '5' is no type; {TYPES}",
        "s.yaml:2: properties.project.pattern: '(' is no regular expression; correct it",
    ][::-1]),
    ("properties: {samples: {items: {tangible: {a: b}}}}\n", [f"s.yaml:1: {ITEMS}.tangible: must be a list of attributes, as in '[file]'; correct it"]),
    ("imports: {a: b}\n", ["s.yaml:1: imports: must be a list of paths; correct it"]),
    ("imports: [s.yaml]\n", []),
    # misspelt, or in the wrong place
    ("propertis: {samples: {}}\n", [f"s.yaml:1: propertis: {IGNORED} (did you mean 'properties'?)"]),
    ("requird: [samples]\nimport: [x]\n", [f"s.yaml:1: requird: {IGNORED} (did you mean 'required'?)", f"s.yaml:2: import: {IGNORED} (did you mean 'imports'?)"]),
    ("properties:\n  sample: {items: {}}\n", [f"s.yaml:2: properties.sample: {IGNORED} (did you mean 'samples'?)"]),
    ("properties:\n  Samples: {items: {}}\n", [f"s.yaml:2: properties.Samples: {IGNORED} (did you mean 'samples'?)"]),
    ("properties:\n  samples:\n    items:\n      requird: [x]\n      tangable: [x]\n      sizeing: [x]\n", [
        f"s.yaml:4: {ITEMS}.requird: {IGNORED} (did you mean 'required'?)",
        f"s.yaml:5: {ITEMS}.tangable: {IGNORED} (did you mean 'tangible'?)",
        f"s.yaml:6: {ITEMS}.sizeing: {IGNORED} (did you mean 'sizing'?)",
    ]),
    (HEAD + "x: {typ: string}\n", [f"s.yaml:5: {ITEMS}.properties.x.typ: {IGNORED} (did you mean 'type'?)"]),
    (HEAD + "x: {path: b, example: c, value: 3, unit: x, label: 3, order: 3, count: 5}\n", []),
    ("samples: {items: {required: [x]}}\n", ["s.yaml:1: samples: has no effect here; write it below 'properties:'"]),
    ("properties:\nsamples:\n  items: {required: [x]}\n", ["s.yaml:2: samples: has no effect here; write it below 'properties:'"]),
    ("properties:\n  samples:\n    items:\n    required: [x]\n", ["s.yaml:4: properties.samples.required: has no effect here; write it below 'items:'"]),
    # references
    (HEAD + "x: {$ref: '#/definitions/word'}\n", [f"s.yaml:5: {ITEMS}.properties.x.$ref: there is nothing at '#/definitions/word'; correct it"]),
    (HEAD + "x: {$ref: '#/definitions/wrod'}\ndefinitions: {word: {}}\n", [f"s.yaml:5: {ITEMS}.properties.x.$ref: there is nothing at '#/definitions/wrod' (did you mean 'word'?); correct it"]),
    (HEAD + "x: {$ref: '#name'}\n", [f"s.yaml:5: {ITEMS}.properties.x.$ref: there is nothing at '#name'; correct it"]),
    (HEAD + "x: {$ref: 'no.yaml#/a'}\n", [f"s.yaml:5: {ITEMS}.properties.x.$ref: 'no.yaml' does not exist (no.yaml); correct the path"]),
    (HEAD + "x: {$ref: 'file:///etc/passwd'}\n", [f"s.yaml:5: {ITEMS}.properties.x.$ref: 'file:///etc/passwd' is no path; write '/etc/passwd'"]),
    (HEAD + "x: {$ref: '#/definitions/a'}\ndefinitions:\n  a: {allOf: [{$ref: '#/definitions/b'}]}\n  b: {not: {$ref: '#/definitions/a'}}\n",
     [f"s.yaml:3: {ITEMS}: its references lead back to themselves; correct them"]),
    (HEAD + "x: {$ref: '#/definitions/a0'}\ndefinitions:\n" + "".join(f"  a{i}: {{anyOf: [{{$ref: '#/definitions/a{i + 1}'}}, {{$ref: '#/definitions/a{i + 1}'}}]}}\n" for i in range(15)) + "  a15: {}\n",
     [f"s.yaml:3: {ITEMS}: its references multiply without end; correct them"]),
    (HEAD + "x: {$ref: '#/definitions/a0'}\ndefinitions:\n" + "".join(f"  a{i}: {{$ref: '#/definitions/a{i + 1}'}}\n" for i in range(99)) + "  a99: {}\n",
     [f"s.yaml:3: {ITEMS}: its references lead on and on; correct them"]),
    (HEAD + "x: {$ref: '#/definitions/tree'}\ndefinitions: {tree: {type: array, items: {$ref: '#/definitions/tree'}}}\n", []),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_a_slip_is_named_at_its_line(tmp_path: Path, number: int) -> None:
    text, messages = FAULTS[number]
    assert sorted(said(tmp_path, {"s.yaml": text})) == sorted(messages)


def faults(folder: Path, attributes: Mapping[str, Any], **files: str) -> list[str]:
    """The faults of a sample by the schema `s`; the schema itself has none."""
    write(folder, {f"{name}.yaml": text for name, text in files.items()})
    problems = Problems()
    schema = read_input_schema("s.yaml", folder, Place("p.yaml", 2), problems)
    assert schema and not problems and not problems.warnings, list(map(str, problems))
    return Validator(schema).faults(Sample("a", attributes, None))


WORDS = [
    ("{type: integer}", "3", "'3' is no whole number"),
    ("{type: number}", "x", "'x' is no number"),
    ("{type: boolean}", "yes", "'yes' is not true or false"),
    ("{type: string}", 3, "3 is no text"),
    ("{type: [integer, 'null']}", "3", "'3' is no whole number or empty value"),
    ("{type: string, pattern: '^x'}", "y", "'y' does not match '^x'"),
    ("{type: string, enum: [one, two]}", "tow", "'tow' is none of 'one', 'two' (did you mean 'two'?)"),
    ("{type: string, minLength: 1}", "", "it is empty"),
    ("{type: string, minLength: 3}", "ab", "'ab' is shorter than 3 characters"),
    ("{type: string, maxLength: 1}", "ab", "'ab' is longer than 1 character"),
    ("{type: number, minimum: 3}", 1, "1 is below 3"),
    ("{type: number, exclusiveMinimum: 3}", 3, "3 is not above 3"),
    ("{multipleOf: 2}", 3, "3 is no multiple of 2"),
    ("{const: x}", "y", "'y' is not 'x'"),
    ("{type: array, minItems: 2}", ["x"], "it has fewer than 2 values"),
    ("{type: array, uniqueItems: true}", ["x", "x"], "a value is in it twice"),
    ("{not: {type: string}}", "x", "'x' is excluded by the schema"),
    ("{anyOf: [{type: integer}, {type: 'null'}]}", "x", "'x' fits to none of the forms that the schema allows"),
    ("{type: string, pattern: '^x'}", "y" * 99, f"'{'y' * 59}… does not match '^x'"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "value", "message"), WORDS)
def test_words_of_a_value_that_does_not_fit(
    tmp_path: Path, wanted: str, value: object, message: str
) -> None:
    assert faults(tmp_path, {"x": value}, s=f"{HEAD}x: {wanted}\n") == [f"x: {message}"]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("(a+)+$", "a" * 60 + "!"), ("(a|aa)+$", "a" * 99 + "!"), ("^(.*,)*$", "," * 60 + "!")],
)
def test_a_pattern_that_takes_years(tmp_path: Path, pattern: str, text: str) -> None:
    """Python cannot stop it. The other attributes are checked, and other samples as well."""
    write(
        tmp_path, {"s.yaml": f"{HEAD}x: {{pattern: '{pattern}'}}\n        y: {{type: integer}}\n"}
    )
    schema = read_input_schema("s.yaml", tmp_path, Place("p.yaml"), Problems())
    assert schema
    validator = Validator(schema)
    for _ in range(3):
        assert validator.faults(Sample("a", {"x": text, "y": "z"}, None)) == [
            f"x: the pattern '{pattern}' takes too long; simplify it in the schema",
            "y: 'z' is no whole number",
        ]


def test_a_pattern_with_repetitions_that_is_quick(tmp_path: Path) -> None:
    write(tmp_path, {"s.yaml": f"{HEAD}x: {{pattern: '^([a-z]+_)*[a-z]+$'}}\n"})
    schema = read_input_schema("s.yaml", tmp_path, Place("p.yaml"), Problems())
    assert schema
    validator = Validator(schema)
    assert not validator.faults(Sample("a", {"x": "ab_cd_e"}, None))
    said = "x: 'a\\n_é' does not match '^([a-z]+_)*[a-z]+$'"
    assert validator.faults(Sample("a", {"x": "a\n_é"}, None)) == [said]


def test_words_of_one_of_several_values(tmp_path: Path) -> None:
    schema = HEAD + "x: {type: string, enum: [one, two]}\n"
    assert faults(tmp_path, {"x": ["one", "six"]}, s=schema) == ["x: 'six' is none of 'one', 'two'"]


def test_words_of_a_whole_sample(tmp_path: Path) -> None:
    schema = HEAD + "x: {}\n      required: [a, b]\n      additionalProperties: false\n"
    schema += "      dependencies: {x: [z]}\n"
    assert faults(tmp_path, {"x": 1, "y": 2, "b": 3}, s=schema) == [
        "there is no 'a'",
        "the schema allows no 'y', 'b'",
        "'x' needs 'z' beside it",
    ]


@pytest.mark.parametrize(
    ("reference", "files"),
    [
        ("#/definitions/word", {"more": "definitions: {word: {type: string, maxLength: 2}}\n"}),
        ("#/definitions/word", {"more": "      definitions: {word: {maxLength: 2}}\n"}),
        ("#word", {"more": "definitions: {any: {$id: '#word', maxLength: 2}}\n"}),
        ("#/definitions/a~1b%20c", {"more": "definitions: {a/b c: {maxLength: 2}}\n"}),
        ("o.yaml#/word", {"o": "word: {type: string, maxLength: 2}\n"}),
        ("o.yaml", {"o": "type: string\nmaxLength: 2\n"}),
        ("o.yaml#/b", {"o": "b: {$ref: '#/c'}\nc: {$ref: 's.yaml#/d'}\n", "more": "d: {maxLength: 2}\n"}),
        ("https://a.b/s#/d", {"more": "$id: https://a.b/s\nd: {maxLength: 2}\n"}),
    ],
    ids=range(8),
)  # fmt: skip
def test_references_are_followed(tmp_path: Path, reference: str, files: dict[str, str]) -> None:
    """From the top of the file as in JSON Schema, else from the sample's part as in eido."""
    schema = f"{HEAD}x: {{$ref: '{reference}'}}\n{files.pop('more', '')}"
    assert faults(tmp_path, {"x": "abc"}, s=schema, **files) == ["x: 'abc' is longer than 2 characters"]  # fmt: skip
    assert faults(tmp_path, {"x": "ab"}, s=schema, **files) == []


def test_a_sample_s_part_that_is_a_reference(tmp_path: Path) -> None:
    text = "properties: {samples: {items: {$ref: '#/definitions/one'}}}\n"
    text += "definitions: {one: {required: [x], tangible: [x], properties: {x: {type: string}}}}\n"
    assert faults(tmp_path, {"y": 1}, s=text) == ["there is no 'x'"]
    assert faults(tmp_path, {"x": ["a", "b"]}, s=text) == []
    schema = read_input_schema("s.yaml", tmp_path, Place("p.yaml"), Problems())
    assert schema and schema.required_files == ("x",)


def test_a_config_that_does_not_fit_is_named_at_its_line(project: Callable[..., Path]) -> None:
    schema = "properties:\n  project:\n    properties: {genome: {enum: [hg38, mm10]}}\n"
    schema += "    patternProperties: {'^x': {type: string}}\n"
    folder = project(
        {
            **TOUCH,
            "schema.yaml": schema + "    required: [assembly]\n",
            "project.yaml": "name: demo\nsample_table: samples.csv\ngenome: hg39\nmore: {3: {4: x}}\n",
        }
    )
    with pytest.raises(ProjectError) as caught:
        plan_project(folder / ".looper.yaml")
    assert [str(one).replace(f"{folder}/", "") for one in caught.value.problems] == [
        "project.yaml:3: genome: 'hg39' is none of 'hg38', 'mm10' (did you mean 'hg38'?), says"
        " schema.yaml; correct it",
        "project.yaml: there is no 'assembly', says schema.yaml; correct it",
    ]


@pytest.mark.parametrize(
    ("required", "options", "count"),
    [
        ("[sample_name]", {}, 1),
        ("[sample_name, none]", {}, 0),
        ("[]", {"skip_file_checks": True}, 0),
    ],
)
def test_a_column_of_files_that_is_not_there(
    tmp_path: Path, required: str, options: dict[str, bool], count: int
) -> None:
    """A required one is left out: each skip names it then."""
    schema = TOUCH["schema.yaml"].replace("[sample_name, file]", required)
    folder = write(tmp_path, {**TOUCH, "schema.yaml": schema.replace("[file]", "[none, file]")})
    plan = plan_project(folder / ".looper.yaml", Options(**options))  # type: ignore[arg-type]
    assert [line.replace(f"{folder}/", "") for line in plan.warnings] == [
        f"schema.yaml:10: {ITEMS}.tangible: there is no column 'none'; there are sample_name,"
        " file, word"
    ] * count


def test_the_keywords_are_those_of_the_library() -> None:
    assert set(Draft7Validator.META_SCHEMA["properties"]) == KEYWORDS


VALUES: list[Any] = [
    None, True, 3, "string", "str", "(", [], ["a"], ["a", "a"], ["string"], [1], {}, {"x": {}},
    {"x": {"type": "string"}}, {"x": {"type": "text"}}, {"x": 3}, {3: {}}, {"type": "object"},
]  # fmt: skip


@pytest.mark.parametrize("key", [*sorted(KEYWORDS), "tangible", "sizing", "example", 3])
def test_a_schema_that_is_plain_is_valid(key: object) -> None:
    """The library is not asked about plain schemas."""
    library = Draft7Validator(Draft7Validator.META_SCHEMA)
    for value in VALUES:
        for schema in ({key: value}, {"items": {key: value}}, {"properties": {"a": {key: value}}}):
            if is_plain(schema):
                assert library.is_valid(schema), schema


def test_most_schemas_are_plain() -> None:
    properties = {"file": {"type": "string", "description": "its path"}}
    items = {"type": "object", "properties": properties, "required": ["file"], "tangible": "file"}
    whole = {"properties": {"samples": {"type": "array", "items": items}}}
    assert is_plain(whole)
    assert not is_plain({"items": {"properties": {"file": {"pattern": "x"}}}})

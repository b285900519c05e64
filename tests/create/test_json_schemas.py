"""JSON Schemas: they accept every project that runs, and refuse what the checks refuse."""

from __future__ import annotations

import os
import runpy
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from support.looper_cases import Case, all_cases
from support.projects import write
from support.running import EXAMPLES, REPOSITORY
from support.schemas import faults, load, parts, refused

from snakemake_looper.create.json_schemas import FILES, schema_of
from snakemake_looper.plan.images import IMAGES
from snakemake_looper.plan.resources import SETTINGS
from snakemake_looper.read.first_config import kind_of
from snakemake_looper.read.keys import of_interface, of_pipestat
from snakemake_looper.read.keys.key import Key, names
from snakemake_looper.read.schemas.output_schema import read_output_schema
from snakemake_looper.read.schemas.output_schema_faults import refusals
from snakemake_looper.read.schemas.pipestat_schema import pipestat_schema
from snakemake_looper.read.secrets import HARMLESS, HARMLESS_IN_DATABASE

TESTS = REPOSITORY / "tests"
CORPUS = Path(os.environ.get("LOOPER_CORPUS") or REPOSITORY.parent / "shared" / "corpus")
KINDS = {"looper config": "looper_config", "PEP": "pep", "pipeline interface": "pipeline_interface"}


@pytest.mark.parametrize("name", FILES)
def test_schemas_are_of_draft_7(name: str) -> None:
    Draft7Validator.check_schema(schema_of(name))


# --- what runs is accepted -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config", sorted(EXAMPLES.glob("*/.looper.yaml")), ids=lambda path: path.parent.name
)
def test_examples_are_accepted(config: Path) -> None:
    assert refused(config) == {}
    assert {kind for kind, _ in parts(config)} >= {"looper_config", "pipeline_interface"}


@pytest.mark.parametrize(
    "case", [one for one in all_cases() if not one.error], ids=lambda one: one.name
)
def test_projects_of_looper_are_accepted(tmp_path: Path, case: Case) -> None:
    write(tmp_path, case.files)
    assert refused(tmp_path / ".looper.yaml") == {}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus; LOOPER_CORPUS can name a folder")
def test_published_projects_are_accepted() -> None:
    known = []
    for path in sorted((CORPUS / "projects").rglob("*.yaml")):
        data = load(path)
        kind = KINDS.get(kind_of(data) or "") if data else None
        if kind:
            known.append((kind, path))
    for kind, path in list(known):
        if kind == "pipeline_interface":
            schema = load(path).get("output_schema")
            known += [("output_schema", path.parent / schema)] if schema else []
    assert {kind for kind, _ in known} == {*KINDS.values(), "output_schema"}
    said = {path: faults(kind, load(path)) for kind, path in known if path.is_file()}
    assert {path: one for path, one in said.items() if one} == {}
    tables = list(CORPUS.rglob("*resources*.tsv"))
    assert tables and all(faults("size_table", load(path)) == [] for path in tables)


# --- what is refused -------------------------------------------------------------------------------


@cache
def catalogue() -> Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]]:
    """The malformed projects of other tests, with the messages of the checks."""
    errors = runpy.run_path(str(TESTS / "read/test_errors.py"))
    old = runpy.run_path(str(TESTS / "read/test_old_projects.py"))
    cases = [*errors["CASES"], *old["INTERFACES"]]
    return {one.id: tuple(one.values) for one in cases}


REFUSED = """
pep_config missing; a list of PEPs; an interface that is no path; unknown level in the looper config
pipestat is no mapping; an output folder that is a list; an output folder with a brace
an interface in the place of the PEP; a looper config in the place of the PEP
a flag folder with a brace; a project name that is no file name; a PEP whose name is no file name
SQLite without a file
pipeline_name missing; pipeline_name with white space; interface without a command
level without a command; unknown pipeline type; environment variable with a bad name
memory in an unknown unit; wall time in an unknown form; cores that are none
size table without sizes; size that is none
unknown key in our own section; wrong type in our own section; a resource that is none
hooks; hooks of no kind; hooks that are no mapping; a hook that is no text
"""


@pytest.mark.parametrize(
    "name", [one.strip() for one in REFUSED.replace("\n", ";").split(";") if one.strip()]
)
def test_malformed_projects_are_refused(tmp_path: Path, name: str) -> None:
    files, messages = catalogue()[name]
    found = refused(write(tmp_path, files) / ".looper.yaml")
    assert found, messages


def test_a_file_is_only_refused_if_the_checks_name_it(tmp_path: Path) -> None:
    wrong = {}
    for number, (name, (files, messages)) in enumerate(catalogue().items()):
        folder = write(tmp_path / str(number), files)
        config = folder / ".looper.yaml"
        for path in refused(config) if config.exists() else ():
            if not any(path.name in message for message in messages):
                wrong[name] = path.name
    # The input schema of the project stands in the place of an output schema there.
    assert wrong == {"output schema without a hand-off": "schema.yaml"}


def test_interfaces_of_looper_0_are_refused() -> None:
    old = runpy.run_path(str(TESTS / "read/test_old_projects.py"))["INTERFACES"]
    texts = {one.id: one.values[0].get("count.yaml") for one in old}
    accepted = [
        name
        for name, text in texts.items()
        if text and not faults("pipeline_interface", yaml.safe_load(text))
    ]
    assert accepted == []


def test_output_schemas_are_only_refused_if_pipestat_refuses_them(tmp_path: Path) -> None:
    schemas = runpy.run_path(str(TESTS / "read/test_output_schema_faults.py"))["SCHEMAS"]
    path = tmp_path / "schema.yaml"
    count = 0
    for text in schemas:
        path.write_text(text)
        data = load(path)
        if data is None or not faults("output_schema", data):
            continue
        schema = pipestat_schema(read_output_schema(path).raw)
        said = [
            refusals(schema, level, in_tables=True, validates=True)
            for level in ("sample", "project")
        ]
        assert any(said), text
        count += 1
    assert count > 30


WRONG = [
    ("looper_config", "pep_config: a.csv\noutput_dir: [a]", "output_dir"),
    ("looper_config", "pep_config: a.csv\npipeline_interfaces: {samples: a.yaml}", "pipeline_interfaces"),
    ("looper_config", "pep_config: a.csv\ncli: {run: {lump_n: many}}", "cli.run.lump_n"),
    ("looper_config", "pep_config: a.csv\nsample_modifiers: {remove: word}", "sample_modifiers.remove"),
    ("looper_config", "pep_config: ''", "pep_config"),
    ("pipestat", "results_file_path: r/", "results_file_path"),
    ("pipestat", "results_file_path: '{sample_name}.yaml'", "results_file_path"),
    ("pipestat", "database: {dialect: postgresql, host: h}", "database"),
    ("pipestat", "database: {dialect: sqlite}", "database"),
    ("pipestat", "database: {sqlite_url: [a]}", "database.sqlite_url"),
    ("pep", "pep_version: 2.1.0", ""),
    ("pep", "pep_version: 1.0.0\nsample_table: a.csv", "pep_version"),
    ("pep", "sample_table: [a.csv]", "sample_table"),
    ("pipeline_interface", "pipeline_name: a/b\nsample_interface: {command_template: x}", "pipeline_name"),
    ("pipeline_interface", "pipeline_name: a\nsample_interface:", "sample_interface"),
    ("pipeline_interface", "pipeline_name: a\nsample_interface: {command_template: ' '}", "sample_interface.command_template"),
    ("pipeline_interface", "pipeline_name: a\ncommand_template: x\npipeline_type: samples", "pipeline_type"),
    ("pipeline_interface", "pipeline_name: a\ncommand_template: x\nsnakemake: {retries: true}", "snakemake.retries"),
    ("pipeline_interface", "pipeline_name: a\ncommand_template: x\ncompute: {mem: 8Q}", "compute.mem"),
    ("size_table", "[{max_file_size: 5 GB, mem: 1}]", "0.max_file_size"),
    ("size_table", "[{mem: 1}]", "0"),
    ("output_schema", "samples: {n: {type: integer, description: n}}", ""),
    ("output_schema", "pipeline_name: a\nsamples: {n: {type: integer}}", "samples.n"),
    ("output_schema", "pipeline_name: a\nsamples: {n: {type: int, description: n}}", "samples.n.type"),
    ("output_schema", "pipeline_name: a\nsamples: {id: {type: string, description: n}}", "samples"),
    ("output_schema", "properties: {samples: {items: {properties: {n: {type: integer}}}}}", "properties"),
    ("output_schema", "properties: {pipeline_name: a, project: {properties: {n: {type: int}}}}", "properties.project.properties.n.type"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "place"), WRONG)
def test_the_place_of_a_fault(name: str, text: str, place: str) -> None:
    said = [one.partition(": ")[0] for one in faults(name, yaml.safe_load(text))]
    assert set(said) == {place}


RIGHT = [
    ("looper_config", "pep_config: ns/name:tag\nmine: 3\noutput_dir: 2024"),
    ("looper_config", "cli: {run: {pep_config: a.yaml, lump-n: 3, limit: '2:5'}}"),
    ("looper_config", "pep_config: a.csv\noutput_dir: ${OUT}/x\npipestat:\ncli:"),
    ("pipestat", "database: {sqlite_url: a.db}\nresults_file_path: '{record_identifier}.yaml'"),
    ("pipestat", "database: {dialect: postgresql, driver: psycopg, name: a, user: b, password: $P, host: h, port: '5432'}"),
    ("pep", "sample_table: a.csv\ngenomes: {a: b}\nlooper: {output_dir: x, mine: 3}"),
    ("pep", "project_modifiers: {import: [a.yaml]}"),
    ("pipeline_interface", "pipeline_name: a\nproject_interface: {command_template: x}\nmine: [1]\ncompute: {mem: '', gpu: 1}"),
    ("pipeline_interface", "pipeline_name: a\ncommand_template: x\npre_submit: {python_functions: a.b}"),
    ("size_table", "[{max_file_size: 0.5, mem: 1}, {max_file_size: NaN, mem: 8G}]"),
    ("output_schema", "properties: {TSS_plot: {path: a.png}, samples: {properties: {n: {type: string}}}}"),
    ("output_schema", "pipeline_name: a\nsamples: {additionalProperties: false, n: {type: image, description: n}}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), RIGHT)
def test_odd_files_that_are_allowed(name: str, text: str) -> None:
    assert faults(name, yaml.safe_load(text)) == []


# --- tables and checks -----------------------------------------------------------------------------


def all_keys(keys: tuple[Key, ...]) -> Iterator[Key]:
    for key in keys:
        yield key
        yield from all_keys(key.keys)


@pytest.mark.parametrize("name", FILES)
def test_each_example_fits_its_key(name: str) -> None:
    file = FILES[name]
    for key in all_keys(file.keys):
        if key.example:
            data = yaml.safe_load(f"{key.name}: {key.example}")
            assert list(data) == [key.name]
            schema = _part(schema_of(name), key)
            assert list(Draft7Validator(schema).iter_errors(data[key.name])) == [], key.name
        assert (key.meaning.endswith(".") and key.meaning[0].isupper()) or key.meaning[0] in "`l"


def _part(schema: Any, key: Key) -> dict[str, Any]:
    """The part of a schema that describes a key, found by its meaning."""
    if isinstance(schema, dict):
        said = str(schema.get("description", ""))
        if said.startswith(key.meaning.replace("`", "")) and f" {key.name}: " in said:
            return schema
        for value in schema.values():
            found = _part(value, key)
            if found:
                return found
    return {}


def test_the_tables_have_the_keys_of_other_lists() -> None:
    assert names(of_pipestat.KEYS) == HARMLESS | {"database"}
    assert names(of_pipestat.DATABASE) == HARMLESS_IN_DATABASE | {"password"}
    assert names(of_interface.SETTINGS) == set(SETTINGS)
    assert names(of_interface.IMAGES) == set(IMAGES)


def test_editors_strike_old_keys_out() -> None:
    old = schema_of("looper_config")["properties"]["config_file_path"]
    assert old["deprecationMessage"] == "is not read any more; write pep_config"
    # In an interface, a template may use a key of any name, such as `resources`.
    of_interface = schema_of("pipeline_interface")["properties"]
    assert not any("deprecationMessage" in one for one in of_interface.values())
    assert of_interface["name"]["description"] == "is not read any more; write 'pipeline_name'"


def test_the_page_of_keys_is_up_to_date() -> None:
    made = runpy.run_path(str(REPOSITORY / "docs" / "make_keys.py"))["page"]()
    assert (REPOSITORY / "docs" / "keys.md").read_text() == made, "run: python docs/make_keys.py"

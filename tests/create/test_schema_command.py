"""`snakemake-looper schema`: the names, a schema, and a file that is never replaced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from snakemake_looper.cli import main
from snakemake_looper.create.json_schemas import FILES


def test_the_names_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", name]) == 0
    schema = json.loads(capsys.readouterr().out)
    Draft7Validator.check_schema(schema)
    assert schema["$comment"] == f"Made by 'snakemake-looper schema {name}'."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["piplin_interface"],
            "piplin_interface: there is no such schema (did you mean 'pipeline_interface'?); write"
            " one of looper_config, pipestat, pep, pipeline_interface, size_table, output_schema",
        ),
        (["-o", "x.json"], "--output: needs a schema; write a name before it"),
        (
            ["pep", "-o", "mine.txt"],
            "--output: 'mine.txt' exists and is no JSON Schema of this package; name another file",
        ),
    ],
)
def test_wrong_words(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("mine\n")
    assert main(["schema", *words]) == 2
    assert capsys.readouterr() == ("", f"error: {message}\n")
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def test_files_are_written_and_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a" / "b.json"
    assert main(["schema", "pep", "-o", "a/b.json"]) == 0
    whole = file.read_text()
    file.write_text(whole.replace('"PEP"', '"older"'))
    assert main(["schema", "pep", "-o", "a/b.json"]) == 0
    assert file.read_text() == whole
    assert main(["schema", "pep", "-o", "a"]) == 0
    assert (tmp_path / "a" / "pep.json").read_text() == whole
    assert capsys.readouterr().out == "a/b.json\na/b.json\na/pep.json\n"


def test_no_heavy_library_is_loaded() -> None:
    code = (
        "import sys, snakemake_looper.commands.schema as one;"
        "print({'pandas', 'peppy', 'snakemake', 'jsonschema', 'jinja2', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

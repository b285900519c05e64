"""PEPs: samples in order, names, files that are read, and faults with their lines."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.peps import FILES, messages, read, sound, warnings

from snakemake_looper.read.peps import pep as pep_module
from snakemake_looper.read.peps.pep import row_of
from snakemake_looper.read.peps.pephub import Refused, library, login_command, pull


def test_samples_stand_in_the_order_of_the_table(tmp_path: Path) -> None:
    pep = sound(tmp_path, {})
    assert [sample.name for sample in pep.samples] == ["b", "a"]
    assert (pep.name, pep.index, pep.volatile) == ("demo", "sample_name", False)
    assert [path.name for path in pep.files] == ["project.yaml", "samples.csv"]
    assert row_of(pep, "a").line == 3


def test_samples_of_several_rows_stand_at_their_first(tmp_path: Path) -> None:
    rows = "sample_name,file\nc,1\na,2\nc,3\nb,4\n"
    pep = sound(tmp_path, {"samples.csv": rows})
    assert [sample.name for sample in pep.samples] == ["c", "a", "b"]
    assert pep.samples[0].attributes["file"] == ["1", "3"]


def test_an_index_of_another_name_is_the_sample_name_too(tmp_path: Path) -> None:
    config = FILES["project.yaml"] + "sample_table_index: id\n"
    pep = sound(tmp_path, {"project.yaml": config, "samples.csv": "id,file\nx,f\n"})
    assert pep.index == "id"
    assert pep.samples[0].attributes["sample_name"] == pep.samples[0].attributes["id"] == "x"


def test_names_that_no_sample_can_have(tmp_path: Path) -> None:
    files = {"samples.csv": "sample_name,file\na/b,1\na,2\n{c},3\n"}
    pep, problems, _ = read(tmp_path, files)
    assert pep is not None and pep.refused == {"a/b", "{c}"}
    assert [sample.name for sample in pep.samples] == ["a"]
    assert [problem.place.line for problem in problems] == [2, 4]


@pytest.mark.parametrize(
    ("folder", "name"), [("my project", "my_project"), ("study/metadata", "study")]
)
def test_an_unnamed_pep_has_the_name_of_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    files = {
        ".looper.yaml": FILES[".looper.yaml"].replace("project", f"{folder}/project"),
        f"{folder}/project.yaml": "pep_version: 2.1.0\nsample_table: samples.csv\n",
        f"{folder}/samples.csv": FILES["samples.csv"],
    }
    pep = sound(tmp_path, files)
    assert pep.name == pep.config["name"] == name


def test_modifiers_of_the_looper_config_come_last(tmp_path: Path) -> None:
    imply = "sample_modifiers: {imply: [{if: {word: one}, then: {more: two}}]}\n"
    append = "sample_modifiers: {append: {word: one}}\n"
    files = {
        ".looper.yaml": FILES[".looper.yaml"] + imply,
        "project.yaml": FILES["project.yaml"] + append,
    }
    pep = sound(tmp_path, files)
    assert pep.samples[0].attributes["more"] == "two"
    assert pep.config["sample_modifiers"] == {"append": {"word": "one"}}


def test_a_pattern_in_a_source_makes_a_pep_volatile(tmp_path: Path) -> None:
    derive = "sample_modifiers: {derive: {attributes: [file], sources: {b.txt: '*.txt'}}}\n"
    pep = sound(tmp_path, {"project.yaml": FILES["project.yaml"] + derive, "b.txt": ""})
    assert pep.volatile
    assert pep.samples[0].attributes["file"] == "b.txt", "relative to the looper config"


def test_imports_and_amendments_are_read(tmp_path: Path) -> None:
    modifiers = "project_modifiers: {import: [more.yaml], amend: {big: {word: two}}}\n"
    files = {"project.yaml": FILES["project.yaml"] + modifiers, "more.yaml": "word: one\n"}
    assert sound(tmp_path, files).config["word"] == "one"
    pep = sound(tmp_path, files, amend=("big",))
    assert pep.config["word"] == "two"
    assert "more.yaml" in [path.name for path in pep.files]
    (message,) = messages(tmp_path, files, amend=("bgi",))
    assert "the PEP has no amendment 'bgi' (did you mean 'big'?)" in message


def test_an_import_that_is_no_list(tmp_path: Path) -> None:
    modifiers = "project_modifiers:\n  import: more.yaml\n"
    files = {"project.yaml": FILES["project.yaml"] + modifiers, "more.yaml": "word: one\n"}
    (message,) = messages(tmp_path, files)
    assert message == (
        "project.yaml:5: project_modifiers.import: must be a list of paths; write '[more.yaml]'"
    )


def test_a_pep_that_peppy_cannot_read_keeps_the_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "snakemake_looper"):
        (message,) = messages(tmp_path, {"samples.csv": "name,file\na,1\n"})
    assert message.startswith("samples.csv:1: sample_name: there is no column 'sample_name'")
    assert any(record.exc_info for record in caplog.records)


def test_a_pep_from_pephub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = {
        "_config": {
            "name": "far",
            "project_modifiers": {"amend": {"big": {"word": "two"}}},
        },
        "_sample_dict": [{"sample_name": "a", "file": "1"}],
        "_subsample_list": None,
    }
    asked = []
    monkeypatch.setattr(pep_module, "pull", lambda path: asked.append(path) or raw)
    config = FILES[".looper.yaml"].replace("project.yaml", "me/far:v1")
    pep = sound(tmp_path, {".looper.yaml": config}, amend=("big",))
    assert asked == ["me/far:v1"]
    assert (pep.name, pep.config["word"], pep.config_file, pep.volatile) == (
        "far", "two", None, True,
    )  # fmt: skip
    assert pep.files == (tmp_path / ".looper.yaml",)


def test_an_answer_of_pephub_that_is_no_pep(monkeypatch: pytest.MonkeyPatch) -> None:
    client = library("pephubclient").PEPHubClient
    monkeypatch.setattr(client, "load_raw_pep", lambda *_: {"a": 1})
    with pytest.raises(Refused, match="that is no PEP; try again later"):
        pull("me/far:v1")


def without_pephubclient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python find no package pephubclient."""
    for name in ("pephubclient", "pephubclient.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def test_a_peppy_that_has_pephubclient_within_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """As peppy 0.50."""
    without_pephubclient(monkeypatch)
    within = ModuleType("peppy.pephubclient.exceptions")
    monkeypatch.setitem(sys.modules, "peppy.pephubclient", ModuleType("peppy.pephubclient"))
    monkeypatch.setitem(sys.modules, within.__name__, within)
    assert library("exceptions") is within
    assert login_command(" --url x") == "'peppy phc login --url x'"


def test_no_pephubclient(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pephubclient(monkeypatch)
    monkeypatch.setitem(sys.modules, "peppy.pephubclient.exceptions", None)
    with pytest.raises(Refused, match=r"run pip install 'snakemake-looper\[pephub\]'"):
        library("exceptions")


def test_slips_in_a_pep_from_pephub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PEP from PEPhub has no lines: the place is the line that names it."""
    modifiers = {"appned": {"x": "y"}, "duplicate": {"fiel": "z"}}
    raw = {
        "_config": {"name": "far", "sample_modifiers": modifiers},
        "_sample_dict": [{"sample_name": "a", "file": "1"}],
        "_subsample_list": [[{"sample_name": "a", "n": 1}, {"sample_name": "a", "n": None}]],
    }
    monkeypatch.setattr(pep_module, "pull", lambda _: raw)
    looper = {".looper.yaml": FILES[".looper.yaml"].replace("project.yaml", "me/far:v1")}
    assert [text.partition(";")[0] for text in warnings(tmp_path, looper)] == [
        ".looper.yaml:1: sample_modifiers.appned: unknown modifier, ignored (did you mean 'append'?)",
        ".looper.yaml:1: sample_modifiers.duplicate.fiel: no sample has an attribute 'fiel' (did you"
        " mean 'file'?), so this has no effect",
    ]
    assert sound(tmp_path, looper).samples[0].attributes["n"] == [1.0, ""]


def test_faults_of_a_pep_from_pephub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = {
        "_config": {"name": "far", "sample_modifiers": {"append": ["x"]}},
        "_sample_dict": [{"id": "a", "file": "1"}],
        "_subsample_list": None,
    }
    monkeypatch.setattr(pep_module, "pull", lambda _: raw)
    looper = {".looper.yaml": FILES[".looper.yaml"].replace("project.yaml", "me/far:v1")}
    assert messages(tmp_path, looper) == [
        ".looper.yaml:1: sample_modifiers.append: must be a mapping of attribute to value, not"
        " a list; correct it",
        ".looper.yaml:1: sample_name: the PEP has no column 'sample_name', there are id, file; rename"
        " the column of the samples' names at PEPhub",
    ]

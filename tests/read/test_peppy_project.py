"""The samples that peppy makes, where this package has quicker ways to make them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import peppy
import pytest
import yaml

from snakemake_looper.read.peps.peppy_project import load_pep

CONFIG = {"pep_version": "2.1.0", "name": "p"}
MODIFIERS = {
    "append": {"genome": "hg38"},
    "duplicate": {"kind": "sort"},
    "imply": [{"if": {"kind": ["x", "1"]}, "then": {"mark": 3}}],
    "derive": {"attributes": ["file"], "sources": {"place": "data/{sample_name}.fq"}},
}


@pytest.mark.parametrize("modifiers", [{}, MODIFIERS], ids=["plain", "modified"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("t.csv", "sample_name,kind,file\na,x,place\nb,y,place\n", id="texts"),
        pytest.param("t.csv", "sample_name,kind,file\na,,place\nb,1,\n", id="empty cells"),
        pytest.param("t.tsv", "sample_name\tkind\tfile\n1\t\tplace\n2\tNA\t\n", id="tabs"),
        pytest.param(
            "t.csv", "sample_name,kind,file,kind\na,x,place,y\n", id="columns of one name"
        ),
        pytest.param("t.csv", "sample_name,kind,file,2\na,x,place,y\n", id="a number as a name"),
        pytest.param(
            "t.csv",
            "sample_name,kind,file,_project,_derived_cols_done\na,x,place,y,z\n",
            id="peppy's own names",
        ),
    ],
)
def test_samples_of_a_table_are_those_that_peppy_makes(
    tmp_path: Path, name: str, text: str, modifiers: dict[str, Any]
) -> None:
    (tmp_path / name).write_text(text)
    config = {**CONFIG, "sample_table": name, "sample_modifiers": modifiers}
    (tmp_path / "pep.yaml").write_text(yaml.safe_dump(config))
    path = str(tmp_path / "pep.yaml")
    expected = [list(one.to_dict().items()) for one in peppy.Project(path).samples]
    found = [list(one.items()) for one in load_pep(path, (), {}, tmp_path).samples]
    assert found == expected
    assert repr(found) == repr(expected)  # also their types: 1 is not 1.0


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param([{"sample_name": "a", "kind": "x"}, {"sample_name": "b", "kind": "y"}], id="texts"),
        pytest.param([{"sample_name": "a", "n": 1}, {"sample_name": "b", "n": 2.5}], id="numbers"),
        pytest.param([{"sample_name": "a", "n": 1}, {"sample_name": "b", "n": "x"}], id="numbers and texts"),
        pytest.param([{"sample_name": "a", "n": True, "l": ["x", "y"]}, {"sample_name": "b", "n": None, "l": "z"}], id="other values"),
        pytest.param([{"sample_name": 1, "n": 2}, {"sample_name": 3, "n": 4}], id="numbers only"),
        pytest.param([{"sample_name": 1, "n": 2.5}], id="numbers of two kinds"),
    ],
)  # fmt: skip
def test_samples_of_a_raw_pep_are_those_that_peppy_makes(
    tmp_path: Path, samples: list[dict[str, Any]]
) -> None:
    raw = {
        "_config": {**CONFIG, "sample_modifiers": {"append": {"g": [1]}}},
        "_sample_dict": samples,
    }
    expected = [list(one.to_dict().items()) for one in _peppys(raw).samples]
    found = [list(one.items()) for one in load_pep(raw, (), {}, tmp_path).samples]
    assert repr(found) == repr(expected)


def test_peppy_itself_is_as_before_when_a_pep_was_read(tmp_path: Path) -> None:
    before = {**vars(peppy.Sample)}
    raw = {"_config": {**CONFIG}, "_sample_dict": [{"sample_name": "a"}]}
    load_pep(raw, (), {}, tmp_path)
    assert vars(peppy.Sample) == before
    assert len(_peppys(raw).samples) == 1


def test_an_attribute_that_is_no_word_is_none(tmp_path: Path) -> None:
    derive = {"attributes": [["kind"], {"a": "b"}], "sources": {}}
    config = {**CONFIG, "sample_modifiers": {"derive": derive}}
    raw = {"_config": config, "_sample_dict": [{"sample_name": "a"}]}
    assert load_pep(raw, (), {}, tmp_path).samples == ({"sample_name": "a"},)


def _peppys(raw: dict[str, Any]) -> peppy.Project:
    return peppy.Project.from_dict(copy.deepcopy(raw))

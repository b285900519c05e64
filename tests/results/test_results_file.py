"""pipestat's results files: which files a pattern stands for, and what is no results file."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakemake_looper.results.results_file import (
    ResultsFileError,
    below,
    levels_of,
    load,
    part,
    record_paths,
)
from snakemake_looper.results.yaml_text import dump


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("pattern", "there", "found"),
    [
        ("{record_identifier}.yaml", ["b.yaml", "a.yaml", "a.yml"], {"a": "a.yaml", "b": "b.yaml"}),
        ("r_{record_identifier}.yaml", ["r_a.yaml", "a.yaml"], {"a": "r_a.yaml"}),
        ("{record_identifier}", ["a", "a.earlier"], {"a": "a"}),
        ("{record_identifier}.yaml.earlier", ["a.yaml.earlier", "a.yaml"], {"a": "a.yaml.earlier"}),
        ("{record_identifier}/x.yaml", ["a/x.yaml", "b/y.yaml"], {"a": "a/x.yaml"}),
        ("{record_identifier}/{record_identifier}.yaml", ["a/a.yaml"], {"a": "a/a.yaml"}),
        ("{record_identifier}.yaml", [".yaml"], {}),
    ],
)
def test_files_of_a_pattern(
    pattern: str, there: list[str], found: dict[str, str], tmp_path: Path
) -> None:
    touch(tmp_path, *there)
    paths = record_paths(f"{tmp_path}/{pattern}")
    assert {name: str(path.relative_to(tmp_path)) for name, path in paths.items()} == found
    assert list(paths) == sorted(paths)


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert record_paths(f"{tmp_path}/none/{{record_identifier}}.yaml") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "1: is not valid YAML; correct or move it"),
        ("[1, 2]", "is no results file: it has no pipeline's name at its top; correct or move it"),
        ("a: &a {b: *a}", "1: has anchors that refer to themselves"),
        (
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
                for old, new in zip("abcdefg", "bcdefgh", strict=True)
            ),
            "multiply without end",
        ),
    ],
)
def test_what_is_no_results_file(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "results.yaml"
    path.write_text(text)
    with pytest.raises(ResultsFileError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:")


def test_a_file_that_is_not_there_or_empty_holds_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "results.yaml") == {}
    (tmp_path / "results.yaml").touch()
    assert load(tmp_path / "results.yaml") == {}


def test_unsound_parts_are_named_and_left_out() -> None:
    data = {"p": {"sample": {"a": {1: 2}, "b": 3, "c": None}, "project": 4}, "q": 5}
    warnings: list[str] = []
    assert levels_of(data, "p", "f.yaml", warnings) == {"sample": {"a": {"1": 2}, "c": {}}}
    assert levels_of(data, "q", "f.yaml", warnings) == {}
    assert levels_of(data, "none", "f.yaml", warnings) == {}
    assert warnings == [
        "f.yaml: record 'b' has no results; it is left out",
        "f.yaml: 'project' holds no records; they are left out",
        "f.yaml: 'q' holds no records; they are left out",
    ]
    assert part(data, "p", "project") == part(data, "q", "sample") == {}


def test_newer_results_lie_above_earlier_ones_each_as_a_whole() -> None:
    earlier = {
        "p": {"sample": {"a": {"n": 1, "image": {"path": "x", "title": "t"}}, "b": {"n": 2}}}
    }
    now = {"p": {"sample": {"a": {"image": {"path": "y"}}}}}
    assert below(earlier, now, 3) == {
        "p": {"sample": {"a": {"n": 1, "image": {"path": "y"}}, "b": {"n": 2}}}
    }


def test_the_order_of_keys_is_kept(tmp_path: Path) -> None:
    text = "z: 1\na: ü\n"
    assert dump({"z": 1, "a": "ü"}) == text

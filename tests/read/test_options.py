"""The table of options, and the readers of their values."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.running import REPOSITORY

from snakemake_looper.errors import Place, Problems
from snakemake_looper.read.options.option_sources import (
    configfile,
    from_config,
    from_sources,
    profile_config,
    read_options,
    typed_config,
)
from snakemake_looper.read.options.option_values import flag, pairs, statuses, text, words
from snakemake_looper.read.options.options import OPTION_NAMES, OPTIONS, Option, Options, overlay


def read(values: dict[str, Any]) -> tuple[Options, Problems]:
    problems = Problems()
    return read_options(values, lambda key: Place("file.yaml"), problems), problems


# --- the table -------------------------------------------------------------------------------------


def test_every_option_is_a_field_and_every_field_an_option() -> None:
    besides = {"origins", "problems", "only_samples"}
    assert {one.name for one in fields(Options)} - besides == set(OPTION_NAMES)


@pytest.mark.parametrize("option", OPTIONS, ids=OPTION_NAMES)
def test_a_row_agrees_with_itself(option: Option) -> None:
    hint = str(Options.__annotations__[option.name])
    assert hint.endswith("| None"), "an option that was not given is None"
    assert option.several == hint.startswith("tuple")
    assert (option.read is flag) == hint.startswith("bool")
    assert bool(option.spellings) == bool(option.help)
    long = [one for one in option.spellings if one.startswith("--")]
    assert not option.spellings or f"--{option.name.replace('_', '-')}" in long


def test_no_spelling_means_two_options() -> None:
    spellings = [one for option in OPTIONS for one in option.spellings]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize(
    "option", [one for one in OPTIONS if one.example], ids=lambda one: one.name
)
def test_an_example_is_yaml_that_the_option_reads(option: Option) -> None:
    options, problems = read(yaml.safe_load(option.example))
    assert not problems
    assert getattr(options, option.name)
    assert {name for name, value in options.by_name().items() if value is not None} == {option.name}


def test_the_documentation_names_every_option() -> None:
    page = (REPOSITORY / "docs/options.md").read_text(encoding="utf-8")
    named = {word.split()[0] for word in re.findall(r"`([^`\n]+)`", page)}
    for option in OPTIONS:
        for spelling in option.spellings or (option.name,):
            assert spelling in named, f"docs/options.md has no {spelling}"


# --- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", ("a",)),
        ("a, b,,c", ("a", "b", "c")),
        ('["a,b", "c"]', ("a,b", "c")),
        ("[a", ("[a",)),
        (["a,b", 1], ("a,b", "1")),
        (1, ("1",)),
        ("", ()),
    ],
)
def test_words(value: object, expected: tuple[str, ...]) -> None:
    assert words(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"mem": 4}, (("mem", 4),)),
        ("mem=4 cores=2", (("mem", "4"), ("cores", "2"))),
        ("mem=4,cores=2", (("mem", "4"), ("cores", "2"))),
        ("gres=gpu:1,tmp mem=4", (("gres", "gpu:1,tmp"), ("mem", "4"))),
        (["mem=4", "args=-x 1"], (("mem", "4"), ("args", "-x 1"))),
        ('["a=1,2"]', (("a", "1,2"),)),
    ],
)
def test_pairs(value: object, expected: tuple[tuple[str, Any], ...]) -> None:
    assert pairs(value) == expected


@pytest.mark.parametrize(
    ("reader", "value", "message"),
    [
        (pairs, "mem", "'mem' is not of the form key=value"),
        (flag, "maybe", "'maybe' is neither true nor false"),
        (text, ["a"], "'['a']' is not a single value; write a text"),
        (words, {"a": 1}, "'{'a': 1}' is not a single value; write a text, or a list of texts"),
        (words, ["b", ["a"]], "'['a']' is not a single value; write a text, or a list of texts"),
        (statuses, "runing", "'runing' is no status (did you mean 'running'?); there are"),
    ],
)
def test_a_value_that_cannot_be_read(reader: Any, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        reader(value)


def test_flags() -> None:
    assert [flag(one) for one in (True, "yes", 1, "TRUE")] == [True] * 4
    assert [flag(one) for one in (False, "no", 0, "")] == [False] * 4


# --- sources ---------------------------------------------------------------------------------------


def test_a_key_may_be_written_with_either_sign() -> None:
    options, _ = read({"sel-incl": "a", "sel_attr": "kind", "limit": None, "skip": "", "mine": 1})
    assert (options.sel_incl, options.sel_attr) == (("a",), "kind")
    assert options.origin("sel_incl") == (Place("file.yaml"), "sel-incl")
    assert options.by_name() == Options(sel_incl=("a",), sel_attr="kind").by_name()


def test_all_values_that_cannot_be_read_are_named() -> None:
    _, problems = read({"skip_file_checks": "maybe", "compute": "mem"})
    assert [str(one) for one in problems] == [
        "file.yaml: skip_file_checks: 'maybe' is neither true nor false; correct the value",
        "file.yaml: compute: 'mem' is not of the form key=value; correct the value",
    ]


def test_the_first_of_two_counts() -> None:
    both = overlay(Options(limit="1"), Options(limit="2", skip="3"))
    assert (both.limit, both.skip) == ("1", "3")


def test_a_typed_option_is_named_as_it_was_typed() -> None:
    options = from_config({"limit": "2", "skip": "1", "looper_options": ["limit"]}, "a.yaml")
    assert options.origin("limit") == (Place("--limit"), "")
    assert options.origin("skip") == (Place("a.yaml"), "skip")


def test_an_earlier_source_counts_more(tmp_path: Path) -> None:
    for name, content in (("1.yaml", "limit: 1\nskip: 1\nsel-attr: a\n"), ("2.yaml", "skip: 2\n")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    typed = typed_config(["sel_attr=b"], Problems())
    files = [configfile(tmp_path / name) for name in ("missing.yaml", "2.yaml", "1.yaml")]
    options = from_sources([typed, *files])
    assert (options.limit, options.skip, options.sel_attr) == ("1", "2", "b")
    assert options.origin("skip")[0] == Place(str(tmp_path / "2.yaml"), 1)
    assert options.origin("sel_attr") == (Place("--config"), "sel_attr")


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  limit: 2:5\n  sel_incl: [a, b]\n  skip: z\n",
        "config:\n- limit=2:5\n- sel_incl=a,b\n- skip=z\n",
    ],
)
def test_options_of_a_profile_are_named_by_its_line(tmp_path: Path, text: str) -> None:
    """Also `2:5` without quotes, which Snakemake reads as the number 125."""
    path = tmp_path / "config.yaml"
    path.write_text(f"cores: 2\n{text}", encoding="utf-8")
    options = from_sources([profile_config(path)])
    assert (options.limit, options.sel_incl) == ("2:5", ("a", "b"))
    assert [str(one) for one in options.problems] == [
        f"{path}:5: skip: 'z' is no number or range; write 3, 2:5, :4 or 6-"
    ]


@pytest.mark.parametrize("text", ["cores: 2\n", "config:\n", "- a\n", "config: {", "config: 3\n"])
def test_a_profile_without_options(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    assert from_sources([profile_config(path)]) == Options()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["limit="], "--config: limit: is empty; write a value, or leave it out"),
        (["sel-incl="], "--config: sel-incl: is empty; write a value, or leave it out"),
        (["limit", "2"], "--config: 'limit' is not of the form key=value; write it with '=', without blanks"),
        (["limit=x"], "--config: limit: 'x' is no number or range; write 3, 2:5, :4 or 6-"),
        (["lump_n=0"], "--config: lump_n: '0' is not a whole number of at least 1; correct it"),
        (["lump=x"], "--config: lump: 'x' is not a number of GB; correct it"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_typed_words(words: list[str], message: str) -> None:
    problems = Problems()
    options = from_sources([typed_config(words, problems)], problems)
    assert str(options.problems[0]) == message


@pytest.mark.parametrize(
    ("key", "warning"),
    [
        ("limt", "--config: limt: no option, ignored (did you mean 'limit'?)"),
        ("SAMPLES", "--config: SAMPLES: no option, ignored (did you mean 'samples'?)"),
        ("out-dir", "--config: out-dir: no option, ignored (did you mean 'output_dir'?)"),
        ("loper_config", "--config: loper_config: no option, ignored (did you mean 'looper_config'?)"),
        ("amendments", "--config: amendments: is not read any more; write 'amend'"),
        ("selector_include", "--config: selector_include: is not read any more; write 'sel_incl'"),
    ],
)  # fmt: skip
def test_a_key_that_is_nearly_an_option(
    key: str, warning: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert from_config({key: "a"}) == Options()
    assert capsys.readouterr().err == f"warning: {warning}\n"


def test_keys_of_others_are_not_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    from_config({"threads": 4, "genome": "hg38", "resources": {}, "env": "x", "project": 1})
    assert capsys.readouterr().err == ""


def test_one_option_in_two_spellings(capsys: pytest.CaptureFixture[str]) -> None:
    assert from_config({"sel_attr": "a", "sel-attr": "b"}, "x").sel_attr == "b"
    assert capsys.readouterr().err == (
        "warning: x: sel-attr: stands here twice, with '-' and with '_'; the last one counts\n"
    )


def test_only_some_options_narrow() -> None:
    assert Options(limit="1").narrows()
    assert not Options(sel_attr="kind", amend=("a",)).narrows()

"""Which source of an option wins, pair by pair, in the order of `read.settings`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import write

from snakemake_looper.model import Level
from snakemake_looper.read.options.options import Options
from snakemake_looper.read.project import read_project
from snakemake_looper.read.settings import Settings

ORDER = ("command line", "cli: run", "looper:", "looper: cli: run", "looper: cli: all", "key")
"""The sources of `read.settings`, the strongest first. `run` is `runp` for the project."""
PAIRS = list(itertools.combinations(ORDER, 2))
OF_OPTIONS = [pair for pair in PAIRS if "key" not in pair]


def settings(
    folder: Path,
    option: str,
    given: Mapping[str, str],
    level: Level = "sample",
    pep_folder: str = ".",
) -> Settings:
    """The settings of a project where sources give an option different values."""
    run = "run" if level == "sample" else "runp"
    config: dict[str, Any] = {
        "pep_config": f"{pep_folder}/project.yaml",
        "output_dir": "out",
        "pipeline_interfaces": ["count.yaml"],
    }
    looper: dict[str, Any] = {}
    in_pep: dict[str, Any] = {}
    options = Options()
    for source, value in given.items():
        one = {option: value}
        match source:
            case "command line":
                options = Options(**one)  # type: ignore[arg-type]
            case "cli: run":
                config["cli"] = {run: one}
            case "looper:":
                looper.update(one)
            case "looper: cli: run":
                in_pep[run] = one
            case "looper: cli: all":
                in_pep["all"] = one
            case "key":
                config.update(one)
    if in_pep:
        looper["cli"] = in_pep
    pep = {"pep_version": "2.1.0", "name": "demo", "sample_table": "samples.csv"}
    write(
        folder,
        {
            ".looper.yaml": yaml.safe_dump(config),
            f"{pep_folder}/project.yaml": yaml.safe_dump(
                {**pep, "looper": looper} if looper else pep
            ),
            f"{pep_folder}/samples.csv": "sample_name\na\n",
            "count.yaml": "pipeline_name: count\nsample_interface: {command_template: 'true'}\n",
        },
    )
    return read_project(folder / ".looper.yaml", options).settings


def by_name(pair: tuple[str, str]) -> str:
    return " over ".join(pair)


@pytest.mark.parametrize("pair", PAIRS, ids=by_name)
def test_the_results_folder(tmp_path: Path, pair: tuple[str, str]) -> None:
    stronger, weaker = pair
    found = settings(tmp_path, "results_subdir", {weaker: "weaker", stronger: "stronger"})
    assert found.results_subdir == "stronger"
    assert settings(tmp_path, "results_subdir", {weaker: "weaker"}).results_subdir == "weaker"


@pytest.mark.parametrize("level", ["sample", "project"])
@pytest.mark.parametrize("pair", OF_OPTIONS, ids=by_name)
def test_an_option_of_each_level(tmp_path: Path, pair: tuple[str, str], level: Level) -> None:
    stronger, weaker = pair
    given = {weaker: "--weaker", stronger: "--stronger"}
    found = settings(tmp_path, "command_extra", given, level)
    assert found.options_of(level).command_extra == "--stronger"


@pytest.mark.parametrize("source", ["cli: run", "looper: cli: run"])
@pytest.mark.parametrize(("level", "other"), [("sample", "project"), ("project", "sample")])
def test_a_section_of_one_level_says_nothing_of_the_other(
    tmp_path: Path, source: str, level: Level, other: Level
) -> None:
    found = settings(tmp_path, "command_extra", {source: "--fast"}, level)
    assert found.options_of(level).command_extra == "--fast"
    assert found.options_of(other).command_extra is None


@pytest.mark.parametrize(
    ("source", "folder"),
    [("command line", "."), ("cli: run", "."), ("key", "."), ("looper:", "meta"),
     ("looper: cli: all", "meta")],
)  # fmt: skip
def test_a_relative_output_folder_of_the_pep_is_relative_to_the_pep(
    tmp_path: Path, source: str, folder: str
) -> None:
    found = settings(tmp_path, "output_dir", {source: "here"}, pep_folder="meta")
    assert found.out == tmp_path / folder / "here"


def test_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path, "limit", {})
    assert (found.results_subdir, found.submission_subdir) == ("results_pipeline", "submission")
    assert found.options == found.project_options == Options()

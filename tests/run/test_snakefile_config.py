"""Options of a module and of a generated workflow: named where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.projects import TOUCH, write

from snakemake_looper.run.snakefile_config import is_selection, plan
from snakemake_looper.workspace.engine import ConfigSources, Engine
from snakemake_looper.workspace.structure import digest_in

MODULE = """\
module other:
    config: {"limit": 1}


module mine:
    snakefile: module_snakefile()
    config:
        {
            "looper_config": "project/.looper.yaml",
            "limit": "x",
        }
"""
CONFIG = "looper_config: .looper.yaml\n"


@pytest.fixture
def as_module(touch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What planning says of a module in a Snakefile; empty if it is planned."""
    monkeypatch.chdir(tmp_path)

    def said(snakefile: str, config: Mapping[str, Any]) -> str:
        path = write(tmp_path, {"Snakefile": snakefile}) / "Snakefile"
        engine: Any = SimpleNamespace(
            module="mine",
            moves_paths=False,
            main_snakefile=path,
            config_sources=ConfigSources({}, tuple(tmp_path.glob("config.yaml"))),
        )
        given = {"looper_config": str(touch), **config}
        known = {key: value for key, value in given.items() if value is not None}
        return refusal(lambda: plan(engine, known), tmp_path)

    return said


def refusal(act: Callable[[], object], folder: Path) -> str:
    try:
        act()
    except Exception as error:
        return str(error).replace(f"{folder}/", "")
    return ""


def test_an_option_of_a_module_is_named_in_the_snakefile(as_module: Callable[..., str]) -> None:
    said = as_module(MODULE, {"limit": "x"})
    assert said == "Snakefile:10: limit: 'x' is no number or range; write 3, 2:5, :4 or 6-"


def test_a_module_that_is_written_elsewhere(as_module: Callable[..., str]) -> None:
    said = as_module('include: "more.smk"\n', {"sel_flag": "done"})
    assert said.startswith("config of module mine: sel_flag: 'done' is no status")


def test_a_module_with_a_section_of_a_config_file(
    as_module: Callable[..., str], touch: Path, tmp_path: Path
) -> None:
    text = f"a: 1\nmine:\n  looper_config: {touch}\n  limit: 7:9\n  skip: x\n"
    write(tmp_path, {"config.yaml": text})
    lines = as_module(MODULE, {"limit": 429, "skip": "x"}).splitlines()
    assert lines == [
        "config.yaml:5: skip: 'x' is no number or range; write 3, 2:5, :4 or 6-",
        "config.yaml:4: limit: '7:9' is none of the 3 samples; write a number from 1 to 3, or a"
        " range",
    ]


def test_a_module_without_a_project(as_module: Callable[..., str]) -> None:
    what = "is missing; write the path of the project's looper config"
    said = as_module(MODULE, {"looper_config": None, "limit": "x"}).splitlines()
    assert said[1] == f"Snakefile:9: looper_config: {what}"


def test_a_misspelt_key_of_a_module(
    as_module: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert as_module(MODULE.replace("limit", "limt"), {"limt": 1}) == ""
    line = "Snakefile:10: limt: no option, ignored (did you mean 'limit'?)"
    assert capsys.readouterr().err.replace(f"{tmp_path}/", "") == f"warning: {line}\n"


def test_options_and_files_of_a_module_do_not_hide_each_other(
    as_module: Callable[..., str], touch: Path
) -> None:
    write(touch, {"project.yaml": "pep_version: 2.1.0\nsample_table: nope.csv\n"})
    lines = as_module(MODULE, {"limit": "x"}).splitlines()
    assert lines[0].startswith("Snakefile:10: limit: ")
    assert any("nope.csv" in line for line in lines[1:])


def test_a_prefix_does_not_fit(touch: Path) -> None:
    engine: Any = SimpleNamespace(module="mine", moves_paths=True)
    said = refusal(lambda: plan(engine, {"looper_config": str(touch)}), touch)
    assert said.startswith("module mine: 'prefix:' does not fit: the paths of a looper project are")
    assert "remove it, and name another output folder as \"output_dir\" in 'config:'" in said


@pytest.mark.parametrize(
    ("prefix", "replaced", "moves"),
    [(None, None, False), ("sub/", None, True), (None, {"a": "b"}, True)],
)
def test_the_engine_sees_a_prefix(prefix: Any, replaced: Any, moves: bool) -> None:
    paths = SimpleNamespace(prefix=prefix, _prefix_replacements=replaced)
    modifier = SimpleNamespace(namespace="mine", modify_rulename=str, path_modifier=paths)

    class Workflow(SimpleNamespace):
        __hash__ = object.__hash__

    engine = Engine(Workflow(modifier=modifier, current_basedir="/"))
    assert (engine.module, engine.moves_paths) == ("mine", moves)


# --- generated workflows -------------------------------------------------------------------------


class Generated:
    """A generated workflow in the folder of its project, which has a pipestat section."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.structure = digest_in(plan(self.engine({}), {"looper_config": str(folder)}))

    def engine(self, typed: Mapping[str, Any]) -> Any:
        files = (self.folder / "config/config.yaml",)
        sources = ConfigSources(typed, tuple(path for path in files if path.exists()))
        return SimpleNamespace(module="", moves_paths=False, config_sources=sources)

    def start(self, text: str, typed: Mapping[str, Any], selects: bool = True) -> bool:
        """Whether it runs selected samples, with this config file and `--config`."""
        import yaml

        write(self.folder, {"config/config.yaml": CONFIG + text})
        config = {**yaml.safe_load(CONFIG + text), **typed}
        engine = self.engine(typed)
        folder = plan(engine, config)
        return is_selection(engine, config, folder, self.structure, selects)


@pytest.fixture
def generated(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Generated:
    files = {
        ".looper.yaml": TOUCH[".looper.yaml"] + "\n        pipestat: {results_file_path: r.yaml}\n",
        "touch.yaml": TOUCH["touch.yaml"]
        + "\n        output_schema: out.yaml\n        pipestat_config_required: false\n",
        "out.yaml": "pipeline_name: touch\nsamples: {n: {type: integer, description: n}}\n",
    }
    folder = project({**TOUCH, **files})
    monkeypatch.chdir(folder)
    return Generated(folder)


@pytest.mark.parametrize("text", ["limit: 1\n", "limit: 2:3\n", "samples: [a]\nskip: '0'\n"])
def test_a_generated_workflow_runs_selections(generated: Generated, text: str) -> None:
    assert generated.start(text, {}) is True
    assert generated.start("", {"samples": "b"}) is True
    assert generated.start("command_extra: --fast\n", {}) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "output_dir: elsewhere\n",
            "config/config.yaml:2: output_dir: is not the one that this Snakefile was made with,"
            " and its rules depend on it; write 'snakemake-looper generate --output-dir … --force'"
            " to make it again",
        ),
        (
            "limit: 1\ncompute: {mem: 5}\n",
            "config/config.yaml:3: compute: is not the one that this Snakefile was made with, and"
            " its rules depend on it; write 'snakemake-looper generate --compute … --force' to make"
            " it again",
        ),
        (
            "compute: {mem: 5}\noutput_dir: elsewhere\n",
            "This Snakefile was made for other pipeline interfaces, for another folder, or with"
            " other options (output_dir, compute): run 'snakemake-looper generate' again, or start"
            " Snakemake in that folder.",
        ),
    ],
)
def test_an_option_that_changes_the_rules_is_named(
    generated: Generated, text: str, message: str
) -> None:
    assert refusal(lambda: generated.start(text, {}), generated.folder) == message


def test_a_workflow_of_an_older_version_says_how_to_run_a_selection(generated: Generated) -> None:
    said = refusal(lambda: generated.start("limit: 1\n", {}, selects=False), generated.folder)
    assert said == (
        "config/config.yaml:2: limit: this Snakefile has rules for all samples, which assemble or"
        " publish their results; leave it out here, and use 'snakemake-looper run' with --limit 1"
    )

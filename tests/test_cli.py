"""The command line: its table, what it hands on, and how it ends."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from snakemake_looper import cli
from snakemake_looper.cli_options import COMMANDS, changed, config_words, options_of, parser
from snakemake_looper.commands import rerun
from snakemake_looper.commands import run as run_command
from snakemake_looper.errors import LooperError, ProjectError
from snakemake_looper.read.options import OPTIONS


def parsed(*words: str) -> argparse.Namespace:
    return parser().parse_args(words)


def test_every_command_has_a_module() -> None:
    folder = Path(cli.__file__).parent / "commands"
    helpers = {"__init__", "project", "confirm"}
    assert {path.stem for path in folder.glob("*.py")} - helpers == {one.name for one in COMMANDS}
    for command in COMMANDS:
        assert callable(import_module(f"snakemake_looper.commands.{command.name}").execute)


@pytest.mark.parametrize("command", [one.name for one in COMMANDS if one.takes_options])
def test_every_command_takes_every_option_that_can_be_typed(command: str) -> None:
    arguments = vars(parsed(command))
    for option in OPTIONS:
        assert (option.name in arguments) == bool(option.spellings)
        assert arguments.get(option.name) is None


def test_a_short_form_that_a_command_has_itself_is_no_option_of_looper() -> None:
    assert parsed("run", "-o", "out").output_dir == "out"
    arguments = parsed("generate", "-o", "out", "--output-dir", "results")
    assert (arguments.output, arguments.output_dir) == ("out", "results")


# --- what is handed on -----------------------------------------------------------------------------


def test_values_are_separated_by_blanks_and_commas_and_may_be_repeated() -> None:
    typed = ("--sel-incl", "a,b", "c", "--sel-incl", '["d,e"]', "--compute", "a=1,2", "b=3")
    options = options_of(parsed("run", *typed))
    assert options.sel_incl == ("a", "b", "c", "d,e")
    assert options.compute == (("a", "1,2"), ("b", "3"))
    assert options.origin("sel_incl")[0].file == "--sel-incl"


def test_typed_paths_are_relative_to_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    options = options_of(
        parsed("run", "-o", "out/", "--settings", "~/a.yaml", "--spi", "1.yaml,../2.yaml")
    )
    assert (options.output_dir, options.settings) == (f"{tmp_path}/out/", "/home/me/a.yaml")
    assert options.sample_pipeline_interfaces == (
        f"{tmp_path}/1.yaml",
        f"{tmp_path.parent}/2.yaml",
    )
    assert options_of(parsed("run", "--pep-config", "me/demo:1")).pep_config == "me/demo:1"


def test_options_reach_snakemake_as_config() -> None:
    assert config_words(parsed("run")) == []
    assert config_words(parsed("run", "-l", "2", "--samples", "é", "-f")) == [
        "limit=2",
        'samples=["é"]',
        "skip_file_checks=True",
        'looper_options=["limit", "samples", "skip_file_checks"]',
    ]


def test_an_option_that_narrows_is_not_empty() -> None:
    with pytest.raises(ProjectError, match="--samples: is empty; write a value, or leave it out"):
        options_of(parsed("run", "--samples", ""))


def test_arguments_are_not_changed_in_place() -> None:
    arguments = parsed("run", "--samples", "a")
    assert changed(arguments, samples=None).samples is None
    assert arguments.samples == ["a"]


CORES = ["--cores", "all"]


@pytest.mark.parametrize(
    ("typed", "handed_on"),
    [
        ([], [*CORES, "--config", "LIMIT"]),
        (["-n"], [*CORES, "-n", "--config", "LIMIT"]),
        (["--cores", "2"], ["--cores", "2", "--config", "LIMIT"]),
        (["-j2"], ["-j2", "--config", "LIMIT"]),
        (["--profile=slurm"], ["--profile=slurm", "--config", "LIMIT"]),
        (["--config", "a=1", "-n"], [*CORES, "--config", "LIMIT", "a=1", "-n"]),
        (["-C", "a=1"], [*CORES, "-C", "LIMIT", "a=1"]),
        (["--config=a=1", "-n"], [*CORES, "--config", "LIMIT", "a=1", "-n"]),
    ],
    ids=" ".join,
)
def test_words_for_snakemake(
    typed: list[str], handed_on: list[str], touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake reads only the last `--config`, so there is one with the entries of both."""
    calls: list[list[str]] = []
    monkeypatch.chdir(touch)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    monkeypatch.setattr(run_command, "_snakemake", lambda words: calls.append(words) or 7)
    assert cli.main(["run", "-l", "2", *(["--", *typed] if typed else [])]) == 7
    expected = ["--use-looper-config", str(touch / ".looper.yaml")]
    for word in handed_on:
        expected += ["limit=2", 'looper_options=["limit"]'] if word == "LIMIT" else [word]
    assert calls == [expected]


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ((), ["failed", "partial", "waiting"]),
        (("--sel-flag", "failed"), ["failed"]),
        (("--exc-flag", "completed"), None),
    ],
    ids=str,
)
def test_rerun_is_a_run_of_some_statuses(
    words: tuple[str, ...], flags: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[argparse.Namespace] = []
    monkeypatch.setattr(run_command, "execute", lambda arguments: seen.append(arguments) or 0)
    assert rerun.execute(parsed("rerun", *words)) == 0
    assert seen[0].sel_flag == flags


# --- how it ends -----------------------------------------------------------------------------------


def broken(error: Exception) -> Any:
    def execute(arguments: argparse.Namespace) -> int:
        raise error

    return execute


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (LooperError("no"), 1, "error: no\n"),
        (
            OSError(28, "No space left on device", "/a"),
            1,
            "error: /a: the disk is full; free space on it\n",
        ),
        (
            OSError(28, "No space left on device"),
            1,
            "error: check: the disk is full; free space on it\n",
        ),
    ],
    ids=str,
)
def test_errors_are_one_line(
    error: Exception,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("snakemake_looper.commands.check.execute", broken(error))
    assert cli.main(["check"]) == code
    assert capsys.readouterr().err == said


def test_wrong_input_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", "-c", "missing.yaml"]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_only_runs_hand_words_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["check", "--", "-n"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.endswith("check passes nothing to Snakemake; leave out '--'\n")

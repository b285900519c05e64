"""The command line: its table, what it hands on, and how it ends."""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from snakemake_looper import cli
from snakemake_looper.cli_options import (
    COMMANDS,
    Command,
    changed,
    config_words,
    options_of,
    parser,
)
from snakemake_looper.commands import rerun
from snakemake_looper.commands import run as run_command
from snakemake_looper.errors import LooperError
from snakemake_looper.read.options.options import OPTIONS
from snakemake_looper.run.from_command_line import Asked, plan_of_command_line


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
    arguments = vars(parsed(command, *(["a"] if command == "log" else [])))
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


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("-l 0", "-l"),
        ("-l0", "-l"),
        ("--limit 0", "--limit"),
        ("--limit=0", "--limit"),
        ("-limit 0", "--limit"),
        ("--limi 0", "--limit"),
        ("--sample nope", "--sample"),
        ("--spi nope.yaml", "--spi"),
        ("--sample-pipeline-interfaces nope.yaml", "--sample-pipeline-interfaces"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_an_option_is_named_as_it_was_typed(
    command: str,
    words: str,
    place: str,
    touch: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(touch)
    monkeypatch.setattr(run_command, "_snakemake", play_snakemake)
    assert cli.main([command, *words.split()]) == 2
    assert re.match(rf"error: {place}: ('|there is no sample)", capsys.readouterr().err)


def play_snakemake(words: list[str]) -> int:
    """What the plugin does with the words: it plans the project."""
    try:
        plan_of_command_line(Asked(words[1], tuple(words[words.index("--config") + 1 :])))
    except SystemExit as end:
        return int(str(end.code))
    return 0


def test_an_option_that_narrows_is_not_empty() -> None:
    (problem,) = options_of(parsed("run", "--samples", "")).problems
    assert str(problem) == "--samples: is empty; write a value, or leave it out"


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
    assert cli.main(["run", "--limit", "2", *(["--", *typed] if typed else [])]) == 7
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


def said(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines on standard error of a command line that is wrong."""
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_only_runs_hand_words_on(capsys: pytest.CaptureFixture[str]) -> None:
    expected = ["error: --: check passes nothing to Snakemake; leave out '--'"]
    assert said(capsys, "check", "--", "-n") == expected


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("chekc", "chekc: is no command (did you mean 'check'?)"),
        ("chekc -h", "chekc: is no command (did you mean 'check'?)"),
        ("init-piface", "init-piface: is no command here; write 'init', which writes a pipeline interface, too"),
        ("summarize", "summarize: is no command here; write 'report' or 'table'"),
        ("--limit 2 check", "--limit: stands before the command; write 'snakemake-looper check --limit 2'"),
        ("--cores 4", "--cores: stands before the command; write 'snakemake-looper run --cores 4'"),
        ("check --flags faild", "--flags: there is no 'faild' (did you mean 'failed'?); write one of completed, running, waiting, partial, failed"),
        ("check --watch soon", "--watch: 'soon' is no number of seconds; write one from 0.1 to 3600"),
        ("table --format xls", "--format: there is no 'xls'; write one of tsv, csv, json, markdown"),
        ("check a", "a: stands behind no option; for a sample, write --samples a"),
        ("check --cores 2", "--cores: is an option of Snakemake, which 'check' does not start; leave it out"),
        ("destroy -y", "-y: takes a text here; to leave out the question, write --force"),
        ("profile slurm lsf", "lsf: stands behind no option; leave it out"),
    ],
)  # fmt: skip
def test_a_word_without_a_meaning(
    words: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, *words.split()) == [f"error: {line}"]


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert "usage: snakemake-looper" in said(capsys)[0]


@pytest.mark.parametrize("words", [("help",), ("-h",), ("help", "check"), ("check", "--help")])
def test_help_ends_with_the_exit_codes(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 0
    assert capsys.readouterr().out.endswith("  2  the input is wrong\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_the_help_of_a_command_begins_with_its_own_options(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([command.name, "--help"])
    text = capsys.readouterr().out
    heads = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    shared = ["options of looper that choose samples", "options of looper that say how jobs run"]
    own = [f"options of {command.name}", *(shared if command.takes_options else [])]
    assert heads == [*own, "example", "exit codes"]
    name, *words = command.example.split()
    assert f"snakemake-looper {command.example}\n" in text
    assert parsed(name, *[one for one in words if one not in ("--cores", "2")]).command == name

"""Words as people type them: sorted into ours, targets, and those for Snakemake."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakemake_looper import cli
from snakemake_looper.cli_options import parsers
from snakemake_looper.cli_words import Values, Words, sort_words, spellings_of
from snakemake_looper.commands import run as run_command
from snakemake_looper.commands.run import parser_of_snakemake
from snakemake_looper.errors import Problems

OF_SNAKEMAKE = {
    "--cores": Values(0, 1), "-c": Values(0, 1), "--profile": Values(1, 1), "-F": Values(0, 0),
    "-n": Values(0, 0), "-p": Values(0, 0), "--until": Values(1, 1000), "--touch": Values(0, 0),
    "-R": Values(0, 1000), "--forcerun": Values(0, 1000), "--quiet": Values(0, 1000),
}  # fmt: skip


def sorted_words(typed: str, command: str = "run") -> tuple[Words, list[str]]:
    problems = Problems()
    ours = spellings_of(parsers()[1][command])
    words = sort_words(command, typed.split(), ours, lambda: OF_SNAKEMAKE, problems)
    return words, [str(one) for one in problems]


@pytest.mark.parametrize(
    ("typed", "ours", "targets", "for_snakemake"),
    [
        ("", "", "", ""),
        ("align", "", "align", ""),
        ("align -d qc", "-d", "align qc", ""),
        ("--limit 2 align", "--limit 2", "align", ""),
        ("--sel-incl a b --limit 2", "--sel-incl a b --limit 2", "", ""),
        ("--cores 4", "", "", "--cores 4"),
        ("--cores 4 align", "", "align", "--cores 4"),
        ("--cores=4 align", "", "align", "--cores=4"),
        ("--until a b --limit 2 align", "--limit 2", "align", "--until a b"),
        ("--profile slurm -F", "", "", "--profile slurm -F"),
        ("-profile slurm", "", "", "--profile slurm"),
        ("-limit 2", "--limit 2", "", ""),
        ("-c 4", "", "", "--cores 4"),
        ("-c4", "", "", "--cores 4"),
        ("-c", "", "", "--cores all"),
        ("-c all", "", "", "--cores all"),
        ("-j all", "", "", "--cores all"),
        ("-j", "", "", "--cores all"),
        ("-c some.yaml", "-c some.yaml", "", ""),
        ("-n", "", "", "--dry-run"),
        ("-np", "", "", "-np"),
        ("-pn", "", "", "-pn"),
        ("-n 20", "-n 20", "", ""),
        ("-n20", "-n20", "", ""),
        ("-l2", "-l2", "", ""),
        ("-df", "-d -f", "", ""),
        ("-k", "", "", "--keep-going"),
        ("-k 2", "-k 2", "", ""),
        ("-p", "", "", "--printshellcmds"),
        ("-p big", "-p big", "", ""),
        ("-i", "", "", "--forceall"),
        ("--ignore-flags", "", "", "--forceall"),
        ("--project", "", "project", ""),
        ("--sample a", "--sample a", "", ""),
        ("--looper-config x.yaml", "--looper-config x.yaml", "", ""),
        ("--config limit=2 a=b", "", "", "--config limit=2 a=b"),
        ("--config x.yaml", "--config x.yaml", "", ""),
        ("--sel-att kind", "--sel-attr kind", "", ""),
        ("-x --fast", "-x=--fast", "", ""),
        ("--command-extra --fast -d", "--command-extra=--fast -d", "", ""),
        ("-R align -d", "-d", "", "-R align"),
        ("--touch align", "", "align", "--touch"),
    ],
)  # fmt: skip
def test_a_word_with_one_meaning(typed: str, ours: str, targets: str, for_snakemake: str) -> None:
    words, problems = sorted_words(typed)
    assert problems == []
    found = (" ".join(words.ours), " ".join(words.targets), " ".join(words.for_snakemake))
    assert found == (ours, targets, for_snakemake)


@pytest.mark.parametrize(
    ("typed", "messages"),
    [
        ("--smaples a", ["--smaples: is no option of 'run' (did you mean '--samples'?); see --help"]),
        ("--untill a", ["--untill: is no option of 'run' (did you mean '--until'?); see --help"]),
        ("--limit", ["--limit: has no value; write one behind it"]),
        ("--limit --smaples", ["--limit: has no value; write one behind it", "--smaples: is no option of 'run' (did you mean '--samples'?); see --help"]),
        ("-x -d", ["-x: has no value; write one behind it, or -x=TEXT if it begins with '-'"]),
        ("-t 3", ["-t: is looper's --time-delay; write --max-jobs-per-second N"]),
        ("--pipestat x.yaml", ["--pipestat: write a section 'pipestat:' in the looper config"]),
        ("--rerun", ["--rerun: is a command; write 'snakemake-looper rerun'"]),
        ("-resume", ["-resume: leave it out: a run goes on where the last one ended"]),
        ("-work-dir x", ["-work-dir: jobs run in the looper config's folder; write --directory DIR for another one"]),
        ("--amendments x", ["--amendments: is not read any more; write --amend x"]),
        ("--lumpn 3", ["--lumpn: is not read any more; write --lump-n 3"]),
        ("--sp t align", ["--sp: is not read any more; write --amend t"]),
        ("--sp=t", ["--sp: is not read any more; write --amend t"]),
        ("--subproject t", ["--subproject: is not read any more; write --amend t"]),
        ("--subproject", ["--subproject: is not read any more; write --amend"]),
        ("--file-checks", ["--file-checks: is not read any more; write --skip-file-checks"]),
    ],
)  # fmt: skip
def test_a_word_with_none(typed: str, messages: list[str]) -> None:
    assert sorted_words(typed)[1] == messages


def test_a_path_is_no_number_of_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "4").mkdir()
    assert sorted_words("-c 4")[0].ours == ["-c", "4"]


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("path", ["project", "project/.looper.yaml"])
def test_the_path_of_a_project_is_no_target(
    command: str, path: str, touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `looper run project.yaml` of older versions."""
    monkeypatch.chdir(touch.parent)
    words, problems = sorted_words(path, command)
    assert (words.ours, words.targets, problems) == (["-c", path], [], [])


def test_a_word_with_two_meanings_is_looper_s_and_said() -> None:
    words, problems = sorted_words("-j 4")
    assert (words.ours, problems) == (["-j", "4"], [])
    assert words.notes == [
        "-j 4 is looper's --lump-j and makes 4 lumps; for 4 jobs at once write --cores 4"
    ]


@pytest.mark.parametrize("command", ["destroy", "clean"])
def test_the_dry_run_of_snakemake_is_that_of_commands_that_remove(command: str) -> None:
    assert sorted_words("-n", command)[0].ours == ["--dry-run"]
    assert sorted_words("--dryrun", command)[0].ours == ["--dry-run"]
    assert sorted_words("-n 2", command)[0].ours == ["-n", "2"]


def test_check_has_looper_s_short_form_of_flags() -> None:
    assert sorted_words("-f failed", "check")[0].ours == ["-f", "failed"]
    assert sorted_words("--sample-names a b", "inspect")[0].ours == ["--sample-names", "a", "b"]


def test_the_options_of_snakemake_are_those_of_its_parser() -> None:
    known = spellings_of(parser_of_snakemake())
    assert known["--profile"].most >= 1
    assert known["--forceall"] == known["-F"] == (0, 0)
    assert {"--until", "--rerun-incomplete", "--executor", "--dag", "--unlock"} < set(known)
    for words in (("--forceall",), ("--dry-run",), ("--keep-going",), ("--printshellcmds",)):
        assert set(words) <= set(known)


@pytest.mark.parametrize(
    ("typed", "handed_on"),
    [
        ("run align --limit 2 --cores 1", "align --cores 1 --config limit=2"),
        ("runp --cores 1", "project --cores 1"),
        ("run align --cores 1 -- qc -p", "align qc --cores 1 -p"),
        ("run --limit 2 --cores 1 -- --config limit=3", "--cores 1 --config limit=3"),
    ],
)
def test_all_of_it_reaches_snakemake(
    typed: str, handed_on: str, touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []
    monkeypatch.chdir(touch)
    monkeypatch.setattr(run_command, "_snakemake", lambda words: calls.append(words) or 7)
    assert cli.main(typed.split()) == 7
    words = [word for word in calls[0][2:] if not word.startswith("looper_options=")]
    assert words == handed_on.split()


def test_ctrl_c_before_a_command_is_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_command, "execute", stop)
    assert cli.main(["run"]) == 1
    assert capsys.readouterr().err == "note: interrupted\n"

"""Words of Snakemake's own command line, where a looper project is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser
from support.projects import write

from snakemake_logger_plugin_looper.typed_words import (
    asked,
    refuse_options,
    with_profiles,
    without_targets,
)


@pytest.mark.parametrize(
    ("words", "left", "targets"),
    [
        ("--logger looper align -n", "--logger looper -n", "align"),
        ("-n --logger looper a b", "-n --logger looper", "a b"),
        ("--logger looper", "--logger looper", ""),
        ("--logger lopper", "--logger lopper", ""),
        ("--logger --cores 1 looper", "--logger --cores 1 looper", ""),
    ],
)
def test_targets_among_the_loggers(words: str, left: str, targets: str) -> None:
    assert without_targets(words.split()) == (left.split(), targets.split())


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("--limit 2", ["--limit: Snakemake takes options of looper as --config; write --config limit=2"]),
        ("--sel-incl=a", ["--sel-incl: Snakemake takes options of looper as --config; write --config sel_incl=a"]),
        ("--samples a b -n", ["--samples: Snakemake takes options of looper as --config; write --config samples=a,b"]),
        ("--skip-file-checks", ["--skip-file-checks: Snakemake takes options of looper as --config; write --config skip_file_checks=true"]),
        ("--skip 2", ["--skip: Snakemake takes options of looper as --config; write --config skip=2"]),
        ("--untill a", ["--untill: is no option of Snakemake (did you mean '--until'?)"]),
        ("-n --cores 2 --until a", []),
        ("-n -- --limit", []),
    ],
)  # fmt: skip
def test_options_of_looper_are_refused(
    words: str, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = get_argument_parser()
    typed = words.split()
    _, rest = parser.parse_known_args(typed)
    if lines:
        with pytest.raises(SystemExit) as left:
            refuse_options(parser, typed, rest)
        assert left.value.code == 2
    else:
        refuse_options(parser, typed, rest)
    assert capsys.readouterr().err.splitlines() == [f"error: {line}" for line in lines]


def test_options_of_a_profile_are_told_from_typed_ones(tmp_path: Path) -> None:
    text = "config:\n  limit: 1\n  sel_incl: [a]\n"
    path = write(tmp_path, {"prof/config.yaml": text}) / "prof"

    def found(*words: str, own: tuple[Path, ...] = ()) -> tuple[object, ...]:
        parser = get_argument_parser(profiles=[str(path)])
        parsed = parser.parse_known_args(list(words))[0]
        one = asked(parsed, "", parser, own)
        return one.config, one.profiles, one.targets, one.rules

    file = path / "config.yaml"
    assert found("a")[:3] == ((), (file,), ("a",))
    assert found("--config", "skip=2") == (("skip=2",), (file,), (), ())
    assert found("-R", "b", "a", own=(tmp_path,)) == (
        (), (), (), (("--forcerun", ("a", "b")),),
    )  # fmt: skip


def test_profiles_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where `snakemake-looper profile` writes them."""
    write(tmp_path, {"profiles/slurm/config.yaml": "", "own/config.yaml": "", "empty/x": ""})
    monkeypatch.chdir(tmp_path)
    parser = get_argument_parser()

    def profiles(*words: str) -> object:
        parsed = parser.parse_known_args(list(words))[0]
        with_profiles(parsed)
        found = parsed.profile
        return found if isinstance(found, str) else found[0]  # one in Snakemake 9.14, now a list

    assert profiles("--profile", "slurm") == "profiles/slurm"
    assert profiles("--profile", "own") == "own"
    assert profiles("--profile", "none") == "none"
    for words, line in (
        (
            ("--profile", "lsf"),
            "there is no profile 'lsf'; write one with 'snakemake-looper profile lsf' and start it"
            " with --profile profiles/lsf",
        ),
        (("--profile", "empty"), "'empty' has no config.yaml; write one, or name another profile"),
        (("--workflow-profile", "lsf"), "there is no profile 'lsf'; correct the path"),
    ):
        monkeypatch.setattr("sys.argv", ["snakemake", *words])
        with pytest.raises(SystemExit):
            profiles(*words)
        assert capsys.readouterr().err == f"error: {words[0]}: {line}\n"
    monkeypatch.setattr("sys.argv", ["snakemake"])
    with pytest.raises(SystemExit):
        profiles("--profile", "lsf")
    assert capsys.readouterr().err.startswith("error: SNAKEMAKE_PROFILE: there is no profile")

"""The names that completion offers, and the script for a shell."""

from __future__ import annotations

from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser
from support.projects import edit

from snakemake_looper import cli
from snakemake_looper.cli_commands import COMMANDS, SHELLS
from snakemake_looper.commands.completion import OF_SNAKEMAKE, script
from snakemake_looper.read.looper_config import locate
from snakemake_looper.workspace.current_plan import current_plan, last_plan


@pytest.fixture
def planned(touch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a plan on disk; the current directory is in it."""
    edit(touch / "samples.csv", "\na,", "\nsample_1,")
    edit(touch / "samples.csv", "\nb,", "\nsample_2,")
    edit(touch / "samples.csv", "\nc,", "\nsample_3,")
    monkeypatch.chdir(touch)
    assert cli.main(["check"]) == 0
    return touch


def names(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    capsys.readouterr()
    assert cli.main(["completion", "--names", *words]) == 0
    done = capsys.readouterr()
    assert done.err == ""
    return done.out.splitlines()


def test_names_of_a_project(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert names(capsys, "samples") == ["sample_1", "sample_2", "sample_3"]
    assert names(capsys, "records", "sample_2") == ["sample_2"]
    assert names(capsys, "pipelines") == ["touch"]
    assert names(capsys, "targets", "to") == ["touch"]
    assert names(capsys, "jobs", "s") == ["samples", "sample_1", "sample_2", "sample_3"]
    assert names(capsys, "others") == []


def test_names_are_those_of_all_samples(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--samples", "sample_1"]) == 0
    assert names(capsys, "samples") == ["sample_1", "sample_2", "sample_3"]


def test_nothing_is_planned_for_names(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(touch)
    assert names(capsys, "samples") == []
    assert not (touch / ".snakemake").exists()
    monkeypatch.chdir(touch.parent)
    assert names(capsys, "samples") == [], "there is no project here"


@pytest.mark.parametrize("damage", ["{", "[]", '{"plan": 3}', '{"plan": "gone"}', None])
def test_a_damaged_plan_has_no_names(
    damage: str | None, planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if damage is None:
        current_plan(locate(None)).jobs().path.write_bytes(b"no database" * 1000)
    else:
        for index in planned.glob(".snakemake/looper/index/*.json"):
            index.write_text(damage)
    assert names(capsys, "samples") == []


def test_a_plan_that_is_out_of_date_will_do(planned: Path) -> None:
    before = last_plan(locate(None))
    edit(planned / "samples.csv", "sample_2", "sample_3")
    assert last_plan(locate(None)) == before


# --- the script -----------------------------------------------------------------------------------


def test_a_shell_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion"]) == 2
    assert capsys.readouterr().err == (
        "error: completion: needs SHELL; write it, as in 'completion bash'\n"
    )
    assert cli.main(["completion", "zhs"]) == 2
    assert capsys.readouterr().err == (
        "error: SHELL: there is no 'zhs' (did you mean 'zsh'?); write one of bash, zsh, fish\n"
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_in_the_script(shell: str) -> None:
    text = script(shell)
    assert all(one.name in text for one in COMMANDS)
    assert "KIND" not in text and "ASK" not in text


def test_the_options_of_snakemake_are_there() -> None:
    known = get_argument_parser()._option_string_actions
    for spelling, (kind, _) in OF_SNAKEMAKE.items():
        assert spelling in known
        assert (known[spelling].nargs == 0) == (kind == "switch") or spelling == "--quiet"

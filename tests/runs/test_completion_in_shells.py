"""Completion in the real shells."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.projects import edit
from support.running import run

from snakemake_looper import cli

EVIL = "a$(touch PWNED)"
BASH = """
eval "$(snakemake-looper completion bash)"
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "$line"
  [[ $line == *" " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _shtab_snakemake_looper 2> /dev/null
  echo "${COMPREPLY[*]}"
done
"""
FISH = """
snakemake-looper completion fish | source
while read line
  echo (complete -C "$line" | string replace -r '\\t.*' '')
end
"""
# Ctrl+D lists what fits, in the order of the alphabet; behind a tab is the word to wait for.
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1='READY> '; stty columns 300; autoload -Uz compinit; compinit -u -D
eval \\"\\$(snakemake-looper completion zsh)\\"; print LOAD''ED"
zpty -r shell seen '*LOADED*READY> '
while IFS=$'\\t' read -r line last; do
  zpty -w -n shell "$line"$'\\C-d'
  zpty -r shell seen "*$last*"
  print -r -- "${seen//[$'\\r\\n']/ }"
  zpty -w -n shell $'\\C-u'
done
zpty -d shell
"""
LINES = {
    "snakemake-looper che": "check",
    "snakemake-looper check --fl": "--flags",
    "snakemake-looper check --flags fa": "failed",
    "snakemake-looper log sam": "sample_1 sample_2",
    "snakemake-looper log sample_1 --pipeline to": "touch",
    "snakemake-looper run --dry-run tou": "touch",
    "snakemake-looper run --forcerun tou": "touch",
    "snakemake-looper run --co": "--config --command-extra --command-extra-override --compute --cores",
    "snakemake-looper destroy --samples sam": "sample_1 sample_2",
    "snakemake-looper profile sl": "slurm",
    "snakemake-looper completion z": "zsh",
    "snakemake-looper init sampl": "samples.csv",
    "snakemake-looper run --samples nothing": "",
}


@pytest.fixture
def planned(touch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a plan on disk; the current directory is in it."""
    edit(touch / "samples.csv", "\na,", "\nsample_1,")
    edit(touch / "samples.csv", "\nb,", "\nsample_2,")
    edit(touch / "samples.csv", "\nc,", f'\n"{EVIL}",')
    monkeypatch.chdir(touch)
    assert cli.main(["check"]) == 0
    return touch


def offered(shell: str, driver: str, folder: Path, *lines: str) -> list[str]:
    """What a shell offers for each line."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here: apt-get install {shell}")
    (folder / "driver").write_text(driver)
    words = {"bash": ("--norc",), "zsh": ("-f",), "fish": ("--no-config",)}[shell]
    done = run(shell, *words, "driver", cwd=folder, stdin="\n".join(lines) + "\n", TERM="xterm")
    assert done.err == ""
    return done.out.splitlines()


@pytest.mark.parametrize(("shell", "driver"), [("bash", BASH), ("fish", FISH)])
def test_words_and_names(shell: str, driver: str, planned: Path) -> None:
    found = offered(shell, driver, planned, *LINES)
    got = {line: sorted(one.split()) for line, one in zip(LINES, found, strict=True)}
    assert got == {line: sorted(one.split()) for line, one in LINES.items()}


def test_words_and_names_in_zsh(planned: Path) -> None:
    asked = {line: sorted(words.split()) for line, words in LINES.items() if words}
    found = offered("zsh", ZSH, planned, *(f"{line}\t{words[-1]}" for line, words in asked.items()))
    for text, words in zip(found, asked.values(), strict=True):
        assert [word for word in words if word not in text] == [], text


@pytest.mark.parametrize(("shell", "driver"), [("bash", BASH), ("fish", FISH)])
def test_a_second_name_behind_an_option(shell: str, driver: str, planned: Path) -> None:
    line = "snakemake-looper check --samples sample_1 sam"
    assert offered(shell, driver, planned, line) == ["sample_1 sample_2"]


@pytest.mark.parametrize(("shell", "driver"), [("bash", BASH), ("fish", FISH), ("zsh", ZSH)])
def test_no_name_is_executed(shell: str, driver: str, planned: Path) -> None:
    wait_for = "\tPWNED" if shell == "zsh" else ""
    (line,) = offered(shell, driver, planned, f"snakemake-looper log a{wait_for}")
    assert "touch" in line and "PWNED" in line
    assert not (planned / "PWNED").exists()

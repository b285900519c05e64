"""A program that is run as most tests run it, behaves as one that is started anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from support.projects import edit, write
from support.running import BIN, PATIENCE, Run, cli, environment, preloaded, run, snakemake

COMMANDS = {
    "looper": ("snakemake-looper", "check", "--json"),
    "wrong": ("snakemake-looper", "check", "--nonsense"),
    "fault": ("snakemake-looper", "inspect", "missing.yaml"),
    "plugin": ("snakemake", "--use-looper-config", "missing.yaml", "--cores", "1"),
    "parser": ("snakemake", "--cores"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_codes_and_texts_are_the_same(touch: Path, words: tuple[str, ...]) -> None:
    program, *rest = words
    here = (cli if program == "snakemake-looper" else snakemake)(*rest, cwd=touch)
    fresh = run(str(BIN / program), *rest, cwd=touch)
    assert here.code == fresh.code
    assert text(here) == text(fresh)


def text(done: Run) -> list[str]:
    """What is printed, without what differs in each run: times, and the order of Snakemake's sets."""
    differs = re.compile(r"\s+(Date|Workflow ID):|usage:|\s+\[-|.*\.\.\.$")
    return [line for line in done.text.splitlines() if not differs.match(line)][-20:]


def test_environment_folder_and_umask_are_those_of_the_call(touch: Path) -> None:
    edit(touch / "touch.yaml", "echo {sample.word} &&", 'echo "$PWD $COLOUR $(umask)" &&')
    usual = os.umask(0o027)
    try:
        assert snakemake("--use-looper-config", "--cores", "1", cwd=touch, COLOUR="red").code == 0
    finally:
        os.umask(usual)
    assert (touch / "results/submission/touch_a.log").read_text() == f"{touch} red 0027\n"


def test_a_signal_and_a_message_are_exit_codes(touch: Path) -> None:
    """Programs of other packages end with `sys.exit(text)`, or are killed."""
    for line, code, text in (("sys.exit('no')", 1, "no\n"), ("os.kill(os.getpid(), 9)", -9, "")):
        write(touch, {"program": f"import os, sys\n{line}\n"})
        assert preloaded().run((str(touch / "program"),), touch, environment(), PATIENCE) == (
            code, "", text
        )  # fmt: skip

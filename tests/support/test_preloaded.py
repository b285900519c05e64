"""A program that is run as most tests run it, behaves as one that is started anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from support.projects import edit, write
from support.running import (
    BIN,
    PATIENCE,
    Run,
    cli,
    environment,
    is_alive,
    preloaded,
    python,
    run,
    snakemake,
    use_looper,
    wait_until,
)

forks = pytest.mark.skipif("LOOPER_TESTS_FRESH" in os.environ, reason="nothing is a fork then")

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
    """The lines without those that differ in each run: times, and the order of Snakemake's sets."""
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


def test_standard_input_is_what_is_given(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdin.read(), sys.argv[1:])"
    assert python(code, "a", "b c", cwd=tmp_path, stdin="1\n2") == Run(0, "1\n2 ['a', 'b c']\n", "")
    assert python(code, cwd=tmp_path).out == " []\n"


@forks
@pytest.mark.parametrize(
    ("end", "told"),
    [("sys.exit(3)", "exited with 3"), ("os.kill(os.getpid(), 15)", "was killed by SIGTERM")],
)
def test_python_of_a_job_is_a_fork(touch: Path, end: str, told: str) -> None:
    """It has what the job has: arguments, folder, environment and output; its end is the job's."""
    write(touch, {"job.py": f"""
        import os, sys
        print("pandas" in sys.modules, sys.argv[1:], os.environ["PIPESTAT_RECORD_IDENTIFIER"])
        sys.stdout.flush()
        {end}
        """})  # fmt: skip
    edit(
        touch / "touch.yaml",
        "echo {sample.word} &&",
        "export WORD={sample.word}; python job.py $WORD; ",
    )
    edit(
        touch / ".looper.yaml",
        "pipeline_interfaces",
        "pipestat: {project_name: x}\npipeline_interfaces",
    )
    assert use_looper("--config", "limit=1", cwd=touch).code == 1
    log = (touch / "results/submission/touch_a.log").read_text().splitlines()
    assert log[0] == "True ['one'] a"
    assert log[-1] == f"the command {told}"


@forks
def test_a_fork_dies_with_the_job_that_asked_for_it(tmp_path: Path) -> None:
    write(
        tmp_path, {"wait.py": "import os, time; print(os.getpid(), flush=True); time.sleep(600)\n"}
    )
    code = """
import subprocess, sys
asking = subprocess.Popen([sys.executable, "wait.py"], stdout=subprocess.PIPE, text=True)
print(asking.stdout.readline(), end="")
asking.kill()
asking.wait()
"""
    done = python(code, cwd=tmp_path)
    assert done.code == 0, done.err
    wait_until(lambda: not is_alive(int(done.out)), "the fork goes on")

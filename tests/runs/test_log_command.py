"""`snakemake-looper log`: the logs of a record, by pipeline, during and after its job."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import edit
from support.running import BIN, PATIENCE, cli, environment, wait_until

TWO = {
    ".looper.yaml": """
        pep_config: samples.csv
        output_dir: results
        pipeline_interfaces: [one.yaml, two.yaml]
        """,
    "samples.csv": "sample_name\na\nb\n",
    "one.yaml": """
        pipeline_name: one
        sample_interface: {command_template: "echo one of {sample.sample_name}"}
        """,
    "two.yaml": """
        pipeline_name: two
        sample_interface: {command_template: "echo two of {sample.sample_name}"}
        """,
}


def test_logs_of_a_record(project: Callable[..., Path]) -> None:
    folder = project(TWO)
    before = cli("log", "a", cwd=folder)
    assert (before.code, before.err) == (1, "error: a has no log: it has not run yet\n")
    assert cli("run", cwd=folder).code == 0
    assert cli("log", "a", cwd=folder).out == (
        "==> one: results/submission/one_a.log <==\none of a\n"
        "\n==> two: results/submission/two_a.log <==\ntwo of a\n"
    )
    assert cli("log", "b", "--pipeline", "two", cwd=folder).out == "two of b\n"
    assert cli("log", "b", "--pipeline", "two", "-f", cwd=folder).out == "two of b\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("aa",), "log: no record is called 'aa' (did you mean 'a'?);"
                  " 'snakemake-looper check --itemized' lists all"),
        (("a", "--pipeline", "on"), "--pipeline: 'on' has no job for a (did you mean 'one'?); it"
                                    " has jobs of one, two"),
        ((), "log: needs NAME; write it, as in 'log frog_1 --follow'"),
        (("a", "-f"), "--follow: a has several logs; add --pipeline with one of one, two"),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_not_there(
    project: Callable[..., Path], words: tuple[str, ...], message: str
) -> None:
    done = cli("log", *words, cwd=project(TWO))
    assert (done.code, done.err) == (2, f"error: {message}\n")


def test_a_running_job_is_followed_to_its_end(project: Callable[..., Path]) -> None:
    folder = project(TWO)
    edit(
        folder / "one.yaml",
        "echo one of {sample.sample_name}",
        "echo begin; until [ -e go ]; do sleep 0.1; done; echo end",
    )
    words = ("run", "--samples", "a", "--", "one")
    run = subprocess.Popen(
        [BIN / "snakemake-looper", *words], cwd=folder, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    log = folder / "results/submission/one_a.log"
    try:
        wait_until(lambda: log.exists() and log.read_text(), "the job does not begin")
        follower = subprocess.Popen(
            [BIN / "snakemake-looper", "log", "-f", "a", "--pipeline", "one"],
            cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert follower.stdout is not None
        assert follower.stdout.readline() == "begin\n"
        (folder / "go").touch()
        assert run.wait(PATIENCE) == 0
        assert follower.communicate(timeout=PATIENCE)[0] == "end\n"
        assert follower.returncode == 0
    finally:
        run.kill()

"""Runs on LSF by its own executor plugin, with a stand-in for LSF's programs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from support.lsf import SNAKEMAKE, Lsf, lsf_at
from support.projects import flags, write
from support.running import PATIENCE, Run, cli, environment, python, snakemake, wait_until

from snakemake_looper.profiles.profile import CONFIG

PROJECT = {
    ".looper.yaml": """
        pep_config: samples.csv
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        """,
    "samples.csv": """
        sample_name,command
        good,true
        bad,exit 3
        slow,bkill -reason RUNLIMIT $LSB_JOBID; sleep 100
        large,bkill -reason MEMLIMIT $LSB_JOBID; sleep 100
        gone,bkill $LSB_JOBID; sleep 100
        """,
    "touch.yaml": """
        pipeline_name: touch
        pipestat_config_required: false
        sample_interface:
          command_template: "echo begun > {sample.sample_name}.txt; {sample.command}"
        compute:
          mem: 3G
          cores: 2
          time: 1:30:00
          partition: long
          account: mylab
        """,
}
WORDS = ("--use-looper-config", "--profile", "profiles/lsf", "--latency-wait", "5")


class Done(NamedTuple):
    folder: Path
    lsf: Lsf
    run: Run


@pytest.fixture(scope="module")
def lsf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lsf]:
    with lsf_at(tmp_path_factory.mktemp("lsf")) as standing:
        yield standing


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, lsf: Lsf) -> Done:
    """A run in which each sample ends in another way."""
    folder = write(tmp_path_factory.mktemp("project"), PROJECT)
    assert cli("profile", "lsf", cwd=folder).code == 0
    return Done(folder, lsf, python(SNAKEMAKE, *WORDS, cwd=folder, **lsf.env))


def test_what_bsub_is_called_with(done: Done) -> None:
    """Queue and project are looper's partition and account. Memory is for each of two cores."""
    options = done.lsf.options()["good"]
    assert options["-q"] == "long"
    assert options["-P"] == "mylab"
    assert options["-W"] == "90"
    assert options["-n"] == "2"
    assert options["-R"].split() == ["rusage[mem=1536.0]", "span[hosts=1]"]


def test_statuses(done: Done) -> None:
    assert done.run.code == 1, done.run.text
    words = {
        "bad": "failed", "gone": "partial", "good": "completed", "large": "failed",
        "slow": "failed",
    }  # fmt: skip
    assert flags(done.folder) == [f"touch_{name}_{word}.flag" for name, word in words.items()]


def test_reasons(done: Done) -> None:
    told = cli("check", "--json", cwd=done.folder).out
    for words in ("exit code 3", "cancelled", "out of memory", "wall time exceeded"):
        assert words in told, told


def test_what_the_run_says(done: Done) -> None:
    assert "Guessed LSF project" not in done.run.text
    assert "error in the looper logger plugin" not in done.run.text
    assert "wall time exceeded" in done.run.text


def test_a_job_without_settings(lsf: Lsf, tmp_path: Path) -> None:
    """The profile's defaults count, LSF's own queue, and a project that the user sets."""
    interface = PROJECT["touch.yaml"].partition("        compute:")[0]
    folder = a_project(tmp_path, "plain,true", interface)
    words = (*WORDS, "--set-resources", "touch_sample:lsf_project='mine'")
    run = python(SNAKEMAKE, *words, cwd=folder, **lsf.env)
    assert run.code == 0, run.text
    options = lsf.options()["plain"]
    assert (options["-q"], options["-P"], options["-W"]) == ("normal", "mine", "120")
    assert "mem=4000.0" in options["-R"]


def test_an_interrupted_run_cancels_its_jobs(lsf: Lsf, tmp_path: Path) -> None:
    folder = a_project(tmp_path, "long,sleep 100")
    run = start(folder, lsf, LSF_IS_NOT_ASKED="1")
    wait_until(lambda: flags(folder) == ["touch_long_running.flag"], "the job does not begin")
    run.send_signal(signal.SIGINT)
    assert run.wait(PATIENCE) == 1
    wait_until(lambda: flags(folder) == ["touch_long_partial.flag"], "it is not cancelled")
    assert lsf.calls("bkill")[-1] == [max(lsf.states(), key=int)]


def test_the_next_run_waits_for_a_job_in_the_queue(lsf: Lsf, tmp_path: Path) -> None:
    """The run that submitted it was killed before LSF started it."""
    interface = PROJECT["touch.yaml"].replace("partition: long", "partition: closed")
    folder = a_project(tmp_path, "late,true", interface)
    said = folder / "out.txt"
    run = start(folder, lsf)
    wait_until(lambda: "has been submitted with LSF jobid" in said.read_text())
    run.kill()
    run.wait()
    (job,) = (one for one, state in lsf.states().items() if state == "PEND")
    run = start(folder, lsf, "--set-resources", "touch_sample:lsf_queue='normal'")
    wait_until(lambda: f"'bkill {job}' to go on at once" in said.read_text())
    assert set(lsf.states().values()) >= {"PEND"}
    subprocess.run(["bkill", job], env=environment(**lsf.env), check=True, capture_output=True)
    assert run.wait(PATIENCE) == 0, said.read_text()
    assert flags(folder) == ["touch_late_completed.flag"]
    assert lsf.options()["late"]["-q"] == "normal"


def test_snakemake_takes_the_profile(tmp_path: Path) -> None:
    """With every line that is commented out put in, too."""
    folder = a_project(tmp_path, "good,true")
    config = folder / "profiles/lsf" / CONFIG
    text = re.sub(r"^( *)# (?=[a-z][\w-]+: )", r"\1", config.read_text(), flags=re.MULTILINE)
    config.write_text(text)
    dry = snakemake(*WORDS, "-n", cwd=folder)
    assert (dry.code, dry.jobs()) == (0, ["touch_sample:good"]), dry.text


def a_project(tmp_path: Path, row: str, interface: str = PROJECT["touch.yaml"]) -> Path:
    """A project of one sample, with the profile."""
    samples = f"sample_name,command\n{row}\n"
    changed = {"samples.csv": samples, "touch.yaml": interface, "start.py": SNAKEMAKE}
    folder = write(tmp_path / "project", {**PROJECT, **changed})
    assert cli("profile", "lsf", cwd=folder).code == 0
    return folder


def start(folder: Path, lsf: Lsf, *words: str, **env: str) -> subprocess.Popen[bytes]:
    """Start a run; all that it prints is in `out.txt`."""
    with (folder / "out.txt").open("w") as output:
        return subprocess.Popen(
            [sys.executable, "start.py", *WORDS, *words], cwd=folder,
            env=environment(**lsf.env, **env), stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip

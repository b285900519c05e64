"""Runs on HTCondor by its own executor plugin and HTCondor's bindings, without a pool.

The bindings make the submit descriptions and read the log of events. Whether a real pool takes the
descriptions is not tested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from support.htcondor import SNAKEMAKE, HTCondor, htcondor_at
from support.projects import flags, write
from support.running import Run, cli, python, snakemake

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
        large,condor_hold $CLUSTER memory usage exceeded request_memory; sleep 100
        gone,condor_rm $CLUSTER; sleep 100
        """,
    "touch.yaml": """
        pipeline_name: touch
        pipestat_config_required: false
        sample_interface:
          command_template: "echo begun > {sample.sample_name}.txt; {sample.command}"
        compute: {mem: 3G, cores: 2, time: 1:30:00, partition: long}
        """,
}
WORDS = ("--use-looper-config", "--profile", "profiles/htcondor", "--latency-wait", "5")


class Done(NamedTuple):
    folder: Path
    htcondor: HTCondor
    run: Run


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """A run in which each sample ends in another way."""
    folder = write(tmp_path_factory.mktemp("project"), PROJECT)
    htcondor = htcondor_at(tmp_path_factory.mktemp("htcondor"))
    assert cli("profile", "htcondor", cwd=folder).code == 0
    held = ("--htcondor-held-timeout", "0")
    yield Done(folder, htcondor, python(SNAKEMAKE, *WORDS, *held, cwd=folder, **htcondor.env))


def test_what_is_submitted(done: Done) -> None:
    """Memory and time of looper, by HTCondor's names and in its units."""
    assert len(done.htcondor.descriptions()) == 4, done.run.text
    for one in done.htcondor.descriptions().values():
        asked = {key: str(one[key]) for key in ("request_cpus", "request_memory", "getenv")}
        assert asked == {"request_cpus": "2", "request_memory": "3GB", "getenv": "true"}
        assert str(one["allowed_execute_duration"]) == "5400"
        assert one["log"] == ".snakemake/htcondor/snakemake-rules.log"


def test_statuses(done: Done) -> None:
    assert done.run.code == 1, done.run.text
    words = {"bad": "failed", "gone": "partial", "good": "completed", "large": "failed"}
    assert flags(done.folder) == [f"touch_{name}_{word}.flag" for name, word in words.items()]


def test_reasons(done: Done) -> None:
    told = cli("check", "--json", cwd=done.folder).out
    for words in ("exit code 3", "cancelled", "memory usage exceeded request_memory"):
        assert words in told, told
    assert "error in the looper logger plugin" not in done.run.text


def test_the_second_run_runs_the_rest(done: Done) -> None:
    """A job that is still in the queue is waited for; none is there."""
    dry = python(SNAKEMAKE, *WORDS, "-n", "-p", cwd=done.folder, **done.htcondor.env)
    assert dry.jobs() == ["touch_sample:bad", "touch_sample:gone", "touch_sample:large"], dry.text


def test_snakemake_takes_the_profile(tmp_path: Path) -> None:
    """With every line that is commented out put in, too."""
    samples = {"samples.csv": "sample_name,command\ngood,true\n"}
    folder = write(tmp_path / "project", {**PROJECT, **samples})
    assert cli("profile", "htcondor", cwd=folder).code == 0
    config = folder / "profiles/htcondor" / CONFIG
    text = re.sub(r"^( *)# (?=[a-z][\w-]+: )", r"\1", config.read_text(), flags=re.MULTILINE)
    config.write_text(text)
    dry = snakemake(*WORDS, "-n", cwd=folder)
    assert (dry.code, dry.jobs()) == (0, ["touch_sample:good"]), dry.text

"""Results of an earlier run, as runs of Snakemake and the commands after them show them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.earlier import PLACES, PROJECT, fails, left, notes, read, sample, set_says
from support.projects import edit
from support.running import BIN, cli, environment, use_looper, wait_until


@pytest.fixture
def count(project: Callable[..., Path]) -> Path:
    return project(PROJECT)


def run(folder: Path, *words: str, code: int = 0) -> None:
    done = use_looper(*words, cwd=folder)
    assert done.code == code, done.text


def found(folder: Path) -> list[str]:
    """The results that each job of the last runs found when it began."""
    path = folder / "found.txt"
    lines = path.read_text().split()
    path.unlink()
    return sorted(lines)


def test_commands_tell_of_results_of_an_earlier_run(count: Path) -> None:
    run(count)
    set_says(count, a="m=3", b="n=5")
    fails(count, "a")
    run(count, code=1)
    assert sample(count) == {"a": {"n": 1, "m": 3}, "b": {"n": 5}}
    assert notes(count) == {"a": "failed; some values are of an earlier run"}
    shown = cli("table", "--format", "csv", cwd=count)
    assert shown.out.splitlines()[0].endswith(",n,m,Note")
    assert "1,a,sample,failed,1,3,failed; some values are of an earlier run" in shown.out
    assert "warning: count: a: failed; some values are of an earlier run" in shown.err
    data = json.loads(cli("table", "--format", "json", cwd=count).out)
    assert data["sample"]["a"] == {"n": 1, "m": 3}, "notes are beside the results"
    assert data["notes"]["sample"] == {"a": "failed; some values are of an earlier run"}
    itemized = cli("check", "--itemized", cwd=count)
    assert "results shown are of an earlier run" in itemized.out
    assert "values are of an earlier run" in cli("report", cwd=count).err
    pages = count / "out/reports/pipelines/count/sample"
    assert (pages / "a.html").read_text().count(">of an earlier run<") == 1
    assert (pages / "index.html").read_text().count(">earlier<") == 1
    assert "earlier run" not in (pages / "b.html").read_text()

    # Nothing changed: the next attempt finds what the failed one reported, and only that.
    fails(count)
    found(count)
    run(count)
    assert found(count) == ["a:m"]
    assert sample(count) == {"a": {"m": 3}, "b": {"n": 5}}
    assert notes(count) == {} and left(count) == []


def test_retries_of_one_run_continue(count: Path) -> None:
    run(count)
    set_says(count, a="n=7", b="n=5")
    fails(count, "a")
    found(count)
    run(count, "--retries", "2", code=1)
    assert found(count) == ["a:", "a:n", "a:n"]


def test_force_begins_afresh_what_was_complete(count: Path) -> None:
    set_says(count, a="n=1 m=2", b="n=5")
    fails(count, "b")
    run(count, code=1)
    fails(count)
    found(count)
    run(count, "--forcerun", "count_sample")
    assert found(count) == ["a:", "b:n"]
    run(count, "-F")
    assert found(count) == ["a:", "b:"]
    assert sample(count) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}} and left(count) == []


def test_two_pipelines_share_the_files_of_records(count: Path) -> None:
    """Only the part of the pipeline that runs again is set aside."""
    edit(count / ".looper.yaml", "results_file_path: all.yaml", PLACES["records"])
    edit(count / ".looper.yaml", "[count.yaml]", "[count.yaml, more.yaml]")
    more = (count / "count.yaml").read_text().replace("count", "more").replace("says", "more")
    more = more.replace("sample_interface:", "snakemake: {depends_on: count}\nsample_interface:")
    (count / "more.yaml").write_text(more.replace("out.yaml", "more_out.yaml"))
    schema = (count / "out.yaml").read_text().replace("count", "more")
    (count / "more_out.yaml").write_text(schema)
    (count / "samples.csv").write_text("sample_name,says,more\na,n=1,n=10 m=3\n")
    run(count)
    (count / "samples.csv").write_text("sample_name,says,more\na,n=1,n=20\n")
    found(count)
    run(count)
    assert found(count) == ["a:"]
    assert [one.records for one in read(count)] == [{"a": {"n": 1}}, {"a": {"n": 20}}]
    fails(count, "a")
    (count / "samples.csv").write_text("sample_name,says,more\na,n=1,m=4\n")
    run(count, code=1)
    first, second = read(count)
    assert first.records == {"a": {"n": 1}} and not first.notes
    assert second.records == {"a": {"n": 20, "m": 4}} and "earlier" in second.notes["a"]


def test_a_run_that_is_killed_before_a_job_begins_loses_nothing(count: Path) -> None:
    """Killed while the first job runs: the second one's results count, and are put back."""
    set_says(count, a="n=1 m=2", b="n=5")
    run(count)
    hold = "until [[ -e go ]]; do sleep 0.05; done; python report.py"
    edit(count / "count.yaml", "python report.py", hold)
    command = [str(BIN / "snakemake"), "--use-looper-config", "--cores", "1"]
    process = subprocess.Popen(
        command, cwd=count, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: list((count / "flags").glob("*_running.flag")), "the first job does not run")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(left(count)) == 2
    assert sample(count) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}}
    assert sorted(notes(count).values()) == ["failed; values are of an earlier run"]
    (count / "go").touch()
    found(count)
    run(count)
    assert found(count) == ["a:", "b:"]
    assert sample(count) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}} and left(count) == []

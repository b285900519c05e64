"""Lumps in real runs: several samples in one job of Snakemake, each with its own status."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.projects import edit, flags, write
from support.running import (
    PATIENCE,
    Run,
    cli,
    snakemake,
    start_run,
    use_looper,
    wait_until,
)

from snakemake_looper.layout import LUMPS
from snakemake_looper.workspace.metadata import marked_incomplete, recorded_fields

SAMPLES = "abcdefg"
BY_THREE = ("--config", "lump_n=3")
# Each command notes that it runs. It waits for a file `go` if its sample is in `hold.txt`, kills
# itself if it is in `kill.txt`, and fails if it is in `fail.txt`.
PROJECT = {
    ".looper.yaml": """
        pep_config: samples.csv
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        pipestat: {flag_file_dir: flags}
        """,
    "samples.csv": "sample_name,word\n" + "".join(f"{s},{s}\n" for s in SAMPLES),
    "touch.yaml": """
        pipeline_name: touch
        inject_env_vars: {WHO: "{sample.sample_name}"}
        compute: {mem: 100, cores: 1, time: 5}
        snakemake: {retries: 1}
        sample_interface:
          command_template: >
            mkdir -p {looper.sample_output_folder} && echo $WHO >> ran.txt
            && date +%s.%N > {looper.sample_output_folder}/begin && echo {sample.word}
            && while grep -qx {sample.sample_name} hold.txt && [[ ! -e go ]]; do sleep 0.05; done
            && ! grep -qx {sample.sample_name} fail.txt
            && if grep -qx {sample.sample_name} kill.txt; then kill -KILL $BASHPID; fi
            && date +%s.%N > {looper.sample_output_folder}/end
        """,
    "hold.txt": "", "fail.txt": "", "kill.txt": "",
    "submit.sh": """
        #!/bin/bash
        echo "$*" >> submitted.txt
        bash "${@: -1}" > /dev/null 2>&1
        """,
}  # fmt: skip
STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture
def lumped(project: Callable[..., Path]) -> Iterator[Path]:
    folder = project(PROJECT)
    (folder / "submit.sh").chmod(0o755)
    yield folder
    (folder / "go").touch()
    for started in STARTED:
        started.kill()
        started.wait()
    STARTED.clear()


def lump(folder: Path, *words: str) -> Run:
    return use_looper(*BY_THREE, *words, cwd=folder)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    process = start_run(folder, "--cores", "2", *BY_THREE, *words)
    STARTED.append(process)
    return process


def statuses(folder: Path) -> dict[str, str]:
    """The status of each sample, by its one flag; samples without a flag are left out."""
    names = [name.removeprefix("touch_").removesuffix(".flag") for name in flags(folder)]
    found = dict(name.split("_") for name in names)
    assert len(found) == len(names), names
    return found


def all_are(status: str, **others: str) -> dict[str, str]:
    return {**dict.fromkeys(SAMPLES, status), **others}


def told(folder: Path) -> dict[str, tuple[str, str]]:
    records = json.loads(cli("check", "--json", cwd=folder).out)["records"]
    return {one["record"]: (one["status"], one["reason"]) for one in records}


def ran(folder: Path) -> str:
    """The samples whose commands have begun since the last question, in order of names."""
    path = folder / "ran.txt"
    names = sorted(path.read_text().split()) if path.exists() else []
    path.unlink(missing_ok=True)
    return "".join(names)


def lumps_due(folder: Path, *words: str) -> int:
    return len([job for job in lump(folder, "-n", *words).jobs() if job == "touch_sample"])


def due(folder: Path) -> str:
    """The samples that a run without lumps would run."""
    jobs = use_looper("-n", cwd=folder).jobs()
    return "".join(job[-1] for job in jobs if job.startswith("touch_sample:"))


def flag(sample: str) -> str:
    return f"flags/touch_{sample}_completed.flag"


def comparable(folder: Path, sample: str) -> dict[str, Any]:
    """All that Snakemake's record of a sample says and that a run does not change."""
    fields = recorded_fields(folder, flag(sample))
    return {key: fields[key] for key in ("rule", "input", "params", "log", "software_stack_hash")}


def test_members_are_exact(lumped: Path) -> None:
    """Each has its folder, environment, log, flag and record. A project may change between lumps
    and none, and only what has changed runs."""
    assert lump(lumped).code == 0
    assert statuses(lumped) == all_are("completed")
    assert ran(lumped) == SAMPLES
    for sample in SAMPLES:
        assert (lumped / f"results/submission/touch_{sample}.log").read_text() == f"{sample}\n"
    assert len(list((lumped / LUMPS).rglob("*.done"))) == 3
    assert lump(lumped, "-n").jobs() == []
    assert use_looper("-n", cwd=lumped).jobs() == []
    of_lumps = {sample: comparable(lumped, sample) for sample in SAMPLES}
    edit(lumped / "samples.csv", "c,c", "c,other")
    assert due(lumped) == "c"
    assert lumps_due(lumped) == 1
    assert lump(lumped).code == 0 and ran(lumped) == "c"
    assert use_looper("-n", cwd=lumped).jobs() == []
    assert use_looper("--forceall", cwd=lumped).code == 0 and ran(lumped) == SAMPLES
    assert lump(lumped, "-n").jobs() == []
    edit(lumped / "samples.csv", "c,other", "c,c")
    assert use_looper(cwd=lumped).code == 0
    assert {sample: comparable(lumped, sample) for sample in SAMPLES} == of_lumps


def test_failed_and_killed_members_fail_alone(lumped: Path) -> None:
    """They are tried again, and the next run does only what is left, in lumps of its own."""
    write(lumped, {"fail.txt": "a\ne\n", "kill.txt": "f\n"})
    done = lump(lumped)
    assert done.code == 1
    assert statuses(lumped) == all_are("completed", a="failed", e="failed", f="failed")
    assert ran(lumped) == "aabcdeeffg", "a retry runs what is left"
    found = told(lumped)
    assert found["a"] == ("failed", "exit code 1")
    assert found["f"][1].startswith("killed by SIGKILL")
    assert lumps_due(lumped) == 1
    assert due(lumped) == "aef"
    write(lumped, {"fail.txt": "", "kill.txt": ""})
    assert lump(lumped).code == 0 and ran(lumped) == "aef"
    assert statuses(lumped) == all_are("completed")
    assert not list((lumped / ".snakemake/incomplete").iterdir())


def test_an_interrupted_run(lumped: Path) -> None:
    """A member that was not begun gets back what it was, with the time of its flag; it is due
    still. A member that runs is `partial`."""
    write(lumped, {"fail.txt": "g\n"})
    assert lump(lumped).code == 1
    ran(lumped)
    before = {one: (lumped / flag(one)).stat().st_mtime_ns for one in "ef"}
    write(lumped, {"hold.txt": "d\ng\n"})
    edit(
        lumped / "touch.yaml",
        "{looper.sample_output_folder}/end",
        "{looper.sample_output_folder}/last",
    )
    process = start(lumped)
    # A signal in the first moment of a command is lost to it, see `test_signals`.
    noted = lumped / "ran.txt"
    wait_until(lambda: noted.exists() and {*"dg"} <= {*noted.read_text().split()})
    assert statuses(lumped) == all_are(
        "completed", d="running", e="waiting", f="waiting", g="running"
    )
    os.killpg(process.pid, signal.SIGINT)
    (lumped / "go").touch()  # bash may lose the signal in a loop; the shell of the lump does not
    assert process.wait(timeout=PATIENCE) == 1
    assert statuses(lumped) == all_are("completed", d="partial", g="partial")
    assert {one: (lumped / flag(one)).stat().st_mtime_ns for one in "ef"} == before
    assert due(lumped) == "defg"
    ran(lumped)
    (lumped / "go").unlink()
    write(lumped, {"hold.txt": "", "fail.txt": ""})
    assert lump(lumped).code == 0 and ran(lumped) == "defg"


def test_a_killed_run_is_taken_over(lumped: Path) -> None:
    """A member that a killed run completed is not run again, if it is the same. If it is another
    one, also after the change was undone, it is."""
    write(lumped, {"hold.txt": "c\nf\n"})
    process = start(lumped)
    done = all_are("completed", c="running", f="running", g="waiting")
    wait_until(lambda: statuses(lumped) == done)
    process.kill()
    process.wait()
    assert all(marked_incomplete(lumped)(flag(one)) for one in SAMPLES)
    assert {one: status for one, (status, _) in told(lumped).items()}["a"] == "completed"
    edit(lumped / "samples.csv", "b,b", "b,other")
    (lumped / "go").touch()
    wait_until(lambda: statuses(lumped)["f"] == "completed")
    assert ran(lumped) == "abcdef"
    again = lump(lumped)
    assert again.code == 0, again.text
    assert "taking over 5 jobs that a killed run has completed" in again.text
    assert ran(lumped) == "bg"
    assert statuses(lumped) == all_are("completed")
    assert lump(lumped, "-n").jobs() == [] and use_looper("-n", cwd=lumped).jobs() == []
    assert not list((lumped / ".snakemake/incomplete").iterdir())
    assert len({path.name.partition("-")[0] for path in (lumped / LUMPS).rglob("*.sh")}) == 1


def test_two_runs_are_killed_one_after_another(lumped: Path) -> None:
    """The second one has taken members over, and their lumps have not ended in it."""
    write(lumped, {"hold.txt": "b\ne\n", "ran.txt": ""})
    for begun in ("abde", "be"):
        process = start(lumped)
        wait_until(lambda begun=begun: sorted((lumped / "ran.txt").read_text().split()) == [*begun])
        assert (lumped / flag("a")).exists() and (lumped / flag("d")).exists()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        write(lumped, {"ran.txt": ""})
    (lumped / "go").touch()
    last = lump(lumped)
    assert last.code == 0, last.text
    assert "taking over 2 jobs" in last.text and ran(lumped) == "bcefg"
    assert lump(lumped, "-n").jobs() == [] and use_looper("-n", cwd=lumped).jobs() == []


def test_members_run_side_by_side_if_the_lump_has_threads(lumped: Path) -> None:
    write(lumped, {"hold.txt": "a\nb\nc\n"})
    process = start(lumped, "--config", "lump_n=3", "lump_threads=2")
    wait_until(lambda: [*statuses(lumped).values()].count("running") == 2)
    assert len(told(lumped)) == 7
    (lumped / "go").touch()
    assert process.wait(timeout=PATIENCE) == 0
    assert statuses(lumped) == all_are("completed")


def submit(folder: Path, *words: str) -> Run:
    return snakemake(
        "--use-looper-config", "-j", "2", "--executor", "cluster-generic",
        "--cluster-generic-submit-cmd", "./submit.sh {resources.mem_mb} {resources.runtime} {threads}",
        "--latency-wait", "1", "--seconds-between-status-checks", "1", *words, cwd=folder,
    )  # fmt: skip


def submitted(folder: Path) -> list[tuple[str, ...]]:
    """Memory, run time and threads of each job that was submitted."""
    lines = (folder / "submitted.txt").read_text().splitlines()
    return [tuple(line.split()[:3]) for line in lines]


def span(folder: Path, sample: str) -> tuple[float, float]:
    where = folder / "results/results_pipeline" / sample
    return float((where / "begin").read_text()), float((where / "end").read_text())


def test_lumps_on_a_cluster(lumped: Path) -> None:
    """Members run one after another; memory is that of one, time that of all. A second job of
    the cluster reads the Snakefile again, and finds its lump."""
    write(lumped, {"fail.txt": "b\n"})
    done = submit(lumped, *BY_THREE)
    assert done.code == 1, done.text
    assert statuses(lumped) == all_are("completed", b="failed")
    assert sorted(submitted(lumped)) == [
        ("100", "15", "1"), ("100", "15", "1"), ("100", "15", "1"), ("100", "5", "1"),
    ]  # fmt: skip
    assert ran(lumped) == "abbcdefg"
    spans = sorted(span(lumped, sample) for sample in "def")
    assert all(one[1] <= next_one[0] for one, next_one in itertools.pairwise(spans))
    assert due(lumped) == "b"
    write(lumped, {"fail.txt": ""})
    assert submit(lumped, "--config", "lump_n=3", "lump_threads=2").code == 0
    assert submitted(lumped)[4:] == [("100", "5", "2")]
    assert ran(lumped) == "b"


def test_fifty_lumps_with_all_kinds_of_ends(lumped: Path) -> None:
    """Of a hundred members some fail, some are killed, some are cancelled. Only they are left."""
    names = [f"n{number:02}" for number in range(100)]
    table = "sample_name,word\n" + "".join(f"{name},true\n" for name in names)
    ends = {"n03": "exit 3", "n04": "kill -KILL $BASHPID", "n50": "kill -TERM $BASHPID"}
    ends |= {"n51": "exit 1", "n99": "kill -HUP $BASHPID"}
    for name, end in ends.items():
        table = table.replace(f"{name},true", f'{name},"{end}"')
    interface = """
        pipeline_name: touch
        sample_interface:
          command_template: echo {sample.sample_name} >> ran.txt; [[ -e mended ]] || {sample.word}
        """
    write(lumped, {"samples.csv": table, "touch.yaml": interface})
    by_two = ("--config", "lump_n=2")
    assert use_looper(*by_two, cwd=lumped).code == 1
    assert len(list((lumped / LUMPS).rglob("*.sh"))) == 50
    found = statuses(lumped)
    assert {name: found[name] for name in ends} == {
        "n03": "failed", "n04": "failed", "n50": "partial", "n51": "failed", "n99": "partial",
    }  # fmt: skip
    assert [*found.values()].count("completed") == 95
    (lumped / "ran.txt").unlink()
    jobs = use_looper("-n", cwd=lumped).jobs()
    assert [job for job in jobs if ":" in job] == [f"touch_sample:{name}" for name in ends]
    (lumped / "mended").touch()
    assert use_looper(*by_two, cwd=lumped).code == 0
    assert sorted((lumped / "ran.txt").read_text().split()) == sorted(ends)
    assert len(list((lumped / LUMPS).rglob("*.sh"))) == 3
    assert use_looper("-n", cwd=lumped).jobs() == [] == use_looper("-n", *by_two, cwd=lumped).jobs()

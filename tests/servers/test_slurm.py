"""Real runs on a real SLURM, see `slurm.py`: what it is asked for, and what becomes of its jobs.

A run spends most of its time waiting: the executor asks for states ever more rarely as long as no
job succeeds. So all runs of this module are started at once, and each test looks at one of them;
what happens to jobs from outside is done once they run.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import TOUCH, flags, write
from support.running import BIN, EXAMPLES, PATIENCE, Run, cli, environment, snakemake, use_looper
from support.slurm import DOWN, Slurm, slurm

__all__ = ["slurm"]  # a fixture

ON_SLURM = (
    *("--executor", "slurm", "--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "2", "-j", "20"),
)
GENERIC = (
    *("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh"),
    *("--seconds-between-status-checks", "1", "-j", "2"),
)
SUBMIT = '#!/bin/bash\nbash "${@: -1}" > /dev/null 2>&1\n'
NOTHING = "Nothing to be done"

# What SLURM was asked for, one line for each try; `asked` reads it.
ASK = "scontrol -o show job $SLURM_JOB_ID >> {looper.sample_output_folder}/asked.txt"


def project(interface: str, samples: str, **more: str) -> dict[str, str]:
    """The files of a project with one pipeline, whose samples have a file each."""
    names = [line.partition(",")[0] for line in samples.splitlines()[1:]]
    return {
        ".looper.yaml": "pep_config: samples.csv\noutput_dir: results\npipeline_interfaces: [p.yaml]\n",
        "samples.csv": samples,
        "p.yaml": interface,
        "schema.yaml": TOUCH["schema.yaml"].replace("tangible", "sizing: [file]\n              tangible"),
        **{f"{name}.txt": "x" for name in names},
        **more,
    }  # fmt: skip


SIZED = project(
    f"""
    pipeline_name: sized
    input_schema: schema.yaml
    sample_interface: {{command_template: "{ASK}"}}
    compute: {{size_dependent_variables: sizes.tsv}}
    """,
    "sample_name,file\nsmall,small.txt\nmiddle,middle.txt\nlarge,large.txt\n",
    **{
        "middle.txt": "x" * 2000,
        "large.txt": "x" * 5000,
        "sizes.tsv": "max_file_size\tcores\tmem\ttime\n0.000001\t1\t600\t2\n"
        "0.000003\t2\t0.75G\t0-00:03:00\nNaN\t3\t1100\t1:00:00\n",
    },
)
GROWING = project(
    f"""
    pipeline_name: growing
    sample_interface:
      command_template: "{ASK}; test $(wc -l < {{looper.sample_output_folder}}/asked.txt) = 3"
    compute: {{mem: 500, time: 2}}
    snakemake:
      retries: 2
      resources: {{mem_mb: mem_mb + 100 * attempt, runtime: runtime * attempt}}
    """,
    "sample_name,file\na,a.txt\n",
)
DEATHS = project(
    """
    pipeline_name: die
    input_schema: schema.yaml
    sample_interface: {command_template: "echo begin; {sample.command}"}
    compute: {size_dependent_variables: sizes.tsv}
    """,
    "sample_name,file,command\n"
    "time,time.txt,sleep 3000\n"
    'memory,memory.txt,"python -c \'import time; x = b""x"" * 10**9; time.sleep(3000)\'"\n'
    "cancelled,cancelled.txt,sleep 3000\n"
    "pending,pending.txt,true\n"
    "code,code.txt,exit 3\n"
    "signal,signal.txt,kill -KILL $$\n"
    "fine,fine.txt,true\n",
    **{
        "pending.txt": "x" * 2000,
        "sizes.tsv": "max_file_size\tcores\tmem\ttime\tpartition\n"
        f"0.000001\t1\t600\t10\tmain\nNaN\t1\t600\t10\t{DOWN}\n",
    },
)
LUMPS = project(
    f"""
    pipeline_name: lump
    sample_interface:
      command_template: "{ASK}; test {{sample.sample_name}} != b"
    compute: {{mem: 500, time: 5}}
    """,
    "sample_name,file\n" + "".join(f"{name},{name}.txt\n" for name in "abcd"),
)
GROUP = {
    **project(
        f"""
        pipeline_name: first
        sample_interface: {{command_template: "{ASK}"}}
        compute: {{mem: 500, time: 5}}
        snakemake: {{group: both}}
        """,
        "sample_name\na\nb\n",
    ),
    "second.yaml": f"""
        pipeline_name: second
        sample_interface: {{command_template: "{ASK}"}}
        compute: {{mem: 600, time: 5}}
        snakemake: {{group: both, depends_on: first}}
        """,
}
GROUP[".looper.yaml"] = GROUP[".looper.yaml"].replace("[p.yaml]", "[p.yaml, second.yaml]")
# One fails, and one ends long before the first: neither is the others' business (issue 447 of the
# executor plugin, see `arrays`).
ARRAY = project(
    """
    pipeline_name: array
    sample_interface:
      command_template: "sleep {sample.seconds}; test {sample.sample_name} != b"
    compute: {mem: 500, time: 5}
    """,
    "sample_name,file,seconds\na,a.txt,15\nb,b.txt,0\nc,c.txt,0\nd,d.txt,1\n",
)
KILLED = project(
    f"""
    pipeline_name: killed
    sample_interface: {{command_template: "{ASK}; until [ -e go.txt ]; do sleep 0.2; done"}}
    compute: {{mem: 500, time: 10}}
    """,
    "sample_name,file\na,a.txt\nb,b.txt\n",
)


# --- runs, all at once ---------------------------------------------------------------------------


@dataclass
class Launch:
    """A run that has been started."""

    folder: Path
    process: subprocess.Popen[bytes]
    output: Path

    @cached_property
    def done(self) -> Run:
        code = self.process.wait(4 * PATIENCE)
        return Run(code, "", self.output.read_text())

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that happens while the run goes on."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, f"ended before {what}: {self.output.read_text()}"
            assert time.monotonic() < deadline, f"waited too long until {what}"
            time.sleep(0.2)

    def run(self, *names: str) -> bool:
        """Whether these records run."""
        return {f"{name}_running.flag" for name in names} <= set(flags(self.folder))


@dataclass
class Runs:
    """The runs of this module, by name."""

    slurm: Slurm
    root: Path
    launches: dict[str, Launch] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Launch:
        return self.launches[name]

    def start(self, name: str, files: Mapping[str, str], *words: str) -> Launch:
        folder = self.root / name.partition(" ")[0]
        if not folder.exists():
            folder.mkdir()
            write(folder, files)
        output = self.root / f"{name}.out"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [str(BIN / "snakemake"), "--use-looper-config", *words],
                cwd=folder,
                env=environment(**self.slurm.env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self.launches[name] = Launch(folder, process, output)
        return self.launches[name]

    def jobs(self, name: str) -> dict[str, str]:
        """State by job id of the SLURM jobs of a run."""
        return self.slurm.jobs(self[name].folder)

    def job_of(self, name: str, sample: str) -> str:
        """The SLURM job that a sample was submitted as: its id."""
        comments = self.slurm.ask("squeue", "-h", "-a", "-t", "all", "-o", "%i|%Z|%k").splitlines()
        wanted = f"|{self[name].folder}|"
        (job,) = [
            line.partition("|")[0]
            for line in comments
            if wanted in line and line.endswith(f"_wildcards_{sample}")
        ]
        return job


@pytest.fixture(scope="module")
def runs(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    runs = Runs(slurm, tmp_path_factory.mktemp("slurm"))
    try:
        deaths = runs.start("deaths", DEATHS, *ON_SLURM)
        killed = runs.start("killed", KILLED, *ON_SLURM)
        runs.start("growing", GROWING, *ON_SLURM)
        for name, words in (("slurm", ON_SLURM), ("generic", GENERIC), ("here", ["--cores", "2"])):
            ignore = shutil.ignore_patterns("results", ".snakemake")
            shutil.copytree(EXAMPLES / "count_lines", runs.root / name, ignore=ignore)
            write(runs.root / name, {"submit.sh": SUBMIT})
            (runs.root / name / "submit.sh").chmod(0o755)
            runs.start(name, {}, *words)
        kill_controller(runs, killed)
        meddle(runs, deaths)
        runs.start("lumps", LUMPS, *ON_SLURM, "--config", "lump_n=2")
        runs.start("group", GROUP, *ON_SLURM)
        runs.start("sized", SIZED, *ON_SLURM)
        runs.start("array", ARRAY, *ON_SLURM, "--slurm-array-jobs", "all")
        again_may_end(runs)
        yield runs
    finally:
        for launch in runs.launches.values():
            launch.process.kill()
            launch.process.wait()


def kill_controller(runs: Runs, killed: Launch) -> None:
    """Kill Snakemake while its jobs run, and start it again; they end after that."""
    killed.until(lambda: killed.run("killed_a", "killed_b"), "both samples run")
    killed.process.kill()
    killed.process.wait()
    runs.start("killed again", {}, *ON_SLURM)


def meddle(runs: Runs, deaths: Launch) -> None:
    """Cancel one job that runs and one that waits; let the wall time of another be over."""
    deaths.until(lambda: deaths.run("die_time", "die_cancelled"), "the samples run")
    runs.slurm.ask("scancel", runs.job_of("deaths", "cancelled"), runs.job_of("deaths", "pending"))
    # Instead of waiting for a minute, the shortest limit that there is.
    runs.slurm.ask("scontrol", "update", f"JobId={runs.job_of('deaths', 'time')}", "EndTime=now+5")


def again_may_end(runs: Runs) -> None:
    """Let the jobs of the killed Snakemake end, once the one that was started again waits."""
    again = runs["killed again"]
    again.until(lambda: "waiting for 2 jobs" in again.output.read_text(), "it waits for them")
    (again.folder / "go.txt").touch()


# --- what is read from a run ---------------------------------------------------------------------


def asked(folder: Path, sample: str) -> list[tuple[int, str, str, str]]:
    """CPUs, memory, wall time and job id that SLURM granted, for each try of a sample."""
    text = (folder / f"results/results_pipeline/{sample}/asked.txt").read_text()
    found = []
    for line in text.splitlines():
        fields = dict(word.partition("=")[::2] for word in line.split() if "=" in word)
        found.append(
            (
                int(fields["NumCPUs"]),
                fields["MinMemoryNode"],
                fields["TimeLimit"].removeprefix("00:"),
                fields["JobId"],
            )
        )
    return found


def status_of(folder: Path, record: str) -> dict[str, Any]:
    """What `check --json` tells of a record."""
    records = json.loads(cli("check", "--json", cwd=folder).out)["records"]
    (found,) = [one for one in records if one["record"] == record]
    return found


def results(folder: Path) -> Any:
    """A results file, without the times in it and without the project's own folder."""
    text = (folder / "results/count_lines/results.yaml").read_text()
    return yaml.safe_load(re.sub(r".*pipestat_\w+_time.*\n", "", text.replace(str(folder), ".")))


# --- one project, three ways ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["slurm", "generic"])
def test_results_are_those_of_a_run_on_one_machine(runs: Runs, name: str) -> None:
    """Sample and project level, flags too."""
    here, other = runs["here"], runs[name]
    assert (here.done.code, other.done.code) == (0, 0), other.done.text
    assert results(other.folder) == results(here.folder)
    assert set(results(other.folder)["count_lines"]["sample"]) == {
        "mexico", "switzerland", "canada",
    }  # fmt: skip
    assert "regions_plot" in results(other.folder)["count_lines"]["project"]["regions"]
    assert flags(other.folder) == flags(here.folder)
    assert NOTHING in use_looper(cwd=other.folder).text


def test_jobs_are_submitted_and_the_rest_is_not(runs: Runs) -> None:
    assert runs["slurm"].done.code == 0
    assert list(runs.jobs("slurm").values()) == ["COMPLETED"] * 4


# --- what SLURM is asked for ---------------------------------------------------------------------


def test_a_size_table_is_what_slurm_is_asked_for(runs: Runs) -> None:
    done = runs["sized"].done
    assert done.code == 0, done.text
    granted = {
        name: asked(runs["sized"].folder, name)[0][:3] for name in ("small", "middle", "large")
    }
    assert granted == {
        "small": (1, "600M", "02:00"),
        "middle": (2, "768M", "03:00"),
        "large": (3, "1100M", "01:00:00"),
    }


def test_memory_and_time_grow_with_each_try(runs: Runs) -> None:
    growing = runs["growing"]
    assert growing.done.code == 0, growing.done.text
    assert [tried[:3] for tried in asked(growing.folder, "a")] == [
        (1, "600M", "02:00"),
        (1, "700M", "04:00"),
        (1, "800M", "06:00"),
    ]
    assert sorted(runs.jobs("growing").values()) == ["COMPLETED", "FAILED", "FAILED"]
    assert flags(growing.folder) == ["growing_a_completed.flag"]


def test_a_lump_is_one_job(runs: Runs) -> None:
    """With the memory of one member and the time of all; one that fails fails alone."""
    lumps = runs["lumps"]
    assert lumps.done.code == 1, lumps.done.text
    granted = [asked(lumps.folder, name)[0] for name in "abcd"]
    assert [one[:3] for one in granted] == [(1, "500M", "10:00")] * 4
    assert granted[0] == granted[1] != granted[2] == granted[3]
    assert sorted(runs.jobs("lumps").values()) == ["COMPLETED", "FAILED"]
    assert flags(lumps.folder) == [
        "lump_a_completed.flag",
        "lump_b_failed.flag",
        "lump_c_completed.flag",
        "lump_d_completed.flag",
    ]
    assert status_of(lumps.folder, "b")["status"] == "failed"


def test_a_group_is_one_job(runs: Runs) -> None:
    """Two pipelines of a sample, one after the other; memory is that of the larger."""
    group = runs["group"]
    assert group.done.code == 0, group.done.text
    for name in "ab":
        first, second = asked(group.folder, name)
        assert first == second and first[:3] == (1, "600M", "10:00")
    assert list(runs.jobs("group").values()) == ["COMPLETED"] * 2
    assert len(flags(group.folder)) == 4


def test_an_array_is_one_submission(runs: Runs) -> None:
    """Each member has its own end, as if it had been submitted alone."""
    array = runs["array"]
    assert array.done.code == 1, array.done.text
    jobs = runs.jobs("array")
    assert {job.partition("_")[2] for job in jobs} == {"1", "2", "3", "4"}
    assert len({job.partition("_")[0] for job in jobs}) == 1
    assert flags(array.folder) == [
        "array_a_completed.flag",
        "array_b_failed.flag",
        "array_c_completed.flag",
        "array_d_completed.flag",
    ]
    failed = status_of(array.folder, "b")
    assert failed["exit_code"] == 1
    assert failed["external_jobid"] in jobs


def test_jobs_that_differ_are_no_array(slurm: Slurm, tmp_path: Path) -> None:
    """All would get the memory of the first."""
    folder = write(tmp_path, SIZED)
    done = snakemake(
        "--use-looper-config", *ON_SLURM, "--slurm-array-jobs", "sized_sample",
        cwd=folder, **slurm.env,
    )  # fmt: skip
    assert done.code == 1
    assert "--slurm-array-jobs: the jobs of sized_sample do not all ask for the same" in done.err
    assert flags(folder) == []


# --- how jobs die --------------------------------------------------------------------------------


def test_jobs_go_on_without_their_controller(runs: Runs) -> None:
    """Snakemake, started again, waits for them: no sample runs twice."""
    again = runs["killed again"]
    assert again.done.code == 0, again.done.text
    assert [len(asked(again.folder, name)) for name in "ab"] == [1, 1]
    assert flags(again.folder) == ["killed_a_completed.flag", "killed_b_completed.flag"]
    assert NOTHING in use_looper(cwd=again.folder).text


def test_each_record_of_a_run_with_deaths_has_one_flag(runs: Runs) -> None:
    deaths = runs["deaths"]
    assert deaths.done.code == 1, deaths.done.text
    assert flags(deaths.folder) == [
        "die_cancelled_partial.flag",
        "die_code_failed.flag",
        "die_fine_completed.flag",
        "die_memory_failed.flag",
        "die_pending_partial.flag",
        "die_signal_failed.flag",
        "die_time_failed.flag",
    ]
    assert "error in the looper logger plugin" not in deaths.done.text
    assert "Traceback" not in deaths.done.text


@pytest.mark.parametrize(
    ("record", "status", "state", "told"),
    [
        ("time", "failed", "TIMEOUT", {"reason": "wall time"}),
        ("memory", "failed", "FAILED", {"reason": "out of memory"}),
        ("cancelled", "partial", "CANCELLED", {"reason": "cancelled"}),
        ("pending", "partial", "CANCELLED", {"reason": "cancelled"}),
        ("code", "failed", "FAILED", {"reason": "exit code 3", "exit_code": 3}),
        ("signal", "failed", "FAILED", {"reason": ""}),
    ],
)
def test_how_a_job_died_is_told(
    runs: Runs, record: str, status: str, state: str, told: dict[str, Any]
) -> None:
    deaths = runs["deaths"]
    assert deaths.done.code == 1
    found = status_of(deaths.folder, record)
    job = runs.job_of("deaths", record)
    assert runs.jobs("deaths")[job] == state
    assert (found["status"], found["external_jobid"], found["attempt"]) == (status, job, 1)
    assert told["reason"] in found["reason"]
    assert found["exit_code"] == told.get("exit_code")

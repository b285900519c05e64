"""Runs with the profiles of clusters.

None of these clusters is here. The `qsub` of these tests is a stand-in that runs a script in the
background, as one job of a queue would be, and notes its options.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.projects import TOUCH, edit, flags, write
from support.running import BIN, PATIENCE, Run, cli, environment, run, snakemake, wait_until

from snakemake_looper.layout import data_dir
from snakemake_looper.profiles.profile import CONFIG

Processes = list["subprocess.Popen[str]"]


@pytest.fixture
def started() -> Iterator[Processes]:
    """Processes that a test starts; those that are still there at its end are killed."""
    processes: Processes = []
    yield processes
    for process in processes:
        with process:
            process.kill()


# Jobs run elsewhere, as on a node; what is known of one is its process.
QUEUE = {
    "qsub": """
        #!/bin/bash
        id=$(mktemp -u XXXXXX)
        printf '%s\\n' "$*" >> "$QUEUE/submitted"
        cd /
        JOB_ID=$id setsid bash "${@: -1}" > "$QUEUE/$id.log" 2>&1 &
        echo $! > "$QUEUE/$id.pid"
        echo "$id"
        """,
    "qstat": """
        #!/bin/bash
        kill -0 "$(< "$QUEUE/$2.pid")" 2> /dev/null && exit
        printf 'Following jobs do not exist: \\n%s\\n' "$2"
        exit 1
        """,
    "qdel": """
        #!/bin/bash
        for id; do kill -- "-$(< "$QUEUE/$id.pid")"; done
        """,
}
QUEUED = {
    **TOUCH,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        compute: {mem: 2G, cores: 2, time: "1:30:00"}
        sample_interface:
          command_template: >
            echo "{sample.word} ${FROM_SITE-}" && sleep $SECONDS_EACH && ! grep -qx {sample.sample_name} fail.txt
        """,
}


@pytest.fixture
def queued(project: Callable[..., Path], tmp_path: Path) -> Path:
    queue = write(tmp_path / "queue", QUEUE)
    for path in queue.iterdir():
        path.chmod(0o755)
    return project(QUEUED)


def on_queue(folder: Path, *words: str, **env: str) -> Run:
    return snakemake(*words, cwd=folder, **queue_environment(folder, **env))


def queue_environment(folder: Path, **env: str) -> dict[str, str]:
    queue = folder.parent / "queue" if (folder.parent / "queue").is_dir() else folder.parents[1] / "queue"  # fmt: skip
    path = f"{queue}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "QUEUE": str(queue), "SECONDS_EACH": "0", **env}


def submitted(folder: Path) -> list[str]:
    return sorted((folder.parent / "queue/submitted").read_text().splitlines())


def sge_profile(folder: Path) -> Path:
    """A profile from a divvy package, with a queue that is quick."""
    package = """
        #!/bin/bash
        #$ -N '{JOBNAME}'
        #$ -o {LOGFILE}
        #$ -l mem_free={MEM},h_rt={TIME}
        #$ -pe smp {CORES}
        #$ -q {PARTITION}

        {PRE_COMMAND}
        {CODE}
        echo "$FROM_SITE, code $code" >> $QUEUE/after
        """
    config = """
        adapters: {CODE: looper.command, PRE_COMMAND: compute.pre_command}
        compute_packages:
          sge:
            submission_template: sge.sub
            submission_command: qsub
            partition: long
            pre_command: export FROM_SITE="site {}"
        """
    write(folder, {"divcfg.yaml": config, "sge.sub": package})
    done = cli("profile", "-p", "sge", "--divvy", "divcfg.yaml", cwd=folder)
    assert (done.code, done.err) == (0, "")
    profile = folder / "profiles/sge" / CONFIG
    edit(profile, "between-status-checks: 20", "between-status-checks: 1")
    edit(profile, "latency-wait: 60", "latency-wait: 5")
    return profile.parent


def test_jobs_of_a_translated_package(queued: Path) -> None:
    """Each with what it needs, in the units of the system; the template's shell around it."""
    sge_profile(queued)
    write(queued, {"fail.txt": "b\n"})
    done = on_queue(queued, "--use-looper-config", "--profile", "profiles/sge")
    assert done.code == 1
    states = {"a": "completed", "b": "failed", "c": "completed"}
    assert flags(queued) == [f"touch_{one}_{state}.flag" for one, state in states.items()]
    assert (queued / "results/submission/touch_a.log").read_text() == "one site {}\n"
    options = [line.split() for line in submitted(queued)]
    assert len(options) == 3
    for asked in options:
        assert asked[:3] == ["-terse", "-S", "/bin/bash"]
        assert re.fullmatch(r"touch_sample\.\d+", asked[4])
        assert asked[6] == f"{queued}/.snakemake/cluster_logs/{asked[4]}.log"
        assert asked[7:-1] == ["-l", "mem_free=2048M,h_rt=5400", "-pe", "smp", "2", "-q", "long"]
    after = (queued.parent / "queue/after").read_text().splitlines()
    assert sorted(after) == ["site {}, code 0", "site {}, code 0", "site {}, code 1"]
    write(queued, {"fail.txt": ""})
    done = on_queue(queued, "--use-looper-config", "--profile", "profiles/sge")
    assert (done.code, len(submitted(queued))) == (0, 4), done.text


def test_a_profile_is_found_from_elsewhere(queued: Path) -> None:
    """Its scripts too; and resources can be set on top of it."""
    sge_profile(queued)
    elsewhere = queued / "elsewhere"
    elsewhere.mkdir()
    done = on_queue(
        elsewhere, "--use-looper-config", "--profile", "../profiles/sge", "--set-resources",
        "touch_sample:mem_mb=77", "touch_sample:slurm_partition=short", "--config", "limit=1",
    )  # fmt: skip
    assert done.code == 0, done.text
    (line,) = submitted(queued)
    assert "mem_free=77M,h_rt=5400" in line and "-q short" in line


def test_a_job_that_is_killed_is_not_waited_for(queued: Path, started: Processes) -> None:
    """It leaves no exit code, and is no longer known; its time of grace is cut short here."""
    profile = sge_profile(queued)
    edit(profile / "status.sh", "-mmin +2", "-mmin -2")
    command = [str(BIN / "snakemake"), "--use-looper-config", "--profile", "profiles/sge"]
    env = environment(**queue_environment(queued, SECONDS_EACH="600"))
    controller = subprocess.Popen(command, cwd=queued, env=env, stderr=subprocess.PIPE, text=True)
    started.append(controller)
    wait_until(lambda: len(list(queued.rglob("*_running.flag"))) == 3)
    for path in (queued.parent / "queue").glob("*.pid"):
        os.killpg(int(path.read_text()), signal.SIGKILL)
    _, err = controller.communicate(timeout=PATIENCE)
    assert controller.returncode == 1, err
    assert flags(queued) == [f"touch_{one}_failed.flag" for one in "abc"]


# --- the head job ------------------------------------------------------------------------------


HEAD = {
    **QUEUED,
    "mine/config.yaml": "cores: 1\nquiet: [rules, progress]\n",
}


@pytest.fixture
def headed(project: Callable[..., Path]) -> Path:
    return project(HEAD)


def head_job(
    folder: Path, system: str, seconds: str, started: Processes, patience: str = "3000"
) -> subprocess.Popen[str]:
    env = environment(PROFILE="mine", SECONDS_EACH=seconds, SLURM_JOB_ID="1")
    script = folder / f"{system}.sh"
    script.write_text(
        (data_dir(f"profiles/{system}") / "head_job.sh").read_text().replace("3000", patience)
    )
    with (folder / "head.txt").open("w") as output:
        job = subprocess.Popen(
            ["bash", str(script), "--config", "limit=2"],
            cwd=folder, env=env, stdout=output, stderr=output, text=True,
        )  # fmt: skip
    started.append(job)
    return job


def said(folder: Path) -> str:
    return (folder / "head.txt").read_text()


SIGNALS = {"slurm": signal.SIGTERM, "sge": signal.SIGUSR1}


@pytest.mark.parametrize("system", SIGNALS)
def test_the_head_job_ends_in_order(headed: Path, system: str, started: Processes) -> None:
    """No new job is begun, the running one ends; and then the rest is done."""
    edit(headed / "touch.yaml", "sleep $SECONDS_EACH", "until [ -e go ]; do sleep 0.1; done")
    job = head_job(headed, system, "", started)
    wait_until(lambda: bool(list(headed.rglob("*_running.flag"))))
    job.send_signal(SIGNALS[system])
    wait_until(lambda: "exit after finishing currently running jobs" in said(headed))
    (headed / "go").touch()
    assert job.wait(timeout=PATIENCE) == 1, said(headed)
    assert "time runs out: no new jobs" in said(headed)
    assert len([name for name in flags(headed) if "completed" in name]) == 1, said(headed)
    again = head_job(headed, system, "", started)
    assert again.wait(timeout=PATIENCE) == 0, said(headed)
    assert flags(headed) == ["touch_a_completed.flag", "touch_b_completed.flag"]


def test_the_head_job_cancels_what_takes_too_long(headed: Path, started: Processes) -> None:
    job = head_job(headed, "slurm", "6000", started, patience="1")
    wait_until(lambda: bool(list(headed.rglob("*_running.flag"))))
    job.send_signal(signal.SIGTERM)
    assert job.wait(timeout=PATIENCE) == 1, said(headed)
    assert len(list(headed.rglob("*_partial.flag"))) == 1
    assert not list(headed.glob(".snakemake/locks/*"))


def test_the_head_job_says_what_it_lacks(headed: Path) -> None:
    script = str(data_dir("profiles/slurm") / "head_job.sh")
    done = run("/bin/bash", script, cwd=headed)
    assert (done.code, done.err) == (
        2,
        f"there is no profiles/slurm in {headed}: submit from the project's folder, or set PROFILE\n",
    )
    bare = {"PATH": "/usr/bin:/bin"}
    done_bare = subprocess.run(["/bin/bash", script], cwd=headed, env=bare, capture_output=True, text=True)  # fmt: skip
    assert done_bare.returncode == 2
    assert done_bare.stderr.startswith("snakemake is not found: activate its environment before")

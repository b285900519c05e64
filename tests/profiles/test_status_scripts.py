"""The scripts of cluster profiles: the state of a job, and the exit code that it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from support.projects import write
from support.running import PATIENCE, environment, run, wait_until

from snakemake_looper.layout import data_dir
from snakemake_looper.profiles.profile import CONFIG

ANSWERS: dict[str, dict[str, tuple[str, str]]] = {
    "sge": {
        "running": ("qstat", "job_number: 7\nowner: me"),
        "unknown": ("qstat", "Following jobs do not exist: \n7"),
        "broken": ("qstat", "job_number: 7\nerror reason    1: can't chdir to /home/me"),
        "silent": ("qstat", "error: commlib error: got select error (Connection refused)"),
    },
    "lsf-generic": {
        "running": ("bjobs", "JOBID USER STAT QUEUE\n7     me   PEND normal"),
        "unknown": ("bjobs", "Job <7> is not found"),
        "ended": ("bjobs", "JOBID USER STAT QUEUE\n7     me   EXIT normal"),
        "broken": ("bjobs", "JOBID USER STAT QUEUE\n7     me   ZOMBI normal"),
        "silent": ("bjobs", "LSF is down. Please wait ..."),
    },
    "generic": {
        "running": ("qstat", "Job Id: 7.pbs\n    job_state = Q"),
        "unknown": ("qstat", "qstat: Unknown Job Id 7.pbs"),
        "ended": ("qstat", "Job Id: 7\n    job_state = C\n    exit_status = 271"),
        "over": ("qstat", "qstat: 7 Job has finished, use -x or -H to obtain history"),
        "silent": ("qstat", "Connection refused\nqstat: cannot connect to server pbs (errno=111)"),
    },
}
# What is printed at first, and after two minutes.
TELLS = {
    "running": ("running", "running"),
    "silent": ("running", "running"),
    "unknown": ("running", "failed"),
    "ended": ("running", "failed"),
    "over": ("running", "failed"),
    "broken": ("failed", "failed"),
}


@pytest.mark.parametrize(
    ("system", "case"), [(one, case) for one, cases in ANSWERS.items() for case in cases]
)
def test_status_without_an_exit_code(tmp_path: Path, system: str, case: str) -> None:
    program, answer = ANSWERS[system][case]
    tools = write(
        tmp_path / "tools", {program: f"#!/bin/bash\ncat << 'END'\n{answer}\nEND\nexit 1\n"}
    )
    (tools / program).chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    script = str(data_dir(f"profiles/{system}") / "status.sh")
    first, later = TELLS[case]
    done = run("bash", script, "7", cwd=tmp_path, PATH=path)
    assert (done.out, done.err) == (f"{first}\n", "")
    for stamp in tmp_path.rglob("*.gone"):
        os.utime(stamp, (time.time() - 200, time.time() - 200))
    assert run("bash", script, "7", cwd=tmp_path, PATH=path).out == f"{later}\n"


@pytest.mark.parametrize("system", ANSWERS)
@pytest.mark.parametrize(("code", "status"), [("0", "success"), ("1", "failed"), ("137", "failed")])
def test_status_by_the_exit_code(tmp_path: Path, system: str, code: str, status: str) -> None:
    """No queue need be asked."""
    write(tmp_path / ".snakemake/cluster_logs", {"7.exit": f"{code}\n"})
    script = str(data_dir(f"profiles/{system}") / "status.sh")
    assert run("bash", script, "7", cwd=tmp_path).out == f"{status}\n"


@pytest.mark.parametrize(
    ("system", "variable"),
    [("sge", "JOB_ID"), ("lsf-generic", "LSB_JOBID"), ("generic", "PBS_JOBID")],
)
def test_the_exit_code_is_left(tmp_path: Path, system: str, variable: str) -> None:
    """Whatever Snakemake's command does, which ends with `exit 0 || exit 1`."""
    template = (data_dir(f"profiles/{system}") / "jobscript.sh").read_text()
    (tmp_path / "work/.snakemake/cluster_logs").mkdir(parents=True)
    for word, code in (("true", 0), ("false", 1)):
        command = f"cd {tmp_path}/work && {word} && exit 0 || exit 1"
        write(tmp_path, {"job.sh": template.format(exec_job=command)})
        assert run("sh", "job.sh", cwd=tmp_path, **{variable: word}).code == code
        left = tmp_path / f"work/.snakemake/cluster_logs/{word}.exit"
        assert left.read_text() == f"{code}\n"


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("name", ["TERM", "USR2", "XCPU"])
def test_a_signal_is_no_success(tmp_path: Path, shell: str, name: str) -> None:
    """bash runs what is to be done at the end with the code of the last command, mostly 0."""
    template = (data_dir("profiles/sge") / "jobscript.sh").read_text()
    (tmp_path / ".snakemake/cluster_logs").mkdir(parents=True)
    command = "touch begun; while sleep 0.1; do :; done && exit 0 || exit 1"
    write(tmp_path, {"job.sh": template.format(exec_job=command)})
    env = environment(JOB_ID="7")
    with subprocess.Popen([shell, "job.sh"], cwd=tmp_path, env=env, start_new_session=True) as job:
        wait_until((tmp_path / "begun").exists)
        os.killpg(job.pid, getattr(signal, f"SIG{name}"))
        assert job.wait(timeout=PATIENCE) == 143
    assert (tmp_path / ".snakemake/cluster_logs/7.exit").read_text() == "143\n"


def test_lsf_prints_the_number_only(tmp_path: Path) -> None:
    config = yaml.safe_load((data_dir("profiles/lsf-generic") / CONFIG).read_text())
    command = config["cluster-generic-submit-cmd"].split(" -J ")[0]
    says = "echo 'Job <4711> is submitted to queue <normal>.'"
    tools = write(
        tmp_path / "tools", {"bsub": f'#!/bin/bash\n[[ "$*" == "-n 1 a b" ]] && {says}\n'}
    )
    (tools / "bsub").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    done = run("sh", "-c", f'{command} -n 1 "a b"', cwd=tmp_path, PATH=path)
    assert (done.code, done.out) == (0, "4711\n")
    assert run("sh", "-c", f"{command} -n 2", cwd=tmp_path, PATH=path).code != 0

"""A SLURM of the tests' own. Its one node is as large as the tests need, on any machine.

`munged`, `slurmctld` and `slurmd` come from Debian's packages; all that they write is in a
temporary folder, with a key, a socket and ports of their own, so that a SLURM of the machine is
neither used nor disturbed. They end with the session. Each worker of pytest-xdist that needs a
SLURM has its own. Without the packages, or without root, tests that need it are skipped and say
why.

The variable `SLURM_CONF` says which SLURM a command uses. The executor plugin removes it in the
steps of its jobs (slurm-jobstep 0.6). So the first folder in `PATH` has commands that set it
themselves.

There is no accounting: statuses come from `squeue`. SLURM watches the memory of jobs, and ends a
job within seconds that takes more than it asked for.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from support.running import BIN

CPUS = 24
MEMORY_MB = 64_000
DOWN = "later"
"""A partition that takes jobs and starts none: they stay pending."""
_COMMANDS = ("sacct", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
_DAEMONS = {
    "munged": (
        *("munged", "--foreground", "--force", "--socket={folder}/munge.socket"),
        *("--key-file={folder}/munge.key", "--log-file={folder}/munge.log"),
        *("--pid-file={folder}/munge.pid", "--seed-file={folder}/munge.seed"),
    ),
    "slurmctld": ("slurmctld", "-D", "-i"),
    "slurmd": ("slurmd", "-D"),
}
_PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/sbin"

# `config_overrides`: the node has what is written here, also if the machine has less.
_CONFIG = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
DefMemPerCPU=1000
OverTimeLimit=0
KillWait=2
MinJobAge=3600
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory}
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE
PartitionName={down} Nodes={host} MaxTime=INFINITE State=DOWN
"""


@dataclass(frozen=True)
class Slurm:
    """A running SLURM."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """Variables: with them, commands and the jobs that they submit use only this SLURM."""
        return {"PATH": os.pathsep.join([str(self.folder / "bin"), str(BIN), _PATH])}

    def ask(self, *command: str) -> str:
        """Run one of SLURM's commands; returns its output."""
        done = subprocess.run(
            command, env=_env(**self.env), capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def jobs(self, folder: Path) -> dict[str, str]:
        """State by job id of all jobs that were submitted from a folder."""
        command = ("squeue", "-h", "-a", "-r", "-t", "all", "-o", "%i|%T|%Z")
        rows = [line.split("|", 2) for line in self.ask(*command).splitlines()]
        return {job: state for job, state, place in rows if place == str(folder)}


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """A SLURM with an idle node."""
    _skip_without()
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: a socket's path has 108 characters
    server = Slurm(folder)
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        _configure(folder)
        for command in _DAEMONS.values():
            words = [word.format(folder=folder) for word in command]
            daemons.append(_start(words, server))
        _wait_until_idle(server, daemons)
        yield server
    finally:
        _stop(server, daemons)
        shutil.rmtree(folder, ignore_errors=True)


def _skip_without() -> None:
    missing = [name for name in _DAEMONS if not shutil.which(name, path=_PATH)]
    if missing:
        what = ", ".join(missing)
        pytest.skip(f"no SLURM to test with ({what} missing): apt-get install slurm-wlm munge")
    if os.geteuid() != 0:
        pytest.skip("SLURM (apt-get install slurm-wlm munge) can start jobs for root only")


def _configure(folder: Path) -> None:
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    told = subprocess.run(["slurmd", "-C"], env=_env(), capture_output=True, text=True, timeout=300)
    host = told.stdout.partition("NodeName=")[2].split()[0]
    text = _CONFIG.format(
        folder=folder, host=host, ports=_free_ports(), cpus=CPUS, memory=MEMORY_MB, down=DOWN
    )
    (folder / "slurm.conf").write_text(text)
    for name in _COMMANDS:
        real = shutil.which(name, path=_PATH)
        command = folder / "bin" / name
        command.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {real} "$@"\n')
        command.chmod(0o755)


def _env(**extra: str) -> dict[str, str]:
    """The environment, without the variables of a SLURM job that the tests may run in."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    return {**kept, "PATH": _PATH, **extra}


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _start(command: list[str], server: Slurm) -> subprocess.Popen[bytes]:
    with (server.folder / f"{command[0]}.out").open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=server.folder,
            env=_env(SLURM_CONF=str(server.folder / "slurm.conf"), **server.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the tests
        )


def _wait_until_idle(server: Slurm, daemons: list[subprocess.Popen[bytes]]) -> None:
    command = ["sinfo", "-h", "-p", "main", "-o", "%T"]
    deadline = time.monotonic() + 300
    while all(daemon.poll() is None for daemon in daemons) and time.monotonic() < deadline:
        done = subprocess.run(command, env=_env(**server.env), capture_output=True, text=True)
        if done.stdout.strip() == "idle":
            return
        time.sleep(0.1)
    logs = [*server.folder.glob("*.out"), *server.folder.glob("*.log")]
    said = "".join(f"\n--- {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in logs)
    pytest.fail(f"SLURM is installed, but its node does not become idle{said}")


def _stop(server: Slurm, daemons: list[subprocess.Popen[bytes]]) -> None:
    """End the daemons, the last one started first, then all processes of jobs and runs."""
    for daemon in reversed(daemons):
        daemon.terminate()
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait(20)
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get("PATH") == server.env["PATH"]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

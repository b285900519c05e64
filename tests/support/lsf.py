"""A stand-in for LSF: programs that do what those of LSF 10.1 do, as far as its plugin asks for it.

`bsub` starts a job at once, as processes of this machine in a session of their own. When the job
has ended, its output and LSF's report are in the file of `-o`. `bjobs` lists jobs, `bkill` ends
them. `bkill -reason RUNLIMIT` is no option of LSF: the stand-in ends the job as LSF does if a limit
is exceeded. `bsub` starts no job of the queue `closed`: it stays pending.

The texts follow the manuals of LSF, and the tests of snakemake-executor-plugin-lsf.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil

from support.projects import write
from support.running import BIN

_PROGRAM = """\
#!{python} -IS
import fnmatch, json, os, pathlib, signal, subprocess, sys, time

FOLDER = pathlib.Path({folder!r})
NAME, WORDS = os.path.basename(sys.argv[0]), sys.argv[1:]


def option(name, default=""):
    return WORDS[WORDS.index(name) + 1] if name in WORDS else default


def note(job, name, text=None):
    path = FOLDER / "jobs" / job / name
    if text is not None:
        (part := path.with_suffix(".part")).write_text(text)
        part.rename(path)
    return path.read_text() if path.exists() else ""


def bsub():
    for number in range(1, 10_000):
        try:
            (FOLDER / "jobs" / str(number)).mkdir(parents=True)
            break
        except FileExistsError:
            pass
    job, queue = str(number), option("-q", "normal")
    note(job, "words", json.dumps(WORDS))
    note(job, "name", option("-J"))
    note(job, "state", "PEND")
    if queue != "closed":
        if os.fork() == 0:
            os.setsid()
            devnull = os.open(os.devnull, os.O_RDWR)
            for one in (0, 1, 2):
                os.dup2(devnull, one)
            run(job)
            os._exit(0)
    print(f"Job <{{job}}> is submitted to queue <{{queue}}>.")


def run(job):
    note(job, "state", "RUN")
    env = {{**os.environ, "LSB_JOBID": job}}
    with open(option("-o"), "ab") as output:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", WORDS[-1]], env=env, stdout=output, stderr=output,
            cwd=option("-cwd", "."), start_new_session=True,
        )
        note(job, "pid", str(shell.pid))
        code = shell.wait()
    code = 128 - code if code < 0 else code
    how = "Done" if code == 0 else "Exited"
    with open(option("-o"), "a") as output:
        name, reason = note(job, "name"), note(job, "reason")
        line = "-" * 60
        print(f"\\n{{line}}\\nSender: LSF System <lsf@node>\\nSubject: Job {{job}}: <{{name}}> in", file=output, end="")
        print(f" cluster <lab> {{how}}\\n\\nResults reported at now\\n", file=output)
        if reason:
            print(f"TERM_{{reason}}: job killed.", file=output)
        print("Successfully completed." if code == 0 else f"Exited with exit code {{code}}.", file=output)
    note(job, "state", "DONE" if code == 0 else "EXIT")


def bkill():
    for job in WORDS[2:] if WORDS[0] == "-reason" else WORDS:
        state = note(job, "state")
        if state not in ("PEND", "RUN"):
            print(f"Job <{{job}}>: Job has already finished", file=sys.stderr)
            continue
        note(job, "reason", option("-reason", "OWNER"))
        if state == "PEND":
            note(job, "state", "EXIT")
        else:
            while not note(job, "pid"):
                time.sleep(0.02)
            os.killpg(int(note(job, "pid")), signal.SIGKILL if "-reason" in WORDS else signal.SIGTERM)
        print(f"Job <{{job}}> is being terminated")


def bjobs():
    found = 0
    pattern, columns = option("-aJ"), option("-o").split()
    for path in sorted((FOLDER / "jobs").glob("*"), key=lambda one: int(one.name)):
        state, name = note(path.name, "state"), note(path.name, "name")
        if fnmatch.fnmatchcase(name, pattern) if pattern else state in ("PEND", "RUN"):
            found += 1
            print(*[{{"jobid": path.name, "stat": state}}[one] for one in columns])
    if not found:
        print("No matching job found" if pattern else "No unfinished job found", file=sys.stderr)
        sys.exit(255)


def badmin():
    print("MBD configuration at now")
    for key, value in {{"LSB_SHAREDIR": FOLDER, "LSF_CONFDIR": FOLDER, "LSF_UNIT_FOR_LIMITS": "MB"}}.items():
        print(f"   {{key}} = {{value}}")


def lsclusters():
    print("CLUSTER_NAME STATUS MASTER_HOST ADMIN HOSTS SERVERS\\nlab ok node lsf 1 1")


def bhist():
    print("Job <1>, User <me>, Project <guessed>, Status <DONE>")


with open(FOLDER / "calls", "a") as calls:
    print(json.dumps([NAME, *WORDS]), file=calls)
globals()[NAME]()
"""
_NAMES = ("bsub", "bjobs", "bkill", "badmin", "lsclusters", "bhist")
SNAKEMAKE = """\
import asyncio
import os

import snakemake_executor_plugin_lsf as plugin
from snakemake.cli import main

plugin.common_settings.__dict__["init_seconds_before_status_checks"] = 0.3


async def sleep(self):
    await asyncio.sleep(0.3)
    while self.wait and "LSF_IS_NOT_ASKED" in os.environ:
        await asyncio.sleep(0.1)


plugin.Executor.sleep = sleep
main()
"""
"""Snakemake as it is, but the plugin looks after its jobs sooner than in its usual 20 seconds.

With the variable `LSF_IS_NOT_ASKED`, it looks only once, before the first job. Snakemake cancels no
job that its executor asks about at that moment (seen with snakemake-interface-executor-plugins 9.4).
"""


@dataclass(frozen=True)
class Lsf:
    """A stand-in of LSF."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """Variables with which programs and jobs use this LSF."""
        path = os.environ.get("PATH", "")
        return {"PATH": os.pathsep.join([str(self.folder / "bin"), str(BIN), path])}

    def words(self) -> Iterator[list[str]]:
        """What `bsub` was called with, job by job."""
        for folder in self._jobs():
            yield json.loads((folder / "words").read_text())

    def states(self) -> dict[str, str]:
        """The states of all jobs, by their numbers."""
        return {one.name: (one / "state").read_text() for one in self._jobs()}

    def calls(self, program: str) -> list[list[str]]:
        """The arguments of all calls of a program."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [words for name, *words in map(json.loads, lines) if name == program]

    def _jobs(self) -> list[Path]:
        return sorted((self.folder / "jobs").glob("*"), key=lambda one: int(one.name))

    def options(self) -> dict[str, Mapping[str, str]]:
        """The options of `bsub` by the sample or rule of each job; `-R` is joined."""
        found = {}
        for words in self.words():
            options: dict[str, str] = {}
            for name, value in pairwise(words):
                if name.startswith("-") and name[1:2].isalpha():
                    options[name] = (
                        f"{options[name]} {value}" if name == "-R" and name in options else value
                    )
            name = options["-J"].partition("___")[0]
            found[name.partition("sample=")[2] or name] = options
        return found


@contextmanager
def lsf_at(folder: Path) -> Iterator[Lsf]:
    """A stand-in with its files in a folder. Its jobs end with the block."""
    text = _PROGRAM.format(python=sys.executable, folder=str(folder))
    params = "Begin Parameters\nDEFAULT_QUEUE = normal # the rest\nEnd Parameters\n"
    write(folder, {"lsbatch/lab/configdir/lsb.params": params, "lab/logdir/lsb.events": ""})
    (folder / "bin").mkdir()
    (folder / "jobs").mkdir()
    for name in _NAMES:
        program = folder / "bin" / name
        program.write_text(text)
        program.chmod(0o755)
    try:
        yield Lsf(folder)
    finally:
        for pid in folder.glob("jobs/*/pid"):
            with contextlib.suppress(OSError, ValueError, psutil.Error):
                os.killpg(int(pid.read_text()), signal.SIGKILL)

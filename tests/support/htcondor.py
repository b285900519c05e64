"""A stand-in for HTCondor's scheduler, below HTCondor's real Python bindings.

The bindings make the submit description and read the log of the jobs' events. Between the two a
pool would run the jobs; here they are processes of this machine. The stand-in writes the events
into the log as HTCondor 24 does. A job is removed by `condor_rm NUMBER`, and held by
`condor_hold NUMBER REASON`, where HTCondor would hold it for its memory.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.running import BIN

_NOTES = """\
#!/bin/sh
# The last words are a reason.
name=$1
shift
printf '%s' "$*" > "{folder}/$name.part" && mv "{folder}/$name.part" "{folder}/$name.$(basename "$0")"
"""
_QUEUE = """\
#!/bin/sh
cat "{folder}/queue" 2> /dev/null
exit 0
"""
SNAKEMAKE = """\
import asyncio, json, os, pathlib, signal, subprocess, threading, time, warnings

warnings.filterwarnings("ignore", "Neither the environment variable CONDOR_CONFIG")
import htcondor2
import snakemake_executor_plugin_htcondor as plugin

FOLDER = pathlib.Path(os.environ["HTCONDOR_STAND_IN"])
USAGE = "".join(
    f"\\t\\tUsr 0 00:00:00, Sys 0 00:00:00  -  {which} Usage\\n"
    for which in ("Run Remote", "Run Local", "Total Remote", "Total Local")
)


class Result:
    def __init__(self, number):
        self.number = number

    def cluster(self):
        return self.number


class Schedd:
    def submit(self, description):
        number = 1
        while (FOLDER / f"{number}.json").exists():
            number += 1
        told = {key: description[key] for key in description.keys()}
        (FOLDER / f"{number}.json").write_text(json.dumps(told))
        log = pathlib.Path(told["log"]).absolute()
        event(log, "000", number, "Job submitted from host: <127.0.0.1:9618>")
        env = dict(os.environ) if told.get("getenv") == "true" else {"HOME": os.environ["HOME"]}
        path = told["output"].replace("$(ClusterId)", str(number))
        with open(path, "wb") as output:
            process = subprocess.Popen(
                [told["executable"], *told["arguments"].split()],
                env={**env, "CLUSTER": str(number)}, stdout=output, stderr=output,
                start_new_session=True,
            )
        event(log, "001", number, "Job executing on host: <127.0.0.1:9618>")
        threading.Thread(target=follow, args=(process, number, log), daemon=True).start()
        return Result(number)

    def act(self, action, jobs):
        assert action == htcondor2.JobAction.Remove
        for job in jobs:
            (FOLDER / f"{job.partition('.')[0]}.condor_rm").write_text("")


def follow(process, number, log):
    removed, held = FOLDER / f"{number}.condor_rm", FOLDER / f"{number}.condor_hold"
    while process.poll() is None and not removed.exists() and not held.exists():
        time.sleep(0.05)
    if removed.exists() or held.exists():
        end(process)
    if removed.exists():
        event(log, "009", number, "Job was aborted.\\n\\tvia condor_rm (by user me)")
    elif held.exists():
        event(log, "012", number, f"Job was held.\\n\\t{held.read_text()}\\n\\tCode 34 Subcode 0")
    else:
        how = f"\\t(1) Normal termination (return value {process.returncode})\\n"
        if process.returncode < 0:
            how = f"\\t(0) Abnormal termination (signal {-process.returncode})\\n\\t(0) No core file\\n"
        event(log, "005", number, "Job terminated.\\n" + how + USAGE.rstrip("\\n"))


def end(process):
    import psutil

    everybody = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    for one in everybody:
        try:
            one.terminate()
        except psutil.Error:
            pass
    if process.poll() is None:
        process.terminate()
    process.wait()


LOCK = threading.Lock()


def event(log, kind, number, text):
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    with LOCK, open(log, "a") as file:
        file.write(f"{kind} ({number:03}.000.000) {now} {text}\\n...\\n")


async def sleep(self):
    await asyncio.sleep(0.3)


htcondor2.Schedd = Schedd
plugin.Executor.sleep = sleep
from snakemake.cli import main

main()
"""
"""Snakemake with the stand-in. The plugin looks after its jobs sooner than usual."""


@dataclass(frozen=True)
class HTCondor:
    """A stand-in with its files in a folder."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """Variables with which programs and jobs use it."""
        path = os.pathsep.join([str(self.folder / "bin"), str(BIN), os.environ.get("PATH", "")])
        return {"PATH": path, "HTCONDOR_STAND_IN": str(self.folder)}

    def descriptions(self) -> dict[str, dict[str, Any]]:
        """The submit descriptions, by the names of their batches."""
        found = [json.loads(path.read_text()) for path in self.folder.glob("*.json")]
        return {one["batch_name"]: one for one in found}


def htcondor_at(folder: Path) -> HTCondor:
    """A stand-in with its files in a folder."""
    (folder / "bin").mkdir()
    for name, text in (("condor_rm", _NOTES), ("condor_hold", _NOTES), ("condor_q", _QUEUE)):
        program = folder / "bin" / name
        program.write_text(text.format(folder=folder))
        program.chmod(0o755)
    return HTCondor(folder)

"""The journal of a run: what only its main process knows, for `check` and for the next run.

    .snakemake/looper/runs/<time>-<pid>.jsonl

One file per run, of JSON lines, written by one process and never rewritten. The process holds a
lock on it for as long as it lives, so a run that is going on can be told from one that was killed,
without asking anybody. Flags say which status a record has; the journal says what is behind it:
which records a run set out to do, as which cluster jobs, and why one failed as far as the executor
knows. What can be read elsewhere (exit codes and last lines are in the job's log) is not in it.

    run        who and where: process, host, plan
    begin      the records that are to be run, each with the status it had; the executor
    planned    a record that is run though `begin` does not have it
    submitted  the cluster job of some records
    ended      a record that failed or was interrupted
    end        the run is over, in order

A last line that was cut off by a kill is passed over. Lines are small and rare: a job of this
machine that completes leaves none.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .processes import is_process, locked

FOLDER = Path(".snakemake") / "looper" / "runs"


class Death(NamedTuple):
    """What a run knew of a record that did not complete."""

    status: str
    at: float
    """Seconds since the epoch."""
    stamp: int | None
    """When its flag was written (ns): with another flag, this is about an earlier run."""
    reason: str = ""
    exit_code: int | None = None
    signal: str = ""
    external_jobid: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its journal tells it. Records are named by their completed flag."""

    path: Path
    pid: int
    host: str
    plan: str
    started: float
    executor: str
    began: float | None
    ended: float | None
    planned: Mapping[str, str]
    """The records that it set out to run, with the status that each had before."""
    submitted: Mapping[str, str]
    """Cluster jobs."""
    deaths: Mapping[str, Death]
    alive: bool
    """Whether its process is there; if that cannot be told, it is taken to be."""

    @property
    def died(self) -> bool:
        """Whether it was killed: it neither runs nor ended."""
        return not self.alive and self.ended is None

    @property
    def is_local(self) -> bool:
        return self.executor == "local"


class Journal:
    """The journal of this process's run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun = False
        self.executor = ""
        self.planned: dict[str, str] = {}
        self.external: dict[str, str] = {}
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError:  # who may only read the project has nothing to note
            self._file = Path(os.devnull).open("a", encoding="utf-8")  # noqa: SIM115
            return
        with contextlib.suppress(OSError):  # no locks on this file system: `alive` asks the pid
            fcntl.flock(self._file, fcntl.LOCK_EX)

    @classmethod
    def open(cls, workdir: Path, plan: str) -> Journal:
        """Begin a journal for a plan, named by its folder."""
        folder = workdir / FOLDER
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        journal = cls(folder / f"{stamp}-{os.getpid()}.jsonl")
        journal.write("run", pid=os.getpid(), host=socket.gethostname(), plan=plan)
        return journal

    def begin(self, executor: str, planned: Mapping[str, str]) -> None:
        self.begun, self.executor, self.planned = True, executor, dict(planned)
        self.write("begin", executor=executor, planned=self.planned)

    def submitted(self, flags: Iterable[str], external_jobid: str) -> None:
        self.external |= dict.fromkeys(flags, external_jobid)
        self.write("submitted", flags=list(flags), external_jobid=external_jobid)

    def record_death(self, flag: str, death: Death) -> None:
        self.write("ended", flag=flag, death=death._asdict())

    @property
    def is_closed(self) -> bool:
        return self._file.closed

    def hand_over(self, flag: str) -> None:
        """Note a record that was not planned when the run began, as in a module."""
        if flag not in self.planned:
            self.begun, self.planned[flag] = True, ""
            self.write("planned", flags={flag: ""})

    def end(self) -> None:
        """The run is over, in order; nothing more is written."""
        if self.is_closed:
            return
        self.write("end")
        self._file.close()
        if not self.begun:  # a dry run, or nothing was to be done
            with contextlib.suppress(OSError):
                self.path.unlink()

    def write(self, event: str, **fields: Any) -> None:
        if not self._file.closed:
            line = json.dumps({"event": event, "at": time.time(), **fields}, ensure_ascii=False)
            self._file.write(line + "\n")
            self._file.flush()


def read_runs(workdir: Path) -> list[Run]:
    """The runs whose journals are kept, the oldest first."""
    folder = workdir / FOLDER
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    except OSError:
        return []
    return [run for name in names if (run := _read(folder / name)) is not None]


def end_for(run: Run) -> None:
    """Close the journal of a run that was killed, once all it left is settled."""
    with contextlib.suppress(OSError), run.path.open("a", encoding="utf-8") as file:
        # A line that the kill cut off must not take this one with it.
        file.write("\n" + json.dumps({"event": "end", "at": time.time(), "killed": True}) + "\n")


def prune(runs: Iterable[Run], wanted: Iterable[str]) -> None:
    """Remove journals that say nothing any more about the wanted records (those not completed).

    The last run's stays in any case, and so does each that may still be going on.
    """
    left = set(wanted)
    past = [run for run in runs if not run.alive]
    for number, run in enumerate(reversed(past)):
        about = left & (run.deaths.keys() | (run.planned.keys() if run.died else set()))
        left -= about
        if number and not about:
            run.path.unlink(missing_ok=True)


def _read(path: Path) -> Run | None:
    try:
        lines = list(_lines(path))
    except OSError:
        return None
    head: dict[str, Any] = next((line for line in lines if line["event"] == "run"), {})
    if not head:
        return None
    begin: dict[str, Any] = next((line for line in lines if line["event"] == "begin"), {})
    end = next((line["at"] for line in lines if line["event"] == "end"), None)
    planned: dict[str, str] = dict(begin.get("planned", {}))
    submitted: dict[str, str] = {}
    deaths: dict[str, Death] = {}
    for line in lines:
        if line["event"] == "planned":
            planned |= line["flags"]
        elif line["event"] == "submitted":
            submitted |= dict.fromkeys(line["flags"], line["external_jobid"])
        elif line["event"] == "ended":
            deaths[line["flag"]] = Death(**line["death"])
    return Run(
        path=path,
        pid=head["pid"],
        host=head["host"],
        plan=head["plan"],
        started=head["at"],
        executor=begin.get("executor", ""),
        began=begin.get("at", head["at"] if planned else None),
        ended=end,
        planned=planned,
        submitted=submitted,
        deaths=deaths,
        alive=end is None and _alive(path, head),
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict) and "event" in found:
                    yield found


def _alive(path: Path, head: Mapping[str, Any]) -> bool:
    """Whether the process of an unfinished journal is there: it holds a lock, or has its number."""
    held = locked(path)
    if held is None:
        return head["host"] != socket.gethostname() or is_process(head["pid"])
    return held

"""The journal of a run: facts that only its main process knows, for `check` and the next run.

    .snakemake/looper/runs/<time>-<pid>.jsonl

Each run has one file of JSON lines. The main process of the run appends to it, and nobody rewrites
it. The process holds a lock on the file as long as it lives. So another process can tell a living
run from a killed one, even in another process namespace.

A flag says the status of a record. The journal adds the records that the run planned, their cluster
jobs, and the executor's reason if a job failed. Exit codes and the last lines of output stand in
the job's log, so the journal does not repeat them.

    run        process, process namespace, host, plan, version of this package
    begin      the records that the run plans, each with the status it had; the executor
    planned    a record that the run added after `begin`
    submitted  the cluster job of some records
    ended      a record that failed or was interrupted
    end        the run ended and left no job running, or a later run has handled what it left

A journal may be damaged, written by another version, or cut off by a kill. So a reader skips a line
that has another shape, and a file without a `run` line. Journals stay small: a job on this
machine that completes adds no line.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..files import open_file
from ..layout import JOURNALS
from ..system_errors import at
from ..version import __version__
from .processes import is_process, locked, process_namespace


class Death(NamedTuple):
    """The facts that a run noted about a record that did not complete."""

    status: str
    at: float
    """Seconds since the epoch."""
    stamp: int | None
    """The time when its flag was written, in ns. If the flag is newer, this note is outdated."""
    reason: str = ""
    exit_code: int | None = None
    signal: str = ""
    external_jobid: str = ""
    attempt: int = 1
    """The number of the try: 1 for the first."""
    started: float | None = None
    """When its shell began, as the shell noted it; None if that is not known."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its journal describes it. Records are named by their completed flag."""

    path: Path
    pid: int
    host: str
    plan: str
    started: float
    executor: str
    began: float | None
    ended: float | None
    planned: Mapping[str, str]
    """The records that it planned to run, each with the status that it had before."""
    submitted: Mapping[str, str]
    """The cluster job of each record that has one."""
    deaths: Mapping[str, Death]
    alive: bool
    """Whether its process is alive; also True if nobody can know."""
    version: str = ""
    """The version of this package that it ran with."""

    @property
    def died(self) -> bool:
        """Whether it was killed, or left jobs running: it is gone, and its journal has no `end`."""
        return not self.alive and self.ended is None

    @property
    def is_local(self) -> bool:
        """Whether its jobs ran on the machine of the run, not on a cluster."""
        return self.executor == "local"


class Journal:
    """The journal of this process's run."""

    def __init__(self, path: Path) -> None:
        """Make a journal.

        Raises:
            FileExistsError: there is a journal of this name.
            OSError: the journal cannot be written.
        """
        self.path = path
        self.begun = False
        self.began: float | None = None
        """When the records were planned, in seconds since the epoch."""
        self.executor = ""
        self.planned: dict[str, str] = {}
        self.external: dict[str, str] = {}
        self._file = path.open("x", encoding="utf-8")
        # No writer has a lock on a new file. A reader may hold one for a moment, to test it.
        with contextlib.suppress(OSError):  # a file system without locks: `alive` asks the pid
            fcntl.flock(self._file, fcntl.LOCK_EX)

    @classmethod
    def open(cls, workdir: Path, plan: str) -> Journal:
        """Begin the journal of a run, with its `run` line.

        Args:
            workdir: Snakemake's working directory.
            plan: name of the plan's folder.

        Raises:
            OSError: the journal cannot be written.
        """
        folder = workdir / JOURNALS
        folder.mkdir(parents=True, exist_ok=True)
        journal = cls._new(folder)
        journal.write(
            "run",
            pid=os.getpid(),
            namespace=process_namespace(),
            host=socket.gethostname(),
            plan=plan,
            version=__version__,
        )
        return journal

    @classmethod
    def _new(cls, folder: Path) -> Journal:
        """A journal with a new name: one process may run several projects."""
        while True:
            now = time.time_ns()
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now // 10**9))
            name = f"{stamp}.{now // 1000 % 10**6:06d}-{os.getpid()}.jsonl"
            with contextlib.suppress(FileExistsError):
                return cls(folder / name)

    def begin(self, executor: str, planned: Mapping[str, str]) -> None:
        """Note the records that the run plans, with their statuses, before the first job."""
        self.begun, self.executor, self.planned = True, executor, dict(planned)
        self.began = time.time()
        self.write("begin", executor=executor, planned=self.planned)

    def submitted(self, flags: Iterable[str], external_jobid: str) -> None:
        """Note the cluster job of some records."""
        self.external |= dict.fromkeys(flags, external_jobid)
        self.write("submitted", flags=list(flags), external_jobid=external_jobid)

    def record_death(self, flag: str, death: Death) -> None:
        """Note that a record failed or was interrupted."""
        self.write("ended", flag=flag, death=death._asdict())

    @property
    def is_closed(self) -> bool:
        """Whether the run has ended its journal."""
        return self._file.closed

    def hand_over(self, flag: str) -> None:
        """Note a record that was not planned at `begin`, for example a module's."""
        if flag not in self.planned:
            self.begun, self.planned[flag] = True, ""
            self.write("planned", flags={flag: ""})

    def end(self, leaves_jobs: bool = False) -> None:
        """End the journal. Later calls write nothing.

        Args:
            leaves_jobs: whether jobs of the run still run. The journal then has no `end` line, and
                the next run treats them as it treats those of a killed run.
        """
        if self.is_closed:
            return
        try:
            if not leaves_jobs:
                self.write("end")
        finally:
            with contextlib.suppress(OSError):  # what is left to be written, after an error
                self._file.close()
        if not self.begun:  # a dry run, or a run without any job
            with contextlib.suppress(OSError):
                self.path.unlink()

    def write(self, event: str, **fields: Any) -> None:
        """Append a line, unless the journal is closed."""
        if not self._file.closed:
            line = json.dumps({"event": event, "at": time.time(), **fields}, ensure_ascii=False)
            with at(self.path):
                self._file.write(line + "\n")
                self._file.flush()


def read_runs(workdir: Path) -> list[Run]:
    """The runs whose journals are kept, the oldest first."""
    folder = workdir / JOURNALS
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    except OSError:
        return []
    return [run for name in names if (run := _read(folder / name)) is not None]


def end_for(run: Run) -> None:
    """End the journal of a killed run, after all its records have their final status."""
    with contextlib.suppress(OSError), run.path.open("a", encoding="utf-8") as file:
        # The kill may have cut off the last line, so this line begins a new one.
        file.write("\n" + json.dumps({"event": "end", "at": time.time(), "killed": True}) + "\n")


def prune(runs: Iterable[Run], wanted: Callable[[str], bool]) -> None:
    """Remove journals that are no longer needed.

    A journal is needed if it has the latest facts about a record for which `wanted` is true. This
    function always keeps the journals of the last run and of runs that are alive.

    Args:
        runs: all runs, the oldest first.
        wanted: whether facts about a record, named by its completed flag, are needed.
    """
    told: set[str] = set()
    past = [run for run in runs if not run.alive]
    for number, run in enumerate(reversed(past)):
        about = run.deaths.keys() | (run.planned.keys() if run.died else set())
        new = {flag for flag in about - told if wanted(flag)}
        told |= new
        if number and not new:
            with contextlib.suppress(OSError):
                run.path.unlink(missing_ok=True)


def _read(path: Path) -> Run | None:
    try:
        lines = list(_lines(path))
    except OSError:
        return None
    head = next((line for line in lines if line["event"] == "run"), None)
    if head is None:
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
        version=str(head.get("version", "")),
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal, without those that have another shape."""
    with open_file(path) as file:
        for text in file:
            try:
                line = json.loads(text.decode(errors="replace"))
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict) and _is_sound(line):
                yield line


def _is_sound(line: Mapping[str, Any]) -> bool:
    """Whether a line has the fields of its event, each of its type."""
    event = line.get("event")
    fields = _FIELDS.get(event) if isinstance(event, str) else None
    if fields is None or not isinstance(line.get("at"), (int, float)):
        return False
    return all(is_sound(line.get(name)) for name, is_sound in fields.items())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_statuses(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_death(value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() <= set(Death._fields):
        return False
    texts = (value.get(name, "") for name in ("status", "reason", "signal", "external_jobid"))
    numbers = (value.get(name, 0) for name in ("at", "attempt"))
    maybe = (value.get(name) for name in ("stamp", "exit_code"))
    started = value.get("started")
    return (
        {"status", "at", "stamp"} <= value.keys()
        and all(map(_is_text, texts))
        and all(isinstance(number, (int, float)) for number in numbers)
        and all(number is None or isinstance(number, int) for number in maybe)
        and (started is None or isinstance(started, (int, float)))
    )


_FIELDS: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "run": {"pid": lambda pid: isinstance(pid, int), "host": _is_text, "plan": _is_text},
    "begin": {"executor": _is_text, "planned": _are_statuses},
    "planned": {"flags": _are_statuses},
    "submitted": {"flags": _are_texts, "external_jobid": _is_text},
    "ended": {"flag": _is_text, "death": _is_death},
    "end": {},
}


def _alive(path: Path, head: Mapping[str, Any]) -> bool:
    """Whether the process of an unfinished journal is alive: by its lock, else by its number.

    A number says nothing on another machine or in another process namespace.
    """
    held = locked(path)
    if held is not None:
        return held
    here = (socket.gethostname(), process_namespace())
    if (head["host"], head.get("namespace", here[1])) != here:
        return True
    return is_process(head["pid"])

"""The promises that `kill.py` checks after an attack; each function returns the broken ones."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import yaml
from kill_project import Project

BIN = Path(sys.executable).parent


def of_flags(project: Project, when: str) -> list[str]:
    """These hold at any time, also while jobs of killed runs are still there."""
    flags = Counter(name.rsplit("_", 1)[0] for name in project.flags())
    found = [f"{when}: {record} has {n} flags" for record, n in flags.items() if n > 1]
    found += [
        f"{when}: {record} is called completed, and is not"
        for record in project.records
        if project.has_completed(record) and not project.is_done(record)
    ]
    violations = project.folder / "violations"
    if violations.exists():
        found.append(f"{when}: twice at the same time: {violations.read_text()}")
    return found


def of_check(project: Project, when: str) -> list[str]:
    """These hold once no process is left: `check` is right, and each job that began has a flag."""
    words = [str(BIN / "snakemake-looper"), "check", "--json"]
    words += ["--lump-n", str(project.lump)] if project.lump else []
    done = subprocess.run(words, cwd=project.folder, capture_output=True, text=True)
    statuses = {one["record"]: one["status"] for one in json.loads(done.stdout)["records"]}
    found = [
        f"{when}: check says that {record} is {status}, and nothing is there"
        for record, status in statuses.items()
        if status in ("running", "waiting")
    ]
    with_flags = {name.rsplit("_", 1)[0] for name in project.flags()}
    missing = project.begun().keys() - with_flags
    return found + [f"{when}: {record} was begun and has no flag" for record in missing]


def of_neighbours(project: Project, victims: int, when: str) -> list[str]:
    """These hold if signals went to jobs of their own, or to members of lumps: the others go on."""
    left = [sample for sample in project.samples if not project.has_completed(sample)]
    if len(left) <= victims:
        return []
    return [f"{when}: {', '.join(left)} are not completed, and {victims} had signals"]


def of_tracebacks(text: str) -> list[str]:
    """Tracebacks that lead through this package, and errors of its logger plugin.

    A `KeyboardInterrupt` is no fault: Python prints one if SIGINT meets a script of the Snakefile.
    """
    found = []
    for part in text.split("Traceback (most recent call last)")[1:]:
        head = part[:4000]
        last = next((line for line in head.splitlines()[1:] if line[:1] not in ("", " ")), "")
        if last.startswith("KeyboardInterrupt"):
            continue
        if "snakemake_looper/" in head or "snakemake_logger_plugin_looper" in head:
            found.append(head)
    found += [word for word in ("Logging error", "error in the looper") if word in text]
    return found


def of_the_end(project: Project, log: str) -> list[str]:
    """These hold after a run without signals: all is completed, and all results are there."""
    found = of_flags(project, "at the end")
    flags = project.flags()
    if flags != sorted(f"{record}_completed" for record in project.records):
        found.append(f"flags at the end: {flags}")
    elif (words := project.statuses_in_flags()) != {"completed"}:
        found.append(f"contents of flags: {words}")
    assembled = project.folder / "results/kill/results.yaml"
    results = yaml.safe_load(assembled.read_text()) if assembled.exists() else None
    records = sorted(results["kill"]["sample"]) if results else []
    if records != sorted(project.samples):
        found.append(f"records at the end: {records}\n{log[-1500:]}")
    return found


class OnlyWhatIsLeft:
    """A sample that is completed before a run does not begin again in it."""

    def __init__(self, project: Project) -> None:
        begun = project.begun()
        completed = filter(project.has_completed, project.samples)
        self._project = project
        self._before = {sample: begun.get(sample, 0) for sample in completed}

    def broken(self, when: str) -> list[str]:
        begun = self._project.begun()
        return [
            f"{when}: {sample} was completed before, and began again"
            for sample, number in self._before.items()
            if begun.get(sample, 0) != number
        ]


class FlagsStay:
    """A sample that is completed stays so, not only when somebody looks at the end.

    A thread looks at the flags again and again while runs go on. Only for lumps: the flag of a job
    of its own is an output for Snakemake, which deletes it if the job's shell is killed after the
    flag was set.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lost: dict[str, None] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> FlagsStay:
        if self._project.lump:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.look_no_more()

    def look_no_more(self) -> None:
        """Stop before a run without lumps, for which flags are outputs. Can be called twice."""
        self._over.set()
        if self._project.lump:
            self._thread.join()

    def broken(self, when: str) -> list[str]:
        return [f"{when}: {sample} was completed, and lost its flag" for sample in self._lost]

    def _look(self) -> None:
        seen: set[str] = set()
        while not self._over.wait(0.01):
            for sample in self._project.samples:
                if self._project.has_completed(sample):
                    seen.add(sample)
                elif sample in seen:
                    self._lost[sample] = None

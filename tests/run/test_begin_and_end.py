"""The begin and the end of a run in one process: flags, tickets, and what a killed run left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from support.projects import TOUCH, edit, flags

from snakemake_looper.layout import JOURNALS, LOCKS, TICKETS
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.run import lifecycle, orphans
from snakemake_looper.run.entering import enter
from snakemake_looper.run.living_runs import why_in_use, why_locked
from snakemake_looper.run.queues import Queue, queues_of
from snakemake_looper.status.flags import write_flag
from snakemake_looper.status.journal import Journal, read_runs
from snakemake_looper.workspace.engine import PlannedJob
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.metadata import mark_incomplete
from snakemake_looper.workspace.plan_folder_writer import write_plan

PROJECT = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [touch.yaml]
        pipestat: {flag_file_dir: flags}
        """,
}
OLD = time.time() - 100


def flag(name: str) -> str:
    return f"flags/touch_{name}_completed.flag"


class FakeEngine:
    """What a run asks of Snakemake."""

    executor = "local"
    follows_earlier_jobs = False

    def __init__(self) -> None:
        self.to_run = ["a", "b", "c"]
        self.with_prerequisites: set[str] = set()
        self.forced: set[str] = set()
        self.submitted: dict[str, tuple[str, ...]] = {}

    def planned_jobs(self, rules: Iterable[str]) -> Iterator[PlannedJob]:
        for name in self.to_run:
            yield PlannedJob("touch_sample", name, name in self.with_prerequisites, name)

    def external_jobids(self, planned: PlannedJob) -> tuple[str, ...]:
        return self.submitted.get(planned.job, ())

    def is_forced(self, rules: Iterable[str], files: Iterable[str] = ()) -> bool:
        return not self.forced.isdisjoint({*rules, *files})


class Lab:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: Any = FakeEngine()
        self.table = self.plan()

    def plan(self) -> JobTable:
        return write_plan(plan_project(self.folder / ".looper.yaml")).jobs()

    def killed(self, before: dict[str, str] | None = None, executor: str = "local") -> Journal:
        """A run of all samples, killed when each was waiting."""
        journal = Journal.open(self.folder, self.table.path.parent.name)
        journal.begin(executor, before or {flag(name): "" for name in "abc"})
        for name in "abc":
            write_flag(self.folder, flag(name), "waiting", ("none", "failed"))
        return journal

    def die(self, journal: Journal) -> None:
        """A killed process loses the lock on its journal."""
        journal._file.close()

    def begin(self) -> Journal:
        journal = Journal.open(self.folder, self.table.path.parent.name)
        lifecycle.begin(self.table, self.engine, journal)
        return journal

    def flags(self) -> list[str]:
        return [name.removeprefix("touch_").removesuffix(".flag") for name in flags(self.folder)]

    def tickets(self) -> list[str]:
        folder = self.folder / TICKETS
        return sorted(os.listdir(folder)) if folder.exists() else []


@pytest.fixture
def lab(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Lab:
    folder = project(PROJECT)
    monkeypatch.chdir(folder)
    for name in "abc":
        os.utime(folder / f"{name}.txt", (OLD, OLD))
    return Lab(folder)


# --- a run after no other --------------------------------------------------------------------------


def test_what_is_planned_waits(lab: Lab) -> None:
    lab.engine.to_run = ["a", "b"]
    write_flag(lab.folder, flag("a"), "failed", ("none",))
    journal = lab.begin()
    assert lab.flags() == ["a_waiting", "b_waiting"]
    assert journal.planned == {flag("a"): "failed", flag("b"): ""}
    journal.end()


def test_what_was_not_begun_has_its_status_back(lab: Lab) -> None:
    write_flag(lab.folder, flag("a"), "failed", ("none",))
    journal = lab.begin()
    write_flag(lab.folder, flag("c"), "running", ("waiting",))
    lifecycle.restore(lab.folder, journal)
    assert lab.flags() == ["a_failed", "c_running"]
    write_flag(lab.folder, flag("c"), "completed", ("running",))
    lifecycle.end(lab.folder, journal)
    lifecycle.end(lab.folder, journal)
    (run,) = read_runs(lab.folder)
    assert run.ended


@pytest.mark.parametrize("when", ["after its run", "at the end of its run"])
def test_a_job_that_snakemake_did_not_wait_for_is_taken_over(lab: Lab, when: str) -> None:
    journal = lab.begin()
    mark_incomplete(lab.folder, flag("b"))  # as Snakemake does before a job
    write_flag(lab.folder, flag("b"), "running", ("waiting",))
    if when == "after its run":
        lifecycle.end(lab.folder, journal)
    write_flag(lab.folder, flag("b"), "completed", ("running",))
    lifecycle.end(lab.folder, journal)
    (run,) = read_runs(lab.folder)
    assert run.died
    lab.begin().end()
    assert lab.tickets() == [flag("b").replace("/", "%")]


def test_a_completed_job_that_is_due_again_is_not_left(lab: Lab) -> None:
    write_flag(lab.folder, flag("b"), "completed", ("none",))
    os.utime(lab.folder / flag("b"), (OLD, OLD))
    mark_incomplete(lab.folder, flag("b"))
    journal = lab.begin()
    lifecycle.end(lab.folder, journal)
    (run,) = read_runs(lab.folder)
    assert run.ended


@pytest.mark.parametrize("answers", [True, False])
def test_a_job_that_slurm_still_has_goes_on_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    def unfinished_jobs(jobids: Iterable[str]) -> set[str]:
        if not answers:
            raise OSError("squeue does not answer")
        return {"1"}

    queue = Queue("SLURM", "scancel", unfinished_jobs)
    monkeypatch.setattr(lifecycle, "queue_of", {"slurm": queue}.get)
    lab.engine.executor = "slurm"
    journal = lab.begin()
    journal.submitted([flag("a")], "1")
    journal.submitted([flag("b")], "2")
    lifecycle.end(lab.folder, journal)
    assert lab.flags() == (["a_waiting"] if answers else ["a_waiting", "b_waiting"])


# --- a run after a killed one ----------------------------------------------------------------------


def test_flags_of_a_killed_run_are_corrected(lab: Lab) -> None:
    journal = lab.killed({flag("a"): "", flag("b"): "failed", flag("c"): ""})
    write_flag(lab.folder, flag("c"), "running", ("waiting",))
    lab.die(journal)
    lab.engine.to_run = []
    lab.begin().end()
    assert lab.flags() == ["b_failed", "c_failed"]
    assert not any(run.died for run in read_runs(lab.folder))


def test_flags_of_a_living_run_stay(lab: Lab) -> None:
    journal = lab.killed()
    lab.engine.to_run = []
    lab.begin().end()
    assert lab.flags() == ["a_waiting", "b_waiting", "c_waiting"]
    journal.end()


@pytest.mark.parametrize("executor", ["local", "slurm"])
def test_a_living_run_may_change_flags_at_any_time(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    """Also one of another machine, which nobody can know to be dead."""
    quiet: list[bool] = []
    monkeypatch.setattr(lifecycle, "flag_as_waiting", lambda *given: quiet.append(given[-1]))
    living = lab.killed(executor=executor)
    lab.begin().end()
    assert quiet == [False]
    living.end()
    lab.begin().end()
    assert quiet == [False, executor == "local"]


def test_a_completed_job_is_taken_over(lab: Lab) -> None:
    journal = lab.killed()
    write_flag(lab.folder, flag("a"), "completed", ("waiting",))
    lab.die(journal)
    lab.begin().end()
    assert lab.tickets() == ["flags%touch_a_completed.flag"]


def completed_before(lab: Lab) -> None:
    os.utime(lab.folder / flag("a"), (OLD, OLD))


def newer_input(lab: Lab) -> None:
    os.utime(lab.folder / "a.txt", (time.time() + 100,) * 2)


def other_command(lab: Lab) -> None:
    edit(lab.folder / "samples.csv", "a,a.txt,one", "a,a.txt,other")
    lab.table = lab.plan()


def forced(lab: Lab) -> None:
    lab.engine.forced = {flag("a")}


def forced_rule(lab: Lab) -> None:
    lab.engine.forced = {"touch_sample"}


def with_prerequisites(lab: Lab) -> None:
    lab.engine.with_prerequisites = {"a"}


def other_version(lab: Lab) -> None:
    (journal,) = (lab.folder / JOURNALS).glob("*.jsonl")
    journal.write_text(journal.read_text().replace('"version": "', '"version": "0.0.'))


@pytest.mark.parametrize(
    "change",
    [
        completed_before, newer_input, other_command, forced, forced_rule, with_prerequisites,
        other_version,
    ],
)  # fmt: skip
def test_a_job_that_is_not_the_same_is_run_again(lab: Lab, change: Callable[[Lab], None]) -> None:
    journal = lab.killed()
    write_flag(lab.folder, flag("a"), "completed", ("waiting",))
    lab.die(journal)
    change(lab)
    lab.begin().end()
    assert lab.tickets() == []


def test_two_runs_are_killed_after_a_job_was_completed(lab: Lab) -> None:
    """The second one has taken it over, and has not come to it: its flag is as old as it was."""
    journal = lab.killed()
    write_flag(lab.folder, flag("a"), "completed", ("waiting",))
    lab.die(journal)
    for _ in range(2):
        lab.die(lab.begin())
    journal = lab.begin()
    assert lab.tickets() == ["flags%touch_a_completed.flag"]
    journal.end()
    other_command(lab)
    lab.begin().end()
    assert lab.tickets() == [], "that run has ended, and its ticket counts no more"


def test_tickets_of_a_killed_run_are_removed(lab: Lab) -> None:
    ticket = lab.folder / TICKETS / "flags%touch_a_completed.flag"
    ticket.parent.mkdir(parents=True)
    ticket.touch()
    journal = lab.begin()
    assert lab.tickets() == []
    ticket.touch()
    journal.end()


# --- jobs that still run ---------------------------------------------------------------------------


class Present:
    """Processes that have these logs open, by a stand-in for the process table."""

    logs: ClassVar[list[Path]] = []

    def uses(self, log: Path) -> bool:
        return log in self.logs

    def writers(self, log: Path) -> tuple[int, ...]:
        return (7, 8) if log in self.logs else ()


@pytest.fixture
def present(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    logs: ClassVar[list[Path]] = []
    monkeypatch.setattr(Present, "logs", logs)
    monkeypatch.setattr(orphans, "Present", Present)
    return logs


def test_a_run_waits_for_jobs_that_still_run(
    lab: Lab,
    present: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    journal = lab.killed()
    write_flag(lab.folder, flag("a"), "running", ("waiting",))
    lab.die(journal)
    present.append(lab.folder / "results/submission/touch_a.log")
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            present.clear()

    monkeypatch.setattr(orphans.time, "sleep", sleep)
    lab.begin().end()
    assert len(waited) == 3
    said = capsys.readouterr().err
    assert said.count("waiting for 1 job that an earlier run has left running: ") == 1
    assert "touch a (process 7, 8); end them to go on at once" in said


@pytest.mark.parametrize(
    ("word", "end"), [("completed", ""), ("failed", "the command exited with 1")]
)
def test_processes_of_a_job_that_ended_are_not_waited_for(
    lab: Lab, present: list[Path], word: str, end: str
) -> None:
    log = lab.folder / "results/submission/touch_a.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"{end}\n")
    journal = lab.killed()
    write_flag(lab.folder, flag("a"), word, ("waiting",))
    lab.die(journal)
    present.append(log)
    lab.begin().end()


@pytest.mark.parametrize(
    ("executor", "command"), [("slurm", "scancel"), ("lsf", "bkill"), ("htcondor", "condor_rm")]
)
def test_a_run_waits_for_jobs_of_a_cluster(
    lab: Lab,
    present: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    executor: str,
    command: str,
) -> None:
    lab.die(lab.killed(executor=executor))
    lab.engine.submitted = {"a": ("11",), "b": ("12",)}
    states = [{"11"}, {"11"}, set(), set()]
    real = queues_of({executor})
    asked = tuple(one._replace(unfinished=lambda jobids: states.pop(0)) for one in real)
    monkeypatch.setattr(orphans, "queues_of", {frozenset({executor}): asked}.get)
    monkeypatch.setattr(orphans.time, "sleep", lambda seconds: None)
    lab.begin().end()
    assert states == []
    said = capsys.readouterr().err
    assert f"touch a (cluster job 11); '{command} 11' to go on at once" in said


def test_a_cluster_that_stops_answering_still_has_its_jobs(
    lab: Lab, present: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.die(lab.killed(executor="slurm"))
    lab.engine.submitted = {"a": ("11",)}
    states: list[set[str] | None] = [{"11"}, None, None, {"11"}, set(), set()]

    def unfinished(jobids: object) -> set[str]:
        state = states.pop(0)
        if state is None:
            raise OSError("squeue does not answer")
        return state

    queue = Queue("SLURM", "scancel", unfinished)
    monkeypatch.setattr(orphans, "queues_of", lambda executors: (queue,))
    monkeypatch.setattr(orphans.time, "sleep", lambda seconds: None)
    lab.begin().end()
    assert states == []


# --- entering, and others in the folder ------------------------------------------------------------


def lock(lab: Lab) -> Path:
    path = lab.folder / LOCKS / "0.input.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_the_lock_of_a_killed_run_is_removed(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.die(lab.killed())
    stale = lock(lab)
    enter(lab.folder, "plan").end()
    assert not stale.exists()
    assert "was killed; its lock is removed" in capsys.readouterr().err


def test_the_lock_of_a_living_run_stays(lab: Lab) -> None:
    journal = lab.killed()
    held = lock(lab)
    enter(lab.folder, "plan").end()
    assert held.exists()
    journal.end()


def test_a_lock_that_no_killed_run_left_stays(lab: Lab) -> None:
    lab.killed().end()
    held = lock(lab)
    enter(lab.folder, "plan").end()
    assert held.exists()


def test_an_older_lock_is_of_somebody_else(lab: Lab) -> None:
    held = lock(lab)
    os.utime(held, (OLD, OLD))
    lab.die(lab.killed())
    enter(lab.folder, "plan").end()
    assert held.exists()


def test_who_runs_the_project(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_locked(lab.folder) is None
    journal = lab.killed()
    write_flag(lab.folder, flag("a"), "completed", ("waiting",))
    write_flag(lab.folder, flag("b"), "running", ("waiting",))
    assert why_locked(lab.folder) is None, "it is this process"
    monkeypatch.setattr(os, "getpid", lambda: 1)
    said = why_locked(lab.folder) or ""
    assert "has been running this project since" in said
    assert "1 of 3 jobs completed, 1 running; 'snakemake-looper check --watch' shows" in said
    journal.end()
    assert why_locked(lab.folder) is None


def test_jobs_of_a_living_run_are_in_use(lab: Lab) -> None:
    assert why_in_use(lab.table, lab.folder) is None
    journal = Journal.open(lab.folder, "plan")
    assert "has not begun its jobs yet; wait for its end" in (
        why_in_use(lab.table, lab.folder) or ""
    )
    journal.begin("local", {"flags/another_x_completed.flag": ""})
    assert why_in_use(lab.table, lab.folder) is None, "they are others' jobs"
    journal.end()


def test_jobs_that_run_without_a_run_are_in_use(lab: Lab) -> None:
    for name in "abc":
        write_flag(lab.folder, flag(name), "running", ("none",))
    assert why_in_use(lab.table, lab.folder) == (
        "3 jobs still running: touch a, touch b, touch c; wait for them, or end them first"
    )

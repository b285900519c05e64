"""Tickets: which jobs of a dead run are taken over, and which files say so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.projects import TOUCH, edit

from snakemake_looper.layout import TICKETS
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.run.planned import Planned
from snakemake_looper.run.tickets import clear_tickets, take_over, ticket, without_ticket
from snakemake_looper.status.journal import Run
from snakemake_looper.version import __version__
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.plan_folder_writer import write_plan

OLD = 1_000_000_000.0


@dataclass
class FakeEngine:
    """Snakemake, with the rules and files that a user forces."""

    forced: set[str] = field(default_factory=set)

    def is_forced(self, rules: Iterable[str], files: Iterable[str] = ()) -> bool:
        return not self.forced.isdisjoint({*rules, *files})


class DeadRun:
    """A run that was killed after all of its jobs had set their completed flags."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: Any = FakeEngine()
        self.table = self.plan()
        for name in "abc":
            os.utime(folder / f"{name}.txt", (OLD, OLD))
        for one in self.planned():
            flag = folder / one.brief.flag
            flag.parent.mkdir(parents=True, exist_ok=True)
            flag.touch()
        plan = self.table.path.parent.name
        flags = {one.brief.flag: "" for one in self.planned()}
        now = time.time() - 100
        self.run = Run(
            folder / "journal", 1, "host", plan, now, "local", now, None, flags, {}, {}, False,
            __version__,
        )  # fmt: skip

    def plan(self) -> JobTable:
        return write_plan(plan_project(self.folder / ".looper.yaml")).jobs()

    def planned(self) -> list[Planned]:
        briefs = sorted(self.table.briefs(), key=lambda brief: brief.record)
        return [Planned(brief, False, ()) for brief in briefs]

    def taken(self) -> list[str]:
        """Take over; the records that have a ticket then."""
        take_over(self.planned(), self.run, self.table, self.engine, self.folder)
        left = {one.brief.record for one in without_ticket(self.planned(), self.folder)}
        return sorted(set("abc") - left)


@pytest.fixture
def dead(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadRun]:
    folder = project(TOUCH)
    monkeypatch.chdir(folder)
    run = DeadRun(folder)
    yield run
    run.table.close()


def test_completed_jobs_get_tickets(dead: DeadRun, capsys: pytest.CaptureFixture[str]) -> None:
    (dead.folder / dead.planned()[1].brief.flag).unlink()
    assert dead.taken() == ["a", "c"]
    said = capsys.readouterr().err
    assert said == "note: taking over 2 jobs that a killed run has completed\n"


def test_each_job_is_judged_by_itself(dead: DeadRun) -> None:
    """`a` has a newer input, `b` another command; `c` is as it was."""
    os.utime(dead.folder / "a.txt", (time.time() + 100,) * 2)
    edit(dead.folder / "samples.csv", "b,b.txt,two", "b,b.txt,other")
    dead.table.close()
    dead.table = dead.plan()
    assert dead.taken() == ["c"]


def test_a_job_that_was_taken_over_before_is_taken_over_again(dead: DeadRun) -> None:
    """The run that took it over was killed, too. A lump leaves the flag as it was."""
    dead.run = replace(dead.run, began=time.time() + 1000)
    first, second, _ = dead.planned()
    (dead.folder / second.brief.flag).unlink()
    earlier = {first.brief.flag, second.brief.flag}
    taken = take_over(dead.planned(), dead.run, dead.table, dead.engine, dead.folder, earlier)
    assert taken == {first.brief.flag}
    edit(dead.folder / "samples.csv", "a,a.txt,one", "a,a.txt,other")
    dead.table.close()
    dead.table = dead.plan()
    again = take_over(dead.planned(), dead.run, dead.table, dead.engine, dead.folder, earlier)
    assert again == set()


def test_a_job_with_more_outputs_is_run_again(dead: DeadRun) -> None:
    """Snakemake removes the outputs before it runs the job."""
    with (dead.folder / "touch.yaml").open("a") as file:
        file.write("snakemake: {output: 'made/{sample.sample_name}.txt'}\n")
    dead.table.close()
    dead.table = dead.plan()
    dead.run = replace(dead.run, plan=dead.table.path.parent.name)  # all else is the same
    assert dead.taken() == []


@pytest.mark.parametrize(
    "change", [{"plan": "0" * 16}, {"began": None}, {"began": time.time() + 1000}, {"planned": {}}]
)
def test_a_run_that_says_too_little_is_not_trusted(dead: DeadRun, change: dict[str, Any]) -> None:
    """Its plan is gone, it began no job, the flags are older than it, or others are its jobs."""
    dead.run = replace(dead.run, **change)
    assert dead.taken() == []


def test_a_table_of_another_version_is_not_trusted(dead: DeadRun) -> None:
    other = dead.folder / ".snakemake/looper/other/jobs.sqlite"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"")
    dead.run = replace(dead.run, plan="other")
    assert dead.taken() == []


def test_a_flag_in_a_folder_has_one_file_as_its_ticket(tmp_path: Path) -> None:
    assert ticket(tmp_path, "out/flags/a.flag") == tmp_path / TICKETS / "out%flags%a.flag"


def test_a_job_whose_ticket_has_too_long_a_name_is_run_again(dead: DeadRun) -> None:
    """File systems take names of 255 bytes; a path of a flag may be longer."""
    (first, *_) = dead.planned()
    folders = "/".join(["f" * 60] * 5)
    flag = dead.folder / folders / "a.flag"
    flag.parent.mkdir(parents=True)
    flag.touch()
    moved = Planned(first.brief._replace(flag=f"{folders}/a.flag"), False, ())
    dead.run = replace(dead.run, planned={moved.brief.flag: ""})
    take_over([moved], dead.run, dead.table, dead.engine, dead.folder)
    assert without_ticket([moved], dead.folder) == [moved]


def test_only_tickets_of_the_named_records_are_removed(dead: DeadRun) -> None:
    assert dead.taken() == ["a", "b", "c"]
    first, *others = dead.planned()
    clear_tickets([one.brief.flag for one in others], dead.folder)
    assert without_ticket(dead.planned(), dead.folder) == others
    clear_tickets([first.brief.flag, "flags/unknown.flag"], dead.folder)
    assert os.listdir(dead.folder / TICKETS) == []


def test_no_folder_of_tickets_is_no_ticket(tmp_path: Path) -> None:
    clear_tickets(["a.flag"], tmp_path)
    assert without_ticket([], tmp_path) == []

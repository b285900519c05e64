"""Copies of remote input files: old ones, parts, and files that cannot be fetched."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.projects import TOUCH

from snakemake_looper import remote_files
from snakemake_looper.layout import COPIES
from snakemake_looper.remote_files import UNSIZED
from snakemake_looper.run.copies import clear_links, fail_alone, remove_old_copies
from snakemake_looper.run.planned import Planned, learn_input_times
from snakemake_looper.status.flags import Flags
from snakemake_looper.status.journal import Journal
from snakemake_looper.status_words import NOT_RUN
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.engine_storage import Storage
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.remote_answers import Answer, RemoteAnswers

OLD = 1_000_000_000.0
"""The time of the files (seconds since the epoch)."""
SIZES = {
    f"https://h/{name}": 5 if name != "unknown" else UNSIZED
    for name in ("whole", "part", "old", "unknown", "undated", "absent")
}


@pytest.fixture
def table(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> JobTable:
    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: True)
    rows = "".join(f"{one.rpartition('/')[2]},{one},x\n" for one in SIZES)
    folder = project({**TOUCH, "samples.csv": f"sample_name,file,word\n{rows}"})
    monkeypatch.chdir(folder)
    ask = lambda addresses: {one: SIZES[one] for one in addresses}  # noqa: E731
    return current_plan(folder / ".looper.yaml", ask=ask).jobs()


@pytest.fixture
def journals(table: JobTable) -> Iterator[tuple[Journal, Journal]]:
    """The journal of this run, and that of another one."""
    folder = table.facts.workdir
    own, other = Journal.open(folder, "plan"), Journal.open(folder, "plan")
    yield own, other
    own.end()
    other.end()


class File(str):
    """Stands in for an input file of a job; one that is named `bad` cannot be fetched."""

    is_storage = True
    fetched: list[str] = []  # noqa: RUF012

    async def retrieve_from_storage(self) -> None:
        if self == "bad":
            raise WorkflowError("…") from OSError("no bad")
        self.fetched.append(self)


class Job(str):
    """Stands in for a job, which is called by its rule."""

    input: tuple[File, ...] = ()


class Dag:
    """Stands in for Snakemake's graph; the files of some jobs cannot be fetched."""

    def __init__(self, *bad: str) -> None:
        self.bad = bad
        self.fetched: list[str] = []

    async def retrieve_storage_inputs(self, jobs: Sequence[str], also: bool = False) -> None:
        assert also
        for job in jobs:
            if job in self.bad:
                raise WorkflowError("…") from ExceptionGroup("", [OSError("no https://u:p@h/x")])
            self.fetched.append(job)


class WorkflowError(Exception):
    """As Snakemake's."""


def engine_of(dag: Dag | None = None) -> Any:
    def fetching(address: str) -> str:
        return f"copies/{address.rpartition('/')[2]}"

    workflow = SimpleNamespace(storage_registry=SimpleNamespace(http=fetching), dag=dag)
    storage: Any = Storage(lambda: workflow)
    answers = {one: Answer(size, OLD) for one, size in SIZES.items()}
    answers["https://h/undated"] = Answer(5, 0.0)
    storage._answers = RemoteAnswers(lambda name: None, 60, lambda: answers.__getitem__)
    return SimpleNamespace(storage=storage)


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "copies").iterdir())


@pytest.fixture
def copied(table: JobTable) -> Path:
    """The folder of a project with copies of an earlier run."""
    folder = table.facts.workdir
    (folder / "copies").mkdir()
    for name in ("whole", "part", "old", "unknown", "undated", "of_nobody"):
        path = folder / "copies" / name
        path.write_text("123" if name == "part" else "12345")
        os.utime(path, (OLD - 1, OLD - 1) if name == "old" else (OLD + 1, OLD + 1))
    return folder


def test_old_copies_and_parts_are_removed_and_all_that_may_be_one(
    table: JobTable, copied: Path, journals: tuple[Journal, Journal]
) -> None:
    own, other = journals
    other.end()
    remove_old_copies(table, engine_of(), own)
    assert copies(copied) == ["of_nobody", "whole"]


def test_another_run_may_need_them(
    table: JobTable, copied: Path, journals: tuple[Journal, Journal]
) -> None:
    before = copies(copied)
    remove_old_copies(table, engine_of(), journals[0])
    assert copies(copied) == before
    for one in journals:
        one.end()
    remove_old_copies(table, engine_of(), None)
    assert copies(copied) != before, "a dry run would say that nothing has changed"


def test_links_without_copies_are_removed(
    table: JobTable, journals: tuple[Journal, Journal]
) -> None:
    folder = table.facts.workdir
    for name in ("gone", "kept"):
        (folder / COPIES / name).mkdir(parents=True)
        (folder / COPIES / name / "a.fq").symlink_to(folder / f"{name}.fq")
    (folder / "kept.fq").touch()
    own, other = journals

    def left() -> list[str]:
        clear_links(folder, own)
        return sorted(path.name for path in (folder / COPIES).iterdir())

    assert left() == ["gone", "kept"], "another run may be making links"
    other.end()
    assert left() == ["kept"]


def test_a_file_that_cannot_be_fetched_fails_its_own_job(
    table: JobTable, capsys: pytest.CaptureFixture[str]
) -> None:
    dag = Dag("b")
    engine = engine_of(dag)
    fail_alone(table, engine)
    fail_alone(table, engine)  # a second project of the same workflow
    retrieve: Any = dag.retrieve_storage_inputs
    asyncio.run(retrieve(jobs=[Job("x"), Job("y")], also=True))
    assert dag.fetched == ["x", "y"]
    asyncio.run(retrieve(jobs=[Job("a"), Job("b"), Job("c")], also=True))
    assert set(dag.fetched) == {"x", "y", "a", "c"}
    assert capsys.readouterr().err == (
        "error: b: a remote input file could not be fetched: no https://h/x\n"
    )


def test_a_file_that_cannot_be_fetched_leaves_the_other_samples_of_a_lump_theirs(
    table: JobTable, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(File, "fetched", [])
    lump, dag = Job("b"), Dag("b")
    lump.input = (File("one"), File("bad"), File("two"))
    fail_alone(table, engine_of(dag))
    retrieve: Any = dag.retrieve_storage_inputs
    asyncio.run(retrieve(jobs=[lump], also=True))
    assert File.fetched == ["one", "two"]
    assert capsys.readouterr().err == (
        "error: b: a remote input file could not be fetched: no bad\n"
    )


def test_a_file_that_cannot_be_fetched_leaves_no_old_copy(table: JobTable) -> None:
    """As another user's, which a fetch cannot replace: the job would take it for the file."""
    job, dag = Job("b"), Dag("b")
    job.input = (File("old"),)
    fail_alone(table, engine_of(dag))
    retrieve: Any = dag.retrieve_storage_inputs
    Path("old").touch()
    asyncio.run(retrieve(jobs=[job], also=True))
    assert not Path("old").exists()
    Path("old").mkdir()
    with pytest.raises(Exception, match="old is an old copy of a remote input file; remove it"):
        asyncio.run(retrieve(jobs=[job], also=True))


def test_a_signature_that_a_server_led_to_is_not_shown(
    table: JobTable, capsys: pytest.CaptureFixture[str]
) -> None:
    class Led(Dag):
        async def retrieve_storage_inputs(self, jobs: Sequence[str], also: bool = False) -> None:
            text = (
                "Max retries exceeded with url: /x?X-Amz-Signature=word&b=c (Caused by: no route)"
            )
            raise WorkflowError("…") from OSError(text)

    dag = Led()
    fail_alone(table, engine_of(dag))
    retrieve: Any = dag.retrieve_storage_inputs
    asyncio.run(retrieve(jobs=[Job("a")], also=True))
    assert "with url: /x (Caused by: no route)" in capsys.readouterr().err


@pytest.mark.parametrize("is_task", [True, False])
def test_an_interrupt_is_raised_once(table: JobTable, is_task: bool) -> None:
    """The task of a file that was being fetched has raised it already, and ended the loop."""

    class Interrupted(Dag):
        async def retrieve_storage_inputs(self, jobs: Sequence[str], also: bool = False) -> None:
            async def retrieve_from_storage() -> None:
                raise KeyboardInterrupt

            if not is_task:
                raise KeyboardInterrupt
            await retrieve_from_storage()

    dag = Interrupted()
    fail_alone(table, engine_of(dag))
    retrieve: Any = dag.retrieve_storage_inputs(jobs=[Job("a")], also=True)
    if is_task:
        asyncio.run(retrieve)
        return
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(retrieve)


@pytest.mark.parametrize(("died", "wanted"), [(False, ["part"]), (True, ["part", "whole"])])
def test_servers_are_asked_at_once_about_jobs_of_earlier_runs(
    table: JobTable, monkeypatch: pytest.MonkeyPatch, died: bool, wanted: list[str]
) -> None:
    """One after another, thousands of failed jobs would take as many answers' time."""
    asked: list[list[str]] = []
    storage = SimpleNamespace(times=asked.append)
    briefs = {brief.record: brief for brief in table.briefs()}
    words = {briefs["part"].flag: "failed", briefs["whole"].flag: "completed"}
    monkeypatch.setattr(Flags, "word", lambda self, flag: words.get(flag, NOT_RUN))
    planned = [Planned(brief, False, ()) for brief in briefs.values()]
    engine: Any = SimpleNamespace(storage=storage)
    past: Any = SimpleNamespace(died=died)
    learn_input_times(planned, [], table, engine)
    assert asked == [], "a first run"
    learn_input_times(planned, [past], table, engine)
    assert [sorted(one) for one in asked] == [[f"https://h/{name}" for name in wanted]]

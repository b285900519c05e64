"""Copies of remote input files: parts that a killed run has left, and files that cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.projects import TOUCH

from snakemake_looper import remote_files
from snakemake_looper.layout import COPIES
from snakemake_looper.run.copies import clear_links, prepare_copies
from snakemake_looper.status.journal import Journal
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.engine_storage import Storage
from snakemake_looper.workspace.job_table import JobTable

SIZES = {"https://h/whole": 5, "https://h/part": 5, "https://h/unknown": -5, "s3://b/a": 5}


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


class Dag:
    """Stands in for Snakemake's graph; the files of some jobs cannot be fetched."""

    def __init__(self, *bad: str) -> None:
        self.bad = bad
        self.fetched: list[str] = []

    async def retrieve_storage_inputs(self, jobs: list[str], also: bool = False) -> None:
        assert also
        for job in jobs:
            if job in self.bad:
                raise WorkflowError("…") from ExceptionGroup("", [OSError("no https://u:p@h/x")])
            self.fetched.append(job)


class WorkflowError(Exception):
    """As Snakemake's."""


def engine_of(dag: Dag) -> Any:
    fetching = lambda address: f"copies/{address.rpartition('/')[2]}"  # noqa: E731
    registry = SimpleNamespace(s3=fetching, http=fetching)
    workflow = SimpleNamespace(storage_registry=registry, dag=dag)
    return SimpleNamespace(storage=Storage(lambda: workflow))


def copies(folder: Path) -> list[str]:
    for name in ("whole", "part", "unknown", "a"):
        (folder / "copies").mkdir(exist_ok=True)
        (folder / "copies" / name).write_text("12345" if name == "whole" else "123")
    return sorted(path.name for path in (folder / "copies").iterdir())


def test_parts_are_removed(table: JobTable, journals: tuple[Journal, Journal]) -> None:
    folder = table.facts.workdir
    copies(folder)
    own, other = journals
    other.end()
    prepare_copies(table, engine_of(Dag()), own)
    left = sorted(path.name for path in (folder / "copies").iterdir())
    assert left == ["a", "unknown", "whole"]


def test_another_run_may_be_fetching_them(
    table: JobTable, journals: tuple[Journal, Journal]
) -> None:
    folder = table.facts.workdir
    before = copies(folder)
    prepare_copies(table, engine_of(Dag()), journals[0])
    assert sorted(path.name for path in (folder / "copies").iterdir()) == before


def test_links_without_copies_are_removed(
    table: JobTable, journals: tuple[Journal, Journal]
) -> None:
    folder = table.facts.workdir
    for name in ("gone", "kept"):
        (folder / COPIES / name).mkdir(parents=True)
        (folder / COPIES / name / "a.fq").symlink_to(folder / f"{name}.fq")
    (folder / "kept.fq").touch()
    own, other = journals

    def left(shared: bool) -> list[str]:
        engine: Any = SimpleNamespace(storage=SimpleNamespace(shares_copies=shared))
        clear_links(folder, engine, own)
        return sorted(path.name for path in (folder / COPIES).iterdir())

    assert left(shared=True) == ["gone", "kept"], "another run may be making links"
    other.end()
    assert left(shared=False) == ["gone", "kept"], "on another machine, the copy may be there"
    assert left(shared=True) == ["kept"]


def test_a_file_that_cannot_be_fetched_fails_its_own_job(
    table: JobTable, journals: tuple[Journal, Journal], capsys: pytest.CaptureFixture[str]
) -> None:
    dag = Dag("b")
    engine = engine_of(dag)
    prepare_copies(table, engine, journals[0])
    prepare_copies(table, engine, journals[0])  # a second project of the same workflow
    retrieve: Any = dag.retrieve_storage_inputs
    asyncio.run(retrieve(jobs=["x", "y"], also=True))
    assert dag.fetched == ["x", "y"]
    asyncio.run(retrieve(jobs=["a", "b", "c"], also=True))
    assert set(dag.fetched) == {"x", "y", "a", "c"}
    assert capsys.readouterr().err == (
        "error: b: a remote input file could not be fetched: no https://h/x\n"
    )

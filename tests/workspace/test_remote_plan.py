"""Plans with remote input files: when servers are asked, and how long answers hold."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.projects import TOUCH, edit

from snakemake_looper import remote_files
from snakemake_looper.read.options.options import Options
from snakemake_looper.remote_files import MISSING, NOT_ASKED, UNREACHABLE
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.engine_storage import Storage
from snakemake_looper.workspace.job_table import JobTable, input_size, remote_inputs
from snakemake_looper.workspace.lookups import Lookups, compared_script
from snakemake_looper.workspace.lump_lookups import LumpLookups
from snakemake_looper.workspace.places import Places
from snakemake_looper.workspace.sized_plan import sized_plan

A, B = "s3://b/x/a.fq", "https://h/b.fq"
REMOTE: dict[str, str] = {
    **TOUCH,
    "samples.csv": f"sample_name,file,word\na,{A},one\nb,{B},two\nc,c.txt,three\n",
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        sample_interface: {command_template: "cat {sample.file}"}
        """,
}


@pytest.fixture
def folder(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: True)
    found = project(REMOTE)
    for path in found.iterdir():  # a plan of younger files would be made anew each time
        os.utime(path, (time.time() - 10, time.time() - 10))
    return found


def table_of(folder: Path, sizes: Mapping[str, int] | None = None) -> JobTable:
    def ask(addresses: Sequence[str]) -> Mapping[str, int]:
        assert sizes is not None
        return {one: sizes[one] for one in addresses}

    return current_plan(folder / ".looper.yaml", ask=None if sizes is None else ask).jobs()


def records(table: JobTable) -> list[str]:
    return [one.record for one in table.briefs()]


def test_answers_hold_until_the_next_run_asks(folder: Path) -> None:
    both = table_of(folder, {A: 1, B: 2})
    assert records(both) == ["a", "b", "c"]
    assert table_of(folder, {A: 1, B: 2}).path == both.path
    assert table_of(folder).path == both.path, "`check` takes the answers of the last run"

    one = table_of(folder, {A: 1, B: MISSING})
    assert records(one) == ["a", "c"]
    assert [skip.reason for skip in one.skipped()] == [f"missing files: {B}"]
    assert records(table_of(folder)) == ["a", "c"]

    assert records(table_of(folder, {A: 1, B: UNREACHABLE})) == ["a", "c"]
    assert records(table_of(folder, {A: 1, B: 2})) == ["a", "b", "c"]
    larger = table_of(folder, {A: 1, B: 3})
    assert (input_size(larger, B), larger.path != both.path) == (3, True)


def test_a_run_asks_although_another_command_has_made_the_plan(folder: Path) -> None:
    assert input_size(table_of(folder), A) == NOT_ASKED
    assert records(table_of(folder, {A: MISSING, B: 2})) == ["b", "c"]


def test_a_plan_that_asks_nobody_has_the_last_answers(folder: Path) -> None:
    table_of(folder, {A: 1, B: MISSING})
    edit(folder / "samples.csv", "one", "uno")
    anew = table_of(folder)
    assert records(anew) == ["a", "c"]
    assert (input_size(anew, A), input_size(anew, B)) == (1, MISSING)
    assert [skip.record for skip in sized_plan(folder / ".looper.yaml", Options()).skipped] == ["b"]


def test_all_remote_inputs(folder: Path) -> None:
    assert remote_inputs(table_of(folder)) == [A, B]


# --- what Snakemake gets --------------------------------------------------------------------------


class Flagged(str):
    """Stands in for a storage's file: its text is the path of the copy."""


def engine_with(prefix: Path) -> Any:
    """An engine whose storage keeps copies below a folder."""

    def fetching(plugin: str) -> Callable[[str], Flagged]:
        return lambda address: Flagged(f"{prefix}/{plugin}/{address.partition('://')[2]}")

    registry = SimpleNamespace(s3=fetching("s3"), http=fetching("http"))
    workflow = SimpleNamespace(storage_registry=registry)
    return SimpleNamespace(storage=Storage(lambda: workflow), is_main=False)


def of(sample: str) -> Any:
    return {"sample": sample}


def test_inputs_come_from_the_storage(folder: Path) -> None:
    jobs = Lookups(table_of(folder), engine_with(Path("copies")), list)
    (found,) = jobs.inputs("touch_sample")(of("a"))
    assert (type(found), found) == (Flagged, "copies/s3/b/x/a.fq")
    assert jobs.inputs("touch_sample")(of("c")) == ["c.txt"]


def test_inputs_of_lumps_come_from_the_storage(folder: Path, tmp_path: Path) -> None:
    table = SimpleNamespace(facts=SimpleNamespace(lumps={"touch_sample": str(tmp_path)}))
    needs = {"inputs": [A, "c.txt"], "threads": 1, "resources": {}, "container": None, "number": 0}
    lumps: Any = LumpLookups(table, engine_with(Path("copies")), lambda run: None)  # type: ignore[arg-type]
    lumps._read = lambda folder, name: SimpleNamespace(**needs)
    found = lumps.inputs("touch_sample")({"lump": "x-1"})
    assert [type(one) for one in found] == [Flagged, str]


def test_the_place_of_copies_is_no_part_of_what_is_compared(folder: Path) -> None:
    table = table_of(folder, {A: 1, B: 2})
    here, there = engine_with(Path("here")), engine_with(folder / "there")
    first = Lookups(table, here, list).command("touch_sample")(of("a"))
    second = Lookups(table, there, list).command("touch_sample")(of("a"))
    assert first != second
    assert f"ln -sfn -- {folder}/there/s3/b/x/a.fq " in second
    row = table.row("touch_sample", "a")
    compared = compared_script(row, table.facts, Places(table.facts.places))
    assert repr(first) == repr(second) == repr(compared)
    assert compared.splitlines()[-1].strip() == f"cat {A}"


def test_the_size_of_a_file_is_no_part_of_what_is_compared(folder: Path) -> None:
    small, large = table_of(folder, {A: 1, B: 2}), table_of(folder, {A: 1, B: 3})
    texts = [
        Lookups(table, engine_with(Path("x")), list).command("touch_sample")(of("b"))
        for table in (small, large)
    ]
    assert "-eq 2 ]]" in texts[0] and "-eq 3 ]]" in texts[1]
    assert repr(texts[0]) == repr(texts[1])


def test_no_login_is_in_a_plan(folder: Path) -> None:
    """Addresses with one are refused, and Snakemake's settings are not part of a plan."""
    table = table_of(folder, {A: 1, B: 2})
    inputs = [json.loads(row.inputs) for row in table.rows()]
    assert inputs == [[A], [B], ["c.txt"]]


def test_servers_are_asked_with_the_settings_of_the_run() -> None:
    """Those of `storage:` in a Snakefile count more than those of the options, as in Snakemake."""
    tagged = SimpleNamespace(get_settings=lambda tag: f"options, {tag}")
    registry = SimpleNamespace(_storages={"s3": SimpleNamespace(settings="Snakefile")})
    workflow = SimpleNamespace(
        storage_registry=registry, storage_provider_settings={"s3": tagged, "http": tagged}
    )
    storage = Storage(lambda: workflow)
    found = [storage._settings(plugin) for plugin in ("s3", "http", "gcs")]
    assert found == ["Snakefile", "options, None", None]

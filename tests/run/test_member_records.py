"""Records of members of lumps: the next run finds what has changed, and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH, edit

from snakemake_looper.plan.planner import plan_project
from snakemake_looper.read.options.options import Options
from snakemake_looper.results.outdated import CUT_OFF, Choices, due_jobs
from snakemake_looper.run.member_records import MemberRecords, name_files
from snakemake_looper.status.flags import swap_flag, word_now, write_flag
from snakemake_looper.workspace.job_table import JobTable
from snakemake_looper.workspace.lump_packing import pack
from snakemake_looper.workspace.metadata import (
    mark_incomplete,
    marked_incomplete,
    recorded_fields,
    write_metadata,
)
from snakemake_looper.workspace.plan_folder_writer import write_plan

LONG_AGO = time.time() - 1000


def table_of(folder: Path) -> JobTable:
    plan = plan_project(folder / ".looper.yaml", Options(lump_n="2"))
    return write_plan(plan).jobs()


@pytest.fixture
def done(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose samples were completed in lumps, a while after their inputs were written."""
    inputs = {f"{name}.txt": name for name in "abc"}
    folder = project({**TOUCH, **inputs})
    monkeypatch.chdir(folder)
    for name in inputs:
        os.utime(folder / name, (LONG_AGO, LONG_AGO))
    table = table_of(folder)
    records = MemberRecords(table, str)
    for row in table.rows():
        write_flag(folder, row.flag, "completed", ("none",))
        mark_incomplete(folder, row.flag)
        records.write(row, LONG_AGO + 100, {})
        os.utime(folder / row.flag, (LONG_AGO + 100, LONG_AGO + 100))
    return folder


def due(folder: Path, choices: Choices | None = None) -> dict[str, str]:
    table = table_of(folder)
    found = due_jobs(table, folder, table.facts.lumps, choices or Choices())
    return {record: cause.text for (_, record), cause in found.items()}


def flag_of(folder: Path, record: str) -> str:
    return next(one.flag for one in table_of(folder).briefs() if one.record == record)


def test_nothing_is_due_if_nothing_has_changed(done: Path) -> None:
    assert due(done) == {}
    assert not marked_incomplete(done)(flag_of(done, "a"))


def test_each_change_is_found(done: Path) -> None:
    edit(done / "samples.csv", "two", "other")
    (done / "c.txt").write_text("longer")
    assert due(done) == {"b": "the command changed", "c": "an input file changed: c.txt"}
    only_params = Choices(triggers=frozenset({"params"}))
    assert due(done, only_params) == {"b": "the command changed"}


def test_an_environment_in_an_image(done: Path) -> None:
    """`a` has both as they were, `b` another environment, `c` another image."""
    for record, image, environment in (("a", "x", "ZQ=="), ("b", "x", "Zg=="), ("c", "y", "ZQ==")):
        software = {"container_img_url": image, "conda_env": environment}
        fields = recorded_fields(done, flag_of(done, record)) | software
        write_metadata(done, flag_of(done, record), {**fields, "software_stack_hash": "0" * 32})
    triggers = frozenset({"software-env"})
    changed = "the container or environment changed"
    found = due(done, Choices(triggers=triggers, software=lambda rule, image: "x\nZQ=="))
    assert found == {"b": changed, "c": changed}
    assert due(done, Choices(triggers=triggers, software=lambda rule, image: "0" * 32)) == {}
    assert due(done, Choices(triggers=triggers)) == {}


def test_a_chain_of_samples(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them reads what the one before has made. In one lump they would wait for it."""
    table = "sample_name,file,word\na,a.txt,1\nb,made/a.txt,2\nc,made/b.txt,3\nd,a.txt,4\n"
    folder = project({**TOUCH, "samples.csv": table})
    with (folder / "touch.yaml").open("a") as file:
        file.write("snakemake: {output: 'made/{sample.sample_name}.txt'}\n")
    monkeypatch.chdir(folder)
    jobs = table_of(folder)
    found = due_jobs(jobs, folder, jobs.facts.lumps, Choices())
    assert {key[1]: cause.depth for key, cause in found.items()} == {"a": 0, "b": 1, "c": 2, "d": 0}
    lumps = pack(jobs, found, "run").lumps.values()
    assert ["".join(one.record for one in lump.members) for lump in lumps] == ["ad", "b", "c"]
    assert not any(lump.marker in lump.needs.inputs for lump in lumps)


def test_a_flag_without_a_record_of_its_last_run_is_due(done: Path) -> None:
    """The main process died after the member was completed, and before it was recorded."""
    mark_incomplete(done, flag_of(done, "b"))
    assert due(done) == {"b": CUT_OFF}


def test_forced_members_are_due(done: Path) -> None:
    flag = flag_of(done, "a")
    assert due(done, Choices(lambda rule, file: file == flag)) == {"a": "forced"}


def test_another_image_is_a_change_where_images_are_used(done: Path) -> None:
    for record in "ab":
        flag = flag_of(done, record)
        write_metadata(done, flag, {**recorded_fields(done, flag), "software_stack_hash": record})
    triggers = frozenset({"mtime", "params", "input", "software-env"})
    of_b = Choices(triggers=triggers, software=lambda rule, image: "b")
    assert due(done, of_b) == {"a": "the container or environment changed"}
    assert due(done, Choices(triggers=triggers)) == {}, "a run without images"


def test_an_input_that_changed_before_its_member_was_recorded(done: Path) -> None:
    """A lump may run for hours after a member is done. What the file has by then is not what the
    member has read."""
    (done / "a.txt").write_text("changed")
    table = table_of(done)
    row = next(one for one in table.rows() if one.record == "a")
    MemberRecords(table, str).write(row, LONG_AGO + 100, {})
    assert due(done) == {"a": "an input file changed: a.txt"}


def test_a_flag_keeps_its_time_while_its_member_waits(done: Path) -> None:
    flag = flag_of(done, "a")
    before = (done / flag).stat().st_mtime_ns
    assert swap_flag(done, flag, "completed", "waiting")
    waiting = done / flag.replace("completed", "waiting")
    assert (waiting.read_text(), waiting.stat().st_mtime_ns) == ("waiting", before)
    assert word_now(done, flag) == "waiting"
    assert swap_flag(done, flag, "waiting", "completed")
    assert ((done / flag).read_text(), (done / flag).stat().st_mtime_ns) == ("completed", before)
    assert not swap_flag(done, flag, "waiting", "completed")


def test_flags_take_the_place_of_markers_in_records(tmp_path: Path) -> None:
    fields = {"input": ["x.done", "y.yaml"], "input_checksums": {"x.done": "1", "y.yaml": "2"}}
    write_metadata(tmp_path, "results.yaml", fields)
    name_files(tmp_path, "results.yaml", {"x.done": ["b_flag", "a_flag"]}, ["file"])
    found = recorded_fields(tmp_path, "results.yaml")
    assert found["input"] == ["a_flag", "b_flag", "file", "y.yaml"]
    assert found["input_checksums"] == {"y.yaml": "2"}

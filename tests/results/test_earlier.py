"""Results are those of the last run; an earlier run's are set aside, and shown only with a note."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.earlier import (
    PROJECT_LEVEL,
    PlayedProject,
    assembled,
    left,
    notes,
    read,
    sample,
    set_says,
)
from support.projects import edit, write

from snakemake_looper.errors import LooperError
from snakemake_looper.layout import JOURNALS
from snakemake_looper.results import pephub_table as pephub_results
from snakemake_looper.results.earlier import SetAsideError, conclude
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.table import remarks


def test_a_job_that_runs_again_reports_as_if_it_were_the_first_time(
    anywhere: PlayedProject,
) -> None:
    """A new value counts, a result that is no longer reported goes, and so does a whole record."""
    folder = anywhere.folder
    anywhere.run(a="n=1 m=2", b="n=5", c="n=8")
    assert sample(folder) == {"a": {"n": 1, "m": 2}, "b": {"n": 5}, "c": {"n": 8}}
    assert anywhere.run(a="n=7", b="") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 7}, "c": {"n": 8}}
    assert notes(folder) == {} and left(folder) == []


def test_results_of_an_earlier_run_are_told(anywhere: PlayedProject) -> None:
    folder = anywhere.folder
    anywhere.run(a="n=1 m=2", b="n=5")
    assert anywhere.run(a="m=3!", b="!") == {"a": [], "b": []}
    assert sample(folder) == {"a": {"n": 1, "m": 3}, "b": {"n": 5}}
    some, all_ = "some values are of an earlier run", "values are of an earlier run"
    assert notes(folder) == {"a": f"failed; {some}", "b": f"failed; {all_}"}
    assert remarks(read(folder)) == [f"count: a: failed; {some}", f"count: b: failed; {all_}"]
    # Nothing changed: the next attempt finds what the failed one reported, and only that.
    assert anywhere.run(a="n=4!", b="n=6") == {"a": ["m"], "b": []}
    assert sample(folder) == {"a": {"n": 4, "m": 3}, "b": {"n": 6}}
    assert notes(folder) == {"a": "failed; values may be incomplete"}
    assert anywhere.run(a="") == {"a": ["m", "n"]}
    assert sample(folder) == {"a": {"n": 4, "m": 3}, "b": {"n": 6}}
    assert notes(folder) == {} and left(folder) == []


def test_failures_in_a_row_keep_the_last_values(anywhere: PlayedProject) -> None:
    """Each time something changes: what the failed attempt reported is set aside, too."""
    folder = anywhere.folder
    anywhere.run(a="n=1 m=2")
    for number in (3, 4):
        set_says(folder, a=f"changed {number}", b="")
        assert anywhere.run(a=f"n={number}!") == {"a": []}
        assert sample(folder) == {"a": {"n": number, "m": 2}}
    set_says(folder, a="changed 5", b="")
    assert anywhere.run(a="!") == {"a": []}
    assert sample(folder) == {"a": {"n": 4, "m": 2}}
    assert notes(folder) == {"a": "failed; values are of an earlier run"}
    assert anywhere.run(a="m=9") == {"a": []}
    assert sample(folder) == {"a": {"m": 9}} and left(folder) == []


def test_the_users_file_has_what_the_table_has(played: PlayedProject) -> None:
    played.run(a="n=1 m=2", b="n=5")
    played.run(a="n=7", b="")
    assert assembled(played.folder) == {"a": {"n": 7}}
    played.run(a="m=1!", b="n=2")
    assert assembled(played.folder) == {"a": {"n": 7, "m": 1}, "b": {"n": 2}}


def test_what_is_changed_begins_afresh_after_a_failure(played: PlayedProject) -> None:
    def input_file(folder: Path) -> None:
        os.utime(folder / "input.txt")

    changes: list[Callable[[Path], None]] = [
        lambda folder: set_says(folder, a="n=2", b="n=5"),
        lambda folder: edit(folder / ".looper.yaml", "flags}", "flags, more: 1}"),
        input_file,
        lambda folder: shutil.rmtree(folder / JOURNALS),  # nobody knows what the last attempt was
    ]
    schema = (
        "properties: {samples: {items: {properties: {file: {type: string}}, tangible: [file]}}}"
    )
    write(played.folder, {"in.yaml": schema, "input.txt": ""})
    os.utime(played.folder / "input.txt", (1, 1))
    edit(played.folder / "count.yaml", "output_schema", "input_schema: in.yaml\noutput_schema")
    text = (played.folder / "project.yaml").read_text()
    append = "sample_modifiers: {append: {file: input.txt}}\n"
    (played.folder / "project.yaml").write_text(text + append)
    played.run(a="n=1!")
    assert played.run(a="m=1!") == {"a": ["n"]}, "nothing has changed"
    for change in changes:
        known = sorted(sample(played.folder)["a"])
        change(played.folder)
        assert played.run(a="!") == {"a": []}
        assert sorted(sample(played.folder)["a"]) == known, "the values are still shown"
        assert played.run(a="n=1!") == {"a": []}
        assert played.run(a="!") == {"a": ["n"]}


def test_killed_before_a_job_begins(anywhere: PlayedProject) -> None:
    """The values count as before, and the next run puts them back, before it sets aside again."""
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5", c="n=3!")
    jobs, _ = anywhere.begin("a", "b")
    assert len(left(folder)) == 2
    assert sample(folder) == {"a": {"n": 1}, "b": {"n": 5}, "c": {"n": 3}}
    assert notes(folder) == {"c": "failed; values may be incomplete"}, "a and b did not begin"
    assert conclude(jobs, folder) == []
    assert left(folder) == []
    assert sample(folder) == {"a": {"n": 1}, "b": {"n": 5}, "c": {"n": 3}}
    anywhere.die(jobs)
    anywhere.die(anywhere.begin("a")[0])
    assert anywhere.run(a="") == {"a": []}
    assert sample(folder) == {"b": {"n": 5}, "c": {"n": 3}}


def test_killed_after_a_job_completed(anywhere: PlayedProject) -> None:
    """Its results count at once, before anybody assembles them, and after the next run."""
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5", c="n=3")
    jobs, planned = anywhere.begin("a", "b", "c")
    for brief, says in zip(planned, ("n=2", "", "m=4"), strict=True):
        anywhere.job(jobs, brief, says, "failed" if brief.record == "c" else "completed", "sample")
    assert sample(folder) == {"a": {"n": 2}, "c": {"n": 3, "m": 4}}
    assert conclude(jobs, folder) == []
    assert sample(folder) == {"a": {"n": 2}, "c": {"n": 3, "m": 4}}
    assert conclude(jobs, folder) == [], "the second time nothing happens"
    assert sample(folder) == {"a": {"n": 2}, "c": {"n": 3, "m": 4}}
    anywhere.die(jobs)


def test_touched_flags_do_not_make_values_obsolete(played: PlayedProject) -> None:
    """`snakemake --touch` makes a flag new, and no job began."""
    played.run(a="n=1")
    jobs, planned = played.begin("a")
    os.utime(played.folder / planned[0].flag)
    assert conclude(jobs, played.folder) == []
    assert sample(played.folder) == {"a": {"n": 1}}
    played.die(jobs)


def test_first_runs_set_nothing_aside(played: PlayedProject) -> None:
    played.die(played.begin("a", "b")[0])
    assert left(played.folder) == []


def test_a_folder_that_cannot_be_written_is_told_before_any_job(
    played: PlayedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.run(a="n=1")

    rename = Path.rename

    def refuse(path: Path, *target: Path, **more: bool) -> None:
        if path.suffix != ".yaml":
            rename(path, *target)
        else:
            raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)  # a file of another user in a group's folder
        assert played.run(a="n=2") == {"a": []}
    assert sample(played.folder) == {"a": {"n": 2}}
    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(SetAsideError, match="make the folder writable"):
        played.begin("a")


def test_results_of_the_project_level(played: PlayedProject) -> None:
    """They are in the assembled file, beside those of samples, which stay."""

    def now() -> tuple[Any, Any]:
        results = read(played.folder)[-1]
        assert results.level == "project"
        return results.records, dict(results.notes)

    path = played.folder / "count.yaml"
    path.write_text(path.read_text() + PROJECT_LEVEL)
    played.run(a="n=1", b="n=5")
    played.run("project", demo="total=1 mean=2")
    assert now() == ({"demo": {"total": 1, "mean": 2}}, {})
    assert played.run("project", demo="total=3!") == {"demo": []}
    some = "failed; some values are of an earlier run"
    assert now() == ({"demo": {"total": 3, "mean": 2}}, {"demo": some})
    assert played.run("project", demo="!") == {"demo": ["total"]}, "what was put back is not found"
    assert now() == ({"demo": {"total": 3, "mean": 2}}, {"demo": some})
    jobs = played.begin("demo")[0]  # and killed
    assert now()[0] == {"demo": {"total": 3, "mean": 2}}
    played.die(jobs)
    played.run(a="n=2")
    assert played.run("project", demo="mean=4") == {"demo": []}, "a sample has changed"
    assert now() == ({"demo": {"mean": 4}}, {}) and left(played.folder) == []
    assert sample(played.folder) == {"a": {"n": 2}, "b": {"n": 5}}
    jobs = played.begin("demo")[0]
    assert now() == ({"demo": {"mean": 4}}, {}), "killed before its job began"
    assert conclude(jobs, played.folder) == [] and left(played.folder) == []
    assert now() == ({"demo": {"mean": 4}}, {})
    played.die(jobs)


def test_sqlite_has_what_the_last_run_reported(count: Path) -> None:
    section = 'project_name: demo, database: {sqlite_url: "all.db"},'
    edit(count / ".looper.yaml", "results_file_path: all.yaml,", section)
    played = PlayedProject(count)

    def rows() -> list[Any]:
        with contextlib.closing(sqlite3.connect(count / "all.db")) as connection:
            query = "SELECT record_identifier, n, m, status FROM count__sample ORDER BY 1"
            return connection.execute(query).fetchall()

    played.run(a="n=1 m=2", b="n=5")
    played.run(a="n=7", b="")
    assert rows() == [("a", 7, None, "completed"), ("b", None, None, "completed")]
    played.run(a="m=1!")
    assert rows()[0] == ("a", 7, 1, "failed"), "the earlier value is kept, and told"
    assert left(count) == ["out/count/results_records/a.yaml.earlier"]


def test_pephub_is_rid_of_what_is_no_longer_reported(
    count: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only results that this project has put there: a cell may be the PEP's own."""
    edit(count / ".looper.yaml", "results_file_path: all.yaml,", "pephub_path: lab/all:default,")
    cleared, away = [], [True]

    def publish(path: str, records: Any, statuses: Any) -> int:
        if away:
            raise LooperError("PEPhub is not there")
        return 0

    monkeypatch.setattr(pephub_results, "publish", publish)
    monkeypatch.setattr(pephub_results, "delete_records", lambda path, names: cleared.append(names))
    played = PlayedProject(count)
    played.run(a="n=1 m=2", b="n=5")
    played.run(a="n=7", b="")
    assert cleared == [{"a": ["m"], "b": ["n"]}]
    away.clear()
    jobs = played.jobs()
    publish_all(jobs)
    publish_all(jobs)
    jobs.close()
    assert cleared == 2 * [{"a": ["m"], "b": ["n"]}], "until it is done, and then no more"
    assert left(count) == []

"""Records of samples that left the table: they are shown with a note until `destroy` removes them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from support.earlier import (
    PROJECT_LEVEL,
    PlayedProject,
    assembled,
    jobs_of,
    left,
    notes,
    read,
    sample,
    set_says,
)
from support.projects import edit
from support.reporting import set_flag

from snakemake_looper.cli import main
from snakemake_looper.read.options.option_sources import from_config
from snakemake_looper.results.earlier_files import record_files
from snakemake_looper.results.publish import publish_all
from snakemake_looper.results.records import read_results
from snakemake_looper.results.remove import destroy, removal_of_selected, removal_without_sample
from snakemake_looper.results.removed import removed_records
from snakemake_looper.results.statuses import read_statuses
from snakemake_looper.workspace.current_plan import current_plan


def test_records_of_removed_samples(anywhere: PlayedProject) -> None:
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5")
    anywhere.run(a="n=2!")
    set_says(folder, b="n=5", c="n=6")
    assert notes(folder) == {"a": "not in the sample table"}
    limited = current_plan(folder / ".looper.yaml", from_config({"samples": "c"})).jobs()
    assert read_results(limited, folder)[0].notes == {"a": "not in the sample table"}
    what = removal_without_sample(limited, folder)
    destroy(what)
    limited.close()
    assert sample(folder) == {"b": {"n": 5}}
    assert not list(folder.rglob("*a_*.flag")) and left(folder) == []
    jobs = jobs_of(folder)
    assert not removal_without_sample(jobs, folder)
    publish_all(jobs)
    jobs.close()
    assert sample(folder) == {"b": {"n": 5}}, "it does not come back"


def test_names_in_a_results_file_lead_nowhere(played: PlayedProject) -> None:
    """A results file may hold any text as a name; only what can be a file's name is one."""
    played.run(a="n=1")
    file = played.folder / "out/count/all.yaml"
    data = yaml.safe_load(file.read_text())
    data["count"]["sample"]["../../keep"] = {"n": 1}
    file.write_text(yaml.safe_dump(data))
    keep = played.folder / "keep"
    keep.mkdir()
    (played.folder / "out/results_pipeline").mkdir(parents=True)
    jobs = jobs_of(played.folder)
    what = removal_without_sample(jobs, played.folder)
    assert what.paths == () and [names for _, names in what.records] == [("../../keep",)]
    destroy(what)
    jobs.close()
    assert keep.exists() and sample(played.folder) == {"a": {"n": 1}}


def test_destroy_names_the_way(played: PlayedProject, capsys: pytest.CaptureFixture[str]) -> None:
    played.run(a="n=1", b="n=5")
    set_says(played.folder, b="n=5")
    config = ["-c", str(played.folder / ".looper.yaml")]
    assert main(["destroy", *config, "--samples", "x", "--force"]) == 2
    assert "there is no sample 'x'" in capsys.readouterr().err
    assert main(["destroy", *config, "--removed", "--samples", "x", "--force"]) == 0
    assert set(sample(played.folder)) == {"a", "b"}
    assert main(["destroy", *config, "--removed", "--force"]) == 0
    assert "1 record (a)" in capsys.readouterr().out
    assert sample(played.folder) == {"b": {"n": 5}}


def test_destroy_takes_along_what_is_set_aside(played: PlayedProject) -> None:
    path = played.folder / "count.yaml"
    path.write_text(path.read_text() + PROJECT_LEVEL)
    played.run(a="n=1", b="n=5")
    played.run("project", demo="total=1")
    played.run(a="!")
    played.run("project", demo="!")
    assert left(played.folder)
    jobs = jobs_of(played.folder)
    destroy(removal_of_selected(jobs, played.folder, ["sample", "project"]))
    publish_all(jobs)
    jobs.close()
    assert left(played.folder) == []
    assert [dict(one.records) for one in read(played.folder)] == [{}, {}]


def destroyed(folder: Path, *words: str) -> int:
    return main(["destroy", "-c", str(folder / ".looper.yaml"), *words, "--force"])


@pytest.mark.parametrize(
    "words",
    [["--samples", "a"], ["--samples", "a,b"], ["--sel-attr", "sample_name", "--sel-incl", "a"]],
)
def test_destroy_by_name(anywhere: PlayedProject, words: list[str]) -> None:
    """A name is enough, together with names that are in the table, on each kind of file."""
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5", c="n=6")
    set_says(folder, b="n=5", c="n=6")
    assert destroyed(folder, *words) == 0
    assert set(sample(folder)) == ({"c"} if "a,b" in words else {"b", "c"})
    assert not list(folder.rglob("*a_*.flag")) and not list(folder.rglob("count_a.log"))


def test_destroy_of_a_name_that_nobody_has(
    played: PlayedProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an error, also beside one that has left the table: nothing is removed."""
    played.run(a="n=1", b="n=5")
    set_says(played.folder, b="n=5")
    assert destroyed(played.folder, "--samples", "a", "x") == 2
    assert "there is no sample 'x'" in capsys.readouterr().err
    assert destroyed(played.folder, "--samples", "a", "--limit", "1") == 2
    assert "there is no sample 'a'" in capsys.readouterr().err
    assert set(sample(played.folder)) == {"a", "b"}


def test_a_sample_without_results(count: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without pipestat its flags and log say that it was there; its folder goes with them."""
    edit(
        count / ".looper.yaml", "pipestat: {results_file_path: all.yaml, flag_file_dir: flags}", ""
    )
    edit(count / "count.yaml", "{pipestat.results_file}", "x.yaml")
    edit(count / "count.yaml", "output_schema: out.yaml", "")
    jobs = jobs_of(count)
    for name, status in (("a", "failed"), ("b", "completed")):
        set_flag(jobs, name, status)
    jobs.close()
    folder = count / "out/results_pipeline"
    (folder / "other").mkdir()
    (count / "out/submission/other_x.log").touch()
    set_says(count, b="")
    config = ["-c", str(count / ".looper.yaml")]
    assert main(["check", "--json", *config]) == 0, "a sample that has left is no failure"
    said = capsys.readouterr()
    found = {one["record"]: one for one in json.loads(said.out)["records"]}
    assert (found["a"]["status"], found["a"]["reason"]) == ("failed", "not in the sample table")
    assert found["b"]["reason"] == ""
    assert said.err == (
        "note: 1 sample is not in the sample table: a;"
        " 'snakemake-looper destroy --removed' removes what is left\n"
    )
    assert destroyed(count, "--removed") == 0
    left = sorted(str(path.relative_to(count / "out")) for path in (count / "out").rglob("*"))
    assert [one for one in left if "a" in Path(one).name.split("_") or one.endswith("/a")] == []
    assert (folder / "b").is_dir() and (folder / "other").is_dir()
    assert destroyed(count, "--removed") == 0


def test_check_marks_them(anywhere: PlayedProject, capsys: pytest.CaptureFixture[str]) -> None:
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=5")
    set_says(folder, b="n=5", c="n=6")
    config = ["-c", str(folder / ".looper.yaml")]
    main(["check", "--itemized", *config])
    said = capsys.readouterr()
    (row,) = (line for line in said.out.splitlines() if line.split()[2:3] == ["a"])
    assert row.endswith("not in the sample table")
    main(["check", *config])
    said = capsys.readouterr()
    assert said.out.splitlines()[1].split() == ["count", "1", "1"], "it is not counted"
    assert "note: 1 sample is not in the sample table: a;" in said.err
    main(["report", "-r", str(folder / "pages"), *config])
    capsys.readouterr()
    page = (folder / "pages/pipelines/count/sample/a.html").read_text()
    assert "not in the sample table" in page and 'data-status="completed"' in page
    main(["check", "--samples", "b", *config])
    assert capsys.readouterr().err == ""


def test_names_that_run_into_each_other(count: Path) -> None:
    """The log of a record in the table is never that of another pipeline's removed record."""
    shutil.copy(count / "count.yaml", count / "lines.yaml")
    edit(count / "lines.yaml", "pipeline_name: count", "pipeline_name: count_lines")
    edit(count / "lines.yaml", "output_schema: out.yaml", "")
    edit(count / ".looper.yaml", "[count.yaml]", "[count.yaml, lines.yaml]")
    set_says(count, a="n=1", b="n=1", lines_c="n=1")
    jobs = jobs_of(count)
    for brief in jobs.briefs():
        for path in (count / brief.log, count / brief.flag):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert removed_records(jobs, count, read_statuses(jobs, count)) == []
    jobs.close()
    set_says(count, a="n=1", c="n=1")
    edit(count / ".looper.yaml", ", lines.yaml", "")
    jobs = jobs_of(count)
    found = removed_records(jobs, count, read_statuses(jobs, count))
    jobs.close()
    assert {one.record for one in found} == {"b", "lines_b"}, "of count_lines, which is unknown now"
    edit(count / ".looper.yaml", "[count.yaml", "[count.yaml, lines.yaml")
    set_says(count, a="n=1")
    jobs = jobs_of(count)
    found = removed_records(jobs, count, read_statuses(jobs, count))
    jobs.close()
    assert {(one.pipeline, one.record) for one in found} == {
        ("count", "b"),
        ("count_lines", "b"),
        ("count_lines", "c"),
        ("count_lines", "lines_c"),
    }


def test_a_copy_in_sqlite(count: Path) -> None:
    """The database follows the results file; so it forgets the record, too."""
    section = 'project_name: demo, database: {sqlite_url: "all.db"}'
    edit(count / ".looper.yaml", "results_file_path: all.yaml", section)
    played = PlayedProject(count)
    played.run(a="n=1", b="n=5")

    def in_database() -> set[str]:
        with closing(sqlite3.connect(count / "all.db")) as database:
            (table,) = database.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE '%count%sample%'"
            ).fetchone()
            found = database.execute(f'SELECT record_identifier FROM "{table}"')
            return {name for (name,) in found}

    assert in_database() == {"a", "b"}
    set_says(count, b="n=5")
    assert destroyed(count, "--samples", "a") == 0
    assert in_database() == {"b"} and set(sample(count)) == {"b"}


def test_a_name_that_is_a_number(played: PlayedProject) -> None:
    """In a file that somebody has edited: `7:` and not `'7':`."""
    played.run(a="n=1")
    file = played.folder / "out/count/all.yaml"
    data = yaml.safe_load(file.read_text())
    data["count"]["sample"][7] = {"n": 1}
    file.write_text(yaml.safe_dump(data))
    assert destroyed(played.folder, "--samples", "7") == 0
    assert set(assembled(played.folder)) == {"a"}


def test_hostile_files_of_a_record_go_with_it(anywhere: PlayedProject) -> None:
    """A folder, a pipe, a link: what they lead to stays."""
    folder = anywhere.folder
    anywhere.run(a="n=1", b="n=1", c="n=1")
    (folder / "keep").mkdir()
    (folder / "keep/file").touch()
    jobs = jobs_of(folder)
    files = record_files(jobs)[0]
    jobs.close()
    for name, make in (("a", Path.mkdir), ("b", os.mkfifo), ("c", to_keep)):
        files.file_of(name).unlink()
        make(files.file_of(name))
    set_says(folder, b="n=1", c="n=1")
    assert destroyed(folder, "--samples", "a", "b", "c") == 0
    assert [name for name in "abc" if os.path.lexists(files.file_of(name))] == []
    assert (folder / "keep/file").exists()


def to_keep(path: Path) -> None:
    path.symlink_to(path.parents[3] / "keep" if "all_records" in str(path) else "../keep")

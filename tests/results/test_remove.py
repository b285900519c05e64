"""`table`, `link`, `destroy`, `clean`, `rerun`."""

from __future__ import annotations

import csv
import itertools
import json
import os
import pty
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import TOUCH, edit, flags, write
from support.running import BIN, PATIENCE, cli, environment, use_looper

from snakemake_looper.status_words import STATUSES

# Each sample reports two values and a file; `c` reports one value only. The project reports a sum.
REPORTING = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [report.yaml]
        pipestat: {results_file_path: all.yaml}
        """,
    "report.yaml": """
        pipeline_name: report
        output_schema: out.yaml
        snakemake: {output: "results/more/{sample.sample_name}.txt"}
        sample_interface:
          command_template: >
            mkdir -p results/more {looper.sample_output_folder} && touch results/more/{sample.sample_name}.txt
            && echo {sample.word} > {looper.sample_output_folder}/word.txt
            && ! grep -qx {sample.sample_name} fail.txt
            && python report.py {pipestat.results_file} sample {sample.sample_name} {sample.word}
            {looper.sample_output_folder}/word.txt
        project_interface:
          snakemake: {output: []}
          command_template: >
            python report.py {pipestat.results_file} project {pipestat.record_identifier} sum
        """,
    "report.py": """
        import sys
        from pathlib import Path
        import yaml

        path, level, record, word, *file = sys.argv[1:]
        data = yaml.safe_load(Path(path).read_text()) if Path(path).exists() else {}
        values = {"word": word} if record == "c" else {"word": word, "length": len(word)}
        if file:
            values["text"] = {"path": file[0], "title": "the word"}
        levels = data.setdefault("report", {"project": {}, "sample": {}})
        levels.setdefault(level, {})[record] = {**values, "meta": {"history": {}}}
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(yaml.safe_dump(data))
        """,
    "out.yaml": """
        pipeline_name: report
        samples:
          length: {type: integer, description: characters}
          word: {type: string, description: a word}
          text: {type: file, description: the word in a file}
        project:
          word: {type: string, description: a word}
        """,
}


@pytest.fixture
def reported(project: Callable[..., Path]) -> Path:
    folder = project(REPORTING)
    done = use_looper(cwd=folder)
    assert done.code == 0, done.text
    return folder


def results(folder: Path) -> Any:
    return yaml.safe_load((folder / "results/report/all.yaml").read_text())["report"]


# --- table and link -------------------------------------------------------------------------------

HEAD = ["Sample Index", "Record Identifier", "Pipeline Type", "length", "word"]
ROWS = [
    ["1", "a", "sample", "3", "one"],
    ["2", "b", "sample", "3", "two"],
    ["3", "c", "sample", "", "three"],
    ["4", "demo", "project", "3", "sum"],
]


def test_table(reported: Path) -> None:
    """Both levels; columns in the order of the schema; a record may have less than others."""
    done = cli("table", cwd=reported)
    table, nested = map(Path, done.out.split())
    assert (table.name, nested.name) == ("report_stats_summary.tsv", "report_objs_summary.yaml")
    assert table.parent == reported / "results"
    assert list(csv.reader(table.read_text().splitlines(), delimiter="\t")) == [HEAD, *ROWS]
    paths = {
        name: values["text"]["path"] for name, values in yaml.safe_load(nested.read_text()).items()
    }
    assert paths == {s: f"{reported}/results/results_pipeline/{s}/word.txt" for s in "abc"}


@pytest.mark.parametrize("kind", ["tsv", "csv", "json", "markdown"])
def test_table_formats(reported: Path, kind: str) -> None:
    out = cli("table", "--format", kind, cwd=reported).out
    if kind == "json":
        data = json.loads(out)
        assert data["sample"]["a"]["length"] == 3 and data["project"]["demo"]["word"] == "sum"
        assert "meta" not in data["sample"]["a"]
    elif kind == "markdown":
        assert out.splitlines()[2] == "| 1 | a | sample | completed | 3 | one |"
    else:
        head, *rows = csv.reader(out.splitlines(), delimiter="\t" if kind == "tsv" else ",")
        assert head == [*HEAD[:3], "Record Status", *HEAD[3:]]
        assert rows == [[*row[:3], "completed", *row[3:]] for row in ROWS]
    assert not list(reported.glob("results/*summary*")), "printed, not written"


def test_table_names_amendments(project: Callable[..., Path]) -> None:
    folder = project(REPORTING)
    with (folder / "project.yaml").open("a") as pep:
        pep.write("project_modifiers: {amend: {other: {note: x}}}\n")
    assert use_looper("--config", "amend=other", cwd=folder).code == 0
    out = cli("table", "--amend", "other", cwd=folder).out
    assert out.split()[0].endswith("results/report_other_stats_summary.tsv")


def test_table_is_a_target(project: Callable[..., Path]) -> None:
    """It runs what is missing first, and is made anew after new results."""
    folder = project(REPORTING)
    assert use_looper("table", cwd=folder).code == 0
    table = folder / "results/report_stats_summary.tsv"
    assert list(csv.reader(table.read_text().splitlines(), delimiter="\t")) == [HEAD, *ROWS]
    assert use_looper("-n", "table", cwd=folder).jobs() == []
    edit(folder / "samples.csv", "three", "four")
    assert use_looper("table", cwd=folder).code == 0
    assert "four" in table.read_text()


def test_report(reported: Path) -> None:
    """Folder, zip, target, and part of Snakemake's own report; failed samples are in it."""
    index = reported / "results/reports/index.html"
    assert cli("report", cwd=reported).out == f"{index}\n"
    table = (reported / "results/reports/pipelines/report/sample/index.html").read_text()
    assert "three" in table
    zipped = cli("report", "--portable", "-r", "shared", cwd=reported).out.strip()
    assert zipped == f"{reported}/shared.zip"
    assert any(name.endswith("word.txt") for name in zipfile.ZipFile(zipped).namelist())
    shutil.rmtree(index.parent)
    done = use_looper("report", cwd=reported)
    assert done.code == 0, done.text
    assert index.is_file()
    assert use_looper("-n", "report", cwd=reported).jobs() == []
    done = use_looper("--report", "all.zip", "report", cwd=reported)
    assert done.code == 0, done.text
    names = zipfile.ZipFile(reported / "all.zip").namelist()
    assert any(name.endswith("pipelines/report/sample/index.html") for name in names)
    write(reported, {"fail.txt": "b\n"})
    edit(reported / "samples.csv", "two", "zwei")
    assert use_looper(cwd=reported).code == 1
    assert cli("report", cwd=reported).code == 0
    assert "failed" in (reported / "results/reports/pipelines/report/sample/index.html").read_text()


def test_report_without_pipestat(touch: Path) -> None:
    """It has no results to show, but who has run, and logs."""
    write(touch, {"fail.txt": "b\n"})
    assert use_looper(cwd=touch).code == 1
    assert cli("report", cwd=touch).code == 0
    page = (touch / "results/reports/pipelines/touch/sample/index.html").read_text()
    assert page.count("touch_b.log") >= 1
    assert "failed" in page


def test_report_spares_what_is_no_report(touch: Path) -> None:
    done = cli("report", "-r", ".", cwd=touch)
    assert done.code == 1
    assert done.err.startswith("error: ") and "Traceback" not in done.err
    assert (touch / ".looper.yaml").exists()


def test_link(reported: Path) -> None:
    """By kind of result, as pipestat lays them out; again is no error."""
    for _ in range(2):
        done = cli("link", cwd=reported)
        assert done.out == f"3 links in {reported}/results/links\n"
    link = reported / "results/links/text/a_text_word.txt"
    assert link.is_symlink() and link.read_text() == "one\n"
    assert not os.path.isabs(os.readlink(link))
    (reported / "results/results_pipeline/b/word.txt").unlink()
    assert "b/word.txt was reported and is not there" in cli("link", cwd=reported).err


def test_without_pipestat_there_are_no_tables(touch: Path) -> None:
    for command in ("table", "link"):
        done = cli(command, cwd=touch)
        assert done.code == 1
        assert "has no 'pipestat:' section: no results are kept" in done.err


# --- destroy --------------------------------------------------------------------------------------


def test_destroy_takes_everything_of_a_record(reported: Path) -> None:
    """Results, flag, log, outputs go together, those of others stay; the next run runs it."""
    done = cli("destroy", "--samples", "b", "--force", cwd=reported)
    assert (done.code, done.err) == (0, "")
    left = [str(path.relative_to(reported)) for path in (reported / "results").rglob("*")]
    assert not [
        path for path in left if Path(path).name in ("b", "b.txt", "b.yaml", "report_b.log")
    ]
    assert sorted(results(reported)["sample"]) == ["a", "c"]
    assert sorted(results(reported)["project"]) == ["demo"]
    assert [flag for flag in flags(reported) if "_b_" in flag] == []
    dry = use_looper("-n", cwd=reported)
    assert dry.jobs() == ["report_project", "report_sample:b", "results_report"]
    assert use_looper(cwd=reported).code == 0
    assert sorted(results(reported)["sample"]) == ["a", "b", "c"]


def test_destroy_without_a_selection(reported: Path) -> None:
    assert cli("destroy", "--force", cwd=reported).code == 0
    assert results(reported) == {"project": {}, "sample": {}}
    assert flags(reported) == []
    assert len(use_looper("-n", cwd=reported).jobs()) == 5
    assert cli("destroy", "--force", cwd=reported).out == "nothing to remove\n"


def test_destroy_of_the_project_level(reported: Path) -> None:
    assert cli("destroy", "--project", "--force", cwd=reported).code == 0
    assert sorted(results(reported)["sample"]) == ["a", "b", "c"]
    assert results(reported)["project"] == {}
    assert use_looper("-n", cwd=reported).jobs() == ["report_project"]


def test_destroy_shows_first_and_asks(reported: Path) -> None:
    before = sorted((reported / "results").rglob("*"))
    dry = cli("destroy", "--dry-run", "--samples", "a", cwd=reported)
    assert dry.code == 0
    assert f"{reported}/results/results_pipeline/a/\n" in dry.out
    assert "report, sample level: 1 record (a) in" in dry.out
    unasked = cli("destroy", "--samples", "a", cwd=reported)
    assert unasked.code == 1
    assert unasked.err == (
        "error: nothing was done: there is no terminal to ask on; add --force to go on without a question\n"
    )
    assert asked(reported, "n", "destroy", "--samples", "a") == 1
    assert sorted((reported / "results").rglob("*")) == before
    assert asked(reported, "y", "destroy", "--samples", "a") == 0
    assert sorted(results(reported)["sample"]) == ["b", "c"]


def asked(cwd: Path, answer: str, *words: str) -> int:
    """Run a command at a terminal, and answer its question."""
    leader, follower = pty.openpty()
    os.write(leader, f"{answer}\n".encode())
    try:
        command = [str(BIN / "snakemake-looper"), *words]
        return subprocess.run(
            command,
            cwd=cwd,
            stdin=follower,
            env=environment(),
            capture_output=True,
            timeout=PATIENCE,
        ).returncode
    finally:
        os.close(leader)
        os.close(follower)


def test_destroy_without_pipestat(touch: Path) -> None:
    assert use_looper(cwd=touch).code == 0
    assert cli("destroy", "--samples", "b", "--force", cwd=touch).code == 0
    assert flags(touch) == ["touch_a_completed.flag", "touch_c_completed.flag"]
    assert use_looper("-n", cwd=touch).jobs() == ["touch_sample:b"]


def test_destroy_of_one_file_per_record(project: Callable[..., Path]) -> None:
    files = {**REPORTING}
    files[".looper.yaml"] = files[".looper.yaml"].replace(
        "all.yaml", '"{record_identifier}/r.yaml"'
    )
    folder = project(files)
    assert use_looper(cwd=folder).code == 0
    assert cli("destroy", "--samples", "a", "--force", cwd=folder).code == 0
    assert not (folder / "results/a/r.yaml").exists()
    rows = list(csv.reader(cli("table", "--format", "csv", cwd=folder).out.splitlines()))
    left = {row[1]: row[3] for row in rows[1:]}
    assert left == {"a": "none", "b": "completed", "c": "completed", "demo": "completed"}


# --- clean ----------------------------------------------------------------------------------------


def test_clean(touch: Path) -> None:
    folder = touch / "results/results_pipeline"
    write(
        folder,
        {"a/x_cleanup.sh": "touch cleaned_a\n", "b/x_cleanup.sh": "exit 3\n", "c/other.sh": ""},
    )
    dry = cli("clean", "--dry-run", cwd=touch)
    assert dry.out.split() == [f"{folder}/a/x_cleanup.sh", f"{folder}/b/x_cleanup.sh"]
    assert not (touch / "cleaned_a").exists()
    done = cli("clean", "--force", cwd=touch)
    assert (done.code, done.err) == (1, f"error: {folder}/b/x_cleanup.sh failed\n")
    assert (touch / "cleaned_a").exists(), "run where jobs run"
    assert cli("clean", "--force", "--samples", "a", cwd=touch).code == 0
    assert cli("clean", "--force", "--samples", "c", cwd=touch).out == "nothing to clean\n"


# --- rerun ----------------------------------------------------------------------------------------


def test_rerun_runs_exactly_what_it_says(project: Callable[..., Path]) -> None:
    """A truth table: each state, with and without being selected by an option."""
    names = [f"{status}{number}" for status, number in itertools.product([*STATUSES, "none"], "12")]
    table = "sample_name,file,word\n" + "".join(f"{name},a.txt,{name[-1]}\n" for name in names)
    folder = project({**TOUCH, "samples.csv": table})
    for name in names:
        if not name.startswith("none"):
            flag = f"results/results_pipeline/{name}/touch_{name}_{name[:-1]}.flag"
            write(folder, {flag: name[:-1]})
    rerun = ["failed", "partial", "waiting"]
    dry = cli("rerun", "-d", cwd=folder)
    assert dry.jobs() == sorted(f"touch_sample:{state}{n}" for state in rerun for n in "12")
    dry = cli("rerun", "-d", "--sel-attr", "word", "--sel-incl", "2", cwd=folder)
    assert dry.jobs() == sorted(f"touch_sample:{state}2" for state in rerun)
    dry = cli("rerun", "-d", "--sel-flag", "failed", cwd=folder)
    assert dry.jobs() == ["touch_sample:failed1", "touch_sample:failed2"]
    assert cli("rerun", cwd=folder).code == 0
    done = cli("rerun", cwd=folder)
    assert done.jobs() == []
    assert (
        "nothing to run: all samples are skipped or not selected; see snakemake-looper inspect"
        in done.err
    )

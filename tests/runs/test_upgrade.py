"""Projects that earlier versions have begun go on with this one.

`upgrade/` has an archive for each of these versions, of a project as it left it. `upgrade/make.sh`
made them, and makes the next. The first run of a project completed. Then samples c and d were
edited, and the second run was killed with all its jobs: c had completed by then, d was running,
and the project level had still to run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.projects import edit, flags
from support.running import Run, cli, snakemake, use_looper

HERE = Path(__file__).parent
ARCHIVES = sorted((HERE / "upgrade").glob("*.tar.gz"))
BUILT = "/tmp/upgrade"
"""The folder in which `make.sh` has run the project."""
BOUND_TO_ITS_PLACE = "0.1.0"
"""This version compares absolute paths: a project of it that is moved runs again as a whole."""

DONE = [f"count_{record}_completed.flag" for record in ("a", "b", "c", "d", "upgrade")]
LEFT = "killed together with its run"
TO_RUN = ["count_project", "count_sample:d", "results_count"]


@pytest.fixture(params=[path.name.removesuffix(".tar.gz") for path in ARCHIVES])
def begun(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The project of an earlier version."""
    folder = tmp_path / "project"
    folder.mkdir()
    # tarfile rounds the times of files; notes of this package have them to the nanosecond.
    archive = HERE / "upgrade" / f"{request.param}.tar.gz"
    subprocess.run(["tar", "-xzf", archive, "--no-same-owner"], cwd=folder, check=True)
    on_this_machine(folder)
    if request.param == BOUND_TO_ITS_PLACE:
        built_here(folder)
    return folder


def on_this_machine(folder: Path) -> None:
    """Have the runs be of this machine: of those on another one it is not known that they died."""
    namespace = os.readlink("/proc/self/ns/pid") if os.path.exists("/proc/self/ns/pid") else ""
    for journal in (folder / ".snakemake/looper/runs").glob("*.jsonl"):
        text = journal.read_text(encoding="utf-8")
        text = re.sub(r'("host": )"builder"', rf"\1{json.dumps(socket.gethostname())}", text)
        text = re.sub(r'("namespace": )"[^"]*"', rf"\1{json.dumps(namespace)}", text)
        rewrite(journal, text)


def built_here(folder: Path) -> None:
    """Have the project be of this folder, as if it had not been moved.

    The folder is in merged configs, in commands and in Snakemake's metadata. The digest of a merged
    config is its name and a parameter of jobs, so it changes as well.
    """
    replaced = {BUILT: str(folder)}
    configs = list((folder / ".snakemake/looper/configs").iterdir())
    for config in configs:
        text = config.read_text(encoding="utf-8")
        old, new = digest(text), digest(text.replace(BUILT, str(folder)))
        replaced |= {old: new, old[:16]: new[:16]}
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.suffix == ".sqlite":
            replace_in_table(path, replaced)
        else:
            rewrite(path, substituted(path.read_text(encoding="utf-8"), replaced))
    for config in configs:
        config.rename(config.with_stem(replaced[config.stem]))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def substituted(text: str, replaced: Mapping[str, str]) -> str:
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text


def rewrite(path: Path, text: str) -> None:
    """Give a file another text, and leave its times."""
    if path.read_text(encoding="utf-8") != text:
        stat = path.stat()
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace_in_table(path: Path, replaced: Mapping[str, str]) -> None:
    """The same for all texts of a SQLite file."""
    stat = path.stat()
    with closing(sqlite3.connect(path)) as database, database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for column in [row[1] for row in database.execute(f"PRAGMA table_info({table})")]:
                for old, new in replaced.items():
                    database.execute(
                        f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
                        f" WHERE typeof({column}) = 'text'",
                        (old, new),
                    )
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def ran(folder: Path) -> list[str]:
    """The pipelines' starts: each leaves a line."""
    return (folder / "ran").read_text(encoding="utf-8").split()


def checked(folder: Path) -> tuple[int, dict[str, tuple[str, str]]]:
    done = cli("check", "--json", cwd=folder)
    records = json.loads(done.out)["records"]
    return done.code, {one["record"]: (one["status"], one["reason"]) for one in records}


def results(folder: Path) -> dict[str, Any]:
    """The results file, without the times at which pipestat wrote."""
    text = (folder / "results/count/results.yaml").read_text(encoding="utf-8")
    levels = yaml.safe_load(text)["count"].values()
    reported = {record: values for level in levels for record, values in level.items()}
    return {
        record: {key: value for key, value in values.items() if key != "meta"}
        for record, values in reported.items()
    }


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """All files outside of `.snakemake`, with time and size."""
    found = {path.relative_to(folder): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {
        str(path): (stat.st_mtime_ns, stat.st_size)
        for path, stat in found.items()
        if path.parts[0] != ".snakemake"
    }


def assert_done(folder: Path, again: Run) -> None:
    """All is completed, and one more run does nothing."""
    assert again.code == 0, again.text
    assert "Nothing to be done" in again.text
    assert again.jobs() == []
    assert flags(folder) == DONE
    code, statuses = checked(folder)
    assert code == 0
    assert statuses == dict.fromkeys(["a", "b", "c", "d", "upgrade"], ("completed", ""))


def test_there_are_archives() -> None:
    assert {"0.1.0.tar.gz", "0.2.0.tar.gz"} <= {path.name for path in ARCHIVES}


def test_looking_tells_what_was_killed(begun: Path) -> None:
    before = files(begun)
    assert "count_d_running.flag" in flags(begun)
    code, statuses = checked(begun)
    assert code == 1
    assert statuses["d"][0] == "failed"
    assert statuses["d"][1].startswith(LEFT)
    assert [statuses[record][0] for record in "abc"] == ["completed"] * 3
    dry = use_looper("-n", cwd=begun)
    assert dry.code == 0, dry.text
    assert dry.jobs() == TO_RUN
    assert files(begun) == before, "neither writes anything"


def test_the_next_run_does_what_is_left(begun: Path) -> None:
    before = ran(begun)
    done = use_looper(cwd=begun)
    assert done.code == 0, done.text
    assert done.jobs() == TO_RUN
    assert ran(begun) == [*before, "d", "total"]
    reported = results(begun)
    assert int(reported.pop("upgrade")["total"]) == 16
    assert reported == {
        "a": {"unit": "lines", "number": 1},
        "b": {"unit": "lines", "number": 2},
        "c": {"unit": "words", "number": 5},
        "d": {"unit": "words", "number": 8},
    }
    assert_done(begun, use_looper(cwd=begun))
    assert ran(begun) == [*before, "d", "total"]


def test_a_run_of_others_settles_the_killed_flag(begun: Path) -> None:
    before = ran(begun)
    edit(begun / "samples.csv", "a.txt,lines", "a.txt,words")
    done = use_looper("samples", "--config", "samples=a", cwd=begun)
    assert done.code == 0, done.text
    assert ran(begun) == [*before, "a"]
    settled = [name.replace("d_completed", "d_failed") for name in DONE]
    assert flags(begun) == settled
    status, reason = checked(begun)[1]["d"]
    assert status == "failed"
    assert reason.startswith(LEFT)


# --- generated workflows ---------------------------------------------------------------------------

# A workflow that 0.3 generated, `workflow/` and `config/` as `snakemake-looper generate` wrote them in
# a copy of `upgrade/project`. Users keep such a workflow, so no later version makes it again.
GENERATED = HERE / "generated_0_3"


def test_a_generated_workflow_runs_with_later_versions(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(HERE / "upgrade" / "project", folder)
    shutil.copytree(GENERATED, folder, dirs_exist_ok=True)
    done = snakemake("--cores", "2", cwd=folder)
    assert done.code == 0, done.text
    assert int(results(folder)["upgrade"]["total"]) == 10
    table = snakemake("--cores", "2", "table", "report", cwd=folder)
    assert table.code == 0, table.text
    assert "words" not in (folder / "results/count_stats_summary.tsv").read_text(encoding="utf-8")
    assert (folder / "results/reports/index.html").is_file()
    assert_done(folder, snakemake("--cores", "2", cwd=folder))

"""Other users: a colleague who may only read a project, and a group that shares one."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import edit, flags, write
from support.running import use_looper
from support.users import Others, others

from snakemake_looper.files import write_atomic
from snakemake_looper.layout import FOLDER
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.read_only import not_writable

__all__ = ["others"]  # a fixture

FILES = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [p.yaml]
        pipestat: {results_file_path: results.yaml, flag_file_dir: flags}
        """,
    "project.yaml": """
        pep_version: 2.1.0
        name: demo
        sample_table: samples.csv
        """,
    "samples.csv": "sample_name,word\na,x\nb,y\n",
    "p.yaml": """
        pipeline_name: p
        output_schema: output.yaml
        sample_interface:
          command_template: >
            echo {sample.word} >> results/ran_{sample.sample_name};
            grep -q pipeline_name: {pipestat.config_file}
        """,
    "output.yaml": """
        title: t
        description: t
        type: object
        properties:
          pipeline_name: p
          samples:
            type: array
            items: {type: object, properties: {n: {type: integer, description: n}}}
        """,
}
NOTHING = "Nothing to be done"


def in_one_line(text: str, start: str = "error: ") -> bool:
    lines = [line for line in text.splitlines() if line.startswith(start)]
    return len(lines) == 1 and "Traceback" not in text


def test_a_colleague_who_may_only_read(others: Others) -> None:
    """Looking works with a plan, with an old one and with none; what must write says so."""
    folder = write(others.folder / "project", FILES)
    others.give(folder, "daemon")
    done = others.cli("daemon", "run", cwd=folder)
    assert done.code == 0, done.text

    def look(*words: str) -> str:
        done = others.cli("nobody", *words, cwd=folder)
        assert done.code == 0, done.text
        assert "Traceback" not in done.text
        return done.out + done.err

    before = sorted(folder.rglob("*"))
    home = others.folder / "home_nobody"
    assert NOTHING in look("run", "-d")
    assert '"completed"' in look("check", "--json")
    look("table", "-r", str(home / "tables"))
    assert (home / "tables" / "p_stats_summary.tsv").is_file()
    edit(folder / "samples.csv", "b,y\n", "b,z\nc,new\n")  # the plan that is there is old
    assert "c,new" not in look("table", "--format", "csv")
    text = look("run", "-d")
    assert "p: 2 of 3 samples to run\n" in text, "b and c, and not a"
    done = others.cli("nobody", "run", cwd=folder)
    assert done.code == 1
    assert in_one_line(done.err), done.err
    assert "cannot be written" in done.err
    done = others.cli("nobody", "table", cwd=folder)
    assert done.code == 1
    assert in_one_line(done.err), done.err
    assert sorted(folder.rglob("*")) == before
    shutil.rmtree(folder / ".snakemake")
    look("check")
    look("report", "-r", str(home / "pages"))
    assert "samples to run\n" in look("run", "-d")
    assert not (folder / ".snakemake").exists()
    assert not list(home.glob("snakemake-looper-*")), "temporary plans go with their process"


def test_a_group_shares_a_project(others: Others) -> None:
    """Each of two runs what the other one's edit asks for."""
    folder = write(others.folder / "project", FILES)
    others.give(folder, "daemon")
    folder.chmod(0o2775)
    for path in folder.iterdir():
        path.chmod(0o664)
    for user, edited in (("daemon", "a,x"), ("nobody", "a,u"), ("daemon", "a,v")):
        edit(folder / "samples.csv", "\na,", f"\n{edited[:1]}{user[:2]},{edited[2:]}\na,")
        done = others.cli(user, "run", cwd=folder, umask=0o002)
        assert done.code == 0, done.text
    assert {path.name for path in (folder / "results").glob("ran_*")} >= {"ran_ada", "ran_ano"}
    ours = folder / FOLDER
    for path in (ours, *ours.rglob("*"), *(folder / "results").rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = 0o2775 if path.is_dir() else 0o664
        assert mode & wanted == wanted, f"{path}: {mode:o}"


def test_a_secret_is_its_owner_s(others: Others) -> None:
    """The second user looks, and is told in one line what a group has to write instead."""
    config = FILES[".looper.yaml"].replace("{results", "{api_key: hunter2, results")
    folder = write(others.folder / "project", {**FILES, ".looper.yaml": config})
    others.give(folder, "daemon")
    folder.chmod(0o2775)
    for path in folder.iterdir():
        path.chmod(0o664)
    assert others.cli("daemon", "run", cwd=folder, umask=0o002).code == 0
    edit(folder / "samples.csv", "b,y\n", "b,y\nc,new\n")
    done = others.cli("nobody", "check", cwd=folder, umask=0o002)
    assert done.code == 0, done.text
    done = others.cli("nobody", "run", "-d", cwd=folder, umask=0o002)
    assert "p: 1 of 3 samples to run\n" in done.text, "only c"
    done = others.cli("nobody", "run", cwd=folder, umask=0o002)
    assert done.code == 1
    assert in_one_line(done.err), done.err
    assert ".looper.yaml:4: pipestat.api_key: " in done.err
    assert "${VARIABLE}" in done.err
    assert "daemon" in done.err
    assert "hunter2" not in done.text
    for name in ("results/pipestat_config_p.yaml", ".snakemake/looper/key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("umask", "file", "folder"),
    [(0o002, 0o664, 0o775), (0o022, 0o644, 0o755), (0o077, 0o600, 0o700)],
)
def test_modes_are_those_of_the_umask(
    project: Callable[..., Path], umask: int, file: int, folder: int
) -> None:
    root = project(FILES)
    before = os.umask(umask)
    try:
        plan = current_plan(root / ".looper.yaml")
        write_atomic(root / "secret", "", mode=0o600)
    finally:
        os.umask(before)
    for path in (plan.path, *(root / FOLDER).rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (folder if path.is_dir() else file), path
    assert stat.S_IMODE((root / "secret").stat().st_mode) == 0o600


def test_a_run_that_can_write_nothing_is_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not_writable(tmp_path) is None
    (tmp_path / ".snakemake" / "metadata").mkdir(parents=True)
    access = os.access
    hidden: list[Path] = []
    monkeypatch.setattr("os.access", lambda path, mode: path not in hidden and access(path, mode))
    for closed in (".snakemake", ".snakemake/metadata"):
        hidden[:] = [tmp_path / closed]
        assert (not_writable(tmp_path) or "").startswith(f"{hidden[0]}: cannot be written; ")


def test_a_run_that_can_keep_no_journal_is_refused(touch: Path) -> None:
    """Whatever else Snakemake does with the project works."""
    write(touch, {".snakemake/looper/runs": "no folder"})
    assert "touch_sample" in use_looper("--list-rules", cwd=touch).text
    assert len(use_looper("-n", cwd=touch).jobs()) == 3
    done = use_looper(cwd=touch)
    assert done.code == 1
    assert ".snakemake/looper/runs: a file is in its place; move it" in done.text
    assert flags(touch) == []

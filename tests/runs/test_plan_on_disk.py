"""The plan on disk is a cache, and the place of a project is no part of what is compared."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import edit, write
from support.running import Run, cli, use_looper

from snakemake_looper.errors import ProjectError
from snakemake_looper.files import discard, whole_folder, write_atomic
from snakemake_looper.layout import FOLDER
from snakemake_looper.read.looper_config import locate
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.places import Compared, Places
from snakemake_looper.workspace.plan_folder import PlanFolder

NOTHING = "Nothing to be done"
REPORTING = {
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
        input_schema: schema.yaml
        sample_interface:
          command_template: >
            grep -F "output_dir: {looper.output_dir}" {pipestat.config_file} &&
            echo {sample.word} >> {looper.output_dir}/ran_{sample.sample_name}
          snakemake:
            input: "{looper.piface_dir}/schema.yaml"
        """,
    "schema.yaml": "properties: {samples: {type: array, items: {type: object}}}\n",
}
SECRET = {".looper.yaml": REPORTING[".looper.yaml"].replace("{res", "{api_key: s3cr3t, res")}


def age(folder: Path) -> None:
    """Let all files be old: a plan is remembered if its sources were not written just now."""
    for path in folder.iterdir():
        if path.is_file():
            os.utime(path, (1e9, 1e9))


def ran(folder: Path) -> dict[str, int]:
    """How often each sample has run."""
    found = (folder / "results").glob("ran_*")
    return {path.name[4:]: len(path.read_text().splitlines()) for path in found}


def plan_of(folder: Path) -> PlanFolder:
    return current_plan(folder / ".looper.yaml")


def is_idle(done: Run) -> bool:
    return done.code == 0 and NOTHING in done.text


# --- what is damaged is made anew ------------------------------------------------------------------


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path: Path) -> None:
    """Other bytes, as many as before."""
    size = path.stat().st_size
    path.write_bytes(b"\0" * size)


def remove(path: Path) -> None:
    path.unlink()


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").write_text("else")


DAMAGES = (empty, cut, garble, remove, make_a_folder)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "part",
    ["Snakefile", "jobs.sqlite", "structure", "manifest.json", "profiles/default/config.v9+.yaml"],
)
def test_a_damaged_plan_is_replaced(
    project: Callable[..., Path], part: str, damage: Callable[[Path], None]
) -> None:
    folder = project(REPORTING)
    age(folder)
    first = plan_of(folder)
    whole = {path: path.read_bytes() for path in first.path.rglob("*") if path.is_file()}
    damage(first.path / part)
    assert not first.is_whole()
    again = plan_of(folder)
    assert again.path == first.path
    assert again.is_whole()
    assert {path.relative_to(first.path) for path in whole} == {
        path.relative_to(again.path) for path in again.path.rglob("*") if path.is_file()
    }
    assert (again.path / "Snakefile").read_bytes() == whole[first.path / "Snakefile"]
    assert len(list(again.jobs().rows())) == 2
    assert not [path for path in (folder / FOLDER).iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("part", ["index", "configs", "scripts", "report", "places"])
def test_a_damaged_file_that_plans_share_is_replaced(
    project: Callable[..., Path], part: str, damage: Callable[[Path], None]
) -> None:
    folder = project(REPORTING)
    age(folder)
    first = plan_of(folder)
    files = sorted((folder / FOLDER / part).iterdir())
    before = [path.read_bytes() for path in files]
    damage(files[0])
    assert plan_of(folder).path == first.path
    if part == "places":  # looked at when it is planned
        edit(folder / "samples.csv", "a,x", "a,z")
        plan_of(folder)
    if part != "index":  # has times in it
        assert [path.read_bytes() for path in files] == before
    assert files[0].is_file()


@pytest.mark.parametrize("name", ["looper", "looper/index", "looper/configs", "looper/scripts"])
def test_a_file_in_the_place_of_a_folder(project: Callable[..., Path], name: str) -> None:
    folder = project(REPORTING)
    age(folder)
    first = plan_of(folder)
    shutil.rmtree(folder / ".snakemake" / name)
    (folder / ".snakemake" / name).write_text("in the way")
    again = plan_of(folder)
    assert again.path == first.path
    assert again.is_whole()
    assert (folder / ".snakemake" / name).is_dir()


def test_a_file_has_the_name_of_a_plan(project: Callable[..., Path]) -> None:
    folder = project(REPORTING)
    first = plan_of(folder)
    shutil.rmtree(first.path)
    first.path.write_text("in the way")
    assert plan_of(folder).is_whole()


@pytest.mark.parametrize("text", ["", "0" * 63, "z" * 64, "0" * 64])
def test_another_key_is_no_reason_to_run(project: Callable[..., Path], text: str) -> None:
    """A key that was lost is made anew, and what it was for is known by the config itself."""
    folder = project({**REPORTING, **SECRET})
    age(folder)
    assert use_looper(cwd=folder).code == 0
    (folder / FOLDER / "key").write_text(text)
    edit(folder / "samples.csv", "b,y\n", "b,y\n\n")  # it plans again
    assert is_idle(use_looper("-n", cwd=folder))
    assert (folder / FOLDER / "key").stat().st_mode & 0o077 == 0 or text == "0" * 64


def test_a_plan_of_no_length_is_no_reason_for_nothing_to_be_done(
    project: Callable[..., Path],
) -> None:
    folder = project(REPORTING)
    age(folder)
    empty(plan_of(folder).snakefile)
    assert use_looper(cwd=folder).code == 0
    assert ran(folder) == {"a": 1, "b": 1}
    # All that is there is damaged, and nothing else changed: nothing runs again.
    for path in [*(folder / FOLDER).rglob("*")]:
        if path.is_file() and path.parent.name not in ("places",):
            empty(path)
    assert is_idle(use_looper("-n", cwd=folder))
    shutil.rmtree(folder / FOLDER)
    assert is_idle(use_looper("-n", cwd=folder))
    # The note of what was written is lost, and one row changed: one job runs.
    shutil.rmtree(folder / FOLDER / "written")
    edit(folder / "samples.csv", "a,x", "a,z")
    assert use_looper(cwd=folder).code == 0
    assert ran(folder) == {"a": 2, "b": 1}


def test_a_copy_with_other_times_is_the_same_plan(project: Callable[..., Path]) -> None:
    folder = project(REPORTING)
    age(folder)
    plan = plan_of(folder)
    for path in plan.path.rglob("*"):
        os.utime(path, (1e9, 1e9))
    assert plan.is_whole()


def test_an_index_cannot_name_a_plan_elsewhere(project: Callable[..., Path]) -> None:
    folder = project(REPORTING)
    age(folder)
    plan_of(folder)
    [index] = (folder / FOLDER / "index").iterdir()
    record = json.loads(index.read_text())
    index.write_text(json.dumps({**record, "plan": "../../../elsewhere"}))
    assert plan_of(folder).path.parent == folder / FOLDER


def test_a_folder_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "f") as new:
        (new / "half").write_text("")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    synced = []
    with pytest.MonkeyPatch.context() as patch:
        fsync = os.fsync
        patch.setattr(os, "fsync", lambda handle: (synced.append(path_of(handle)), fsync(handle)))
        with whole_folder(tmp_path / "f") as new:
            (new / "sub").mkdir()
            (new / "sub" / "one").write_text("1")
            beside = new.name
        write_atomic(tmp_path / "g", "1")
    assert synced[0] == f"{beside}/sub/one"
    assert {*synced[1:3]} == {f"{beside}/sub", beside}, "at the same time, in any order"
    assert synced[3] == ""
    assert synced[4].endswith(".tmp")
    assert synced[5:] == [""]
    assert (tmp_path / "f" / "sub" / "one").read_text() == "1"
    discard(tmp_path / "f")
    assert [path.name for path in tmp_path.iterdir()] == ["g"]


def path_of(handle: int) -> str:
    """What an open file is, below the test's folder."""
    path = Path(os.readlink(f"/proc/self/fd/{handle}"))
    base = next(one for one in (path, *path.parents) if one.name.startswith("test_a_folder_has"))
    return (
        str(path.relative_to(base)).removeprefix(".")
        if path == base
        else str(path.relative_to(base))
    )


# --- places ----------------------------------------------------------------------------------------


def test_texts_of_a_moved_project_are_compared_as_before() -> None:
    places = Places([("/new/p", "/old/p"), ("/", "/old"), ("/a b", "/c")])
    for text, wanted in {
        "cat /new/p/x": "cat /old/p/x",
        "--out=/new/p": "--out=/old/p",
        "-I/new/p/include": "-I/old/p/include",
        "file:///new/p/x": "file:///old/p/x",
        "'/new/p':\"/new/p\"": "'/old/p':\"/old/p\"",
        "cat '/a b/x'": "cat '/c/x'",
        "cat /new/p-2/x /new/p.bak /new/p2": "cat /new/p-2/x /new/p.bak /new/p2",
        "cat /mnt/new/p/x ../new/p": "cat /mnt/new/p/x ../new/p",
        "cat /else": "cat /else",
    }.items():
        assert places.compared(text) == wanted
    assert places.compared_in({"k": ["/new/p", 1, None]}) == {"k": ["/old/p", 1, None]}
    assert not Places([("/same", "/same")])
    long = "x" * 200_000 + "/new/p"
    assert places.compared(long).endswith("/old/p")
    command = Compared("true text", "other")
    assert f"{command}" == "true text"
    assert repr(command) == repr("other")


@pytest.mark.parametrize("files", [REPORTING, {**REPORTING, **SECRET}], ids=["plain", "secret"])
def test_a_project_that_was_moved_runs_nothing_again(
    project: Callable[..., Path], tmp_path: Path, files: dict[str, str]
) -> None:
    """Moved, copied, or reached through a link; what runs later has the right config."""
    folder = project(files)
    age(folder)
    assert use_looper(cwd=folder).code == 0
    moved = tmp_path / "else where" / "pröject"
    moved.parent.mkdir()
    folder.rename(moved)
    assert is_idle(use_looper("-n", cwd=moved))
    link = tmp_path / "link"
    link.symlink_to(moved)
    assert is_idle(cli("run", "-d", "-c", str(link), cwd=tmp_path))
    copied = tmp_path / "copy"
    shutil.copytree(moved, copied, copy_function=shutil.copy2)
    edit(copied / "samples.csv", "a,x", "a,z")
    done = use_looper(cwd=copied)
    assert done.code == 0, done.text
    assert ran(copied) == {"a": 2, "b": 1}, "the command finds its own config there"
    assert ran(moved) == {"a": 1, "b": 1}
    assert is_idle(use_looper("-n", cwd=copied))
    assert is_idle(use_looper("-n", cwd=moved))


@pytest.mark.parametrize("name", ["default", """$HOME it's "so" 100% #1 ünï a,b;c&d"""])
def test_any_name_of_a_folder_runs(project: Callable[..., Path], name: str) -> None:
    command = "echo {sample.word} >> results/ran_{sample.sample_name}"
    folder = project(
        {
            **REPORTING,
            "p.yaml": f"pipeline_name: p\nsample_interface:\n  command_template: {command}\n",
        },
        name,
    )
    age(folder)
    done = cli("run", cwd=folder)
    assert done.code == 0, done.text
    assert ran(folder) == {"a": 1, "b": 1}
    done = cli("check", "-c", f"./{name}", "-o", f"{name}/results", cwd=folder.parent)
    assert done.out.split()[-2:] == ["p", "2"], done.text


def test_a_path_that_was_found_is_not_expanded(tmp_path: Path) -> None:
    write(tmp_path, {"$HOME/.looper.yaml": "", "~/.looper.yaml": "", "x/.looper.yaml": ""})
    for name in ("$HOME", "~", "x"):
        assert locate(name, tmp_path) == tmp_path / name / ".looper.yaml"
        assert locate(tmp_path / name / ".looper.yaml") == tmp_path / name / ".looper.yaml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHERE", str(tmp_path / "x"))
        assert locate("$WHERE", tmp_path) == tmp_path / "x" / ".looper.yaml"
    with pytest.raises(ProjectError):
        locate("$NOWHERE", tmp_path)

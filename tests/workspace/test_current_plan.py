"""What makes a plan stale: no Snakemake is started, and each planning is counted."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write

from snakemake_looper.errors import ProjectError
from snakemake_looper.layout import FOLDER, JOB_TABLE, LOCKS
from snakemake_looper.plan import planner
from snakemake_looper.read.options.options import Options
from snakemake_looper.workspace import current_plan as module
from snakemake_looper.workspace.current_plan import current_plan
from snakemake_looper.workspace.plan_folder import PlanFolder

PROJECT = {
    **TOUCH,
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: $OUTPUT_FOLDER/results
        pipeline_interfaces: [touch.yaml]
        pipestat: {flag_file_dir: flags}
        """,
    "touch.yaml": """
        pipeline_name: touch
        input_schema: schema.yaml
        output_schema: output.yaml
        sample_interface:
          command_template: echo {sample.word} ${UNSET_WORD} {pipestat.config_file}
        compute: {size_dependent_variables: sizes.tsv}
        """,
    "output.yaml": "pipeline_name: touch\nsamples: {number: {type: integer, description: n}}\n",
    "sizes.tsv": "max_file_size\tcores\n0.00001\t1\nNaN\t2\n",
}
DAY = 24 * 3600


class Lab:
    """A project, and how often it was planned."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.planned = 0

    def plan(self, options: Options | None = None, workdir: Path | None = None) -> PlanFolder:
        return current_plan(self.folder / ".looper.yaml", options, workdir)

    def is_stale(self) -> bool:
        """Whether the next command plans again; and the one after it does not."""
        self.age()
        before = self.planned
        self.plan()
        stale = self.planned > before
        self.plan()
        assert self.planned == before + stale, "it plans once"
        return stale

    def age(self) -> None:
        """Let no source be so new that the plan cannot be trusted."""
        for path in self.folder.iterdir():
            if path.is_file() and path.stat().st_mtime > time.time() - 5:
                os.utime(path, (time.time() - 10, time.time() - 10))

    @property
    def home(self) -> Path:
        return self.folder / FOLDER

    @property
    def index(self) -> Path:
        (found,) = (self.home / "index").iterdir()
        return found


@pytest.fixture
def lab(project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("OUTPUT_FOLDER", "out")
    monkeypatch.delenv("UNSET_WORD", raising=False)
    found = Lab(project(PROJECT))
    original = planner.plan_project

    def counted(*words: object, **more: object) -> object:
        found.planned += 1
        return original(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(planner, "plan_project", counted)
    found.age()
    found.plan()
    assert found.planned == 1
    return found


def test_nothing_has_changed(lab: Lab) -> None:
    assert not lab.is_stale()


@pytest.mark.parametrize(
    "source",
    [
        ".looper.yaml", "project.yaml", "samples.csv", "touch.yaml", "schema.yaml", "output.yaml",
        "sizes.tsv",
    ],
)  # fmt: skip
def test_a_source_was_written(lab: Lab, source: str) -> None:
    path = lab.folder / source
    path.write_text(path.read_text() + "\n")
    assert lab.is_stale()


def test_a_source_has_another_time_only(lab: Lab) -> None:
    os.utime(lab.folder / "samples.csv", (1e9, 1e9))
    assert lab.is_stale()


def test_a_source_is_gone(lab: Lab) -> None:
    (lab.folder / "touch.yaml").unlink()
    with pytest.raises(ProjectError):
        lab.plan()
    assert lab.planned == 2


def test_other_files_do_not_matter(lab: Lab) -> None:
    write(lab.folder, {"notes.txt": "x", "fail.txt": "y"})
    assert not lab.is_stale()


@pytest.mark.parametrize("name", ["OUTPUT_FOLDER", "DIVCFG"])
def test_a_variable_has_another_value(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path
) -> None:
    divvy = write(tmp_path, {"divvy.yaml": "compute_resources: {}\n"}) / "divvy.yaml"
    monkeypatch.setenv(name, str(divvy) if name == "DIVCFG" else "elsewhere")
    assert lab.is_stale()


def test_a_variable_is_set_now(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSET_WORD", "")
    assert lab.is_stale()


def test_a_variable_is_not_set_any_more(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSET_WORD", "x")
    lab.plan()
    monkeypatch.delenv("UNSET_WORD")
    assert lab.is_stale()


def test_other_variables_do_not_matter(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOTHER_WORD", "x")
    assert not lab.is_stale()


def test_no_value_or_unset_name_is_in_the_index(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be secret: `pa$word` is a password, and no variable."""
    text = lab.index.read_text()
    assert "OUTPUT_FOLDER" in text
    assert "UNSET_WORD" not in text and '"out"' not in text


@pytest.mark.parametrize("text", [None, "", "much longer than it was\n"])
def test_an_input_has_another_size(lab: Lab, text: str | None) -> None:
    path = lab.folder / "b.txt"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    assert lab.is_stale()


def test_an_input_of_the_same_size_is_the_same(lab: Lab) -> None:
    """Snakemake looks at its time; commands and resources depend on sizes only."""
    (lab.folder / "b.txt").write_text("B\n")
    assert not lab.is_stale()


def test_another_version_plans_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__version__", "99")
    assert lab.is_stale()


@pytest.mark.parametrize(
    "part",
    ["Snakefile", JOB_TABLE, "structure", "manifest.json", "profiles/default/config.v9+.yaml"],
)
def test_a_part_of_the_plan_is_damaged(lab: Lab, part: str) -> None:
    path = lab.plan().path / part
    path.write_bytes(path.read_bytes()[:-1])
    assert lab.is_stale()


@pytest.mark.parametrize("part", ["configs", "scripts", "report"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_shared_part_is_damaged(lab: Lab, part: str, damage: str) -> None:
    path = min((lab.home / part).iterdir())
    if damage == "cut":
        path.write_text("")
    else:
        path.unlink()
    assert lab.is_stale()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"plan": 3}', "no JSON"])
def test_the_index_is_damaged(lab: Lab, text: str) -> None:
    lab.index.write_text(text)
    assert lab.is_stale()


def test_a_volatile_plan_is_made_each_time(lab: Lab) -> None:
    record = json.loads(lab.index.read_text())
    lab.index.write_text(json.dumps({**record, "volatile": True}))
    assert lab.is_stale()


def test_a_source_that_is_written_meanwhile_is_not_trusted(lab: Lab) -> None:
    """Its time may be that of a moment before the plan read it."""
    later = time.time() + 60
    os.utime(lab.folder / "samples.csv", (later, later))
    for number in (2, 3):
        lab.plan()
        assert lab.planned == number


def test_other_options_have_a_plan_of_their_own(lab: Lab) -> None:
    first = lab.plan()
    limited = lab.plan(Options(limit="1"))
    assert limited.path != first.path
    assert lab.planned == 2
    assert lab.plan(Options(limit="1")) == limited
    assert lab.plan() == first
    assert lab.planned == 2


def test_another_working_directory_has_a_plan_of_its_own(lab: Lab, tmp_path: Path) -> None:
    there = lab.plan(workdir=tmp_path / "there")
    assert there.path.parent == tmp_path / "there" / FOLDER
    assert lab.planned == 2
    assert not lab.is_stale()


def test_a_project_that_was_moved_is_planned_again(lab: Lab, tmp_path: Path) -> None:
    """Commands hold absolute paths."""
    first = lab.plan().path.name
    moved = shutil.move(lab.folder, tmp_path / "moved")
    lab.folder = Path(moved)
    assert lab.is_stale()
    assert lab.plan().path.name != first
    assert lab.index.is_file(), "it has the index that it had"


def test_what_is_as_before_has_the_plan_of_before(lab: Lab) -> None:
    first = lab.plan()
    edit(lab.folder / "samples.csv", "a,a.txt,one", "a,a.txt,other")
    assert lab.is_stale()
    assert lab.plan() != first
    edit(lab.folder / "samples.csv", "a,a.txt,other", "a,a.txt,one")
    assert lab.is_stale()
    assert lab.plan() == first


# --- plans that nobody needs ----------------------------------------------------------------------


def forget_old_plans(lab: Lab) -> None:
    """Plan something: plans that nobody needs are cleared then."""
    edit(lab.folder / "samples.csv", "c,c.txt", "d,c.txt")
    lab.age()
    lab.plan()


def make_old(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * DAY,) * 2)


def test_a_plan_that_no_index_names_is_removed_after_a_day(lab: Lab) -> None:
    first = lab.plan().path
    forget_old_plans(lab)
    assert first.is_dir(), "a run may just have been started with it"
    make_old(first, 1.1)
    lab.index.unlink()
    lab.plan()
    assert not first.exists()


def test_no_plan_is_removed_while_snakemake_runs(lab: Lab) -> None:
    first = lab.plan().path
    make_old(first, 1.1)
    write(lab.folder, {f"{LOCKS}/0.input.lock": ""})
    forget_old_plans(lab)
    assert first.is_dir()


def test_an_index_that_nobody_asks_for_is_removed_after_a_month(lab: Lab) -> None:
    limited = lab.plan(Options(limit="1")).path
    (index,) = (path for path in (lab.home / "index").iterdir() if limited.name in path.read_text())
    make_old(limited, 40)
    make_old(index, 29)
    forget_old_plans(lab)
    assert limited.is_dir()
    make_old(index, 31)
    make_old(limited, 40)
    edit(lab.folder / "samples.csv", "d,c.txt", "c,c.txt")
    lab.age()
    lab.plan()
    assert not index.exists() and not limited.exists()

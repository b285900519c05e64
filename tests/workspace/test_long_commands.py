"""Commands of more bytes than one argument of a program may have: a shell reads them from a file.

Linux takes 131,072 bytes. Snakemake's own limit counts characters, and one may have four bytes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.projects import TOUCH

from snakemake_looper.layout import command_file
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.workspace.lookups import Lookups
from snakemake_looper.workspace.places import Compared
from snakemake_looper.workspace.plan_folder import PlanFolder
from snakemake_looper.workspace.plan_folder_writer import write_plan

WIDE = "字" * 54_000


def planned(folder: Path, command: str) -> PlanFolder:
    (folder / "samples.csv").write_text(f"sample_name,file,word\na,a.txt,{WIDE}\nb,b.txt,two\n")
    (folder / "touch.yaml").write_text(
        f"pipeline_name: touch\nsample_interface:\n  command_template: {command}\n"
    )
    return write_plan(plan_project(folder / ".looper.yaml"))


def command_of(plan: PlanFolder, sample: str) -> Any:
    nothing: Any = None
    lookups = Lookups(plan.jobs(), nothing, list)
    wildcards: Any = {"sample": sample}
    return lookups.command("touch_sample")(wildcards)


@pytest.mark.parametrize(
    ("command", "is_long"),
    [
        ("", False),
        ("x" * 100_000, False),
        ("x" * 100_001, True),
        ("é" * 50_000, False),
        ("é" * 50_001, True),
        ("😀" * 25_000, False),
        ("😀" * 25_001, True),
    ],
)
def test_the_limit_counts_bytes(command: str, is_long: bool) -> None:
    assert bool(command_file(command)) == is_long


def test_a_long_command_is_read_from_a_file_of_the_plan(project: Callable[..., Path]) -> None:
    plan = planned(project(TOUCH), "'echo {sample.word}; echo end; exit 3'")
    script = command_of(plan, "a")
    (file,) = (plan.path / "commands").iterdir()
    assert script == f"source {file}"
    done = subprocess.run(["bash", "-c", f"(\n{script}\n)"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, f"{WIDE}\nend\n")
    assert plan.is_whole()
    file.unlink()
    assert not plan.is_whole(), "a lost one is written again"


def test_snakemake_compares_the_command_and_not_its_file(project: Callable[..., Path]) -> None:
    """Each plan has another folder, and nothing is to run again because of that."""
    folder = project(TOUCH)
    script = command_of(planned(folder, "echo {sample.word}"), "a")
    assert isinstance(script, Compared) and repr(script) == repr(f"echo {WIDE} ")
    more = planned(folder, "echo {sample.word}\ncompute: {cores: 2}")
    other = command_of(more, "a")
    assert other != script and repr(other) == repr(script)


def test_other_commands_are_as_they_were(project: Callable[..., Path]) -> None:
    script = command_of(planned(project(TOUCH), "echo {sample.word}"), "b")
    assert script == "echo two " and type(script) is str

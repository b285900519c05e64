"""From a command line to a plan; and no plan of one run is seen by another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.projects import edit

from snakemake_looper.run.from_command_line import plan_of_command_line, plans_seen


def test_a_command_sees_the_plans_of_its_own_call(touch: Path) -> None:
    outside = plan_of_command_line(str(touch), None)
    with plans_seen() as first:
        one = plan_of_command_line(str(touch), ["limit=1"])
        with plans_seen() as second:
            two = plan_of_command_line(str(touch), ["limit=2"])
    assert (first, second) == ([one], [two])
    assert len({outside.snakefile, one.snakefile, two.snakefile}) >= 2
    with plans_seen() as none:
        pass
    assert none == []


def test_threads_do_not_see_each_other(touch: Path) -> None:
    with plans_seen() as here, ThreadPoolExecutor(1) as pool:
        there = pool.submit(plan_of_command_line, str(touch), ["limit=1"]).result()
        own = plan_of_command_line(str(touch), None)
    assert here == [own] != [there]


def test_an_edit_in_between_is_seen(touch: Path) -> None:
    first = plan_of_command_line(str(touch), None)
    edit(touch / "samples.csv", "one", "another")
    assert plan_of_command_line(str(touch), None).snakefile != first.snakefile


def test_the_working_directory(touch: Path, tmp_path: Path) -> None:
    assert plan_of_command_line(str(touch), None).workdir == touch
    there = plan_of_command_line(str(touch), None, directory=tmp_path / "there")
    assert there.workdir == tmp_path / "there"
    assert there.folder.path.is_relative_to(tmp_path / "there")


def test_all_that_is_wrong_is_printed(touch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(touch / "touch.yaml", "{sample.word}", "{sample.nope}")
    edit(touch / "touch.yaml", "pipeline_name: touch", "pipeline_name: touch\nodd: key")
    with pytest.raises(SystemExit) as left:
        plan_of_command_line(str(touch), None)
    assert left.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert {line.partition(":")[0] for line in lines} == {"error", "warning"}


def test_a_folder_in_the_place_of_a_flag(touch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flag = touch / "results/results_pipeline/a/touch_a_completed.flag"
    flag.mkdir(parents=True)
    with pytest.raises(SystemExit):
        plan_of_command_line(str(touch), None)
    assert "touch_a_completed.flag is not a file; remove it" in capsys.readouterr().err

"""From a command line to a plan; and no plan of one run is seen by another."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from support.projects import edit, write

from snakemake_looper import remote_files
from snakemake_looper.run.from_command_line import Asked, Ready, plan_of_command_line, plans_seen


def planned(folder: Path, *config: str, **more: Any) -> Ready:
    return plan_of_command_line(Asked(str(folder), config, **more))


def test_a_command_sees_the_plans_of_its_own_call(touch: Path) -> None:
    outside = planned(touch)
    with plans_seen() as first:
        one = planned(touch, "limit=1")
        with plans_seen() as second:
            two = planned(touch, "limit=2")
    assert (first, second) == ([one], [two])
    assert len({outside.snakefile, one.snakefile, two.snakefile}) >= 2
    with plans_seen() as none:
        pass
    assert none == []


def test_threads_do_not_see_each_other(touch: Path) -> None:
    with plans_seen() as here, ThreadPoolExecutor(1) as pool:
        there = pool.submit(planned, touch, "limit=1").result()
        own = planned(touch)
    assert here == [own] != [there]


def test_an_edit_in_between_is_seen(touch: Path) -> None:
    first = planned(touch)
    edit(touch / "samples.csv", "one", "another")
    assert planned(touch).snakefile != first.snakefile


def test_the_working_directory(touch: Path, tmp_path: Path) -> None:
    assert planned(touch).workdir == touch
    there = planned(touch, directory=str(tmp_path / "there"))
    assert there.workdir == tmp_path / "there"
    assert there.folder.path.is_relative_to(tmp_path / "there")


def test_all_that_is_wrong_is_printed(touch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(touch / "touch.yaml", "{sample.word}", "{sample.nope}")
    edit(touch / "touch.yaml", "pipeline_name: touch", "pipeline_name: touch\nodd: key")
    with pytest.raises(SystemExit) as left:
        planned(touch)
    assert left.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert {line.partition(":")[0] for line in lines} == {"error", "warning"}


def test_an_interrupt_while_servers_are_asked(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(addresses: Sequence[str]) -> dict[str, int]:
        raise KeyboardInterrupt

    monkeypatch.setattr(remote_files, "_is_installed", lambda plugin: True)
    edit(touch / "samples.csv", "a,a.txt", "a,https://host/a.txt")
    with pytest.raises(SystemExit) as left:
        planned(touch, ask=ask)
    assert left.value.code == 1
    assert capsys.readouterr().err == "note: interrupted while planning: nothing was started\n"


def test_a_folder_in_the_place_of_a_flag(touch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flag = touch / "results/results_pipeline/a/touch_a_completed.flag"
    flag.mkdir(parents=True)
    with pytest.raises(SystemExit):
        planned(touch)
    assert "touch_a_completed.flag is not a file; remove it" in capsys.readouterr().err


# --- options and files are read together ---------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], folder: Path, *config: str, **more: Any) -> str:
    """The lines of a command that is refused, with paths relative to the folder."""
    with pytest.raises(SystemExit) as left:
        planned(folder, *config, **more)
    assert left.value.code == 2
    return capsys.readouterr().err.replace(f"{folder}/", "")


def test_options_and_files_do_not_hide_each_other(
    touch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(touch / "project.yaml", "samples.csv", "nope.csv")
    edit(touch / "touch.yaml", "pipeline_name: touch", "pipeline_nam: touch")
    said = refused(capsys, touch, "sel_flag=done", "limit=x")
    for part in (
        "--config: sel_flag: 'done'",
        "--config: limit: 'x'",
        "project.yaml:",
        "touch.yaml",
    ):
        assert f"error: {part}" in said


def test_an_option_is_refused_though_the_plan_is_there(
    touch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(touch)
    assert refused(capsys, touch, "limit=x").startswith("error: --config: limit: 'x' is no number")


def test_an_option_is_named_though_there_is_no_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, tmp_path / "nowhere.yaml", "limit=x").splitlines()
    assert said[0].startswith("error: --config: limit: 'x' is")
    assert len(said) == 2


def test_options_of_files(touch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        touch,
        {
            "prof/config.yaml": "config:\n  limit: 0\n  skip: x\n",
            "mine.yaml": "a: b\nsel-flag: done\n",
        },
    )
    said = refused(
        capsys,
        touch,
        profiles=(touch / "prof/config.yaml",),
        configfiles=(touch / "mine.yaml",),
        profile_config=("limit=0", "skip=x"),
    )
    assert [line.partition(" ")[2].partition(": '")[0] for line in said.splitlines()] == [
        "prof/config.yaml:3: skip",
        "mine.yaml:2: sel-flag",
        "prof/config.yaml:2: limit",
    ]


def test_a_profile_that_snakemake_evaluates(touch: Path) -> None:
    """Our reader does not know the templates of a profile; Snakemake's words say what they give."""
    write(touch, {"config.yaml": "__use_yte__: true\n?if True:\n  config:\n    limit: 1\n"})
    profile = {"profiles": (touch / "config.yaml",), "profile_config": ("limit=1",)}
    table = planned(touch, **profile).folder.jobs()
    assert [one.record for one in table.briefs()] == ["a"]
    table.close()


# --- targets -------------------------------------------------------------------------------------


def test_targets(touch: Path) -> None:
    edit(touch / "touch.yaml", "pipeline_name: touch", "pipeline_name: touch-it")
    flag = "results/results_pipeline/a/touch-it_a_completed.flag"
    asked = ("touch-it", "touch_it", "all", "touch_it_sample", flag, "report")
    found = planned(touch, targets=asked).targets
    assert found == ("touch_it", "touch_it", "all", "touch_it", flag, "report")


def test_the_rule_of_sample_jobs_as_a_target(touch: Path) -> None:
    """Snakemake refuses it for its wildcard; the jobs are those of a target, or of flags."""
    both = "project_interface: {command_template: 'true'}\n"
    edit(touch / "touch.yaml", "sample_interface:", f"{both}sample_interface:")
    assert planned(touch, targets=("touch_sample", "touch_project")).targets == (
        "samples", "touch_project",
    )  # fmt: skip
    other = "pipeline_name: other\nsample_interface: {command_template: 'true'}\n"
    write(touch, {"other.yaml": other})
    edit(touch / ".looper.yaml", "touch.yaml", "touch.yaml, other.yaml")
    flags = [f"results/results_pipeline/{one}/touch_{one}_completed.flag" for one in "abc"]
    found = planned(touch, targets=("touch_sample", "other_sample")).targets
    assert found == (*flags, "other")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("touhc", "is no target (did you mean 'touch'?); write one of all, samples, touch, report, or the path of a file"),
        ("run", "is no target; write one of all, samples, touch, report, or the path of a file"),
        ("b", "is a sample and no target; write --config samples=b"),
        ("project", "there is no such target: no pipeline has a project level; leave it out"),
    ],
)  # fmt: skip
def test_a_word_that_is_no_target(
    word: str, message: str, touch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, touch, targets=(word,)) == f"error: {word}: {message}\n"


def test_a_sample_in_our_own_command(touch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with plans_seen():
        said = refused(capsys, touch, targets=("b", "nope"))
    assert said.splitlines()[0] == "error: b: is a sample and no target; write --samples b"
    assert len(said.splitlines()) == 2


def test_a_target_behind_the_option(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--use-looper-config samples`: also where a folder has the name of the target."""
    monkeypatch.chdir(touch)
    assert planned(Path("touch"), targets=("report",)).targets == ("touch", "report")
    (touch / "samples").mkdir()
    assert planned(Path("samples")).targets == ("samples",)
    assert "sampels: is no target (did you mean 'samples'?)" in refused(capsys, Path("sampels"))
    assert "some/where: no such looper config" in refused(capsys, Path("some/where"))


def test_a_folder_with_a_looper_config_is_no_target(
    touch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(touch)
    copytree(touch, touch / "samples")
    assert planned(Path("samples")).workdir == touch / "samples"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("touch-it_sample",), None),
        (("touch_it_sample",), ("touch_it_sample",)),
        (("touch_it",), ("touch_it_sample",)),
        (("touch-it",), ("touch_it_sample",)),
        (("all", "samples"), ("touch_it_sample",)),
        (("b",), ("results/results_pipeline/b/touch-it_b_completed.flag",)),
        (("report",), ("report",)),
        (("some/file", "x.txt"), ("some/file", "x.txt")),
        ((), ()),
    ],
)
def test_rules_of_jobs_are_meant_by_forcerun(
    words: tuple[str, ...],
    meant: tuple[str, ...] | None,
    touch: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The rule of a target has no job: to force it would run nothing again."""
    edit(touch / "touch.yaml", "pipeline_name: touch", "pipeline_name: touch-it")
    asked = {"rules": (("--forcerun", words),)}
    if meant is not None:
        assert planned(touch, **asked).rules == (("--forcerun", meant),)
        return
    assert refused(capsys, touch, **asked) == (
        "error: --forcerun: there is no rule or sample 'touch-it_sample' (did you mean"
        " 'touch_it_sample'?); write one of all, samples, touch_it, touch-it, a sample, or the path"
        " of a file\n"
    )


def test_a_configfile_that_is_missing(touch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, touch, configfiles=(Path("nope.yaml"),))
    assert said == "error: --configfile: 'nope.yaml' does not exist; correct the path\n"

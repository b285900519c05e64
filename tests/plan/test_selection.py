"""Which samples are run; a selection of nothing is wrong input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import TOUCH, edit, write
from support.running import cli, inspect_json, use_looper

from snakemake_looper import ProjectError
from snakemake_looper.errors import Problems, near
from snakemake_looper.model import Sample
from snakemake_looper.plan.planner import plan_project
from snakemake_looper.plan.selection import select
from snakemake_looper.read.options.options import Options

SAMPLES = [
    Sample(f"s{number}", {"kind": kind, "toggle": toggle}, None)
    for number, (kind, toggle) in enumerate(
        [("x", "1"), ("y", "0"), (["x", "z"], "1"), ("y", "1"), ("", "1")], start=1
    )
]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (Options(), "s1 s3 s4 s5"),
        (Options(sel_attr="kind", sel_incl=("x",)), "s1 s3"),
        (Options(sel_attr="kind", sel_incl=("y", "z")), "s2 s3 s4"),
        (Options(sel_attr="kind", sel_excl=("x",)), "s2 s4 s5"),
        (Options(limit="2"), "s1 s3"),
        (Options(limit="2:3"), "s3 s4"),
        (Options(limit="2-3"), "s3 s4"),
        (Options(limit=":2"), "s1 s3"),
        (Options(limit="3-"), "s4 s5"),
        (Options(limit="99"), "s1 s3 s4 s5"),
        (Options(skip="0"), "s1 s3 s4 s5"),
        (Options(skip="1"), "s3 s4 s5"),
        (Options(skip="2:3"), "s1 s5"),
        (Options(samples=("s4", "s1")), "s1 s4"),
        (Options(sel_attr="toggle", sel_incl=("0",)), "s2"),
        (Options(sel_attr="kind", sel_incl=("x",), limit="2:", skip="0"), "s3"),
    ],
)
def test_selected(options: Options, names: str) -> None:
    problems = Problems()
    kept, reasons = select(SAMPLES, options, problems)
    assert not problems
    assert not problems.warnings
    assert [sample.name for sample in kept] == names.split()
    assert set(reasons) == {sample.name for sample in SAMPLES} - set(names.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(sel_attr="kind", sel_incl=("X",)), "--sel-incl: none of 5 samples has 'X' as 'kind' (did you mean 'x'?); write one of 'x', 'y', 'z'"),
        (Options(sel_attr="kind", sel_incl=("u", "v")), "--sel-incl: none of 5 samples has 'u', 'v' as 'kind'; write one of 'x', 'y', 'z'"),
        (Options(sel_attr="toggle", sel_excl=("0", "1")), "--sel-excl: '0', '1' leaves none of 5 samples; leave out a value"),
        (Options(sel_attr="kimd", sel_incl=("x",)), "--sel-attr: no sample has an attribute 'kimd' (did you mean 'kind'?)"),
        (Options(sel_attr="q", sel_incl=("x",)), "--sel-attr: no sample has an attribute 'q'; there are 'kind', 'toggle'"),
        (Options(sel_incl=("9",)), "--sel-incl: none of 5 samples has '9' as 'toggle'; write one of '1', '0'"),
        (Options(limit="0"), "--limit: '0' is none of the 4 samples left of 5; write a number from 1 to 4, or a range"),
        (Options(limit="7:9"), "--limit: '7:9' is none of the 4 samples left of 5; write a number from 1 to 4, or a range"),
        (Options(limit="5-"), "--limit: '5-' is none of the 4 samples left of 5; write a number from 1 to 4, or a range"),
        (Options(limit="²"), "--limit: '²' is no number or range; write 3, 2:5, :4 or 6-"),
        (Options(limit="-"), "--limit: '-' is no number or range; write 3, 2:5, :4 or 6-"),
        (Options(skip="4"), "--skip: '4' is all of the 4 samples left of 5, none is left; skip fewer"),
        (Options(skip="1:"), "--skip: '1:' is all of the 4 samples left of 5, none is left; skip fewer"),
        (Options(samples=("S1",)), "--samples: there is no sample 'S1' (did you mean 's1'?)"),
        (Options(samples=("q",)), "--samples: there is no sample 'q'; there are 's1', 's2', 's3', 's4', 's5'"),
        (Options(samples=("s2",)), "--samples: none of these is left of the 5 samples: s2 (toggle is 0); change the selection"),
        # Of several options, the one that takes the last sample is at fault.
        (Options(sel_attr="kind", sel_incl=("x",), limit="3:"), "--limit: '3:' is none of the 2 samples left of 5; write a number from 1 to 2, or a range"),
        (Options(sel_attr="kind", sel_incl=("z",), limit="2:"), "--limit: '2:' is none of the 1 sample left of 5; write 1, or leave it out"),
        (Options(sel_attr="kind", sel_incl=("Z",), limit="0", skip="9"), "--sel-incl: none of 5 samples has 'Z' as 'kind' (did you mean 'z'?); write one of 'x', 'y', 'z'"),
        (Options(skip="2", limit="3:4"), "--limit: '3:4' is none of the 2 samples left of 5; write a number from 1 to 2, or a range"),
    ],
)  # fmt: skip
def test_a_selection_of_nothing(options: Options, message: str) -> None:
    problems = Problems()
    select(SAMPLES, options, problems)
    assert [str(problem) for problem in problems] == [message]


def test_one_value_of_several_that_no_sample_has_is_a_warning() -> None:
    problems = Problems()
    kept, _ = select(SAMPLES, Options(sel_attr="kind", sel_incl=("x", "Y")), problems)
    assert [sample.name for sample in kept] == ["s1", "s3"]
    assert not problems
    assert problems.warnings == (
        "--sel-incl: none of 5 samples has 'Y' as 'kind' (did you mean 'y'?)",
    )


def test_many_names_of_no_sample() -> None:
    problems = Problems()
    select(SAMPLES, Options(samples=tuple(f"t{number}" for number in range(20))), problems)
    lines = [str(one) for one in problems]
    assert lines[0] == "--samples: there is no sample 't0'; there are 's1', 's2', 's3', 's4', 's5'"
    assert lines[8:] == ["--samples: there are no samples of 12 other names; correct them"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("frog_smaple_77", "frog_sample_77"),
        ("frog_sample7", "frog_sample_7"),
        ("FROG_sample_1234", "frog_sample_1234"),
        ("frog_sample_19999x", "frog_sample_19999"),
        ("toad", None),
    ],
)
def test_the_nearest_of_many_names(typed: str, meant: str | None) -> None:
    expected = f" (did you mean '{meant}'?)" if meant else ""
    assert near(typed, [f"frog_sample_{number}" for number in range(20_000)]) == expected


def test_an_attribute_alone_selects_nothing() -> None:
    problems = Problems()
    kept, _ = select(SAMPLES, Options(sel_attr="kind"), problems)
    assert len(kept) == 4
    assert problems.warnings == (
        "--sel-attr: selects nothing by itself, ignored; write --sel-incl or --sel-excl with it",
    )


def test_values_of_no_column_ask_for_another_one() -> None:
    problems = Problems()
    select([Sample("a", {"kind": "x"}, None)], Options(sel_incl=("x",)), problems)
    assert [str(one) for one in problems] == [
        "--sel-incl: no sample has an attribute 'toggle'; name another one with --sel-attr: there"
        " are 'kind'"
    ]


# --- as it was typed -----------------------------------------------------------------------------

ERROR = "'0' is none of the 3 samples; write a number from 1 to 3, or a range\n"


@pytest.mark.parametrize("command", ["inspect", "check", "table", "destroy", "generate"])
def test_commands_refuse_a_selection_of_nothing(
    touch: Path, command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from snakemake_looper.cli import main

    monkeypatch.chdir(touch)
    assert main([command, "--limit", "0"]) == 2
    assert capfd.readouterr() == ("", f"error: --limit: {ERROR}")


def test_an_option_is_named_as_it_was_typed(touch: Path) -> None:
    done = cli("run", "--limit", "0", cwd=touch)
    assert (done.code, done.out, done.err) == (2, "", f"error: --limit: {ERROR}")
    done = use_looper("--config", "limit=0", cwd=touch)
    assert (done.code, done.out, done.err) == (2, "", f"error: --config: limit: {ERROR}")
    both = cli("run", "--skip", "0", "--", "--config", "limit=0", cwd=touch)
    assert (both.code, both.err) == (2, f"error: --config: limit: {ERROR}")


@pytest.mark.parametrize("words", [("--limit", ""), ("--samples", ""), ("--sel-incl", " , ")])
def test_an_option_that_is_empty_is_no_option_left_out(touch: Path, words: tuple[str, ...]) -> None:
    """As where the variable of a script is not set: not all samples are meant."""
    done = cli("inspect", *words, cwd=touch)
    expected = f"error: {words[0]}: is empty; write a value, or leave it out\n"
    assert (done.code, done.err) == (2, expected)


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        (".looper.yaml", "cli:\n  run:\n    limit: 0\n", ".looper.yaml:6: limit"),
        (".looper.yaml", "cli:\n  run: {sel-attr: word, sel-incl: [One]}\n", ".looper.yaml:5: sel-incl"),
        ("project.yaml", "looper:\n  cli:\n    run: {limit: 0}\n", "project.yaml:6: limit"),
    ],
)  # fmt: skip
def test_a_file_is_named_with_the_line(touch: Path, file: str, text: str, place: str) -> None:
    with (touch / file).open("a") as opened:
        opened.write(text)
    with pytest.raises(ProjectError) as caught:
        plan_project(touch / ".looper.yaml")
    (problem,) = caught.value.problems
    assert str(problem).replace(f"{touch}/", "").startswith(f"{place}: ")


def test_a_module_names_its_config(touch: Path, tmp_path: Path) -> None:
    from snakemake_looper.read.options.option_sources import from_config

    options = from_config({"limit": 0, "looper_config": "x"}, "config")
    with pytest.raises(ProjectError, match=r"^config: limit: '0' is none of the 3 samples"):
        plan_project(touch / ".looper.yaml", options)


def test_a_misspelt_option_in_snakemake_s_config_is_named(touch: Path) -> None:
    done = use_looper("-n", "--quiet", "--config", "limt=1", "threads=4", cwd=touch)
    said = [line for line in done.err.splitlines() if line.startswith("warning")]
    assert said == ["warning: --config: limt: no option, ignored (did you mean 'limit'?)"]


# --- nothing to run, and nothing wrong -----------------------------------------------------------


def test_a_table_that_is_toggled_off_as_a_whole(project: Callable[..., Path]) -> None:
    off = "sample_name,file,word,toggle\na,a.txt,one,0\nb,b.txt,two,0\n"
    folder = project({**TOUCH, "samples.csv": off})
    for options in (Options(), Options(limit="1")):
        plan = plan_project(folder / ".looper.yaml", options)
        assert plan.jobs == ()
        assert plan.warnings == ("all 2 samples are toggled off (toggle 0): nothing to run",)
    done = cli("run", cwd=folder)
    assert done.code == 0
    assert done.err.splitlines().count(f"warning: {plan.warnings[0]}") == 1


def test_a_project_level_pipeline_runs_without_samples(project: Callable[..., Path]) -> None:
    """Toggled off are the samples, not the project."""
    end = "pipeline_name: end\nproject_interface: {command_template: end}\n"
    off = "sample_name,file,word,toggle\na,a.txt,one,0\n"
    folder = project({**TOUCH, "samples.csv": off, "end.yaml": end})
    edit(folder / ".looper.yaml", "[touch.yaml]", "[touch.yaml, end.yaml]")
    plan = plan_project(folder / ".looper.yaml")
    assert [job.pipeline for job in plan.jobs] == ["end"]
    assert plan.warnings == ("the one sample is toggled off (toggle 0)",)
    edit(folder / ".looper.yaml", "[touch.yaml, end.yaml]", "[end.yaml]")
    assert [job.pipeline for job in plan_project(folder / ".looper.yaml").jobs] == ["end"]


def test_no_run_has_the_status(touch: Path) -> None:
    line = "warning: no record is failed, partial or waiting: nothing to run"
    assert use_looper("--quiet", cwd=touch).code == 0
    done = cli("rerun", cwd=touch)
    assert (done.code, done.err.splitlines().count(line)) == (0, 1)
    assert done.jobs() == []
    inspected = cli("inspect", "--exc-flag", "completed", cwd=touch)
    assert inspected.code == 0
    assert inspected.err == "warning: every record is completed: nothing to run\n"
    checked = cli("check", "--sel-flag", "failed", cwd=touch)
    assert checked.code == 0
    assert checked.err == "warning: no record is failed: nothing to run\n"
    write(touch, {"results/results_pipeline/a/touch_a_failed.flag": "failed"})
    (touch / "results/results_pipeline/a/touch_a_completed.flag").unlink()
    assert [job["record"] for job in inspect_json(touch, "--sel-flag", "failed")["jobs"]] == ["a"]

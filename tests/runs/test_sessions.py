"""Several plans in one process, options from wherever Snakemake takes them, and runs side by side."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.projects import edit, flags, write
from support.running import BIN, PATIENCE, cli, end, environment, python, snakemake, use_looper
from test_recovery import jobs_in, wait_until

from snakemake_looper import cli as command_line
from snakemake_looper.layout import JOURNALS
from snakemake_looper.run.entering import closed_door, enter
from snakemake_looper.run.living_runs import why_locked
from snakemake_looper.status.journal import Journal, read_runs

# --- options through profiles and configfiles ------------------------------------------------------


def planned(folder: Path, *words: str) -> list[str]:
    """The records that Snakemake would plan for these words, by its own parser."""
    from snakemake.cli import parse_args

    from snakemake_looper.workspace.plan_folder import PlanFolder

    _, parsed = parse_args(["--use-looper-config", "--cores", "1", *words])
    assert Path(parsed.directory) == folder
    jobs = PlanFolder(Path(parsed.snakefile).parent).jobs()
    try:
        return sorted(brief.record for brief in jobs.briefs())
    finally:
        jobs.close()


@pytest.fixture
def configs(touch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three samples, a profile that chooses one, and some configfiles."""
    write(
        touch,
        {
            "one/config.yaml": "config:\n  limit: 1\n",
            "plain/config.yaml": "printshellcmds: true\n",
            "two.yaml": "limit: 2\nof_another_tool: {a: 1}\n",
            "last.yaml": "limit: 1\n",
            "none.yaml": "limit: null\n",
        },
    )
    monkeypatch.chdir(touch)
    return touch


@pytest.mark.parametrize(
    ("words", "records"),
    [
        ((), "abc"),
        (("--profile", "one"), "a"),
        (("--workflow-profile", "one"), "a"),
        (("--workflow-profile", "one/config.yaml"), "a"),
        (("--profile", "plain", "--workflow-profile", "one"), "a"),
        (("--profile", "one", "--workflow-profile", "none"), "a"),
        (("--workflow-profile", "none"), "abc"),
        (("--profile", "none"), "abc"),
        (("--configfile", "two.yaml"), "ab"),
        (("--configfile", "two.yaml", "last.yaml"), "a"),
        (("--configfile", "last.yaml", "two.yaml"), "ab"),
        (("--configfile", "two.yaml", "none.yaml"), "abc"),
        (("--configfile", "two.yaml", "--config", "limit=1"), "a"),
        (("--profile", "one", "--configfile", "two.yaml"), "a"),
        (("--profile", "one", "--config", "limit=2"), "ab"),
        (("--profile", "one", "--config", "samples=b,c"), "bc"),
    ],
)
def test_options_count_as_in_snakemake(configs: Path, words: tuple[str, ...], records: str) -> None:
    assert planned(configs, *words) == list(records)


def test_a_profile_that_is_not_there(configs: Path) -> None:
    """Snakemake would go on without it, and run all jobs on this machine."""
    done = use_looper("--workflow-profile", "nowhere", "-n", cwd=configs)
    assert (done.code, done.err) == (
        2, "error: --workflow-profile: there is no profile 'nowhere'; correct the path\n",
    )  # fmt: skip


def test_options_typed_to_us_stand_beside_a_profile(configs: Path) -> None:
    done = cli("run", "-n", "--samples", "b,c", "--profile", "one", cwd=configs)
    assert done.jobs() == ["touch_sample:b"], done.text


def test_the_environment_names_a_profile(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "one")
    assert planned(configs) == ["a"]
    assert planned(configs, "--profile", "none") == ["a", "b", "c"]


def test_a_profile_with_config_runs(configs: Path) -> None:
    done = use_looper("--profile", "one", "-n", cwd=configs)
    assert done.code == 0, done.text
    assert done.jobs() == ["touch_sample:a"]


def test_a_value_in_a_configfile_is_named_with_its_line(
    configs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(configs, {"bad.yaml": "x: 1\nsel_flag: [nope]\n"})
    with pytest.raises(SystemExit) as end:
        planned(configs, "--configfile", "bad.yaml")
    assert end.value.code == 2
    assert "error: bad.yaml:2: sel_flag: 'nope' is no status" in capsys.readouterr().err


# --- several plans in one process ------------------------------------------------------------------


def test_snakemake_called_twice_sees_an_edit_in_between(touch: Path) -> None:
    code = """
import pathlib
from snakemake.cli import main

def go(*words):
    try:
        main(["--use-looper-config", ".", "--cores", "1", "--quiet", "all", *words])
    except SystemExit as end:
        print("exit code", end.code, flush=True)

go("-n")
go()
table = pathlib.Path("samples.csv")
table.write_text(table.read_text().replace("one", "uno") + "d,a.txt,new\\n")
go()
go()
"""
    done = python(code, cwd=touch)
    codes = [line for line in done.out.splitlines() if line.startswith("exit code")]
    assert codes == ["exit code 0"] * 4, done.text
    assert "Traceback" not in done.text
    assert [name for name in flags(touch) if "completed" not in name] == []
    assert len(flags(touch)) == 4
    assert (touch / "results/submission/touch_a.log").read_text().startswith("uno")
    assert all(not one.alive for one in read_runs(touch))


# Two projects that are modules of one workflow. Commands wait for a file, and `b` kills itself.
MEMBER = {
    ".looper.yaml": "pep_config: pep.yaml\noutput_dir: results\npipeline_interfaces: [p.yaml]\n",
    "pep.yaml": "pep_version: 2.1.0\nname: {name}\nsample_table: samples.csv\n",
    "samples.csv": "sample_name\na\nb\n",
    "p.yaml": """
        pipeline_name: p
        sample_interface:
          command_template: >
            cd {folder}; touch began_{{sample.sample_name}};
            until [[ -e ../go ]]; do sleep 0.05; done;
            [[ {{sample.sample_name}} == a || -e ../mild ]] || kill -9 $$
        """,
}
WORKFLOW = """
from snakemake_looper.for_snakefiles import module_snakefile


module one:
    snakefile:
        module_snakefile()
    config:
        {"looper_config": "one/.looper.yaml"}


use rule * from one as one_*


module two:
    snakefile:
        module_snakefile()
    config:
        {"looper_config": "two/.looper.yaml"}


use rule * from two as two_*


onstart:
    print("the workflow's own onstart")


rule everything:
    default_target: True
    input:
        rules.one_all.input,
        rules.two_all.input,
"""


@pytest.fixture
def modules(tmp_path: Path) -> Iterator[Path]:
    for name in ("one", "two"):
        folder = tmp_path / name
        texts = {
            path: text.format(name=name, folder=folder) if "{" in text else text
            for path, text in MEMBER.items()
        }
        write(folder, texts)
    write(tmp_path, {"Snakefile": WORKFLOW})
    yield tmp_path
    (tmp_path / "go").touch()
    for name in (".", "one", "two"):
        end(jobs_in(tmp_path / name))


def both_flags(folder: Path) -> list[list[str]]:
    return [flags(folder / name) for name in ("one", "two")]


MODULES = ("--cores", "4", "--keep-going", "--logger", "looper")


def test_two_modules_are_both_followed(modules: Path) -> None:
    dry = snakemake("-n", *MODULES, cwd=modules)
    assert dry.code == 0, dry.text
    assert {"one_p_sample:a", "two_p_sample:b"} <= set(dry.jobs())
    (modules / "go").touch()
    done = snakemake(*MODULES, cwd=modules)
    assert done.code == 1, done.text
    assert both_flags(modules) == [["p_a_completed.flag", "p_b_failed.flag"]] * 2
    assert "the workflow's own onstart" in done.text
    for name in ("one", "two"):
        log = f"{name}/results/submission/p_b.log"
        row = next(one for one in done.err.splitlines() if log in one and "failed" in one)
        assert "SIGKILL" in row
        assert f"\n{name}:\n" in done.err
    assert "error in the looper" not in done.text


def test_the_next_run_settles_a_killed_run_of_two_modules(modules: Path) -> None:
    with (modules / "out.txt").open("w") as output:
        process = subprocess.Popen(
            [str(BIN / "snakemake"), *MODULES], cwd=modules, env=environment(), stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    names = [modules / name / f"began_{record}" for name in ("one", "two") for record in "ab"]
    wait_until(lambda: all(path.exists() for path in names))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(jobs_in(modules / name) for name in (".", "one", "two")))
    assert both_flags(modules) == [["p_a_running.flag", "p_b_running.flag"]] * 2
    for name in ("go", "mild"):
        (modules / name).touch()
    # This run is about the first project only; it speaks for both.
    done = snakemake("one/results/results_pipeline/a/p_a_completed.flag", *MODULES, cwd=modules)
    assert done.code == 0, done.text
    assert "its lock is removed" in done.text
    assert both_flags(modules) == [
        ["p_a_completed.flag", "p_b_failed.flag"],
        ["p_a_failed.flag", "p_b_failed.flag"],
    ]
    assert snakemake(*MODULES, cwd=modules).code == 0
    assert both_flags(modules) == [["p_a_completed.flag", "p_b_completed.flag"]] * 2


# --- runs side by side -----------------------------------------------------------------------------


def test_a_run_that_waits_keeps_its_lock(tmp_path: Path, project: Callable[..., Path]) -> None:
    """A run is killed, a second waits for what it left, a third comes: it takes nothing away."""
    from test_recovery import PROJECT, running

    folder = project(PROJECT)
    first = _start(folder, "first.txt")
    wait_until(lambda: running(folder))
    first.kill()
    first.wait()
    # Started by a script: nothing in its command line says that it is Snakemake.
    script = 'from snakemake.cli import main; main(["--use-looper-config", "--cores", "3"])'
    second = _start(folder, "second.txt", sys.executable, "-c", script)
    try:
        wait_until(lambda: "waiting for 2 jobs" in (folder / "second.txt").read_text())
        third = use_looper(cwd=folder)
        assert third.code == 1
        assert f"process {second.pid} has been running this project since 20" in third.text
        assert "check --watch" in third.text
        assert "--unlock" not in third.text and "its lock is removed" not in third.text
    finally:
        (folder / "go").touch()
    assert second.wait(timeout=PATIENCE) == 0, (folder / "second.txt").read_text()
    assert sorted((folder / "ran").read_text().split()) == ["one", "two"], "nothing ran twice"


def _start(folder: Path, output: str, *command: str) -> subprocess.Popen[bytes]:
    words = command or (str(BIN / "snakemake"), "--use-looper-config", "--cores", "3")
    with (folder / output).open("w") as stream:
        return subprocess.Popen(
            words, cwd=folder, env=environment(), stdout=stream, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


def dead_run(folder: Path) -> None:
    """The journal and the lock of a run that was killed."""
    code = (
        "import pathlib; from snakemake_looper.status.journal import Journal;"
        " Journal.open(pathlib.Path('.'), 'plan').begin('local', {})"
    )
    assert python(code, cwd=folder).code == 0
    (folder / ".snakemake/locks").mkdir(parents=True, exist_ok=True)
    (folder / ".snakemake/locks/0.output.lock").write_text("x\n")


def test_of_two_runs_the_first_removes_a_stale_lock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_run(tmp_path)
    first = enter(tmp_path, "plan")
    assert "its lock is removed" in capsys.readouterr().err
    (tmp_path / ".snakemake/locks/0.output.lock").write_text("that of the first\n")
    second = enter(tmp_path, "plan")
    assert capsys.readouterr().err == ""
    assert (tmp_path / ".snakemake/locks/0.output.lock").exists()
    first.end()
    second.end()


NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no-locks"])
def test_a_run_in_another_process_namespace_is_alive(
    tmp_path: Path, locks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container: its number says nothing here, the lock on its journal does."""
    if not shutil.which("unshare") or subprocess.run([*NAMESPACE, "true"]).returncode:
        pytest.skip("no process namespace can be made here")
    code = (
        "import pathlib, sys; from snakemake_looper.status.journal import Journal;"
        " journal = Journal.open(pathlib.Path('.'), 'plan'); journal.begin('local', {'f': ''});"
        " print('ready', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [*NAMESPACE, sys.executable, "-c", code], cwd=tmp_path, text=True, env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stdin
    try:
        assert process.stdout.readline() == "ready\n"
        if not locks:
            monkeypatch.setattr("snakemake_looper.status.journal.locked", lambda path: None)
        (seen,) = read_runs(tmp_path)
        assert seen.alive
        assert "has been running this project since" in (why_locked(tmp_path) or "")
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
    if locks:
        (seen,) = read_runs(tmp_path)
        assert seen.died


@pytest.mark.parametrize("command", ["destroy", "clean"])
def test_nothing_is_removed_during_a_run(
    touch: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(touch, {"results/results_pipeline/a/x_cleanup.sh": "touch cleaned\n"})
    monkeypatch.chdir(touch)
    journal = Journal.open(touch, "plan")
    assert command_line.main([command, "--force"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: nothing was removed: process {os.getpid()} has been running")
    journal.begin("local", {"results/results_pipeline/a/touch_a_completed.flag": ""})
    assert command_line.main([command, "--force"]) == 1
    assert "0 of 1 job completed" in capsys.readouterr().err
    assert (touch / "results/results_pipeline/a").exists()
    journal.end()
    assert command_line.main([command, "--force"]) == 0
    assert (touch / "cleaned").exists() or not (touch / "results/results_pipeline/a").exists()


def test_nothing_is_removed_that_a_dead_run_left_running(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a journal, too: looper may have started it."""
    write(touch, {"results/results_pipeline/a/touch_a_running.flag": "running"})
    monkeypatch.chdir(touch)
    assert command_line.main(["destroy", "--force"]) == 1
    assert "1 job still running: touch a" in capsys.readouterr().err
    assert flags(touch) == ["touch_a_running.flag"]


def test_no_run_begins_while_something_is_removed(tmp_path: Path) -> None:
    with closed_door(tmp_path):
        code = (
            "import pathlib; from snakemake_looper.run.entering import enter;"
            " enter(pathlib.Path('.'), 'plan').end(); print('entered', flush=True)"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr and process.stdout
        assert "waiting for a command that is at work" in process.stderr.readline()
        assert not [name for name in os.listdir(tmp_path / JOURNALS) if name != "door"]
    assert process.stdout.readline() == "entered\n"
    assert process.wait(timeout=PATIENCE) == 0
    process.stdout.close()
    process.stderr.close()


# --- flags that cannot be ---------------------------------------------------------------------------


def test_two_flags_of_one_record_are_healed_before_anything_is_planned(
    touch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = touch / "results/results_pipeline"
    names = [f"results/results_pipeline/{name}/touch_{name}_completed.flag" for name in "ab"]
    write(
        touch,
        {
            names[0]: "completed",
            names[0].replace("completed", "failed"): "rubbish",
            names[1]: "",
        },
    )
    other = Journal.open(touch, "plan")
    enter(touch, "plan", names).end()
    assert len(flags(folder)) == 3, "not while a run is alive"
    other.end()
    enter(touch, "plan", names).end()
    assert flags(folder) == ["touch_a_failed.flag", "touch_b_completed.flag"]
    assert "1 record had several flags" in capsys.readouterr().err


def test_a_folder_in_the_place_of_a_flag_or_log_is_refused(
    touch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(touch)
    flag = "results/results_pipeline/a/touch_a_completed.flag"
    write(touch, {f"{flag}/x": ""})
    log = "results/submission/touch_b.log"
    (touch / log).mkdir(parents=True)
    wanted = [f"error: {path} is not a file; remove it" for path in (flag, log)]
    with pytest.raises(SystemExit) as end:
        planned(touch)
    assert end.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("error")] == wanted
    assert command_line.main(["inspect"]) == 2
    assert capsys.readouterr().err.splitlines() == wanted


# --- what is waited for ----------------------------------------------------------------------------

LEAVES = {
    ".looper.yaml": "pep_config: p.csv\noutput_dir: results\npipeline_interfaces: [p.yaml]\n",
    "p.csv": "sample_name,word\na,one\nb,two\n",
    "p.yaml": """
        pipeline_name: p
        sample_interface:
          command_template: >
            (until [[ -e stop ]]; do sleep 0.2; done) & echo {sample.word};
            [[ {sample.sample_name} == a || -e mild ]]
        """,
}


def test_processes_that_a_job_left_behind_are_not_waited_for(project: Callable[..., Path]) -> None:
    """One has completed, the other failed; each has left something that writes to its log."""
    folder = project(LEAVES)
    try:
        assert use_looper("--keep-going", cwd=folder).code == 1
        assert flags(folder) == ["p_a_completed.flag", "p_b_failed.flag"]
        assert len(jobs_in(folder)) >= 2
        edit(folder / "p.csv", "one", "uno")
        (folder / "mild").touch()
        done = use_looper(cwd=folder)
        assert done.code == 0, done.text
        assert "waiting for" not in done.text
        assert flags(folder) == ["p_a_completed.flag", "p_b_completed.flag"]
    finally:
        (folder / "stop").touch()
        end(jobs_in(folder))


def test_check_reads_beside_a_run(touch: Path) -> None:
    journal = Journal.open(touch, "plan")
    assert cli("check", cwd=touch).code == 0
    journal.end()

"""What a run that was killed leaves, and what the next one makes of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from support.projects import edit, flags, write
from support.running import (
    BIN,
    PATIENCE,
    Run,
    children,
    cli,
    command_line,
    end,
    environment,
    start_run,
    use_looper,
    wait_until,
)

from snakemake_looper.layout import JOURNALS
from snakemake_looper.workspace.metadata import mark_incomplete

# Commands that wait until they are told to go on, and that say when they run twice.
PROJECT = {
    ".looper.yaml": """
        pep_config: project.yaml
        output_dir: results
        pipeline_interfaces: [hold.yaml]
        pipestat: {flag_file_dir: flags}
        """,
    "project.yaml": "pep_version: 2.1.0\nname: demo\nsample_table: samples.csv\n",
    "samples.csv": "sample_name,word\na,one\nb,two\nquick,\n",
    "hold.yaml": """
        pipeline_name: hold
        sample_interface:
          command_template: >
            mkdir busy_{sample.sample_name}; echo {sample.word} >> ran;
            until [[ -z "{sample.word}" || -e go ]]; do sleep 0.05; done;
            rmdir busy_{sample.sample_name}; [[ ! -e fail_{sample.sample_name} ]]
        """,
}

STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture
def hold(project: Callable[..., Path]) -> Iterator[Path]:
    folder = project(PROJECT)
    yield folder
    (folder / "go").touch()  # whatever a failed test left
    for started in STARTED:
        started.kill()
        started.wait()
    STARTED.clear()
    end(jobs_in(folder))


def jobs_in(folder: Path) -> list[psutil.Process]:
    """Processes that work in the folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and Path(process.cwd()) == folder:
                found.append(process)
        except psutil.Error:
            continue
    return found


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    process = start_run(folder, "--cores", "3", *words)
    STARTED.append(process)
    return process


def job_shells(process: subprocess.Popen[str], record: str) -> list[psutil.Process]:
    """The shells that a run has started for a job."""
    return [one for one in children(process.pid) if f"{record}_completed" in command_line(one)]


def running(folder: Path) -> bool:
    return {"hold_a_running.flag", "hold_b_running.flag", "hold_quick_completed.flag"} <= set(
        flags(folder)
    )


def killed(folder: Path, *, jobs: bool = False) -> None:
    """A run whose Snakemake is killed while two jobs run; with `jobs`, all of it at once."""
    process = start(folder)
    wait_until(lambda: running(folder), "the jobs do not start")
    if jobs:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    if jobs:
        wait_until(lambda: not jobs_in(folder))


def resumed(folder: Path, *words: str) -> Run:
    """The next run, started while jobs of the killed one are there; they go on once it waits."""
    process = start(folder, *words)
    wait_until(lambda: "waiting for 2 jobs" in (folder / "out.txt").read_text())
    assert not [name for name in flags(folder) if "waiting" in name]
    (folder / "go").touch()
    code = process.wait(timeout=PATIENCE)
    return Run(code, (folder / "out.txt").read_text(), "")


def clear(folder: Path) -> None:
    """Take away what says that commands of killed jobs run."""
    for path in folder.glob("busy_*"):
        shutil.rmtree(path, ignore_errors=True)


def ran(folder: Path) -> list[str]:
    return (folder / "ran").read_text().split()


def statuses(folder: Path) -> dict[str, tuple[str, str]]:
    records = json.loads(cli("check", "--json", cwd=folder).out)["records"]
    return {one["record"]: (one["status"], one["reason"]) for one in records}


DONE = ["hold_a_completed.flag", "hold_b_completed.flag", "hold_quick_completed.flag"]
LEFT = "killed together with its run"


# --- the next start --------------------------------------------------------------------------------


def test_jobs_that_still_run_are_waited_for_and_taken_over(hold: Path) -> None:
    killed(hold)
    assert statuses(hold) == {
        "a": ("running", ""),
        "b": ("running", ""),
        "quick": ("completed", ""),
    }
    done = resumed(hold)
    assert done.code == 0, done.text
    assert "was killed; its lock is removed" in done.text
    line = next(line for line in done.text.splitlines() if line.startswith("note: waiting"))
    assert re.search(r"hold a \(process \d+.*\), hold b \(process \d+|hold b .*hold a ", line)
    # Snakemake may have been killed before it took note of the quick one.
    assert re.search(r"taking over [23] jobs that a killed run has completed", done.text)
    assert sorted(ran(hold)) == ["one", "two"], "nothing ran a second time"
    assert flags(hold) == DONE
    assert "Nothing to be done" in use_looper(cwd=hold).text
    edit(hold / "samples.csv", "one", "uno")
    dry = use_looper("-n", cwd=hold).jobs()
    assert dry == ["hold_sample:a", "results_hold"], "later edits are noticed"


def test_a_job_that_has_changed_meanwhile_is_run_again(hold: Path) -> None:
    killed(hold)
    edit(hold / "samples.csv", "one", "uno")
    assert resumed(hold).code == 0
    assert sorted(ran(hold)) == ["one", "two", "uno"]
    assert flags(hold) == DONE


def test_forced_jobs_are_run_again(hold: Path) -> None:
    killed(hold)
    assert resumed(hold, "--forceall").code == 0
    assert sorted(ran(hold)) == ["one", "one", "two", "two"]


def test_a_job_that_ended_in_between_is_taken_over(hold: Path) -> None:
    """Nobody took note of it: to Snakemake it is incomplete, its flag says that it is not."""
    killed(hold)
    (hold / "go").touch()
    wait_until(lambda: flags(hold) == DONE)
    assert use_looper("--forcerun", "hold_sample", "-n", cwd=hold).code == 0
    done = use_looper(cwd=hold)
    assert done.code == 0, done.text
    assert sorted(ran(hold)) == ["one", "two"]
    assert not list(hold.glob(".snakemake/looper/taken/*"))
    # The ticket is for that one time.
    assert use_looper("--forceall", cwd=hold).code == 0
    assert sorted(ran(hold)) == ["one", "one", "two", "two"]


def test_a_config_that_a_killed_run_was_writing(hold: Path) -> None:
    """Snakemake calls it incomplete, would make it, and would pass over all jobs that read it."""
    (hold / "go").touch()
    assert use_looper(cwd=hold).code == 0
    config = hold / "results/pipestat_config_hold.yaml"
    whole = config.read_text()
    mark_incomplete(hold, "results/pipestat_config_hold.yaml")
    assert use_looper(cwd=hold).jobs() == []
    edit(hold / "samples.csv", "one", "uno")
    mark_incomplete(hold, "results/pipestat_config_hold.yaml")
    config.write_text(whole[:20])
    assert use_looper(cwd=hold).code == 0
    assert sorted(ran(hold)) == ["one", "two", "uno"] and flags(hold) == DONE
    assert config.read_text() == whole


def test_a_job_that_fails_while_it_is_waited_for_is_run_again(hold: Path) -> None:
    killed(hold)
    (hold / "fail_a").touch()
    process = start(hold)
    wait_until(lambda: "waiting for 2 jobs" in (hold / "out.txt").read_text())
    (hold / "go").touch()
    wait_until(lambda: "hold_a_failed.flag" in flags(hold) or process.poll() is not None)
    (hold / "fail_a").unlink(missing_ok=True)
    assert process.wait(timeout=PATIENCE) == 0, (hold / "out.txt").read_text()
    assert sorted(ran(hold)) == ["one", "one", "two"]


def test_a_run_that_is_killed_with_its_jobs(hold: Path) -> None:
    """As by a machine that goes down: flags say `running`, and nothing runs."""
    killed(hold, jobs=True)
    assert "hold_a_running.flag" in flags(hold)
    assert statuses(hold)["a"] == ("failed", LEFT)
    assert cli("check", cwd=hold).code == 1
    before = flags(hold)
    assert {"hold_sample:a", "hold_sample:b"} <= set(use_looper("-n", cwd=hold).jobs())
    assert flags(hold) == before, "neither changes a flag"
    (hold / "go").touch()
    clear(hold)
    done = cli("rerun", "--", "--cores", "3", cwd=hold)
    assert done.code == 0, done.text
    assert "waiting for" not in done.text
    assert flags(hold) == DONE


def test_a_killed_job_that_is_not_planned_again_has_failed(hold: Path) -> None:
    killed(hold, jobs=True)
    (hold / "go").touch()
    clear(hold)
    assert use_looper("flags/hold_a_completed.flag", cwd=hold).code == 0
    assert flags(hold) == [DONE[0], "hold_b_failed.flag", DONE[2]]
    assert statuses(hold)["b"] == ("failed", LEFT)


def test_a_command_that_outlives_its_shell_is_waited_for(hold: Path) -> None:
    """Only the job's shell is killed: its run ends, and the command goes on."""
    edit(hold / "hold.yaml", "until", "bash -c 'until")
    edit(hold / "hold.yaml", "sleep 0.05; done;", "sleep 0.05; done'; ")
    process = start(hold)
    wait_until(lambda: running(hold), "the jobs do not start")
    wait_until(
        lambda: any(
            command_line(one).startswith("bash -c until")
            for shell in job_shells(process, "hold_a")
            for one in children(shell.pid)
        )
    )
    end(job_shells(process, "hold_a"))
    wait_until(lambda: "hold_a_failed.flag" in flags(hold))
    (hold / "go2").touch()
    edit(hold / "samples.csv", "b,two\n", "")  # only `a` is of interest below
    process.kill()
    process.wait()
    again = start(hold)
    wait_until(lambda: "waiting for 1 job " in (hold / "out.txt").read_text())
    (hold / "go").touch()
    clear(hold)
    assert again.wait(timeout=PATIENCE) == 0, (hold / "out.txt").read_text()
    assert ran(hold).count("one") == 2


# --- waiting ---------------------------------------------------------------------------------------


def test_what_is_planned_waits_and_has_its_status_back(hold: Path) -> None:
    """One record has failed before, one was never run: neither is begun before Ctrl+C."""
    (hold / "fail_b").touch()
    (hold / "go").touch()
    assert use_looper("flags/hold_b_completed.flag", cwd=hold).code == 1
    assert flags(hold) == ["hold_b_failed.flag"]
    reason = statuses(hold)["b"]
    (hold / "go").unlink()
    process = start(hold, "--cores", "1", "--prioritize", "flags/hold_a_completed.flag")
    wait_until(lambda: "hold_a_running.flag" in flags(hold))
    assert flags(hold) == ["hold_a_running.flag", "hold_b_waiting.flag", "hold_quick_waiting.flag"]
    assert (hold / "flags/hold_b_waiting.flag").read_text() == "waiting"
    assert statuses(hold)["quick"] == ("waiting", "")
    os.killpg(process.pid, signal.SIGINT)
    (hold / "go").touch()  # bash may lose a SIGINT that comes while a program of its loop ends
    process.wait(timeout=PATIENCE)
    assert flags(hold) == ["hold_a_partial.flag", "hold_b_failed.flag"]
    assert statuses(hold)["b"][0] == reason[0]
    assert statuses(hold)["a"] == ("partial", "interrupted by SIGINT")


def test_a_completed_record_that_will_be_run_again_waits(hold: Path) -> None:
    """Here that of the project level, which comes after all samples."""
    project_level = "project_interface:\n  command_template: echo all\nsample_interface:"
    edit(hold / "hold.yaml", "sample_interface:", project_level)
    (hold / "go").touch()
    assert use_looper(cwd=hold).code == 0
    assert statuses(hold)["demo"][0] == "completed"
    (hold / "go").unlink()
    process = start(hold, "--forceall")
    wait_until(lambda: "hold_a_running.flag" in flags(hold))
    assert statuses(hold)["demo"][0] == "waiting"
    (hold / "go").touch()
    assert process.wait(timeout=PATIENCE) == 0
    assert statuses(hold)["demo"][0] == "completed"


def test_touching_starts_nothing(hold: Path) -> None:
    (hold / "go").touch()
    assert use_looper(cwd=hold).code == 0
    (hold / "flags/hold_b_completed.flag").rename(hold / "flags/hold_b_failed.flag")
    use_looper("--touch", cwd=hold)
    assert "hold_b_failed.flag" in flags(hold)


def test_another_shell_watches(hold: Path) -> None:
    """It begins while jobs run, says what changes, and ends with them; it holds up nobody."""
    process = start(hold)
    wait_until(lambda: running(hold))
    command = [str(BIN / "snakemake-looper"), "check", "--watch", "0.1"]
    with (hold / "watch.txt").open("w") as output:
        watch = subprocess.Popen(command, cwd=hold, env=environment(), stdout=output)
    wait_until(lambda: "running" in (hold / "watch.txt").read_text())
    (hold / "fail_b").touch()
    (hold / "go").touch()
    assert watch.wait(timeout=PATIENCE) == 1
    assert process.wait(timeout=PATIENCE) == 1
    first, *_, last = (hold / "watch.txt").read_text().strip().split("\n\npipeline  c")
    assert "running" in first
    assert re.search(r"hold .*b +failed .*exit code 1", last)


# --- Snakemake's lock ------------------------------------------------------------------------------


def locks(folder: Path) -> list[Path]:
    return list(folder.glob(".snakemake/locks/*"))


def journal_of(folder: Path) -> Path:
    return sorted(folder.glob(f"{JOURNALS}/*.jsonl"))[-1]


def test_the_lock_of_a_run_elsewhere_stays(hold: Path) -> None:
    killed(hold, jobs=True)
    edit(journal_of(hold), socket.gethostname(), "elsewhere")
    done = use_looper(cwd=hold)
    assert done.code == 1
    assert "on elsewhere" in done.err and "--unlock" in done.err
    assert locks(hold)
    assert use_looper("--unlock", cwd=hold).code == 0
    (hold / "go").touch()
    clear(hold)
    assert use_looper(cwd=hold).code == 0


def test_the_lock_of_a_run_that_is_there_stays(hold: Path) -> None:
    killed(hold, jobs=True)
    clear(hold)
    first = start(hold)
    wait_until(lambda: "Execute" in (hold / "out.txt").read_text())
    second = use_looper(cwd=hold)
    assert second.code == 1
    assert f"process {first.pid} has been running this project since" in second.text
    (hold / "go").touch()
    assert first.wait(timeout=PATIENCE) == 0, (hold / "out.txt").read_text()


def test_a_lock_that_nobody_of_ours_made_stays(hold: Path) -> None:
    (hold / "go").touch()
    assert use_looper(cwd=hold).code == 0
    write(hold, {".snakemake/locks/0.output.lock": "flags/hold_a_completed.flag\n"})
    edit(hold / "samples.csv", "one", "uno")
    assert use_looper(cwd=hold).code == 1
    assert locks(hold)


def test_journals_do_not_pile_up(hold: Path) -> None:
    (hold / "go").touch()
    for word in ("one", "two", "three"):
        edit(hold / "samples.csv", "quick,", f"quick,{word}")
        assert use_looper(cwd=hold).code == 0
    assert use_looper("-n", cwd=hold).code == 0
    assert "Nothing to be done" in use_looper(cwd=hold).text
    assert len(list(hold.glob(f"{JOURNALS}/*.jsonl"))) <= 2

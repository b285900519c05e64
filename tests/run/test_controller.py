"""Events in, flags and reasons out: what the controller does for jobs that cannot speak any more."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from support.projects import flags

from snakemake_looper.layout import note_on_times
from snakemake_looper.run import slurm as module
from snakemake_looper.run.controller import Controller
from snakemake_looper.run.snapshot import Failure
from snakemake_looper.status.flags import write_flag
from snakemake_looper.status.journal import Death, Journal, read_runs
from snakemake_looper.workspace.rows import Brief

NAMES = ("a", "b", "c")
LOCAL_SHELL = "source x/job.sh {} log\n( x )' died with <Signals.SIGKILL: 9>."


def flag(name: str) -> str:
    return f"flags/p_{name}_completed.flag"


class Driver:
    """Says to a controller what Snakemake would."""

    def __init__(self, folder: Path, executor: str) -> None:
        self.folder = folder
        self.journal = Journal.open(folder, "plan")
        self.journal.begin(executor, {flag(name): "" for name in NAMES})
        self.failures: list[Failure] = []
        briefs = {
            flag(name): Brief("p_sample", name, "p", "sample", f"logs/{name}.log", flag(name))
            for name in NAMES
        }
        (folder / "logs").mkdir()
        self.controller = Controller(folder, self.journal, briefs, self.failures.append)
        for name in NAMES:
            write_flag(folder, flag(name), "waiting", ("none",))
            (folder / f"logs/{name}.log").touch()

    def say(self, text: str | None = None, event: LogEvent | None = None, **fields: Any) -> None:
        self.controller.take(logging.makeLogRecord({"msg": text, "event": event, **fields}))

    def hand_over(self, *names: str) -> None:
        for name in names:
            number = NAMES.index(name) + 1
            info = {"jobid": number, "rule_name": "p_sample", "output": [flag(name)]}
            self.say(event=LogEvent.JOB_INFO, **info)

    def fail(self, name: str, message: str = "", external: str | None = None) -> None:
        number = NAMES.index(name) + 1
        self.say(
            event=LogEvent.JOB_ERROR, jobid=number, output=[flag(name)], rule_msg=message or None,
            aux={"external_jobid": external} if external else {},
        )  # fmt: skip

    def status(self, name: str, word: str) -> None:
        """What a job does to its own flag."""
        assert write_flag(self.folder, flag(name), word) is not None

    def death(self, name: str) -> Death:
        return read_runs(self.folder)[-1].deaths[flag(name)]

    def flags(self) -> list[str]:
        return [name.removeprefix("p_").removesuffix(".flag") for name in flags(self.folder)]


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(tmp_path, "local")
    yield driver
    driver.journal.end()


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    driver = Driver(tmp_path, "slurm")
    monkeypatch.setattr(module, "slurm_states", lambda ids: {"9": "TIMEOUT"})
    yield driver
    driver.journal.end()


@pytest.mark.parametrize("has_begun", [True, False])
def test_the_time_when_a_killed_job_began(local: Driver, has_begun: bool) -> None:
    """Its shell has noted it; a note of an earlier try counts for nothing."""
    note = local.folder / note_on_times(flag("a"))
    note.parent.mkdir(parents=True)
    note.write_text("1795000000.5\n")
    if not has_begun:
        os.utime(note, (1_795_000_000, 1_795_000_000 - 3600))
    local.hand_over("a")
    local.status("a", "running")
    local.fail("a")
    assert local.death("a").started == (1_795_000_000.5 if has_begun else None)


def test_a_job_that_died_without_a_word(local: Driver) -> None:
    local.hand_over("a", "b")
    local.status("a", "running")
    local.status("b", "running")
    local.say(LOCAL_SHELL.format(flag("a")), LogEvent.ERROR)
    local.fail("a")
    assert local.flags() == ["a_failed", "b_running", "c_waiting"]
    assert local.death("a")[3:8] == ("", None, "SIGKILL", "", 1)
    (failure,) = local.failures
    assert (failure.record, failure.status) == ("a", "failed")
    assert failure.reason == "killed by SIGKILL (out of memory, or by somebody)"
    assert (local.folder / "flags/p_a_failed.flag").read_text() == "failed"


@pytest.mark.parametrize("word", ["failed", "partial"])
def test_what_a_job_said_itself_stays(local: Driver, word: str) -> None:
    local.hand_over("a")
    local.status("a", word)
    (local.folder / "logs/a.log").write_text("the command exited with 3\n")
    local.fail("a")
    assert local.flags()[0] == f"a_{word}"
    assert local.failures[0].reason == "exit code 3"


def test_a_job_that_never_began(slurm: Driver) -> None:
    slurm.hand_over("a")
    slurm.fail("a", "SLURM sbatch failed. The error message was 'invalid partition'.\n   more")
    assert slurm.flags()[0] == "a_failed"
    assert slurm.death("a").reason == (
        "never began: SLURM sbatch failed. The error message was 'invalid partition'."
    )


NOT_STARTED = """RuleException:
OSError in file "/p/Snakefile", line 9:
[Errno 7] Argument list too long: '/usr/bin/bash'
  File "/x.py", line 1"""


def test_a_shell_that_was_not_started(local: Driver) -> None:
    local.hand_over("a", "b", "c")
    local.say(NOT_STARTED, LogEvent.ERROR)
    local.say(NOT_STARTED.replace("Argument list too long", "Exec format error"), LogEvent.ERROR)
    for name in NAMES:
        local.fail(name)
    assert local.death("a").reason == (
        "never began: its command is too long for this system (Argument list too long); shorten it"
    )
    assert local.death("b").reason == "never began: Exec format error"
    assert local.death("c").reason == "never began"


def test_what_stands_in_a_jobs_way_is_named(local: Driver) -> None:
    local.hand_over("a", "b", "c")
    (local.folder / "logs/a.log").unlink()
    (local.folder / "logs/a.log").mkdir()
    (local.folder / "flags/p_b_running.flag").mkdir()
    for name in NAMES:
        local.fail(name)
    assert local.death("a").reason == "never began: logs/a.log is not a file; remove it"
    assert local.death("b").reason == (
        "never began: flags/p_b_running.flag is not a file; remove it"
    )


def test_a_status_that_cannot_be_set(local: Driver) -> None:
    """A folder is in the place of the flag that says so: no traceback, no file inside it."""
    local.hand_over("a")
    (local.folder / "flags/p_a_failed.flag").mkdir()
    local.fail("a")
    assert not list((local.folder / "flags/p_a_failed.flag").iterdir())
    assert (local.folder / "flags/p_a_waiting.flag").read_text() == "waiting"


@pytest.mark.parametrize(
    ("state", "own", "status", "reason"),
    [
        ("TIMEOUT", "running", "failed", "wall time exceeded"),
        ("TIMEOUT", "partial", "failed", "wall time exceeded"),
        ("OUT_OF_MEMORY", "running", "failed", "out of memory"),
        ("OUT_OF_MEMORY", "failed", "failed", "out of memory"),
        ("NODE_FAIL", "running", "failed", "its node failed"),
        ("CANCELLED", "running", "partial", "cancelled"),
        ("CANCELLED", "partial", "partial", "cancelled"),
        ("CANCELLED", "waiting", "partial", "never began: cancelled"),
        ("FAILED", "failed", "failed", ""),
        ("FAILED", "running", "failed", ""),
    ],
)
def test_a_cluster_has_the_last_word(
    slurm: Driver, state: str, own: str, status: str, reason: str
) -> None:
    slurm.hand_over("a")
    slurm.say("Job 1 has been submitted with SLURM jobid 17 (log: x).")
    slurm.status("a", own)
    slurm.fail("a", f"SLURM-job '17' failed, SLURM status is: '{state}'. Detailed", external="17")
    assert slurm.flags()[0] == f"a_{status}"
    death = slurm.death("a")
    assert (death.reason, death.external_jobid, death.status) == (reason, "17", status)


def test_memory_is_named_where_the_state_does_not(slurm: Driver) -> None:
    """Without accounting SLURM says FAILED, and why in the job's output."""
    slurm.hand_over("a", "b")
    slurm.say("Job 1 has been submitted with SLURM jobid 17 (log: x).")
    slurm.say("Job 2 has been submitted with SLURM jobid 18 (log: x).")
    text = "slurmstepd: error: StepId=17.0 exceeded memory limit (9 > 8), being killed\n"
    (slurm.folder / "17.log").write_text(text)
    (slurm.folder / "18.log").write_text("out of memory lane\n")
    for number, name in ((1, "a"), (2, "b")):
        slurm.status(name, "running")
        slurm.say(
            event=LogEvent.JOB_ERROR, jobid=number, output=[flag(name)], aux={},
            rule_msg="SLURM status is: 'FAILED'.", log=[f"logs/{name}.log", f"1{number + 6}.log"],
        )  # fmt: skip
    assert slurm.death("a").reason == "out of memory"
    assert slurm.death("b").reason == ""


def test_attempts_are_counted(slurm: Driver) -> None:
    for attempt in (1, 2):
        slurm.hand_over("a")
        slurm.say(f"Job 1 has been submitted with SLURM jobid 1{attempt} (log: x).")
        slurm.status("a", "running")
        slurm.fail("a", external=f"1{attempt}")
        assert slurm.flags()[0] == "a_failed"
        assert slurm.death("a")[6:8] == (f"1{attempt}", attempt)
        slurm.say("Trying to restart job 1.")
        assert slurm.flags()[0] == "a_waiting"


def test_a_job_that_is_quicker_than_the_message_about_it(local: Driver) -> None:
    """It was tried again and runs already: that is not undone."""
    local.hand_over("a")
    local.status("a", "failed")
    local.fail("a")
    local.status("a", "running")
    local.say("Trying to restart job 1.")
    assert local.flags()[0] == "a_running"


def form_group(driver: Driver) -> None:
    jobs = [SimpleNamespace(jobid=n, uuid=lambda n=n: f"u{n}") for n in (1, 2, 3)]
    driver.say(event=LogEvent.GROUP_INFO, group_id="g", jobs=jobs)
    driver.hand_over(*NAMES)
    driver.say("Job u3 has been submitted with SLURM jobid 9 (log: x).")


def fail_group(driver: Driver) -> None:
    info = [
        {"jobid": n, "output": [flag(name)], "rule_msg": None, "aux": {}}
        for n, name in enumerate(NAMES, start=1)
    ]
    driver.say(event=LogEvent.GROUP_ERROR, groupid="g", job_error_info=info, external_jobid="9")
    for name in NAMES:
        driver.fail(name)


def test_members_of_a_group_each_have_their_end(slurm: Driver) -> None:
    form_group(slurm)
    assert read_runs(slurm.folder)[-1].submitted == dict.fromkeys(map(flag, NAMES), "9")
    slurm.status("a", "completed")
    slurm.status("b", "running")
    fail_group(slurm)
    assert slurm.flags() == ["a_completed", "b_failed", "c_failed"]
    assert slurm.death("b")[3:8] == ("wall time exceeded", None, "", "9", 1)
    assert slurm.death("c").reason == "never began: wall time exceeded"
    assert len(slurm.failures) == 2, "each is said once"


def test_slurm_is_asked_once_about_a_group(slurm: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake waits meanwhile, and a SLURM that is down lets it wait for a minute."""
    asked: list[str] = []

    def no_answer(jobids: list[str]) -> dict[str, str]:
        asked.extend(jobids)
        raise OSError("squeue does not answer")

    monkeypatch.setattr(module, "slurm_states", no_answer)
    form_group(slurm)
    for name in NAMES:
        slurm.status(name, "running")
    fail_group(slurm)
    assert slurm.flags() == ["a_failed", "b_failed", "c_failed"]
    assert asked == ["9"]


def test_tasks_of_an_array_have_numbers_of_their_own(slurm: Driver) -> None:
    slurm.hand_over(*NAMES)
    slurm.say(
        "Submitted array job with Snakemake IDs 1,2,3 and SLURM job ID 5."
        " The individual task IDs are 1-3."
    )
    submitted = read_runs(slurm.folder)[-1].submitted
    assert submitted == {flag("a"): "5_1", flag("b"): "5_2", flag("c"): "5_3"}


def test_the_rest_when_snakemake_ends(local: Driver) -> None:
    """One is given up without a word, one has lost its outputs, one was never handed over."""
    local.hand_over("a", "b")
    local.status("a", "running")
    (local.folder / "flags/p_b_waiting.flag").unlink()
    local.controller.mark_abandoned()
    assert local.flags() == ["a_failed", "b_failed", "c_waiting"]
    assert local.death("b").reason == "exit code 0, but its outputs are missing"


def test_jobs_on_a_cluster_may_outlive_the_run(slurm: Driver) -> None:
    slurm.hand_over("a")
    slurm.say("Job 1 has been submitted with SLURM jobid 17 (log: x).")
    slurm.status("a", "running")
    slurm.controller.mark_abandoned()
    assert slurm.flags()[0] == "a_running"


def test_a_snapshot(local: Driver) -> None:
    local.say(event=LogEvent.JOB_INFO, jobid=9, rule_name="results_p", output=["x"])
    local.hand_over("a", "b")
    local.say(event=LogEvent.JOB_FINISHED, job_id=1)
    snapshot = local.controller.snapshot()
    (tally,) = snapshot.tallies
    assert (tally.total, tally.completed, tally.running, tally.waiting) == (3, 1, 1, 1)
    assert [job.record for job in snapshot.running] == ["b"]
    assert snapshot.others == "results_p"
    local.status("b", "running")
    local.fail("b")
    (tally,) = local.controller.snapshot().tallies
    assert (tally.total, tally.failed, tally.running, tally.waiting) == (3, 1, 0, 1)


def test_a_snapshot_on_a_cluster_looks_at_flags(slurm: Driver) -> None:
    slurm.hand_over("a", "b")
    slurm.status("a", "running")
    (tally,) = slurm.controller.snapshot().tallies
    assert (tally.waiting, tally.running) == (2, 1)

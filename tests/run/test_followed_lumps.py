"""Events of a lump in, flags and reasons of its members out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from support.projects import flags

from snakemake_looper.run import slurm as module
from snakemake_looper.run.controller import Controller
from snakemake_looper.run.snapshot import Failure
from snakemake_looper.status.flags import word_now, write_flag
from snakemake_looper.status.journal import Journal
from snakemake_looper.workspace.lumps import Lump, Needs
from snakemake_looper.workspace.rows import Brief

NAMES = ("a", "b", "c", "d")


def flag(name: str) -> str:
    return f"flags/p_{name}_completed.flag"


class Driver:
    """Says to a controller what Snakemake would about one lump, and does what members do."""

    def __init__(self, folder: Path, executor: str) -> None:
        self.folder = folder
        self.journal = Journal.open(folder, "plan")
        self.journal.begin(executor, {flag(name): "" for name in NAMES})
        self.failures: list[Failure] = []
        briefs = {
            flag(name): Brief("p_sample", name, "p", "sample", f"logs/{name}.log", flag(name))
            for name in NAMES
        }
        needs = Needs([], 1, {}, None, 0)
        self.lump = Lump("p_sample", "lumps", "run-1", tuple(briefs.values()), needs)
        lumps = {self.lump.marker: self.lump}
        (folder / "logs").mkdir()
        (folder / "lumps").mkdir()
        self.controller = Controller(
            folder, self.journal, briefs, self.failures.append, lambda: lumps
        )
        for name in NAMES:
            write_flag(folder, flag(name), "waiting", ("none",))
            (folder / f"logs/{name}.log").touch()

    def say(self, text: str | None = None, event: LogEvent | None = None, **fields: Any) -> None:
        self.controller.take(logging.makeLogRecord({"msg": text, "event": event, **fields}))

    def hand_over(self) -> None:
        info = {"jobid": 7, "rule_name": "p_sample", "output": [self.lump.marker]}
        self.say(event=LogEvent.JOB_INFO, **info)

    def fail(self, message: str = "", external: str | None = None) -> None:
        self.say(
            event=LogEvent.JOB_ERROR, jobid=7, output=[self.lump.marker], rule_msg=message or None,
            aux={"external_jobid": external} if external else {},
        )  # fmt: skip

    def do(self, name: str, *words: str, log: str = "") -> None:
        """What a member does: it notes each status, then sets it."""
        for word in words:
            with (self.folder / "lumps/run-1.members").open("a") as file:
                file.write(f"{NAMES.index(name)} {word} 1795000000.5\n")
            assert write_flag(self.folder, flag(name), word) is not None
        (self.folder / f"logs/{name}.log").write_text(log)

    def look(self) -> dict[str, int]:
        self.controller._looked = -1e9
        (tally,) = self.controller.snapshot().tallies
        words = ("waiting", "running", "completed", "failed", "partial")
        return {word: getattr(tally, word) for word in words if getattr(tally, word)}

    def flags(self) -> list[str]:
        return [name.removeprefix("p_").removesuffix(".flag") for name in flags(self.folder)]

    def told(self) -> dict[str, tuple[str, str]]:
        return {one.record: (one.status, one.reason) for one in self.failures}


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


def test_members_are_counted_while_their_lump_runs(local: Driver) -> None:
    """A failure is told when it happens."""
    local.hand_over()
    assert local.look() == {"waiting": 4}
    local.do("a", "running", "completed")
    local.do("b", "running", "failed", log="the command exited with 3\n")
    local.do("c", "running")
    assert local.look() == {"waiting": 1, "running": 1, "completed": 1, "failed": 1}
    assert local.told() == {"b": ("failed", "exit code 3")}
    assert [job.record for job in local.controller.snapshot().running] == ["c"]


def test_a_lump_that_completes(local: Driver) -> None:
    local.hand_over()
    for name in NAMES:
        local.do(name, "running", "completed")
    local.say(event=LogEvent.JOB_FINISHED, job_id=7)
    assert local.look() == {"completed": 4}
    assert local.failures == []


def test_a_member_that_failed_has_its_own_reason(local: Driver) -> None:
    local.hand_over()
    local.do("a", "running", "completed")
    local.do("b", "running", "failed", log="the command exited with 3\n")
    local.do("c", "running", "completed")
    local.do("d", "running", "completed")
    local.fail()
    assert local.told() == {"b": ("failed", "exit code 3")}
    assert len(local.failures) == 1
    assert local.look() == {"completed": 3, "failed": 1}


def test_a_lump_whose_shell_was_killed(local: Driver) -> None:
    """The member that ran was killed with it. Those that were not begun have not failed."""
    local.hand_over()
    local.do("a", "running", "completed")
    local.do("b", "running")
    shell = f"source x/lump.sh {local.lump.marker} log 1\nx' died with <Signals.SIGKILL: 9>."
    local.say(shell, LogEvent.ERROR)
    local.fail()
    assert local.flags() == ["a_completed", "b_failed", "c_waiting", "d_waiting"]
    told = {"b": ("failed", "killed by SIGKILL (out of memory, or by somebody)")}
    assert local.told() == told
    assert not local.controller.has_begun(flag("c")) and local.controller.has_begun(flag("b"))


def test_the_time_limit_of_a_lump(slurm: Driver) -> None:
    """It ends the member that runs. A member that had failed before keeps its reason."""
    slurm.hand_over()
    slurm.do("a", "running", "failed", log="the command exited with 3\n")
    slurm.do("b", "running", "partial", log="interrupted by SIGTERM\n")
    slurm.do("c", "running")
    slurm.fail(external="9")
    assert slurm.flags() == ["a_failed", "b_failed", "c_failed", "d_waiting"]
    assert slurm.told()["a"] == ("failed", "exit code 3")
    assert slurm.told()["b"] == ("failed", "wall time exceeded, interrupted by SIGTERM")
    assert slurm.told()["c"] == ("failed", "wall time exceeded")


def test_a_cancelled_lump(slurm: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "slurm_states", lambda ids: {"9": "CANCELLED"})
    slurm.hand_over()
    slurm.do("a", "running", "completed")
    slurm.do("b", "running")
    slurm.fail(external="9")
    assert slurm.flags() == ["a_completed", "b_partial", "c_waiting", "d_waiting"]
    assert slurm.told() == {"b": ("partial", "cancelled")}


def test_a_lump_that_never_began(slurm: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would hear of it if its members only went on waiting."""
    monkeypatch.setattr(module, "slurm_states", lambda ids: {})
    slurm.hand_over()
    slurm.fail("sbatch: error: invalid partition specified: x")
    assert slurm.flags() == [f"{name}_failed" for name in NAMES]
    why = "never began: sbatch: error: invalid partition specified: x"
    assert slurm.told() == dict.fromkeys(NAMES, ("failed", why))


def test_a_lump_that_never_began_and_whose_first_member_was_taken_over(slurm: Driver) -> None:
    write_flag(slurm.folder, flag("a"), "completed")
    slurm.hand_over()
    slurm.fail("sbatch: error: invalid partition specified: x")
    assert slurm.flags() == ["a_completed", "b_failed", "c_failed", "d_failed"]
    why = "never began: sbatch: error: invalid partition specified: x"
    assert slurm.told() == dict.fromkeys("bcd", ("failed", why))
    assert slurm.look() == {"completed": 1, "failed": 3}


def test_a_lump_that_fails_when_all_members_are_completed(local: Driver) -> None:
    """No member says why, so Snakemake's own words are shown. There may be another try."""
    for _ in range(2):
        local.hand_over()
        for name in NAMES:
            if word_now(local.folder, flag(name)) != "completed":
                local.do(name, "running", "completed")
        local.fail("no space left on device")
        assert local.look() == {"completed": 4}
        record = {"event": LogEvent.JOB_ERROR, "jobid": 7, "output": [local.lump.marker]}
        assert not local.controller.is_told(logging.makeLogRecord(record))
        local.say("Trying to restart job 7.")
    assert local.failures == []


def test_a_lump_that_is_tried_again(local: Driver) -> None:
    """Only what is left waits again; completed members stay."""
    local.hand_over()
    local.do("a", "running", "completed")
    local.do("b", "running", "failed", log="the command exited with 3\n")
    local.do("c", "running", "completed")
    local.do("d", "running", "completed")
    local.fail()
    local.say("Trying to restart job 7.")
    assert local.flags() == ["a_completed", "b_waiting", "c_completed", "d_completed"]
    local.hand_over()
    assert local.look() == {"waiting": 1, "completed": 3}
    local.do("b", "running", "failed", log="the command exited with 4\n")
    local.fail()
    assert [one.reason for one in local.failures] == ["exit code 3", "exit code 4"]
    assert local.look() == {"completed": 3, "failed": 1}


def test_a_member_that_failed_and_is_not_begun_again(local: Driver) -> None:
    """It is not what it was before the run: its results are those of the try that failed."""
    local.hand_over()
    local.do("a", "running", "failed", log="the command exited with 3\n")
    local.do("b", "running", "failed", log="the command exited with 3\n")
    local.do("c", "running", "completed")
    local.fail()
    local.say("Trying to restart job 7.")
    local.hand_over()
    local.do("a", "running")
    local.fail()
    assert local.flags() == ["a_failed", "b_failed", "c_completed", "d_waiting"]


def test_jobs_of_a_cluster_are_noted_for_each_member(slurm: Driver) -> None:
    slurm.hand_over()
    slurm.say("Job 7 has been submitted with SLURM jobid 9 (log: x).")
    assert slurm.journal.external == {flag(name): "9" for name in NAMES}


def test_snakemake_ends_without_a_word(local: Driver) -> None:
    local.hand_over()
    local.do("a", "running", "completed")
    local.do("b", "running")
    local.controller.mark_abandoned()
    assert word_now(local.folder, flag("b")) == "failed"
    assert local.flags() == ["a_completed", "b_failed", "c_waiting", "d_waiting"]


def test_a_member_whose_flag_was_not_renamed_any_more(local: Driver) -> None:
    """Its lump's shell was killed after it had noted the end, and before it set the flag."""
    local.hand_over()
    local.do("a", "running", "completed")
    assert write_flag(local.folder, flag("a"), "running") is not None
    local.controller.mark_abandoned()
    assert local.flags()[0] == "a_failed"

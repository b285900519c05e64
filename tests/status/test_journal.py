"""The journal of a run: written by one process, read by others, also after it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snakemake_looper.layout import JOURNALS
from snakemake_looper.status.journal import Death, Journal, Run, end_for, prune, read_runs

FLAG = "flags/p_a_completed.flag"
DEATH = Death("failed", 1.5, 7, "out of memory", None, "SIGKILL", "12", 2)


def only(workdir: Path) -> Run:
    (run,) = read_runs(workdir)
    return run


def test_a_run_from_beginning_to_end(tmp_path: Path) -> None:
    assert read_runs(tmp_path) == []
    journal = Journal.open(tmp_path, "abc")
    journal.begin("slurm", {FLAG: "failed"})
    journal.submitted([FLAG], "12")
    journal.record_death(FLAG, DEATH)
    run = only(tmp_path)
    assert (run.pid, run.plan, run.executor) == (os.getpid(), "abc", "slurm")
    assert (run.planned, run.submitted, run.deaths) == (
        {FLAG: "failed"},
        {FLAG: "12"},
        {FLAG: DEATH},
    )
    assert run.alive and not run.died and not run.is_local
    journal.end()
    journal.end()
    journal.submitted([FLAG], "13")
    run = only(tmp_path)
    assert not run.alive and not run.died and run.ended
    assert run.submitted == {FLAG: "12"}


def test_a_run_without_jobs_leaves_nothing(tmp_path: Path) -> None:
    Journal.open(tmp_path, "abc").end()
    assert list((tmp_path / JOURNALS).iterdir()) == []


def test_records_that_were_not_planned(tmp_path: Path) -> None:
    """In a module nobody says beforehand what will be run."""
    journal = Journal.open(tmp_path, "abc")
    journal.hand_over(FLAG)
    journal.hand_over(FLAG)
    journal.end()
    run = only(tmp_path)
    assert run.planned == {FLAG: ""}
    assert run.began == run.started


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder with the journal of a process that was killed while it wrote."""
    code = f"""
import sys, time
from pathlib import Path
from snakemake_looper.status.journal import Journal
journal = Journal.open(Path({str(tmp_path)!r}), "abc")
journal.begin("local", {{{FLAG!r}: ""}})
journal._file.write('{{"event": "ended", "fl')
journal._file.flush()
print("ready", flush=True)
time.sleep(6000)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    assert only(tmp_path).alive
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return tmp_path


def test_a_killed_run_is_known_to_be_dead(killed: Path) -> None:
    run = only(killed)
    assert run.died and run.is_local
    assert run.planned == {FLAG: ""}


def test_the_next_run_closes_the_journal(killed: Path) -> None:
    end_for(only(killed))
    run = only(killed)
    assert run.ended and not run.died and not run.alive


def test_damaged_lines_and_files_are_skipped(tmp_path: Path) -> None:
    folder = tmp_path / JOURNALS
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("")
    (folder / "b.jsonl").write_text("[1]\n{}\nnonsense\n")
    (folder / "c.txt").write_text('{"event": "run"}\n')
    assert read_runs(tmp_path) == []


def past(workdir: Path, name: str, flags: list[str]) -> None:
    journal = Journal(workdir / JOURNALS / f"{name}.jsonl")
    journal.write("run", pid=1, host="h", plan="p")
    journal.begin("local", dict.fromkeys(flags, ""))
    for flag in flags:
        journal.record_death(flag, DEATH)
    journal.end()


def test_journals_without_needed_facts_are_removed(tmp_path: Path) -> None:
    """Kept: the last word about each record that is not completed, and the last run."""
    (tmp_path / JOURNALS).mkdir(parents=True)
    past(tmp_path, "1", ["a", "b"])
    past(tmp_path, "2", ["b"])
    past(tmp_path, "3", ["c"])
    past(tmp_path, "4", ["d"])
    prune(read_runs(tmp_path), lambda flag: flag in ("a", "b"))
    names = sorted(path.stem for path in (tmp_path / JOURNALS).iterdir())
    assert names == ["1", "2", "4"]
    prune(read_runs(tmp_path), lambda flag: False)
    assert [path.stem for path in (tmp_path / JOURNALS).iterdir()] == ["4"]


def test_names_of_journals_sort_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Microseconds count. Two runs of one microsecond get two names: the later one waits for it."""
    day = 1_700_000_000 * 10**9
    instants = [0, 1_000, 2_000, 2_000, 10_000, 999_999_000, 10**9]
    clock = (day + instant for instant in instants)
    with monkeypatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: next(clock))
        journals = [Journal.open(tmp_path, str(number)) for number in range(len(instants) - 1)]
    for journal in journals:
        journal.begin("local", {})
    assert [run.plan for run in read_runs(tmp_path)] == ["0", "1", "2", "3", "4", "5"]
    for journal in journals:
        journal.end()


def test_names_of_older_versions_sort_by_the_second(tmp_path: Path) -> None:
    """They have no microseconds, and come before the newer names of the same second."""
    folder = tmp_path / JOURNALS
    folder.mkdir(parents=True)
    for name in ("20240102T000001-1", "20240102T000000.000001-1", "20240102T000000-1"):
        journal = Journal(folder / f"{name}.jsonl")
        journal.write("run", pid=1, host="h", plan=name)
        journal.begin("local", {})
        journal.end()
    assert [run.plan for run in read_runs(tmp_path)] == [
        "20240102T000000-1", "20240102T000000.000001-1", "20240102T000001-1",
    ]  # fmt: skip


@pytest.mark.parametrize("started", ["absent", None, 1.25, 3, "soon", [1.0]])
def test_the_time_when_a_record_that_died_had_begun(tmp_path: Path, started: object) -> None:
    """Journals of earlier versions do not have it; a line with another type is damaged."""
    journal = Journal.open(tmp_path, "abc")
    journal.begin("local", {FLAG: ""})
    fields = {key: value for key, value in DEATH._asdict().items() if key != "started"}
    extra = {} if started == "absent" else {"started": started}
    journal.write("ended", flag=FLAG, death=fields | extra)
    journal.end()
    deaths = only(tmp_path).deaths
    if isinstance(started, (str, list)) and started != "absent":
        assert deaths == {}
    else:
        assert deaths[FLAG].started == extra.get("started")

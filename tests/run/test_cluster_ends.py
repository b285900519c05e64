"""The words of LSF and HTCondor on jobs, with stand-ins for `bjobs` and `condor_q`."""

from __future__ import annotations

from pathlib import Path

import pytest

from snakemake_looper.run import htcondor, lsf
from snakemake_looper.run.cluster_answers import Verdict
from snakemake_looper.run.queues import queue_of, queues_of

REPORT = """
------------------------------------------------------------
Sender: LSF System <lsf@node7>
Subject: Job {job}: <Snakemake_rule_touch_sample:sample=a___(2f5e)> in cluster <lab> Exited

{reason}
Exited with exit code 140.
"""
ADVICE = (
    "For further error details see the cluster/cloud log and the log files of the involved rule(s)."
)


def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    path = tmp_path / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def verdict_in(log: Path, text: str, job: str = "17") -> Verdict | None:
    log.write_text(text)
    return lsf.verdict_on("EXIT", job, [log])


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("TERM_RUNLIMIT: job killed after reaching LSF run time limit.", Verdict("failed", "wall time exceeded")),
        ("TERM_MEMLIMIT: job killed after reaching LSF memory usage limit.", Verdict("failed", "out of memory")),
        ("TERM_OWNER: job killed by owner.", Verdict("partial", "cancelled")),
        ("TERM_EXTERNAL_SIGNAL: job killed by a signal external to LSF.", None),
        ("TERM_UNKNOWN_WORD: nobody knows.", None),
        ("echo TERM_OWNER: of a pipeline", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_report_of_lsf(tmp_path: Path, reason: str, verdict: Verdict | None) -> None:
    assert verdict_in(tmp_path / "log", "begun\n" + REPORT.format(job=17, reason=reason)) == verdict


def test_the_report_of_the_last_try_counts(tmp_path: Path) -> None:
    """All tries append to one file."""
    first = REPORT.format(job=17, reason="TERM_OWNER: job killed by owner.")
    second = REPORT.format(job=18, reason="TERM_RUNLIMIT: job killed.")
    log = tmp_path / "log"
    assert verdict_in(log, first + second, "18") == Verdict("failed", "wall time exceeded")
    assert verdict_in(log, first + REPORT.format(job=18, reason=""), "18") is None
    assert verdict_in(log, first, "18") is None, "the report is not here yet"
    assert verdict_in(log, "TERM_OWNER: job killed by owner.\n") is None, "a pipeline's own words"
    assert lsf.verdict_on("EXIT", "17", [tmp_path / "nowhere"]) is None


def test_a_job_that_lsf_has_suspended() -> None:
    verdict = lsf.verdict_on("USUSP", "17", [])
    assert verdict == Verdict("partial", "suspended in LSF; end it with bkill")


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (f"Job 3 with HTCondor Cluster ID 17 was removed/aborted.{ADVICE}", Verdict("partial", "cancelled")),
        (
            f"Job 3 with HTCondor Cluster ID 17 is held: Error from slot1@n: memory usage exceeded\n limit{ADVICE}",
            Verdict("failed", "held by HTCondor: Error from slot1@n: memory usage exceeded limit"),
        ),
        (
            "Job 3 with HTCondor Cluster ID 17 has been held for 4.0 hours (timeout: 4.0 hours)."
            f" Hold reason: The job exceeded allowed execute duration of 0+01:30:00{ADVICE}",
            Verdict("failed", "held by HTCondor: The job exceeded allowed execute duration of 0+01:30:00"),
        ),
        (f"Job 3 with HTCondor Cluster ID 17 is held: {ADVICE}", Verdict("failed", "held by HTCondor")),
        (f"Job 3 with HTCondor Cluster ID 17 completed but failed with ExitCode 1.{ADVICE}", None),
        (f"Job 3 with HTCondor Cluster ID 17 was terminated by signal 9.{ADVICE}", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_message_of_the_plugin_for_htcondor(message: str, verdict: Verdict | None) -> None:
    assert htcondor.verdict_on(message) == verdict


# --- queues ---------------------------------------------------------------------------------------


def test_jobs_that_lsf_still_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "bjobs", '[ "$*" = "-noheader -o jobid" ] && echo 7 && echo 9')
    assert lsf.unfinished_jobs(["7", "8"]) == {"7"}
    for code in (0, 255):
        script = f"echo No unfinished job found >&2; exit {code}"
        program(tmp_path, monkeypatch, "bjobs", script)
        assert lsf.unfinished_jobs(["7"]) == set()


def test_half_an_answer_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that it does not name may still run, and would be started a second time."""
    for name, queue in (("bjobs", lsf), ("condor_q", htcondor)):
        script = "echo 7; printf 'LSF is down \\351\\n' >&2; exit 255"
        program(tmp_path, monkeypatch, name, script)
        with pytest.raises(OSError, match=f"{name} failed: LSF is down"):
            queue.unfinished_jobs(["7", "8"])


def test_jobs_that_htcondor_still_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 idle, 2 running, 3 removed, 4 completed, 5 held."""
    rows = "; ".join(f"echo {number} {number}" for number in range(1, 6))
    program(tmp_path, monkeypatch, "condor_q", rows)
    assert htcondor.unfinished_jobs(map(str, range(9))) == {"1", "2", "5"}
    program(tmp_path, monkeypatch, "condor_q", "exit 0")
    assert htcondor.unfinished_jobs(["1"]) == set()


@pytest.mark.parametrize(("executor", "name"), [("lsf", "bjobs"), ("htcondor", "condor_q")])
def test_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str, name: str
) -> None:
    program(tmp_path, monkeypatch, name, "echo it is down >&2; exit 1")
    queue = queue_of(executor)
    assert queue
    with pytest.raises(OSError, match=f"{name} failed: it is down"):
        queue.unfinished(["1"])
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(OSError):
        queue.unfinished(["1"])


def test_other_clusters_cannot_be_asked() -> None:
    assert queue_of("cluster-generic") is None
    assert [one.name for one in queues_of({"lsf", "slurm", "local"})] == ["SLURM", "LSF"]

"""Log records in, events out. The texts are those that Snakemake and its executors were seen to log."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_looper.run.log_events import (
    Event,
    Failed,
    Finished,
    GroupFormed,
    HandedOver,
    NotStarted,
    ShellDied,
    Submitted,
    TriedAgain,
    read,
    says_nothing,
    says_nothing_to_do,
)


def record(msg: str | None = None, **fields: Any) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": msg, **fields})


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (
            "Job 3 has been submitted with SLURM jobid 17 (log: /x/slurm_logs/17.log).",
            Submitted("17", ("3",)),
        ),
        (
            "Job 0b7f-12 has been submitted with SLURM jobid 17 (log: /x/17.log).",
            Submitted("17", ("0b7f-12",)),
        ),
        (
            "Submitted array job with Snakemake IDs 2,4,7 and SLURM job ID 9."
            " The individual task IDs are 1-3.",
            Submitted("9", ("2", "4", "7"), first_task=1),
        ),
        ("Submitted job 2 with external jobid '4711'.", Submitted("4711", ("2",))),
        ("Submitted group job ab-c with external jobid '1 x'.", Submitted("1 x", ("ab-c",))),
        ("Resuming incomplete job 2 with external jobid '4711'.", Submitted("4711", ("2",))),
        (
            "Job 3 has been submitted with LSF jobid 17 (log: /x/lsf_logs/rule_a/sample=a/u.log).",
            Submitted("17", ("3",)),
        ),
        (
            "Job 3 submitted to HTCondor Cluster ID 17 with batch name touch_sample-3\nThe logs of"
            " the HTCondor job are stored in .snakemake/htcondor/snakemake-rules.log",
            Submitted("17", ("3",)),
        ),
        ("Trying to restart job 5.", TriedAgain("5")),
        ("Trying to restart job 0b7f-12.", TriedAgain("0b7f-12")),
    ],
)
def test_what_is_said_in_texts_only(text: str, event: Event) -> None:
    assert list(read(record(text))) == [event]


@pytest.mark.parametrize("text", [None, "", "Select jobs to execute...", "Job 3 is done"])
def test_other_texts_say_nothing(text: str | None) -> None:
    assert list(read(record(text))) == []


SHELL = """RuleException:
CalledProcessError in file "/p/.snakemake/looper/1/Snakefile", line 47:
Command 'set -euo pipefail;  source .snakemake/looper/scripts/job.sh {flag} results/a.log
(
echo x
)' {end}"""


@pytest.mark.parametrize(
    ("flag", "end", "event"),
    [
        ("f/p_a_completed.flag", "returned non-zero exit status 3.", (3, "")),
        ("f/p_a_completed.flag", "died with <Signals.SIGKILL: 9>.", (None, "SIGKILL")),
        ("'f/p_a b_completed.flag'", "died with <Signals.SIGTERM: 15>.", (None, "SIGTERM")),
    ],
)
def test_how_a_shell_died(flag: str, end: str, event: tuple[int | None, str]) -> None:
    (found,) = read(record(SHELL.format(flag=flag, end=end), event=LogEvent.ERROR))
    assert found == ShellDied(flag.strip("'"), *event)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[Errno 7] Argument list too long: '/usr/bin/bash'", "Argument list too long"),
        ("[Errno 2] No such file or directory: '/opt/a b/zsh'", "No such file or directory"),
        ("[Errno 11] Resource temporarily unavailable", "Resource temporarily unavailable"),
    ],
)
def test_a_shell_that_was_not_started(text: str, reason: str) -> None:
    full = (
        f'RuleException:\nOSError in file "/p/Snakefile", line 9:\n{text}\n  File "/x.py", line 1'
    )
    assert list(read(record(full, event=LogEvent.ERROR))) == [NotStarted(reason)]
    other = full.replace(text, "[Errno 2] No such file or directory: 'a.txt'")
    assert list(read(record(other, event=LogEvent.ERROR))) == []


@pytest.mark.parametrize("text", ["WorkflowError:\nNo.", SHELL.format(flag="x", end="!"), None])
def test_other_errors_say_nothing(text: str | None) -> None:
    assert list(read(record(text, event=LogEvent.ERROR))) == []


def test_jobs() -> None:
    info = record(event=LogEvent.JOB_INFO, jobid=1, rule_name="r", output=["x", "y"])
    assert list(read(info)) == [HandedOver(1, "r", ("x", "y"))]
    why = {"reason": "Missing output files: x"}
    info = record(event=LogEvent.JOB_INFO, jobid=1, rule_name="r", output=["x"], **why)
    assert list(read(info)) == [HandedOver(1, "r", ("x",), "Missing output files: x")]
    assert list(read(record(event=LogEvent.JOB_FINISHED, job_id=1))) == [Finished(1)]
    error = {"jobid": 1, "output": ["x"], "rule_msg": "why", "aux": {"external_jobid": "7"}}
    (failed,) = read(record(event=LogEvent.JOB_ERROR, **error, log=["own", "cluster's"]))
    assert failed == Failed(1, ("x",), "why", "7", ("own", "cluster's"))
    error |= {"rule_msg": None, "aux": {}}
    assert list(read(record(event=LogEvent.JOB_ERROR, **error))) == [Failed(1, ("x",), "", "")]


def test_nothing_to_do() -> None:
    said = "Nothing to be done (all requested files are present and up to date)."
    assert says_nothing_to_do(record(said))
    assert not says_nothing_to_do(record("Building DAG of jobs...")) and not says_nothing_to_do(
        record(None)
    )


@pytest.mark.parametrize("event", [LogEvent.PROGRESS, LogEvent.JOB_STARTED, LogEvent.SHELLCMD])
def test_most_records_are_passed_over_at_once(event: LogEvent) -> None:
    assert says_nothing(record(event=event, jobs=[1]))
    assert not list(read(record(event=event, jobs=[1])))


@pytest.mark.parametrize("said", [record("Nothing to be done."), record(event=LogEvent.JOB_INFO)])
def test_a_record_that_may_say_something_is_read(said: logging.LogRecord) -> None:
    assert not says_nothing(said)


def test_groups() -> None:
    jobs = [SimpleNamespace(jobid=n, uuid=lambda n=n: f"u{n}") for n in (1, 2)]
    info = record(event=LogEvent.GROUP_INFO, group_id="g", jobs=jobs)
    assert list(read(info)) == [GroupFormed(("u1", "u2"), (1, 2))]
    members = [{"jobid": n, "output": [f"f{n}"], "rule_msg": None, "aux": {}} for n in (1, 2)]
    error = record(
        event=LogEvent.GROUP_ERROR, groupid="g", job_error_info=members, external_jobid="7",
        aux_logs=["slurm.log"],
    )  # fmt: skip
    logs = ("slurm.log",)
    first, second = read(error)
    assert first == Failed(1, ("f1",), "", "7", logs)
    assert second == Failed(2, ("f2",), "", "7", logs)

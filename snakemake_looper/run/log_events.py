"""Events of jobs, read from Snakemake's log records.

The fields of a log record depend on its kind, and some facts are in a text only. This module turns
records into events of a few types; no other module takes facts about jobs from log records. The
meaning of each record is as seen with Snakemake 9.14 to 9.27, its local executor, and the executor
plugins for SLURM (2.8), LSF (0.3), HTCondor (0.3) and for clusters in general (1.0.9).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from logging import ERROR, LogRecord
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Snakemake gave a job to its executor: it runs, or is about to be submitted.

    In a dry run, it would run.
    """

    jobid: int
    rule: str
    outputs: tuple[str, ...]
    reason: str = ""
    """Why Snakemake runs it, in Snakemake's words; see `rerun_reasons`."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """Jobs are in a cluster's queue: one, the members of a group, or the tasks of an array."""

    external_jobid: str
    jobids: tuple[str, ...]
    """Numbers of jobs, or a name of a group."""
    first_task: int | None = None
    """The number of the first task, if they are the tasks of an array."""


@dataclass(frozen=True, slots=True)
class GroupFormed:
    """Jobs that will be submitted as one. Messages name the group after one of these jobs."""

    names: tuple[str, ...]
    jobids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShellDied:
    """The shell of a job of this machine died; comes before `Failed`."""

    output: str
    exit_code: int | None
    signal: str


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The shell of some job of this machine could not be started; comes before `Failed`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The executor says that a job failed; it may be tried again."""

    jobid: int | None
    outputs: tuple[str, ...]
    message: str
    external_jobid: str
    logs: tuple[str, ...] = ()
    """The rule's log, then the logs that the executor names as those of the cluster."""


@dataclass(frozen=True, slots=True)
class TriedAgain:
    """Snakemake will run a failed job again."""

    jobid: str
    """Its number, or the name of a group."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A job is complete, and Snakemake has seen its outputs."""

    jobid: int


Event = (
    HandedOver | Submitted | GroupFormed | ShellDied | NotStarted | Failed | TriedAgain | Finished
)

_SLURM = re.compile(r"Job (\S+) has been submitted with (?:SLURM|LSF) jobid (\S+) ")
_HTCONDOR = re.compile(r"Job (\S+) submitted to HTCondor Cluster ID (\S+) with batch name ")
_SLURM_ARRAY = re.compile(
    r"Submitted array job with Snakemake IDs ([\d,]+) and SLURM job ID (\S+)\."
    r" The individual task IDs are (\d+)-(\d+)\."
)
_GENERIC = re.compile(r"Submitted (?:group )?job (\S+) with external jobid '(.*)'\.")
_RESUMED = re.compile(r"Resuming incomplete job (\S+) with external jobid '(.*)'\.")
_NOTHING = "Nothing to be done"
_LAST_WORD = "At least one job did not complete successfully."
_AGAIN = re.compile(r"Trying to restart job (\S+)\.$")
_JOB_SCRIPT = re.compile(r"source \S*(?:job|lump)\.sh (.+)")
_SIGNAL = re.compile(r"died with <Signals\.(SIG\w+): \d+>")
_NOT_STARTED = re.compile(
    r"^\w+Error in file .*:\n\[Errno \d+\] ([^:\n]+)(?:: '[^']*sh')?$", re.MULTILINE
)
_EXIT_CODE = re.compile(r"returned non-zero exit status (\d+)")


def read(record: LogRecord) -> Iterator[Event]:
    """The events that a log record tells; for most records there are none."""
    event = getattr(record, "event", None)
    reader = _READERS.get(event)
    if reader is not None:
        yield from reader(record.__dict__)
    elif event is None and isinstance(record.msg, str):
        yield from _message(record.getMessage())


def says_nothing(record: LogRecord) -> bool:
    """Whether a record surely has no meaning for this module, as most of Snakemake's have none."""
    event = getattr(record, "event", None)
    return event is not None and event not in _READERS


def says_nothing_to_do(record: LogRecord) -> bool:
    """Whether Snakemake says that no job is due."""
    return isinstance(record.msg, str) and record.msg.startswith(_NOTHING)


def says_job_counts(record: LogRecord) -> bool:
    """Whether Snakemake says how many jobs each rule has."""
    return getattr(record, "event", None) is LogEvent.RUN_INFO


def says_jobs_failed(record: LogRecord) -> bool:
    """Whether Snakemake says that a job failed, or, as its last word, that some job did."""
    event = getattr(record, "event", None)
    if event in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
        return True
    text = record.getMessage() if record.levelno >= ERROR else ""
    return "CalledProcessError in " in text or _LAST_WORD in text


def _job_info(fields: Mapping[str, Any]) -> Iterator[Event]:
    outputs, reason = _texts(fields.get("output")), str(fields.get("reason") or "")
    yield HandedOver(fields["jobid"], fields["rule_name"], outputs, reason)


def _group_info(fields: Mapping[str, Any]) -> Iterator[Event]:
    jobs = list(fields.get("jobs") or ())
    # Messages call a group by the name of its last job, and any job may be the last.
    yield GroupFormed(tuple(str(job.uuid()) for job in jobs), tuple(job.jobid for job in jobs))


def _job_error(fields: Mapping[str, Any]) -> Iterator[Event]:
    external = (fields.get("aux") or {}).get("external_jobid")
    yield Failed(
        fields.get("jobid"),
        _texts(fields.get("output")),
        str(fields.get("rule_msg") or ""),
        str(external or ""),
        _texts(fields.get("log")),
    )


def _group_error(fields: Mapping[str, Any]) -> Iterator[Event]:
    for job in fields.get("job_error_info") or ():
        logs = [*_texts(job.get("log")), *_texts(fields.get("aux_logs"))]
        given = {**job, "aux": {"external_jobid": fields.get("external_jobid")}, "log": logs}
        yield from _job_error(given)


def _error(fields: Mapping[str, Any]) -> Iterator[Event]:
    """An exception as text. That of a shell has the shell's command, and how the shell ended."""
    text = str(fields.get("msg") or "")
    if found := _NOT_STARTED.search(text):
        yield NotStarted(found[1])
        return
    script = _JOB_SCRIPT.search(text)
    signal, code = _SIGNAL.search(text), _EXIT_CODE.search(text)
    if not script or not (signal or code):
        return
    try:
        output = shlex.split(script[1])[0]
    except (ValueError, IndexError):
        return
    yield ShellDied(output, int(code[1]) if code else None, signal[1] if signal else "")


def _job_finished(fields: Mapping[str, Any]) -> Iterator[Event]:
    yield Finished(fields["job_id"])


def _message(text: str) -> Iterator[Event]:
    if match := _SLURM.match(text):
        yield Submitted(match[2], (match[1],))
    elif match := _SLURM_ARRAY.match(text):
        yield Submitted(match[2], tuple(match[1].split(",")), first_task=int(match[3]))
    elif match := _GENERIC.match(text) or _RESUMED.match(text) or _HTCONDOR.match(text):
        yield Submitted(match[2], (match[1],))
    elif match := _AGAIN.match(text):
        yield TriedAgain(match[1])


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(map(str, values or ()))


_READERS: Mapping[Any, Callable[[Mapping[str, Any]], Iterator[Event]]] = {
    LogEvent.JOB_INFO: _job_info,
    LogEvent.GROUP_INFO: _group_info,
    LogEvent.JOB_ERROR: _job_error,
    LogEvent.GROUP_ERROR: _group_error,
    LogEvent.ERROR: _error,
    LogEvent.JOB_FINISHED: _job_finished,
}

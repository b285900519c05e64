"""LSF's answers about its jobs: whether they are still there, and how they ended.

LSF appends a report to a job's output. If LSF itself ended the job, the report names the reason:

    Subject: Job 17: <Snakemake_rule_count_sample:sample=a> in cluster <lab> Exited
    …
    TERM_RUNLIMIT: job killed after reaching LSF run time limit.

The executor plugin (0.3) appends all tries of a job to one file. Other plugins for LSF can be
read in the same way, if they name this file in their message about the failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..status.reasons import last_bytes
from .cluster_answers import Verdict, answer_of

_REPORT_BYTES = 65_536
"""The end of a job's output in which its report is looked for."""
_REASON = re.compile(r"^TERM_([A-Z_]+):", re.MULTILINE)
_CANCELLED = Verdict("partial", "cancelled")
_BY_ADMINISTRATOR = Verdict("partial", "cancelled by an administrator")
_NONE = "No unfinished job found"

# See "Termination reasons" of LSF's manual. Others leave the verdict to the job's own shell.
_REASONS: Mapping[str, Verdict] = {
    "RUNLIMIT": Verdict("failed", "wall time exceeded"),
    "DEADLINE": Verdict("failed", "deadline exceeded"),
    "MEMLIMIT": Verdict("failed", "out of memory"),
    "SWAP": Verdict("failed", "swap limit exceeded"),
    "CPULIMIT": Verdict("failed", "processor time exceeded"),
    "PROCESSLIMIT": Verdict("failed", "too many processes"),
    "THREADLIMIT": Verdict("failed", "too many threads"),
    "ZOMBIE": Verdict("failed", "its node failed"),
    "PREEMPT": Verdict("partial", "preempted"),
    "WINDOW": Verdict("partial", "its queue closed"),
    "OWNER": _CANCELLED,
    "FORCE_OWNER": _CANCELLED,
    "ADMIN": _BY_ADMINISTRATOR,
    "FORCE_ADMIN": _BY_ADMINISTRATOR,
}
# The plugin takes a suspended job for failed. LSF still has the job, and goes on when it is resumed.
_STATES: Mapping[str, Verdict] = {
    "USUSP": Verdict("partial", "suspended in LSF; end it with bkill"),
    "PSUSP": Verdict("partial", "suspended in LSF; end it with bkill"),
}


def verdict_on(state: str, external_jobid: str, logs: Iterable[Path]) -> Verdict | None:
    """The verdict on a job that LSF ended or suspended; None if the job's own shell knows better.

    Args:
        state: LSF's word for the state, as `EXIT`.
        external_jobid: LSF's number for the job.
        logs: files that may have LSF's report.
    """
    if state in _STATES:
        return _STATES[state]
    reasons = (_reason_in(log, external_jobid) for log in logs)
    return next((_REASONS[reason] for reason in reasons if reason in _REASONS), None)


def _reason_in(log: Path, external_jobid: str) -> str:
    """The reason that LSF's report on a job names; empty if there is none."""
    text = last_bytes(log, _REPORT_BYTES)[0].decode(errors="replace")
    _, found, report = text.rpartition(f"Subject: Job {external_jobid}:")
    match = _REASON.search(report) if found else None
    return match[1] if match else ""


def unfinished_jobs(external_jobids: Iterable[str]) -> set[str]:
    """Those LSF jobs that wait, run or are suspended.

    Raises:
        OSError: there is no `bjobs` here, or it does not answer.
    """
    # This asks for all unfinished jobs of the user: `bjobs` fails if it is asked for a forgotten job.
    command = ["bjobs", "-noheader", "-o", "jobid"]
    return set(answer_of(command, none=_NONE).split()).intersection(external_jobids)

"""Which lines of Snakemake's log the live view prints above its bars, and their text.

The live view takes the place of Snakemake's own output. A line is left out if the bars or the
closing summary say the same, or if it comes with every run or every job. Any other line is shown,
since users may need it.
"""

from __future__ import annotations

import logging
import re

from snakemake_interface_logger_plugins.common import LogEvent

_SHOWN_BY_BARS = {
    LogEvent.WORKFLOW_STARTED, LogEvent.RUN_INFO, LogEvent.RESOURCES_INFO, LogEvent.RULEGRAPH,
    LogEvent.JOB_INFO, LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED, LogEvent.GROUP_INFO,
    LogEvent.PROGRESS, LogEvent.SHELLCMD, LogEvent.DEBUG_DAG,
}  # fmt: skip

# Lines without an event that come with every run, or once for every job.
_ROUTINE = re.compile(
    r"host: |Building DAG of jobs|Assuming unrestricted shared filesystem|Using shell: |Select jobs to execute"
    r"|Job rate limit reached|Processed \d+ potential jobs|Elapsed time: "
    r"|Activating (conda env|singularity image|environment modules)"
    r"|Retrieving from storage: |Finished retrieval|Storing (in|output in) storage"
    r"|Finished upload|Removing local copy of storage file"
    r"|Submitted (group )?job |Submitted array job |Job \S+ has been submitted with "
)


def is_shown(record: logging.LogRecord) -> bool:
    """Whether the live view shows this record of Snakemake's log.

    Errors of jobs are shown: nothing else reports the failure of a job that runs no pipeline. The
    caller leaves out errors of pipelines' jobs, for which the view has a better line.
    """
    event = getattr(record, "event", None)
    text = record.getMessage()
    if record.levelno >= logging.WARNING:
        return not _is_exit_code_of_a_job(record, text)
    if record.levelno < logging.INFO or event in _SHOWN_BY_BARS:
        return False
    # Lines with a quietness are about single jobs, like "Removing temporary output".
    if getattr(record, "quietness", None) is not None or text in ("", "None"):
        return False
    return _ROUTINE.match(text) is None


def _is_exit_code_of_a_job(record: logging.LogRecord, text: str) -> bool:
    """Whether it is the exception with a command's exit code; the job's own error follows it.

    Exceptions of other kinds may be the only message about a failure, like missing output.
    """
    return (
        getattr(record, "event", None) == LogEvent.ERROR
        and getattr(record, "exception", "") == "RuleException"
        and "CalledProcessError in " in text
    )


def is_beginning(record: logging.LogRecord) -> bool:
    """Whether Snakemake now makes the graph of jobs, which takes minutes for 100,000 samples."""
    return record.getMessage().startswith("Building DAG of jobs")


def text_of(record: logging.LogRecord) -> str:
    """The text of a record, as Snakemake itself would print it."""
    if getattr(record, "event", None) == LogEvent.GROUP_ERROR:
        # An error for each job of the group follows. The cluster's logs are named only here.
        logs = ", ".join(map(str, getattr(record, "aux_logs", None) or ()))
        return record.getMessage() + (f"\n    log: {logs}" if logs else "")
    from snakemake.logging import DefaultFormatter  # only the live view needs it

    try:
        return str(DefaultFormatter(set(), False).format(record))
    except (AttributeError, KeyError, TypeError):
        # Another version of Snakemake gives the event other fields; the plain message is enough.
        return record.getMessage()

"""Lines of Snakemake's log that the live view shows."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent
from support.projects import write
from support.running import snakemake

from snakemake_looper.show.log_lines import is_beginning, is_shown, text_of


def record(text: str | None, level: int = logging.INFO, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake.logging", level, "", 0, text, (), None)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    "event",
    [
        LogEvent.WORKFLOW_STARTED,
        LogEvent.RUN_INFO,
        LogEvent.RESOURCES_INFO,
        LogEvent.JOB_INFO,
        LogEvent.JOB_STARTED,
        LogEvent.JOB_FINISHED,
        LogEvent.GROUP_INFO,
        LogEvent.PROGRESS,
        LogEvent.SHELLCMD,
        LogEvent.DEBUG_DAG,
        LogEvent.RULEGRAPH,
    ],
)
def test_bars_tell_these_events(event: LogEvent) -> None:
    assert not is_shown(record("anything", event=event))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "Assuming unrestricted shared filesystem usage.",
        "Building DAG of jobs...",
        "host: node7",
        "Using shell: /usr/bin/bash",
        "Select jobs to execute...",
        "Job rate limit reached, waiting for free slots.",
        "Elapsed time: 0:00:00.1",
        "Activating conda environment: .snakemake/conda/1234",
        "Activating singularity image docker.sif",
        "Submitted job 3 with external jobid '17'.",
        "Submitted group job 4f with external jobid '17'.",
        "Job 3 has been submitted with SLURM jobid 17 (log: /home/me/17.log).",
        "Retrieving from storage: s3://bucket/a.txt",
    ],
)
def test_lines_that_come_with_every_run_or_job_are_dropped(text: str | None) -> None:
    assert not is_shown(record(text))


@pytest.mark.parametrize(
    "text",
    [
        "Nothing to be done (all requested files are present and up to date).",
        "Complete log(s): /home/me/.snakemake/log/1.log",
        "Terminating processes on user request, this might take some time.",
        "Will exit after finishing currently running jobs (scheduler).",
        "Shutting down, this might take some time.",
        "Unlocked working directory.",
        "Trying to restart job 3.",
        "Conda environments: ignored",
        "Creating conda environment envs/a.yaml...",
        "Pulling singularity image docker://alpine.",
        "SLURM run ID: 0b7c",
        "Removing output files of failed job count since they might be corrupted:\na.bam",
        "something that no version of Snakemake has said so far",
    ],
)
def test_everything_else_is_shown(text: str) -> None:
    assert is_shown(record(text))


def test_the_graph_is_being_made() -> None:
    assert is_beginning(record("Building DAG of jobs..."))
    assert not is_beginning(record("Nothing to be done."))


def test_lines_about_single_jobs_go_by_their_quietness() -> None:
    assert not is_shown(record("Removing temporary output a.bam.", quietness=Quietness.RULES))
    assert not is_shown(record("Resources before job selection", logging.DEBUG))


def test_warnings_and_errors_are_shown() -> None:
    for level in (logging.WARNING, logging.ERROR, logging.CRITICAL):
        assert is_shown(record("Using shell: whatever", level))
    assert is_shown(record("", logging.ERROR, event=LogEvent.JOB_ERROR))
    assert is_shown(record("Error in group 7", logging.ERROR, event=LogEvent.GROUP_ERROR))
    for name in ("LockException", "WorkflowError", "MissingOutputException", "SyntaxError"):
        assert is_shown(record(f"{name}: x", logging.ERROR, event=LogEvent.ERROR, exception=name))


def test_an_exit_code_is_left_to_the_error_of_the_job() -> None:
    failed = record(
        "RuleException:\nCalledProcessError in file \"Snakefile\", line 6:\nCommand 'x' returned "
        "non-zero exit status 3.",
        logging.ERROR,
        event=LogEvent.ERROR,
        exception="RuleException",
    )
    assert not is_shown(failed)
    raised = record("RuleException:\nValueError in file", logging.ERROR, event=LogEvent.ERROR)
    raised.exception = "RuleException"
    assert is_shown(raised)


def test_the_text_of_a_record() -> None:
    assert text_of(record("Unlocked working directory.")) == "Unlocked working directory."
    group = record("Error in group 7", logging.ERROR, event=LogEvent.GROUP_ERROR)
    assert text_of(group) == "Error in group 7"
    group.aux_logs = ["slurm/17.log"]
    assert text_of(group) == "Error in group 7\n    log: slurm/17.log"
    # An event without the fields that this version of Snakemake gives it is not an error of ours.
    assert text_of(record("Error in rule x", logging.ERROR, event=LogEvent.JOB_ERROR)) == (
        "Error in rule x"
    )


SPY = """
    from dataclasses import dataclass
    from snakemake_interface_logger_plugins.base import LogHandlerBase
    from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

    @dataclass
    class LogHandlerSettings(LogHandlerSettingsBase):
        pass

    class LogHandler(LogHandlerBase):
        def emit(self, record):
            from snakemake_looper.show.log_lines import is_beginning, is_shown, text_of
            if is_shown(record):
                with open("shown.txt", "a") as file:
                    print(text_of(record), file=file)

        writes_to_stream = writes_to_file = property(lambda self: False)
        has_filter = has_formatter = property(lambda self: True)
        needs_rulegraph = property(lambda self: False)
    """
WORKFLOW = """
    rule work:
        output: "{x}.out"
        log: "{x}.log"
        shell: "(test {wildcards.x} != b; touch {output}) 2> {log}"

    rule needs:
        input: "missing.txt"
        output: "needs"
        shell: "touch {output}"
    """


def shown(folder: Path, *words: str) -> str:
    """The lines of a real run that the live view would show."""
    write(folder, {"spy/snakemake_logger_plugin_spy/__init__.py": SPY, "Snakefile": WORKFLOW})
    snakemake("--logger", "spy", "--cores", "2", *words, cwd=folder, PYTHONPATH=str(folder / "spy"))
    text = (folder / "shown.txt").read_text()
    (folder / "shown.txt").unlink()
    text = re.sub(r"\[[A-Z][a-z]{2} .*\]", "[time]", text)
    text = re.sub(r"^ +(message: None|jobid: \d+)\n", "", text, flags=re.MULTILINE)
    return text.replace(f"{folder}/", "")


def test_lines_of_a_run_with_a_failing_job(tmp_path: Path) -> None:
    text = re.sub(r"\S+\.snakemake\.log", "LOG", shown(tmp_path, "-k", "a.out", "b.out"))
    begin, middle, end = text.partition("Exiting because a job execution failed.")
    error = (
        "[time]\n"
        "Error in rule work:\n"
        "    output: b.out\n"
        "    log: b.log (check log file(s) for error details)\n"
        "    shell:\n"
        "        (test b != b; touch b.out) 2> b.log\n"
        "        (command exited with non-zero exit code)\n"
    )
    assert begin == error
    # Snakemake 9.14 says all errors a second time here.
    assert middle and end.replace(error, "").partition("\n")[2] == (
        "Complete log(s): LOG\nWorkflowError:\nAt least one job did not complete successfully.\n"
    )
    assert shown(tmp_path, "a.out") == (
        "Nothing to be done (all requested files are present and up to date).\n"
    )


def test_lines_of_a_run_with_missing_input(tmp_path: Path) -> None:
    text = shown(tmp_path, "needs")
    assert "MissingInputException in rule needs in file" in text
    assert "missing.txt" in text

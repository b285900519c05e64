"""`snakemake-looper report`: write the results as web pages, as a zip of them, or for MultiQC."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from functools import partial
from pathlib import Path

from ..errors import Problems
from ..messages import note, show, warn
from ..results.multiqc.export import write_for_multiqc
from ..results.records import Results, read_results
from ..results.report.report import FollowedReport, write_report
from ..results.report.report_live import Live
from ..results.statuses import RecordStatus, read_statuses
from ..results.table import remarks
from ..results.unread import unread_records
from ..show.report_watch import follow, goes_on
from ..status_words import FAILURES, SKIPPED
from ..system_errors import at
from ..workspace.job_table import JobTable
from . import DONE, FAILED
from .project import open_jobs

_BAD = (*FAILURES, SKIPPED)


def execute(arguments: Namespace) -> int:
    """Write the report, and print the path of its first page, of the zip, or of MultiQC's folder.

    A report that follows a run ends like `check --watch`: with FAILED if a record has failed, is
    partial, or is skipped for a fault.
    """
    _refuse_both(arguments)
    named = arguments.report_dir if arguments.multiqc in (None, True) else arguments.multiqc
    folder = Path(os.path.abspath(named)) if named else None
    with open_jobs(arguments) as table, at(folder or Path(table.facts.output_dir)):
        if arguments.watch:
            records = _watch(table, folder, arguments.watch)
            return FAILED if any(one.status in _BAD for one in records) else DONE
        results = read_results(table, table.facts.workdir)
        warn(*unread_records(table, table.facts.workdir), *remarks(results))
        if arguments.multiqc is None:
            show(write_report(table, folder, arguments.portable, results))
        else:
            _for_multiqc(table, folder, results)
    return DONE


def _refuse_both(arguments: Namespace) -> None:
    problems = Problems()
    if arguments.watch and arguments.portable:
        problems.add(
            "--portable", "", "a zip cannot follow a run; leave out --watch, or write the zip when"
            " the run has ended",
        )  # fmt: skip
    if arguments.multiqc is not None:
        given = {
            "--watch": arguments.watch, "--portable": arguments.portable,
            "--report-dir": arguments.report_dir,
        }  # fmt: skip
        for option in (name for name, value in given.items() if value):
            advice = (
                "write '--multiqc DIR'" if option == "--report-dir" else "leave out one of them"
            )
            problems.add(option, "", f"is about web pages, and --multiqc writes none; {advice}")
    if arguments.multiqc == "":
        problems.add("--multiqc", "", "is empty; write a folder, or no value at all")
    problems.raise_if_any()


def _for_multiqc(table: JobTable, folder: Path | None, results: list[Results]) -> None:
    written, left_out = write_for_multiqc(table, folder, results)
    warn(*left_out)
    show(written)
    note(f"to put it into a report of MultiQC: multiqc {shlex.quote(str(written))}")


def _watch(table: JobTable, folder: Path | None, seconds: float) -> list[RecordStatus]:
    read = partial(read_statuses, table, table.facts.workdir)
    report = FollowedReport(table, folder)
    records = read()
    going = goes_on(records)
    index = report.write(Live(seconds, goes_on=going, last=not going))
    show(index)
    note(f"open it in a browser: {index.as_uri()}")
    if going:
        note("it follows the run until nothing runs or waits, or until Ctrl+C")
        records = follow(report, read, seconds)
    results = read_results(table, table.facts.workdir)
    warn(*unread_records(table, table.facts.workdir), *remarks(results))
    return records

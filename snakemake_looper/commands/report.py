"""`snakemake-looper report`: write the results as web pages, or as a zip of them."""

from __future__ import annotations

import os
from argparse import Namespace
from functools import partial
from pathlib import Path

from ..errors import Problems
from ..messages import note, show, warn
from ..results.records import read_results
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
    """Write the report, and print the path of its first page or of the zip.

    A report that follows a run ends like `check --watch`: with FAILED if a record has failed, is
    partial, or is skipped for a fault.
    """
    _refuse_both(arguments)
    folder = Path(os.path.abspath(arguments.report_dir)) if arguments.report_dir else None
    with open_jobs(arguments) as table, at(folder or Path(table.facts.output_dir)):
        if arguments.watch:
            records = _watch(table, folder, arguments.watch)
            return FAILED if any(one.status in _BAD for one in records) else DONE
        results = read_results(table, table.facts.workdir)
        warn(*unread_records(table, table.facts.workdir), *remarks(results))
        show(write_report(table, folder, arguments.portable, results))
    return DONE


def _refuse_both(arguments: Namespace) -> None:
    if arguments.watch and arguments.portable:
        problems = Problems()
        problems.add(
            "--portable", "", "a zip cannot follow a run; leave out --watch, or write the zip when"
            " the run has ended",
        )  # fmt: skip
        problems.raise_if_any()


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

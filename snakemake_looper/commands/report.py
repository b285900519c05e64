"""`snakemake-looper report`: write the results as web pages, or as a zip of them."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from ..messages import show, warn
from ..results.records import read_results
from ..results.report.report import write_report
from ..results.table import remarks
from ..results.unread import unread_records
from ..system_errors import at
from . import DONE
from .project import open_jobs


def execute(arguments: Namespace) -> int:
    """Write the report, and print the path of its first page or of the zip."""
    folder = Path(os.path.abspath(arguments.report_dir)) if arguments.report_dir else None
    with open_jobs(arguments) as table:
        results = read_results(table, table.facts.workdir)
        warn(*unread_records(table, table.facts.workdir), *remarks(results))
        with at(folder or Path(table.facts.output_dir)):
            show(write_report(table, folder, arguments.portable, results))
    return DONE

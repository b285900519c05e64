"""`snakemake-looper table`: write the results as tables, or print them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..messages import warn
from ..results.records import read_results
from ..results.table import by_pipeline, remarks, text, write_tables
from . import DONE
from .project import open_jobs, say_no_pipestat


def execute(arguments: Namespace) -> int:
    """Write the tables and print their paths; with `--format`, print the tables."""
    with open_jobs(arguments) as table:
        results = read_results(table, table.facts.workdir)
        amendments = table.facts.amendments
        folder = Path(arguments.report_dir or table.facts.output_dir)
    if not results:
        return say_no_pipestat(arguments)
    warn(*remarks(results))
    if arguments.format:
        for levels in by_pipeline(results).values():
            print(text(levels, arguments.format), end="")
        return DONE
    for path in write_tables(results, folder, amendments):
        print(path)
    return DONE

"""The scripts of a Snakefile's rules: each takes Snakemake's `snakemake` object.

The files in `workflow/scripts/` call these functions through `for_snakefiles`. A script that
cannot do all of its work writes the reason to its log and ends with exit code 1; the rule prints
the log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..addresses import without_secrets
from ..errors import one_line
from ..layout import flag_name
from ..workspace.job_table import JobTable


def write_pipestat_config(snakemake: Any) -> None:
    """Write a merged pipestat config that has a literal password."""
    from ..workspace.pipestat_files import write_pipestat_config

    write_pipestat_config(
        snakemake.input.content, snakemake.output.config, snakemake.output.written
    )


def assemble_results(snakemake: Any) -> None:
    """Assemble the user's results file from one file per record."""
    from .publish import assemble_rule

    # All jobs have completed, so their results of earlier runs do not count any more.
    flags = {os.path.basename(flag) for flag in snakemake.input.samples}
    done, lines = assemble_rule(
        snakemake.output.results,
        snakemake.params.records,
        snakemake.params.schemas,
        lambda pipeline, record: flag_name(pipeline, record, "completed") in flags,
    )
    _log(snakemake, lines)
    sys.exit(not done)


def publish_results(snakemake: Any) -> None:
    """Copy results to SQLite or PEPhub, or write statuses to a database server."""
    from .publish import publish_rule

    done, lines = publish_rule(snakemake.params.jobs, snakemake.params.get("rule"))
    _log(snakemake, lines)
    if done:
        Path(snakemake.output.settled).touch()
    sys.exit(not done)


def write_tables(snakemake: Any) -> None:
    """Write the results as tables."""
    from .records import read_results
    from .table import write_tables

    table = JobTable(snakemake.params.jobs)
    facts = table.facts
    paths = write_tables(read_results(table, facts.workdir), facts.output_dir, facts.amendments)
    table.close()
    _log(snakemake, paths)


def write_report(snakemake: Any) -> None:
    """Write the HTML report."""
    from .report.report import write_report

    table = JobTable(snakemake.params.jobs)
    index = write_report(table, Path(snakemake.output[0]))
    table.close()
    _log(snakemake, [index])


def _log(snakemake: Any, lines: Iterable[object]) -> None:
    # The rule prints its log, and names of other people are in it.
    text = "".join(f"{one_line(without_secrets(str(line)))}\n" for line in lines)
    Path(snakemake.log[0]).write_text(text)

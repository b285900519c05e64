"""The closing summary of a run: the statuses of its records, and the samples that were skipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import RenderableType

from ..results.statuses import read_statuses
from ..status_words import FAILURES
from ..workspace.job_table import JobTable
from .tables import MOST_ROWS, log_ends, record_table, render, skip_table, status_table

_MOST_LOGS = 5


def closing_summary(table: JobTable, workdir: Path, ran: bool, not_run: Iterable[str] = ()) -> str:
    """The text to print when Snakemake ends; "" if there is nothing to tell.

    Args:
        table: the job table of the project.
        workdir: Snakemake's working directory.
        ran: whether Snakemake ran any job, or found all up to date. If not, only skipped samples
            are named.
        not_run: lines about project-level pipelines that did not run.
    """
    parts: list[RenderableType] = []
    if next(table.rows(), None) is None:
        parts.append(
            "nothing to run: all samples are skipped or not selected; see snakemake-looper inspect"
        )
    elif ran:
        parts += _statuses(table, workdir, not_run)
    faults = [skip for skip in table.skipped() if skip.fault]
    if faults:
        heading = f"{len(faults)} skipped, since something is missing or wrong:"
        parts += [*([""] if parts else []), heading, skip_table(faults)]
    return render("", *parts) if parts else ""


def _statuses(table: JobTable, workdir: Path, not_run: Iterable[str]) -> Iterator[RenderableType]:
    records = read_statuses(table, workdir, why=True)
    yield status_table(records)
    yield from not_run
    bad = [one for one in records if one.status in FAILURES]
    if bad:
        yield ""
        yield record_table(bad[:MOST_ROWS])
        yield from log_ends(bad, _MOST_LOGS)
    if len(bad) > MOST_ROWS:
        yield f"... and {len(bad) - MOST_ROWS} more: snakemake-looper check --itemized"

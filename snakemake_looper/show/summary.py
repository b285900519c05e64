"""The closing summary of a run: statuses, failures and skipped samples, and the next steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from ..errors import one_line
from ..messages import Output
from ..results.statuses import RecordStatus, read_statuses
from ..run.outcome import Outcome
from ..status_words import FAILURES, style
from ..workspace.job_table import JobTable
from .alike import grouped, named
from .next_steps import next_steps, shown_from
from .tables import MOST_ROWS, render, skip_table, status_table

_MOST_LOGS = 5
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class End:
    """The end of a run, and the place from where it is looked at."""

    outcome: Outcome
    has_run: bool
    """Whether Snakemake ran any job. If not, only skipped samples are named."""
    folder: Path
    """The folder that the user is in."""
    not_run: tuple[str, ...] = ()
    """Lines about project-level pipelines that did not run."""


def closing_summary(table: JobTable, workdir: Path, end: End, output: Output | None = None) -> str:
    """The text to print when Snakemake ends; "" if there is nothing to tell.

    Args:
        table: the job table of the project.
        workdir: Snakemake's working directory.
        end: the end of the run.
        output: where the text will be shown; a file if it is None.
    """
    parts: list[RenderableType] = []
    steps: list[RenderableType] = []
    if next(table.rows(), None) is None:
        parts.append(
            "nothing to run: all samples are skipped or not selected; see snakemake-looper inspect"
        )
    elif end.has_run or end.outcome.state == "nothing to do":
        records = read_statuses(table, workdir, why=True)
        bad = list(_failures(records, end.outcome))
        parts += [status_table(records), *end.not_run, *_told(bad, workdir, end.folder)]
        failed = [one.record for one in bad]
        steps += ["", *next_steps(table, workdir, end.outcome, failed, end.folder)]
    faults = [skip for skip in table.skipped() if skip.fault]
    if faults:
        heading = f"{len(faults)} skipped, since something is missing or wrong:"
        parts += [*([""] if parts else []), heading, skip_table(faults)]
    return render("", *parts, *steps, output=output) if parts else ""


def _failures(records: Sequence[RecordStatus], outcome: Outcome) -> Iterator[RecordStatus]:
    """The records that failed, without those that only the end of the run has interrupted."""
    is_interrupted = outcome.state == "interrupted"
    for one in records:
        if one.status in FAILURES and not (
            is_interrupted and one.status == "partial" and one.signal
        ):
            yield one


def _told(bad: Sequence[RecordStatus], workdir: Path, folder: Path) -> Iterator[RenderableType]:
    """Each kind of failure once, with the lines of a log that say why."""
    groups = grouped(bad)
    for number, alike in enumerate(groups[:MOST_ROWS]):
        yield ""
        yield _heading(alike)
        first = alike[0]
        yield f"  log: {shown_from(folder, str(workdir / first.log))}"
        if number < _MOST_LOGS:
            yield from (f"    {line}" for line in first.excerpt)
        for remedy in dict.fromkeys(one.remedy for one in alike if one.remedy):
            yield f"  {remedy}"
    more = sum(map(len, groups[MOST_ROWS:]))
    if more:
        yield ""
        yield f"... and {more} more: snakemake-looper check --itemized"


def _heading(alike: Sequence[RecordStatus]) -> Text:
    """One line about failures that are alike: pipeline, records, status and reason."""
    first, others = alike[0], [one.record for one in alike[1:]]
    level = " project" if first.level == "project" else ""
    names = f"{first.record} and {len(others)} more" if others else first.record
    text = Text(f"{one_line(first.pipeline)}{level} {one_line(names)} ")
    text.append(first.status, style(first.status))
    if first.reason:
        text.append(f": {one_line(first.reason)}")
    if others:
        text.append(f" (also {one_line(named(others, _MOST_NAMED))})")
    return text

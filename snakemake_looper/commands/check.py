"""`snakemake-looper check`: the status of every record, from the flags as they are now."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial

from ..cli_options import options_of
from ..messages import note, show, warn
from ..results.removed import removed_records
from ..results.statuses import RecordStatus, read_statuses
from ..results.unread import unread_records
from ..show.check_notes import outdated_notes, removed_notes
from ..show.json_forms import check_json
from ..show.statuses import check_text, codes_text, watch
from ..status_words import FAILURES, SKIPPED
from ..workspace.job_table import JobTable
from . import DONE, FAILED
from .project import open_jobs

_BAD = (*FAILURES, SKIPPED)
_MOST_COMPARED = 2_000
"""Completed records that are compared with the plan for the table of counts. More would take too
long there."""


def execute(arguments: Namespace) -> int:
    """Print the statuses; FAILED if a record has failed, is partial, or is skipped for a fault."""
    if arguments.describe_codes:
        show(codes_text())
        return DONE
    with open_jobs(arguments) as table:
        read = partial(_read, table, arguments)
        if arguments.watch:
            records = _watch(read, arguments.watch)
        else:
            records = read()
            removed = _removed(table, records, arguments)
            listed = [*records, *removed] if arguments.itemized or arguments.json else records
            show(check_json(listed) if arguments.json else check_text(listed, arguments.itemized))
            for text in (*outdated_notes(records), *removed_notes(removed)):
                note(text)
            warn(*unread_records(table, table.facts.workdir))
    return FAILED if any(one.status in _BAD for one in records) else DONE


def _read(table: JobTable, arguments: Namespace) -> list[RecordStatus]:
    """The records that are asked for, with reasons if they are shown."""
    workdir = table.facts.workdir
    is_listed = bool(arguments.itemized or arguments.json)
    with_reasons = is_listed or bool(arguments.watch)
    records = read_statuses(table, workdir, with_reasons, with_reasons)
    if with_reasons:
        from ..results.records import with_remarks

        records = with_remarks(records, table, workdir)
    completed = sum(one.status == "completed" for one in records)
    if not arguments.watch and (is_listed or completed <= _MOST_COMPARED):
        from ..results.outdated import with_outdated

        # A run of selected samples leaves the project level out.
        levels = ["sample"] if options_of(arguments).narrows() else ["sample", "project"]
        records = with_outdated(records, table, workdir, levels)
    return [
        one
        for one in records
        if (not arguments.flags or one.status in arguments.flags)
        and (not arguments.project or one.level == "project")
    ]


def _removed(
    table: JobTable, records: Sequence[RecordStatus], arguments: Namespace
) -> list[RecordStatus]:
    """Records of samples that left the table; none if only some records are asked for."""
    if arguments.flags or arguments.project or options_of(arguments).narrows():
        return []
    return removed_records(table, table.facts.workdir, records)


def _watch(read: Callable[[], list[RecordStatus]], seconds: float) -> list[RecordStatus]:
    """Show statuses as they change, until nothing runs or waits any more, or Ctrl+C."""
    try:
        return watch(read, seconds)
    except KeyboardInterrupt:
        return read()

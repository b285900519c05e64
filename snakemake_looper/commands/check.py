"""`snakemake-looper check`: the status of every record, from the flags as they are now."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from functools import partial

from ..messages import show
from ..results.statuses import RecordStatus, read_statuses
from ..show.json_forms import check_json
from ..show.statuses import check_text, codes_text, watch
from ..status_words import FAILURES, SKIPPED
from ..workspace.job_table import JobTable
from . import DONE, FAILED
from .project import open_jobs

_BAD = (*FAILURES, SKIPPED)


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
            show(check_json(records) if arguments.json else check_text(records, arguments.itemized))
    return FAILED if any(one.status in _BAD for one in records) else DONE


def _read(table: JobTable, arguments: Namespace) -> list[RecordStatus]:
    """The records that are asked for, with reasons if they are shown."""
    workdir = table.facts.workdir
    with_reasons = bool(arguments.itemized or arguments.json or arguments.watch)
    records = read_statuses(table, workdir, with_reasons)
    if with_reasons:
        from ..results.records import with_remarks  # the plain form does without results

        records = with_remarks(records, table, workdir)
    return [
        one
        for one in records
        if (not arguments.flags or one.status in arguments.flags)
        and (not arguments.project or one.level == "project")
    ]


def _watch(read: Callable[[], list[RecordStatus]], seconds: float) -> list[RecordStatus]:
    """Show statuses as they change, until nothing runs or waits any more, or Ctrl+C."""
    try:
        return watch(read, seconds)
    except KeyboardInterrupt:
        return read()

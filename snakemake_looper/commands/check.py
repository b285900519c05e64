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
from ..show.json_forms import check_json
from ..show.statuses import check_text, codes_text, watch
from ..status_words import FAILURES, SKIPPED
from ..workspace.job_table import JobTable
from . import DONE, FAILED
from .project import open_jobs

_BAD = (*FAILURES, SKIPPED)
_MOST_NAMED = 10


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
            _note(removed)
            warn(*unread_records(table, table.facts.workdir))
    return FAILED if any(one.status in _BAD for one in records) else DONE


def _read(table: JobTable, arguments: Namespace) -> list[RecordStatus]:
    """The records that are asked for, with reasons if they are shown."""
    workdir = table.facts.workdir
    with_reasons = bool(arguments.itemized or arguments.json or arguments.watch)
    records = read_statuses(table, workdir, with_reasons, with_reasons)
    if with_reasons:
        from ..results.records import with_remarks

        records = with_remarks(records, table, workdir)
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


def _note(removed: Sequence[RecordStatus]) -> None:
    names = list(dict.fromkeys(one.record for one in removed))
    if names:
        shown = ", ".join(names[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
        note(
            f"not in the sample table: {shown}{more};"
            " 'snakemake-looper destroy --removed' removes what is left"
        )


def _watch(read: Callable[[], list[RecordStatus]], seconds: float) -> list[RecordStatus]:
    """Show statuses as they change, until nothing runs or waits any more, or Ctrl+C."""
    try:
        return watch(read, seconds)
    except KeyboardInterrupt:
        return read()

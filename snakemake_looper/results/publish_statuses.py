"""The status column of a database server follows the flags.

The exception is a status that a pipeline set itself: then the column differs from the status that
this module wrote last, and the flag follows the column. So an exit code of 0 with a status of
`failed` is a failure, as it is with flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import LooperError
from ..status.flags import flag_path, stamp_of, write_flag
from ..status_words import FAILURES
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from .publish_notes import FlagStatus, Note, Statuses, read_note, write_note
from .stores.server_store import ServerStore


def publish_statuses(store: ServerStore, table: JobTable, note: Note, now: Statuses) -> list[str]:
    """Bring the status column into agreement with the flags, in one transaction.

    Args:
        note: what was published last.
        now: the statuses of the plan's records.

    Returns:
        Jobs that exited with 0 though they set a status of failure, one line each.

    Raises:
        LooperError: the database cannot be used.
        OSError: a flag or the note cannot be written.
    """
    column = store.read_statuses()
    briefs = [one for one in table.briefs() if one.rule == store.row.rule and one.record in now]
    own = _set_by_pipelines(briefs, column, note, now)
    wanted: dict[str, FlagStatus] = {}
    for brief in briefs:
        status = own.get(brief.record)
        wanted[brief.record] = now[brief.record] if status is None else _fail(store, brief, status)
    for name, one in note.pending.items():
        # A pipeline may have set this status. The next run that has its job decides.
        if name not in now and column.get(name) not in FAILURES:
            wanted[name] = one
    _write(store, note, {n: one.status for n, one in wanted.items() if column.get(n) != one.status})
    write_note(store, replace(note, records={**note.records, **wanted}, pending={}))
    return [
        f"{store.row.pipeline}: '{name}' ended with 0, but set its status to {status}"
        for name, status in own.items()
    ]


def _set_by_pipelines(
    briefs: list[Brief], column: Mapping[str, str], note: Note, now: Statuses
) -> dict[str, str]:
    """Statuses of failure that completed jobs have set themselves, by record."""
    found = {}
    for brief in briefs:
        said, last = column.get(brief.record), note.records.get(brief.record)
        is_news = last is None or said != last.status
        if now[brief.record].status == "completed" and said in FAILURES and is_news:
            found[brief.record] = str(said)
    return found


def _fail(store: ServerStore, brief: Brief, status: str) -> FlagStatus:
    """Let the flag of a completed job say what its pipeline says."""
    write_flag(store.workdir, brief.flag, status, ("completed",))
    return FlagStatus(status, stamp_of(flag_path(store.workdir, brief.flag, status)))


def _write(store: ServerStore, note: Note, changed: Mapping[str, str]) -> None:
    """Note statuses without a stamp, as their publication is not certain yet; then write them.

    If this process dies meanwhile, the note tells the next one which statuses in the column were
    not set by a pipeline, and have to be written again.
    """
    if not changed:
        return
    before = read_note(store)
    intended = {name: FlagStatus(status, None) for name, status in changed.items()}
    write_note(store, replace(note, records={**note.records, **intended}))
    try:
        store.write_statuses(changed)
    except LooperError:
        write_note(store, before or Note(note.place))
        raise

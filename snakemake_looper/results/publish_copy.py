"""A results file is copied to a SQLite database or to PEPhub, with the statuses of its records."""

from __future__ import annotations

import time
from typing import Any

from ..errors import LooperError
from .assembly_notes import stamp_of_file
from .publish_notes import Note, Statuses, write_note
from .stores.store import CopyStore
from .unreported import forget_unreported, unreported

_PATIENCE = 3.0
"""Seconds that a results file is given to become readable."""
_POLL = 0.1


def publish_copy(store: CopyStore, note: Note, now: Statuses, is_gone: bool) -> None:
    """Bring the copy of a results file up to date; records that did not change are not written.

    Records that are not in this plan keep their status; a copy that has lost it gets it again.
    Results that a record does not report any more are emptied.

    Args:
        note: what was published last.
        now: the statuses of the plan's records.
        is_gone: whether the copy has lost what was published.

    Raises:
        LooperError: the results file cannot be read, or the place of the copy refuses.
        OSError: the note cannot be written.
    """
    stamp, records = _read(store)
    known = {name: one for name, one in note.records.items() if name in records or not is_gone}
    missing = {**note.pending, **now}
    known |= missing
    statuses = {name: one.status for name, one in (known if is_gone else missing).items()}
    emptied = {
        name: [key for key in keys if key not in records.get(name, {})]
        for name, keys in unreported(store).items()
    }
    state = store.publish(records, statuses, emptied)
    write_note(store, Note(note.place, stamp, known, state))
    forget_unreported(store)


def _read(store: CopyStore) -> tuple[tuple[int, ...] | None, dict[str, dict[str, Any]]]:
    """A results file's stamp, taken before it is read so that a later change shows; its records.

    If a project-level job of the pipeline is writing the file, it will soon be readable.

    Raises:
        LooperError: the file cannot be read, and did not change for 3 seconds.
    """
    until = time.monotonic() + _PATIENCE
    path = store.row.location
    while True:
        stamp = stamp_of_file(path)
        try:
            return stamp, store.read([])
        except LooperError:
            while stamp_of_file(path) == stamp:
                if time.monotonic() > until:
                    raise
                time.sleep(_POLL)
            until = time.monotonic() + _PATIENCE

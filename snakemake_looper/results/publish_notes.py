"""Notes on stores: the last state that was published to each, and work for the next run.

    .snakemake/looper/settled/<store>         the marker, which a rule of the Snakefile makes
    .snakemake/looper/settled/<store>.json    the note
    .snakemake/looper/settled/<store>.lock    held by the process that publishes

When jobs have ended, results files are copied to SQLite or PEPhub, and the status column of a
database server follows the flags. A note is written after such work. If the process dies before
that, the next run does the work again. Doing it twice changes nothing.

`is_due` compares a note with what is there now: the flags, the results file, the database file. It
opens no connection and writes nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import LooperError
from ..files import content_of, open_to_lock, write_atomic
from ..layout import flag_with
from ..status.flags import Flags, stamp_of
from ..status_words import NOT_RUN
from ..workspace.job_table import JobTable, settled_marker
from .assembly_notes import stamp_of_file
from .stores.store import CopyStore, PublishedStore

_LOCK_SECONDS = 60
_POLL = 0.1


class BusyError(LooperError):
    """Another run is publishing to the same store."""


@dataclass(frozen=True, slots=True)
class FlagStatus:
    """The status of a record, as its flag says."""

    status: str
    stamp: int | None
    """When the flag was written (ns since the epoch); None if its publication is not certain."""


Statuses = Mapping[str, FlagStatus]
"""By record."""


@dataclass(frozen=True, slots=True)
class Note:
    """The state of a store after something was published to it."""

    place: str
    """The database file, the address of the server, or the path on PEPhub; empty if unknown."""
    results: tuple[int, ...] | None = None
    """The stamp of the results file that was copied."""
    records: Statuses = field(default_factory=dict)
    copy: Mapping[str, Any] | None = None
    """The state of the copy, see `CopyStore.publish`."""
    pending: Statuses = field(default_factory=dict)
    """Records that could not be published. Any later run publishes them, whatever it runs."""


def statuses_now(table: JobTable, workdir: Path, rules: Collection[str]) -> dict[str, Statuses]:
    """The records that have a flag, with their statuses, for each of some rules."""
    found: dict[str, dict[str, FlagStatus]] = {rule: {} for rule in rules}
    flags = Flags(workdir)
    for row in table.briefs() if rules else ():
        if row.rule not in found:
            continue
        status = flags.status(row.flag, row.log)
        if status != NOT_RUN:
            stamp = stamp_of(f"{workdir}/{flag_with(row.flag, flags.word(row.flag))}")
            found[row.rule][row.record] = FlagStatus(status, stamp)
    return dict(found)


def is_due(store: PublishedStore, now: Statuses) -> bool:
    """Whether a store lacks statuses or results that its records have now."""
    note = read_note(store)
    if note is None:
        return bool(now)
    if note.pending:
        return True
    try:
        return _differs(store, now, note)
    except (LooperError, OSError, KeyError, TypeError):
        return True  # publishing will meet the same fault, and report it


def _differs(store: PublishedStore, now: Statuses, note: Note) -> bool:
    if any(note.records.get(record) != one for record, one in now.items()):
        return True
    if not isinstance(store, CopyStore):
        return note.place != store.place()
    if note.results != stamp_of_file(store.row.location) or note.place != store.place():
        return True
    return not store.is_as_it_was(note.copy)


# --- the note of a store --------------------------------------------------------------------------


def read_note(store: PublishedStore) -> Note | None:
    """The note of a store; None if there is none, or a damaged one."""
    try:
        found = json.loads(content_of(_path(store)))
    except (OSError, ValueError):
        return None
    try:
        if all(isinstance(value, str) for value in found.values()):  # as version 0.1 wrote it
            return Note("", None, {name: FlagStatus(word, None) for name, word in found.items()})
        records = {name: FlagStatus(*pair) for name, pair in found["records"].items()}
        pending = {name: FlagStatus(*pair) for name, pair in found["pending"].items()}
        results = found["results"] and tuple(found["results"])
        return Note(found["where"], results, records, found["database"], pending)
    except (AttributeError, KeyError, TypeError):
        return None


def write_note(store: PublishedStore, note: Note) -> None:
    """Write the note of a store.

    Raises:
        OSError: the note cannot be written.
    """
    content = {
        "where": note.place,
        "results": note.results,
        "records": {name: [one.status, one.stamp] for name, one in note.records.items()},
        "database": note.copy,
        "pending": {name: [one.status, one.stamp] for name, one in note.pending.items()},
    }
    write_atomic(_path(store), json.dumps(content))


def note_failure(store: PublishedStore, now: Statuses) -> None:
    """Note that records could not be published.

    Raises:
        OSError: the note cannot be written.
    """
    note = read_note(store) or Note("")
    missing = {name: one for name, one in now.items() if note.records.get(name) != one}
    write_note(store, replace(note, pending={**note.pending, **missing}))


def touch_marker(store: PublishedStore) -> None:
    """Write a store's marker, so that it is newer than the inputs of the rule that makes it.

    Raises:
        OSError: it cannot be written.
    """
    # Not by `touch`: the file may be another user's.
    write_atomic(store.workdir / settled_marker(store.row, store.workdir), "")


@contextlib.contextmanager
def locked(store: PublishedStore) -> Iterator[None]:
    """Keep other runs of the project from publishing to the same store meanwhile.

    Raises:
        BusyError: another run holds the lock for a minute.
        OSError: the lock cannot be made.
    """
    path = _path(store).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + _LOCK_SECONDS
    with open_to_lock(path) as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise BusyError("another run has been publishing there for a minute") from None
                time.sleep(_POLL)
            except OSError:  # a file system without such locks
                break
        yield


def _path(store: PublishedStore) -> Path:
    return (store.workdir / settled_marker(store.row, store.workdir)).with_suffix(".json")

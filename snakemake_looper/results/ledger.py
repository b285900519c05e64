"""What was last brought where it belongs, and what is left for the next run.

The end of a run has work of its own: records are assembled into results files, these are copied
to SQLite or PEPhub, and the status column of a database follows the flags. Each of these places
has an entry here, a small file that says what was there when the work was last done. An entry is
written after the work; a process that dies before that leaves the work to the next run, and doing
it twice changes nothing.

`left` compares the entries with what is there now: the results file, the flags, the database file.
It opens no connection and writes nothing. Snakemake is told which files of the workflow stand for
what is left, and runs the rules that make them, also when nothing else is to be run.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from ..errors import LooperError
from ..files import write_atomic
from ..layout import SETTLED, shown
from ..status.flags import NOT_RUN, Flags, flag_path, stamp_of
from ..workspace.job_table import JobTable, settled_marker
from ..workspace.rows import StoreRow
from .records import config_of
from .results_file import EARLIER

_LOCK_SECONDS = 60
_POLL = 0.1


class BusyError(LooperError):
    """Another run is bringing something to the same place."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The status of a record, and when its flag was written (ns; None: not brought yet)."""

    status: str
    stamp: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a store was last brought."""

    where: str
    """The database file, the address of the server, the path on PEPhub."""
    results: tuple[int, ...] | None = None
    """Stamp of the results file that was copied."""
    records: Mapping[str, Seen] = field(default_factory=dict)
    database: Mapping[str, Any] | None = None
    """SQLite: `databases.look` as it was after the copy."""
    pending: Mapping[str, Seen] = field(default_factory=dict)
    """Records that could not be brought: a run of other records makes that good, too."""


def needs_the_end(store: StoreRow) -> bool:
    """Whether anything is brought to a store when jobs are done."""
    return store.schema is not None and bool(store.published or store.back_end == "database")


def left(jobs: JobTable) -> list[str]:
    """Files of the workflow that stand for what earlier runs left undone."""
    workdir = jobs.facts.workdir
    root = jobs.facts.looper_config.parent
    found = [
        shown(Path(path), workdir, root)
        for path, sources, _ in jobs.results()
        if assembly_left(workdir, path, sources.values())
    ]
    stores = [store for store in jobs.stores() if needs_the_end(store)]
    seen = _seen(jobs, workdir, {store.rule for store in stores})
    return found + [
        settled_marker(store, workdir)
        for store in stores
        if is_left(store, workdir, seen[store.rule])
    ]


# --- results files -------------------------------------------------------------------------------


def assembly_left(workdir: Path, path: str, folders: Iterable[str]) -> bool:
    """Whether a results file lacks what was reported, since its assembly failed or did not come.

    Where no assembly was noted, Snakemake tells by the flags.
    """
    known = _read(_assembly(workdir, path))
    return isinstance(known, Mapping) and _is_out_of_date(known, workdir / path, folders)


def reported_since(workdir: Path, path: str, folders: Iterable[str]) -> bool:
    """Whether a results file lacks what was reported since the last assembly."""
    known = _read(_assembly(workdir, path))
    if not isinstance(known, Mapping):
        return newest(folders) > (stamp_of(workdir / path) or 0)
    return _is_out_of_date(known, workdir / path, folders)


def _is_out_of_date(known: Mapping[str, Any], path: Path, folders: Iterable[str]) -> bool:
    """Whether a note says that a results file is to be assembled again.

    A note that is not confirmed is that of a script. If the script dies behind it, Snakemake puts
    the earlier file back: so the file itself is compared.
    """
    if known.get("failed") or newest(folders) > int(known.get("newest") or 0):
        return True
    is_open = known.get("confirmed") is False
    return is_open and list(stamp_of_file(str(path)) or ()) != known.get("file")


def note_assembly(
    workdir: Path, path: str, seen: int, failed: bool = False, confirmed: bool = True
) -> None:
    """Note an assembly; `seen` is `newest` as it was before.

    A script cannot confirm: whether Snakemake takes its file is known only when the run ends.
    """
    entry = _assembly(workdir, path)
    known = _read(entry)
    if failed:
        seen = int(known.get("newest") or 0) if isinstance(known, Mapping) else 0
    file = list(stamp_of_file(str(workdir / path)) or ())
    now = {"newest": seen, "failed": failed, "confirmed": confirmed, "file": file}
    if known != now:
        write_atomic(entry, json.dumps(now))


def confirm_assembly(workdir: Path, path: str) -> None:
    """Confirm the note of a script, whose file is there."""
    entry = _assembly(workdir, path)
    known = _read(entry)
    if isinstance(known, Mapping) and known.get("confirmed") is False:
        write_atomic(entry, json.dumps({**known, "confirmed": True}))


def newest(folders: Iterable[str]) -> int:
    """When the last record file was written, or set aside (ns); 0 if there is none."""
    found = 0
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as files:
            for file in files:
                if file.name.endswith((".yaml", EARLIER)):
                    found = max(found, file.stat().st_mtime_ns)
    return found


def _assembly(workdir: Path, path: str) -> Path:
    name = os.path.relpath(os.path.realpath(workdir / path), os.path.realpath(workdir))
    return workdir / SETTLED / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.assembly"


# --- stores --------------------------------------------------------------------------------------


def seen_now(jobs: JobTable, store: StoreRow, workdir: Path) -> dict[str, Seen]:
    """The records of a store's jobs that have a status."""
    return _seen(jobs, workdir, {store.rule})[store.rule]


def _seen(jobs: JobTable, workdir: Path, rules: set[str]) -> dict[str, dict[str, Seen]]:
    found: dict[str, dict[str, Seen]] = {rule: {} for rule in rules}
    flags = Flags(workdir)
    for row in jobs.briefs() if rules else ():
        if row.rule not in rules:
            continue
        status = flags.status(row.flag, row.log)
        if status != NOT_RUN:
            stamp = stamp_of(flag_path(workdir, row.flag, flags.written(row.flag)))
            found[row.rule][row.record] = Seen(status, stamp)
    return found


def is_left(store: StoreRow, workdir: Path, seen: Mapping[str, Seen]) -> bool:
    """Whether a store was not brought what its records are now."""
    entry = read_entry(store, workdir)
    if entry is None:
        return bool(seen)
    if entry.pending:
        return True
    try:
        return _differs(store, workdir, seen, entry)
    except (LooperError, OSError, KeyError, TypeError):
        return True  # whoever brings it there says what is wrong


def _differs(store: StoreRow, workdir: Path, seen: Mapping[str, Seen], entry: Entry) -> bool:
    if any(entry.records.get(record) != now for record, now in seen.items()):
        return True
    if store.published and entry.results != stamp_of_file(store.location):
        return True
    config = config_of(store, workdir)
    if entry.where != where(config, store, workdir):
        return True
    if store.published == "sqlite":
        from .sqlite_copy import is_as_it_was

        return not is_as_it_was(config, entry.database)
    return False


def where(config: Mapping[str, Any], store: StoreRow, workdir: Path) -> str:
    """The place of a store as messages and entries name it; without user and password."""
    if store.published == "pephub":
        return str(config["pephub_path"])
    from .database_connection import place_of

    found = place_of(config)
    return os.path.relpath(found, workdir) if store.published == "sqlite" else found


def read_entry(store: StoreRow, workdir: Path) -> Entry | None:
    """What a store was last brought; None if that is not known."""
    found = _read(_path(store, workdir))
    try:
        if all(isinstance(value, str) for value in found.values()):  # as version 0.1 had it
            return Entry("", None, {name: Seen(status, None) for name, status in found.items()})
        records = {name: Seen(*pair) for name, pair in found["records"].items()}
        results = found["results"]
        pending = {name: Seen(*pair) for name, pair in found["pending"].items()}
        results = results and tuple(results)
        return Entry(found["where"], results, records, found["database"], pending)
    except (AttributeError, KeyError, TypeError):
        return None


def write_entry(store: StoreRow, workdir: Path, entry: Entry) -> None:
    write_atomic(
        _path(store, workdir),
        json.dumps(
            {
                "where": entry.where,
                "results": entry.results,
                "records": {
                    name: [seen.status, seen.stamp] for name, seen in entry.records.items()
                },
                "database": entry.database,
                "pending": {
                    name: [seen.status, seen.stamp] for name, seen in entry.pending.items()
                },
            }
        ),
    )


def note_failure(store: StoreRow, workdir: Path, seen: Mapping[str, Seen]) -> None:
    """Note that these records could not be brought."""
    entry = read_entry(store, workdir) or Entry("")
    missing = {name: now for name, now in seen.items() if entry.records.get(name) != now}
    write_entry(store, workdir, replace(entry, pending={**entry.pending, **missing}))


def touch_marker(store: StoreRow, workdir: Path) -> None:
    """Make the file that stands for a store in the workflow newer than all that it comes after."""
    write_atomic(workdir / settled_marker(store, workdir), "")  # it may be another user's


@contextlib.contextmanager
def alone(store: StoreRow, workdir: Path) -> Iterator[None]:
    """Keep other runs of the project from bringing something to the same store meanwhile.

    Raises:
        BusyError: another run takes too long.
    """
    path = _path(store, workdir).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + _LOCK_SECONDS
    with _opened(path) as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise BusyError("another run is at it for a minute now") from None
                time.sleep(_POLL)
            except OSError:  # a file system without such locks
                break
        yield


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a")
    except PermissionError:  # another user of a group made it; to hold a lock, reading is enough
        return path.open()


def stamp_of_file(path: str) -> tuple[int, ...] | None:
    """What changes with a file: when it was written (ns) and its size; None if there is none."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size


def _path(store: StoreRow, workdir: Path) -> Path:
    return (workdir / settled_marker(store, workdir)).with_suffix(".json")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

"""Earlier results of records that share their place with others: a server's rows, one file.

A record that has a file of its own has it renamed (`earlier`). A row of a database, or a
project-level record in the assembled file, has its results taken out instead, and kept in

    .snakemake/looper/earlier/<store>.json

until its job has completed. If the job fails, the results that it did not report itself are put
back, and the file notes which these are: readers say so, and the next attempt, which must not
find them, has them taken out again.

The order of the steps is such that a kill between two of them loses nothing: results are kept
before they are taken out, and noted before they are put back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..files import write_atomic
from ..read.secrets import filled_in
from ..status.flags import Flags
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief, StoreRow
from .earlier import Fate, Seen, fate, part
from .results_file import ResultsFileError, dump, load

FOLDER = Path(".snakemake") / "looper" / "earlier"
Names = dict[str, list[str]]
"""Names of results, by record."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a record had reported when it was to run again."""

    at: int
    """When its results were taken out (ns)."""
    values: Mapping[str, Any]
    back: tuple[str, ...] = ()
    """Results that were put back after a failure."""


def stores(jobs: JobTable) -> list[StoreRow]:
    """The stores whose records have no file of their own."""
    folders: Mapping[str, str] = jobs.facts.record_folders
    return [
        store
        for store in jobs.stores()
        if (store.back_end == "file" and store.rule not in folders)
        or (store.back_end == "database" and store.schema is not None)
    ]


def take_out(
    jobs: JobTable, workdir: Path, planned: Iterable[Brief], afresh: Iterable[Brief]
) -> None:
    """Take out what records reported that begin afresh, and what was put back of all others.

    Raises:
        LooperError, OSError: a store cannot be read or written.
    """
    all_of, fresh_of = _by_rule(planned), _by_rule(afresh)
    for store in stores(jobs):
        entries = read(store, workdir)
        fresh = fresh_of.get(store.rule, set())
        going_on = {
            name
            for name in all_of.get(store.rule, set()) - fresh
            if name in entries and entries[name].back
        }
        if not fresh and not going_on:
            continue
        now = _values(store, workdir) if fresh else {}
        taken = {name: now[name] for name in fresh if now.get(name)}
        known = fresh & entries.keys()
        if not (taken or going_on or known):
            continue
        stamp = _stamp(workdir)
        for name in known:
            entries[name] = replace(entries[name], at=stamp, back=())
        for name, values in taken.items():
            old = entries[name].values if name in entries else {}
            entries[name] = Entry(stamp, {**old, **values})
        _write(store, workdir, entries)
        gone: dict[str, Collection[str] | None] = dict.fromkeys(taken, None)
        _remove(store, workdir, {**gone, **{name: entries[name].back for name in going_on}})
        for name in going_on:
            entries[name] = replace(entries[name], at=stamp, back=())
        if going_on:
            _write(store, workdir, entries)


def put_back(
    jobs: JobTable, workdir: Path, store: StoreRow, spared: Collection[str]
) -> tuple[Names, list[str]]:
    """Put results back of records that did not complete, and forget those of all that did.

    Records whose completed flag is in `spared` are left as they are.

    Returns:
        Results that a completed record does not report any more; and the completed records:
        they are forgotten by `forget`.

    Raises:
        LooperError, OSError: the store cannot be read or written; the next run tries again.
    """
    entries = read(store, workdir)
    if not entries:
        return {}, []
    briefs = {one.record: one for one in jobs.briefs() if one.rule == store.rule}
    flags = Flags(workdir)
    now = _values(store, workdir)
    filled: dict[str, dict[str, Any]] = {}
    noted, dropped, done, current = dict(entries), Names(), [], []
    for name, entry in entries.items():
        brief = briefs.get(name)
        if brief is None or brief.flag in spared:
            continue
        if flags.written(brief.flag) in ("running", "waiting"):
            continue
        worth = fate(brief, entry.at, flags, workdir)
        missing = {k: v for k, v in entry.values.items() if k not in now.get(name, {})}
        if worth == "obsolete":
            done.append(name)
            dropped[name] = list(missing)
            continue
        if missing:
            filled[name] = missing
        if worth == "current":
            current.append(name)
        else:
            noted[name] = replace(entry, back=tuple(sorted({*entry.back, *missing})))
    if noted != entries:
        _write(store, workdir, noted)
    if filled:
        _fill(store, workdir, filled)
    forget(store, workdir, current)
    return dropped, done


def forget(store: StoreRow, workdir: Path, names: Collection[str]) -> None:
    """Remove what is kept of some records."""
    if names:
        entries = read(store, workdir)
        _write(store, workdir, {k: entry for k, entry in entries.items() if k not in names})


def seen(entry: Entry, now: Mapping[str, Any] | None, worth: Fate) -> Seen:
    """The results of a record of which something is kept here; `now` is what its store has."""
    new = {key: value for key, value in (now or {}).items() if key not in entry.back}
    earlier = entry.values.keys() - new.keys() if worth == "earlier" else ()
    return Seen({**entry.values, **(now or {})}, frozenset(map(str, earlier)))


# --- results that a copy elsewhere still has ------------------------------------------------------


def dropped(store: StoreRow, workdir: Path) -> Names:
    """Results that records no longer report, and that SQLite or PEPhub may still have."""
    found = _load(_path(store, workdir, ".dropped"))
    return {str(name): list(keys) for name, keys in found.items()}


def note_dropped(store: StoreRow, workdir: Path, names: Names) -> None:
    """Note results that are to be removed from a copy."""
    names = {name: keys for name, keys in names.items() if keys}
    if names and store.published:
        known = dropped(store, workdir)
        merged = {name: sorted({*known.get(name, []), *keys}) for name, keys in names.items()}
        write_atomic(_path(store, workdir, ".dropped"), json.dumps({**known, **merged}))


def forget_dropped(store: StoreRow, workdir: Path) -> None:
    """The copy has them no more."""
    _path(store, workdir, ".dropped").unlink(missing_ok=True)


# --- the file of a store --------------------------------------------------------------------------


def read(store: StoreRow, workdir: Path) -> dict[str, Entry]:
    """What is kept of the records of a store; damaged parts are passed over."""
    found = {}
    for name, entry in _load(_path(store, workdir)).items():
        with contextlib.suppress(KeyError, TypeError, ValueError):
            found[str(name)] = Entry(
                int(entry["at"]), dict(entry["values"]), tuple(entry.get("back", ()))
            )
    return found


def _write(store: StoreRow, workdir: Path, entries: Mapping[str, Entry]) -> None:
    path = _path(store, workdir)
    if not entries:
        path.unlink(missing_ok=True)
        return
    plain = {
        name: {"at": entry.at, "values": dict(entry.values), "back": list(entry.back)}
        for name, entry in entries.items()
    }
    # A server's values are JSON; a file's may be dates and more, which YAML keeps as they are.
    write_atomic(path, json.dumps(plain) if store.back_end == "database" else dump(plain))


def _load(path: Path) -> dict[Any, Any]:
    try:
        if path.suffix == ".yaml":
            return load(path)
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, ResultsFileError):
        return {}
    return found if isinstance(found, dict) else {}


def _path(store: StoreRow, workdir: Path, what: str = "") -> Path:
    text = json.dumps([store.pipeline, store.level, store.location, store.published])
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    kind = "json" if what or store.back_end == "database" else "yaml"
    return workdir / FOLDER / f"{name}{what}.{kind}"


def _stamp(workdir: Path) -> int:
    """The time by the clock of the file system, which flags and logs have theirs from."""
    (workdir / FOLDER).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=workdir / FOLDER) as file:
        file.write(b".")
        file.flush()
        return os.fstat(file.fileno()).st_mtime_ns


def _by_rule(briefs: Iterable[Brief]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for brief in briefs:
        found.setdefault(brief.rule, set()).add(brief.record)
    return found


# --- the store itself -----------------------------------------------------------------------------


def _values(store: StoreRow, workdir: Path) -> dict[str, dict[str, Any]]:
    if store.back_end == "database":
        from .database import read_records

        return read_records(filled_in(workdir / store.config))
    records = part(load(Path(store.location)), store.pipeline, store.level)
    return {str(name): dict(one) for name, one in records.items() if isinstance(one, dict)}


def _remove(store: StoreRow, workdir: Path, records: Mapping[str, Collection[str] | None]) -> None:
    """Take results out of a store: those named, or all (None)."""
    if not records:
        return
    if store.back_end == "database":
        from .database import empty_records

        empty_records(filled_in(workdir / store.config), records)
        return
    data = load(Path(store.location))
    known = part(data, store.pipeline, store.level)
    for name, keys in records.items():
        left = {k: v for k, v in (known.get(name) or {}).items() if keys and k not in keys}
        known.pop(name, None)
        if left:
            known[name] = left
    write_atomic(Path(store.location), dump(data))


def _fill(store: StoreRow, workdir: Path, records: Mapping[str, Mapping[str, Any]]) -> None:
    if store.back_end == "database":
        from .database import fill_records

        fill_records(filled_in(workdir / store.config), records)
        return
    data = load(Path(store.location))
    levels = data.setdefault(store.pipeline, {"project": {}, "sample": {}})
    known = levels.get(store.level) or {}
    levels[store.level] = known
    for name, values in records.items():
        known[name] = {**values, **(known.get(name) or {})}
    write_atomic(Path(store.location), dump(data))

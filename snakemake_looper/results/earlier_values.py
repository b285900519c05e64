"""Earlier results of records that share their place with others: values are taken out and kept.

A row of a database, or a project-level record in the user's results file, has no file to rename.
Its results are taken out of the store and kept in

    .snakemake/looper/earlier/<store>.json

until its job has completed. If the job fails, the kept results that it did not report itself are
put back, and the file notes their names. By these names, readers know that the results are of an
earlier run. Before the next attempt these results are taken out again: the job must not find them.

A kill between two steps loses nothing: results are kept before they are taken out, and their names
are noted before they are put back.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..files import content_of, write_atomic
from ..layout import EARLIER as FOLDER
from ..status.flags import Flags
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from .results_file import ResultsFileError, load
from .stores.open_store import shared_stores
from .stores.store import SharedStore
from .validity import CountingResults, Validity, validity_of
from .yaml_text import dump

Names = dict[str, list[str]]
"""Names of results, by record."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The results that a record had when it was to run again."""

    at: int
    """When they were taken out (ns since the epoch)."""
    values: Mapping[str, Any]
    back: tuple[str, ...] = ()
    """Names of results that were put back after a failure."""


# --- before the first job -------------------------------------------------------------------------


def take_out(
    table: JobTable, workdir: Path, planned: Iterable[Brief], afresh: Iterable[Brief]
) -> None:
    """Take out the results of records that begin afresh, and of others those that were put back.

    Args:
        planned: all records that are to be run.
        afresh: those of them that begin afresh.

    Raises:
        LooperError, OSError: a store cannot be read or written.
    """
    all_of, fresh_of = _by_rule(planned), _by_rule(afresh)
    for store in shared_stores(table, workdir):
        fresh = fresh_of.get(store.row.rule, set())
        _take_out_of(store, fresh, all_of.get(store.row.rule, set()) - fresh)


def _take_out_of(store: SharedStore, fresh: set[str], others: set[str]) -> None:
    kept = read_kept(store)
    going_on = {name for name in others if name in kept and kept[name].back}
    if not fresh and not going_on:
        return
    now = store.values() if fresh else {}
    taken = {name: now[name] for name in fresh if now.get(name)}
    known = fresh & kept.keys()
    if not (taken or going_on or known):
        return
    stamp = _stamp(store.workdir)
    for name in known:
        kept[name] = replace(kept[name], at=stamp, back=())
    for name, values in taken.items():
        old = kept[name].values if name in kept else {}
        kept[name] = Kept(stamp, {**old, **values})
    _write(store, kept)
    gone: dict[str, Collection[str] | None] = dict.fromkeys(taken, None)
    store.empty({**gone, **{name: kept[name].back for name in going_on}})
    if going_on:
        _write(
            store,
            {
                name: replace(one, at=stamp, back=()) if name in going_on else one
                for name, one in kept.items()
            },
        )


def _by_rule(briefs: Iterable[Brief]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for brief in briefs:
        found.setdefault(brief.rule, set()).add(brief.record)
    return found


def _stamp(workdir: Path) -> int:
    """The time by the clock of the file system, which also stamps flags and logs (ns)."""
    (workdir / FOLDER).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=workdir / FOLDER) as file:
        file.write(b".")
        file.flush()
        return os.fstat(file.fileno()).st_mtime_ns


# --- after a run ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The decision on the kept results of a store; each by record."""

    missing: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Kept results that the store does not have, of records that did not complete."""
    earlier: dict[str, Kept] = field(default_factory=dict)
    """Results that stay kept, with the names of all that are put back."""
    current: list[str] = field(default_factory=list)
    """Records that did not begin again: their results count as before."""
    unreported: Names = field(default_factory=dict)
    """Results that a completed record does not report any more."""


def put_back(
    table: JobTable, workdir: Path, store: SharedStore, of_others: Collection[str]
) -> tuple[Names, list[str]]:
    """Put back results of records that did not complete.

    Args:
        of_others: completed flags of records that other runs have planned: they are left alone.

    Returns:
        Results that completed records do not report any more; and the names of these records. The
        caller notes the results (`note_unreported`), then calls `forget` with the names.

    Raises:
        LooperError, OSError: the store cannot be read or written; the next run tries again.
    """
    kept = read_kept(store)
    if not kept:
        return {}, []
    outcome = _outcome(kept, store, table, Flags(workdir), of_others)
    noted = {**kept, **outcome.earlier}
    if noted != kept:
        _write(store, noted)
    if outcome.missing:
        store.fill(outcome.missing)
    forget(store, outcome.current)
    return outcome.unreported, list(outcome.unreported)


def _outcome(
    kept: Mapping[str, Kept],
    store: SharedStore,
    table: JobTable,
    flags: Flags,
    of_others: Collection[str],
) -> _Outcome:
    briefs = {one.record: one for one in table.briefs() if one.rule == store.row.rule}
    now = store.values()
    found = _Outcome()
    for name, one in kept.items():
        brief = briefs.get(name)
        if brief is None or brief.flag in of_others:
            continue
        if flags.word(brief.flag) in ("running", "waiting"):
            continue
        validity = validity_of(brief, one.at, flags, store.workdir)
        missing = {k: v for k, v in one.values.items() if k not in now.get(name, {})}
        if validity == "obsolete":
            found.unreported[name] = list(missing)
            continue
        if missing:
            found.missing[name] = missing
        if validity == "current":
            found.current.append(name)
        else:
            found.earlier[name] = replace(one, back=tuple(sorted({*one.back, *missing})))
    return found


def forget(store: SharedStore, names: Collection[str]) -> None:
    """Remove the kept results of some records.

    Raises:
        OSError: the file of kept results cannot be written.
    """
    if names:
        _write(store, {name: one for name, one in read_kept(store).items() if name not in names})


# --- for readers ----------------------------------------------------------------------------------


def counting(one: Kept, now: Mapping[str, Any] | None, validity: Validity) -> CountingResults:
    """The results of a record that count now; `now` are those that its store has."""
    new = {key: value for key, value in (now or {}).items() if key not in one.back}
    earlier = one.values.keys() - new.keys() if validity == "earlier" else ()
    return CountingResults({**one.values, **(now or {})}, frozenset(map(str, earlier)))


def read_kept(store: SharedStore) -> dict[str, Kept]:
    """The kept results of a store's records; damaged parts are left out."""
    found = {}
    for name, one in _load(_path(store)).items():
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError, AttributeError):
            back = tuple(map(str, one.get("back", ())))
            found[str(name)] = Kept(int(one["at"]), dict(one["values"]), back)
    return found


# --- the file of a store --------------------------------------------------------------------------


def _write(store: SharedStore, kept: Mapping[str, Kept]) -> None:
    path = _path(store)
    if not kept:
        path.unlink(missing_ok=True)
        return
    plain = {
        name: {"at": one.at, "values": dict(one.values), "back": list(one.back)}
        for name, one in kept.items()
    }
    write_atomic(path, json.dumps(plain) if store.value_format == "json" else dump(plain))


def _load(path: Path) -> dict[Any, Any]:
    try:
        if path.suffix == ".yaml":
            return load(path)
        found = json.loads(content_of(path))
    except (OSError, ValueError, RecursionError, ResultsFileError):
        return {}
    return found if isinstance(found, dict) else {}


def _path(store: SharedStore) -> Path:
    return store.earlier_file(f".{store.value_format}")

"""Before and after a run: what the main process does about results, once for all jobs.

Before the first job, servers that jobs report to are asked whether they will take it. When
Snakemake ends, also after failures: the users' results files are assembled, those that live in
SQLite or on PEPhub are copied there, and the statuses in databases are brought into agreement
with the flags. Rules of the Snakefile do the same for the jobs that they come after. `ledger` notes
what is done; what fails is left to the next run.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import LooperError
from ..status.flags import flag_path, stamp_of, write_flag
from ..workspace.job_table import JobTable
from ..workspace.rows import StoreRow
from . import ledger, stash
from .assemble import assemble
from .attempts import conclude
from .earlier import completed_again
from .ledger import Entry, Seen
from .records import config_of, records_of

_PATIENCE = 3.0
"""Seconds that a results file is given to become readable."""
_POLL = 0.1
_AGAIN = "the next run tries again"
_BY_PIPELINE = ("failed", "partial")
"""Statuses that a pipeline may set though its command exits with 0."""


def refusals(jobs: JobTable) -> list[str]:
    """Why results could not be reported, one line for each server or file that would not do."""
    workdir = jobs.facts.workdir
    found: dict[str, None] = {}
    for store in jobs.stores():
        if store.schema is None:  # a pipeline without an output schema reports nothing there
            continue
        why = None
        if store.published == "pephub":
            from .pephub_table import check as check_pephub

            why = check_pephub(config_of(store, workdir)["pephub_path"])
        elif store.published == "sqlite" or store.back_end == "database":
            from .database import check as check_database

            why = check_database(config_of(store, workdir))
        if why:
            found[why] = None
    return list(found)


def make_tables(jobs: JobTable) -> None:
    """Make the tables that jobs report into: jobs that begin together get in each other's way.

    Raises:
        DatabaseError: a database cannot be used.
    """
    workdir = jobs.facts.workdir
    for store in jobs.stores():
        if store.back_end == "database" and store.schema is not None:
            from .database import prepare

            prepare(config_of(store, workdir))


def settle(jobs: JobTable) -> list[str]:
    """Do what is left when Snakemake ends.

    Returns:
        What could not be done, and jobs that set a status of failure themselves. It is printed.
    """
    errors: list[str] = []
    warnings, assembled = _assemble_all(jobs, errors)
    errors += conclude(jobs, jobs.facts.workdir, assembled)
    failures = _settle_stores(jobs, _stores(jobs), errors)
    for line in (*warnings, *failures):
        print(f"warning: {line}", file=sys.stderr)
    for line in dict.fromkeys(errors):
        print(f"error: {line}", file=sys.stderr)
    return [*errors, *failures]


def settle_rule(path: str, rule: str | None) -> tuple[bool, list[str]]:
    """Settle one rule's results and statuses, or all that is left, for a script of the Snakefile.

    Only warnings are printed. Errors are for the script's log: `settle` comes after it, and says
    what cannot be done then either.

    Returns:
        Whether all is done; and what there is to say.
    """
    jobs = JobTable(path)
    errors: list[str] = []
    try:
        warnings = _assemble_all(jobs, errors)[0] if rule is None else []
        stores = [store for store in _stores(jobs) if rule in (None, store.rule)]
        failures = _settle_stores(jobs, stores, errors)
    finally:
        jobs.close()
    for line in (*warnings, *failures):
        print(f"warning: {line}", file=sys.stderr)
    return not (errors or failures), [*warnings, *errors, *failures]


def assemble_rule(
    path: str,
    sources: Mapping[str, str],
    schemas: Mapping[str, str],
    is_completed: Callable[[str, str], bool],
) -> tuple[bool, list[str]]:
    """Assemble a results file, for a script of the Snakefile; as `settle_rule`.

    `is_completed` tells of a pipeline and record whether earlier results count no longer.
    """
    errors: list[str] = []
    warnings = _assemble(path, sources, schemas, is_completed, Path(), errors, confirmed=False)
    for line in warnings:
        print(f"warning: {line}", file=sys.stderr)
    return not errors, [*warnings, *errors]


def _assemble_all(jobs: JobTable, errors: list[str]) -> tuple[list[str], list[str]]:
    """Assemble what was reported since; warnings, and the results files that are as they should be."""
    workdir = jobs.facts.workdir
    is_completed = completed_again(jobs, workdir)
    warnings, assembled = [], []
    for path, sources, schemas in jobs.results():
        before = len(errors)
        if ledger.reported_since(workdir, path, sources.values()):
            warnings += _assemble(path, sources, schemas, is_completed, workdir, errors)
        else:
            with contextlib.suppress(OSError):
                ledger.confirm_assembly(workdir, path)
        if len(errors) == before:
            assembled.append(path)
    return warnings, assembled


def _assemble(
    path: str,
    sources: Mapping[str, str],
    schemas: Mapping[str, str],
    is_completed: Callable[[str, str], bool],
    workdir: Path,
    errors: list[str],
    confirmed: bool = True,
) -> list[str]:
    """Assemble a results file, and note that this was done, or that it is still to be done.

    Returns warnings; adds to `errors`.
    """
    seen = ledger.newest(sources.values())
    try:
        warnings = assemble(path, sources, schemas, is_completed)
    except Exception as error:
        errors.append(f"{path} was not updated: {_line(error)}; {_AGAIN}")
        with contextlib.suppress(OSError):
            ledger.note_assembly(workdir, path, seen, failed=True)
        return []
    ledger.note_assembly(workdir, path, seen, confirmed=confirmed)
    return warnings


def _stores(jobs: JobTable) -> list[StoreRow]:
    return [store for store in jobs.stores() if ledger.needs_the_end(store)]


def _settle_stores(jobs: JobTable, stores: list[StoreRow], errors: list[str]) -> list[str]:
    """Bring up to date what is not; adds to `errors`.

    Returns:
        Jobs that ended with 0 and have set their status to a failure.
    """
    workdir = jobs.facts.workdir
    failures: list[str] = []
    for store in stores:
        what = "results were not copied" if store.published else "statuses were not written"
        try:
            with ledger.alone(store, workdir):
                failures += _bring(jobs, store, workdir)
                ledger.touch_marker(store, workdir)
        except Exception as error:
            errors.append(f"{store.pipeline}: {what}: {_line(error)}; {_AGAIN}")
    return failures


def _bring(jobs: JobTable, store: StoreRow, workdir: Path) -> list[str]:
    seen = ledger.seen_now(jobs, store, workdir)
    if not ledger.is_left(store, workdir, seen) and not stash.dropped(store, workdir):
        return []
    try:
        return _bring_seen(jobs, store, workdir, seen)
    except Exception:
        with contextlib.suppress(OSError):
            ledger.note_failure(store, workdir, seen)
        raise


def _bring_seen(
    jobs: JobTable, store: StoreRow, workdir: Path, seen: Mapping[str, Seen]
) -> list[str]:
    config = config_of(store, workdir)
    entry, gone = _known(store, workdir, config)
    if store.published:
        _copy(store, workdir, config, entry, seen, gone)
        return []
    if gone:
        entry = Entry(entry.where, pending=entry.pending)
    return _agree(jobs, store, workdir, config, entry, seen)


def _known(store: StoreRow, workdir: Path, config: Mapping[str, Any]) -> tuple[Entry, bool]:
    """What a place was last brought; and whether that is gone, as it is another one or emptied."""
    place = ledger.where(config, store, workdir)
    entry = ledger.read_entry(store, workdir)
    if entry is None:
        return Entry(place), True
    gone = entry.where not in ("", place)
    if store.published == "sqlite" and not gone:
        from .sqlite_copy import is_as_it_was

        gone = not is_as_it_was(config, entry.database)
    return replace(entry, where=place), gone


def _line(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, LooperError) else f"{type(error).__name__}: {said}"


# --- SQLite and PEPhub ------------------------------------------------------------------------------


def _copy(
    store: StoreRow,
    workdir: Path,
    config: Mapping[str, Any],
    entry: Entry,
    seen: Mapping[str, Seen],
    gone: bool,
) -> None:
    """Copy a results file to where it is to be; nothing is written where nothing changed.

    Records that are not in this plan keep their status; where it is `gone`, they get it again.
    Results that a record does not report any more are emptied.
    """
    results, records = _read(store, workdir)
    known = {record: one for record, one in entry.records.items() if record in records or not gone}
    missing = {**entry.pending, **seen}
    known |= missing
    statuses = {record: one.status for record, one in (known if gone else missing).items()}
    emptied = {
        name: [key for key in keys if key not in records.get(name, {})]
        for name, keys in stash.dropped(store, workdir).items()
    }
    database = None
    if store.published == "sqlite":
        from .sqlite_copy import look
        from .sqlite_copy import publish as to_sqlite

        # A record that reports nothing any more is given as one without results.
        to_sqlite(config, {**{name: {} for name in emptied}, **records}, statuses)
        database = look(config)
    else:
        from .pephub_table import delete_records as clear
        from .pephub_table import publish as to_pephub

        if any(emptied.values()):
            clear(config["pephub_path"], emptied)
        to_pephub(config["pephub_path"], records, statuses)
    ledger.write_entry(store, workdir, Entry(entry.where, results, known, database))
    stash.forget_dropped(store, workdir)


def _read(store: StoreRow, workdir: Path) -> tuple[tuple[int, ...] | None, Any]:
    """A store's records, and the stamp of their file before it was read: a later change is seen.

    A project-level job of the pipeline may be writing the file: then it is whole soon.

    Raises:
        LooperError: the file is not readable, and nobody changes that.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        stamp = ledger.stamp_of_file(store.location)
        try:
            return stamp, records_of(store, workdir)
        except LooperError:
            while ledger.stamp_of_file(store.location) == stamp:
                if time.monotonic() > until:
                    raise
                time.sleep(_POLL)
            until = time.monotonic() + _PATIENCE


# --- statuses in databases --------------------------------------------------------------------------


def _agree(
    jobs: JobTable,
    store: StoreRow,
    workdir: Path,
    config: Mapping[str, Any],
    entry: Entry,
    seen: Mapping[str, Seen],
) -> list[str]:
    """Make the status column say what the flags say, in one go.

    A status that a pipeline set itself counts: the column then says something else than what was
    last written here, and the flag follows it. So an exit code of 0 with a status of `failed` is a
    failure, as it is with flags.
    """
    from .database import read_statuses, write_statuses

    column = read_statuses(config)
    failures = []
    wanted = {}
    for row in jobs.briefs():
        if row.rule != store.rule or row.record not in seen:
            continue
        now = seen[row.record]
        said = column.get(row.record)
        last = entry.records.get(row.record)
        if now.status == "completed" and said in _BY_PIPELINE and said != (last and last.status):
            write_flag(workdir, row.flag, str(said), ("completed",))
            now = Seen(str(said), stamp_of(flag_path(workdir, row.flag, str(said))))
            failures.append(
                f"{store.pipeline}: '{row.record}' ended with 0, but set its status to {said}"
            )
        wanted[row.record] = now
    for name, one in entry.pending.items():
        if name not in seen and column.get(name) not in _BY_PIPELINE:
            wanted[name] = one  # else a run that has its job asks whose status that is
    changed = {name: one.status for name, one in wanted.items() if column.get(name) != one.status}
    if changed:
        # If this process dies now, the next one still knows which statuses are not a pipeline's
        # own, and that they are to be written again.
        intended = {name: Seen(status, None) for name, status in changed.items()}
        before = ledger.read_entry(store, workdir)
        known = {**entry.records, **intended}
        ledger.write_entry(store, workdir, replace(entry, records=known))
        try:
            write_statuses(config, changed)
        except LooperError:
            ledger.write_entry(store, workdir, before or Entry(entry.where))
            raise
    known = {**entry.records, **wanted}
    ledger.write_entry(store, workdir, replace(entry, records=known, pending={}))
    return failures

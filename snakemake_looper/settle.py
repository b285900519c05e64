"""Before and after a run: what the main process does about results, once for all jobs.

Before the first job, servers that jobs report to are asked whether they will take it. When
Snakemake ends, also after failures: the users' results files are assembled, those that live in
SQLite or on PEPhub are copied there, and the statuses in databases are brought into agreement
with the flags.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import LooperError
from .files import write_atomic
from .jobtable import JobTable, StoreRow, modified
from .records import config_of, records_of
from .results import assemble
from .status import NOT_RUN, Flags, write_flag

_FOLDER = Path(".snakemake") / "looper" / "settled"
_BY_PIPELINE = ("failed", "partial")
"""Statuses that a pipeline may set though its command exits with 0."""


def refusals(jobs: JobTable) -> list[str]:
    """Why results could not be reported, one line for each server or file that would not do."""
    workdir = Path(jobs.value("workdir"))
    found: dict[str, None] = {}
    for store in jobs.stores():
        if store.schema is None:  # a pipeline without an output schema reports nothing there
            continue
        why = None
        if store.published == "pephub":
            from .pephub_results import check as check_pephub

            why = check_pephub(config_of(store, workdir)["pephub_path"])
        elif store.published == "sqlite" or store.back_end == "database":
            from .databases import check as check_database

            why = check_database(config_of(store, workdir))
        if why:
            found[why] = None
    return list(found)


def make_tables(jobs: JobTable) -> None:
    """Make the tables that jobs report into: jobs that begin together get in each other's way.

    Raises:
        DatabaseError: a database cannot be used.
    """
    workdir = Path(jobs.value("workdir"))
    for store in jobs.stores():
        if store.back_end == "database" and store.schema is not None:
            from .databases import prepare

            prepare(config_of(store, workdir))


def settle(jobs: JobTable) -> None:
    """What is left to do when Snakemake ends. Never raises: what goes wrong is printed."""
    for path, sources, schemas in jobs.results():
        try:
            if _reported_since(path, sources.values()):
                for warning in assemble(path, sources, schemas):
                    print(f"warning: {warning}", file=sys.stderr)
        except Exception as error:
            print(f"error: {path} was not updated: {error}", file=sys.stderr)
    workdir = Path(jobs.value("workdir"))
    for store in jobs.stores():
        if store.schema is None:
            continue
        try:
            if store.back_end == "database":
                _agree(jobs, store, workdir)
            elif store.published:
                _publish(jobs, store, workdir)
        except LooperError as error:
            print(f"error: {store.pipeline}: {error}", file=sys.stderr)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            print(f"error: {store.pipeline}: results were not copied: {what}", file=sys.stderr)


def _reported_since(path: str, folders: Iterable[str]) -> bool:
    """Whether a record file is newer than the results file that it belongs to."""
    assembled = modified(path) or 0.0
    for folder in folders:
        try:
            with os.scandir(folder) as files:
                if any(file.stat().st_mtime > assembled for file in files):
                    return True
        except OSError:
            continue
    return False


# --- SQLite and PEPhub ------------------------------------------------------------------------------


def _publish(jobs: JobTable, store: StoreRow, workdir: Path) -> None:
    """Copy a results file to where it is to be; nothing is written where nothing changed."""
    statuses = _statuses(jobs, store, workdir)
    marker = workdir / _FOLDER / f"{_name(store)}.json"
    now = {"results": modified(store.location), "statuses": statuses}
    if _read(marker) == json.loads(json.dumps(now)):
        return
    records = records_of(store, workdir)
    config = config_of(store, workdir)
    if store.published == "sqlite":
        from .databases import publish as to_sqlite

        to_sqlite(config, records, statuses)
    else:
        from .pephub_results import publish as to_pephub

        to_pephub(config["pephub_path"], records, statuses)
    write_atomic(marker, json.dumps(now))


# --- statuses in databases --------------------------------------------------------------------------


def _agree(jobs: JobTable, store: StoreRow, workdir: Path) -> None:
    """Make the status column say what the flags say, in one go.

    A status that a pipeline set itself counts: the column then says something else than what was
    last written here, and the flag follows it. So an exit code of 0 with a status of `failed` is a
    failure, as it is with flags.
    """
    from .databases import read_statuses, write_statuses

    config = config_of(store, workdir)
    column = read_statuses(config)
    memory = workdir / _FOLDER / f"{_name(store)}.json"
    written: Mapping[str, str] = _read(memory) or {}
    flags = _statuses(jobs, store, workdir)
    wanted = {}
    for row in jobs.rows():
        status = flags.get(row.record)
        if row.rule != store.rule or status is None:
            continue
        said = column.get(row.record)
        if status == "completed" and said in _BY_PIPELINE and said != written.get(row.record):
            write_flag(workdir, row.flag, str(said), ("completed",))
            print(
                f"warning: {store.pipeline}: '{row.record}' ended with 0, but set its status to {said}",
                file=sys.stderr,
            )
            status = str(said)
        wanted[row.record] = status
    changed = {name: status for name, status in wanted.items() if column.get(name) != status}
    if changed:
        write_statuses(config, changed)
    write_atomic(memory, json.dumps({**written, **wanted}))


def _statuses(jobs: JobTable, store: StoreRow, workdir: Path) -> dict[str, str]:
    flags = Flags(workdir)
    found = {
        row.record: flags.status(row.flag, row.log)
        for row in jobs.briefs()
        if row.rule == store.rule
    }
    return {record: status for record, status in found.items() if status != NOT_RUN}


def _name(store: StoreRow) -> str:
    text = json.dumps([store.pipeline, store.level, store.location, store.published])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

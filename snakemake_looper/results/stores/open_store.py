"""The store of a row of the job table: the one place that knows which back ends there are."""

from __future__ import annotations

from pathlib import Path

from ...workspace.job_table import JobTable
from ...workspace.rows import StoreRow
from .pephub_store import PephubStore
from .record_files_store import RecordFilesStore
from .results_file_store import ResultsFileStore
from .server_store import ServerStore
from .sqlite_store import SqliteStore
from .store import PublishedStore, SharedStore, Store


def open_store(
    row: StoreRow,
    workdir: Path,
    record_folder: str | None = None,
    others: frozenset[str] = frozenset(),
) -> Store:
    """The store of a row. Nothing is opened or read before a method is called.

    Args:
        row: says which back end it is, and whether its results file is copied to another one.
        workdir: Snakemake's working directory.
        record_folder: where the jobs' record files are, if the results file is assembled.
        others: other pipelines that report into the same place.
    """
    if row.back_end == "database":
        return ServerStore(row, workdir)
    if row.back_end == "records":
        source: Store = RecordFilesStore(row, workdir, others)
    else:
        source = ResultsFileStore(row, workdir, record_folder)
    if row.published == "sqlite":
        return SqliteStore(row, workdir, source)
    if row.published == "pephub":
        return PephubStore(row, workdir, source)
    return source


def open_stores(table: JobTable, workdir: Path | None = None) -> list[Store]:
    """The stores of a plan, one for each rule with a pipestat config; sample level first."""
    workdir = workdir or table.facts.workdir
    folders = table.facts.record_folders
    rows = list(table.stores())
    users: dict[str, set[str]] = {}
    for row in rows:
        users.setdefault(row.location, set()).add(row.pipeline)
    return [
        open_store(
            row, workdir, folders.get(row.rule), frozenset(users[row.location] - {row.pipeline})
        )
        for row in rows
    ]


def shared_stores(table: JobTable, workdir: Path) -> list[SharedStore]:
    """The stores of a plan whose records have no file of their own."""
    return [one for store in open_stores(table, workdir) if (one := store.shared()) is not None]


def published_stores(table: JobTable) -> list[PublishedStore]:
    """The stores that something is published to when jobs have ended."""
    return [
        store
        for store in open_stores(table)
        if isinstance(store, PublishedStore) and store.row.schema is not None
    ]

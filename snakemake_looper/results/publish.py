"""The main process asks stores before a run, and publishes results after it, once for all jobs.

Before the first job, servers that jobs report to are asked whether they take results (`refusals`),
and tables are made (`make_tables`). When Snakemake ends, also after failures, `publish_all` works
through this list:

1. Users' results files are assembled from record files (`assemble`).
2. Earlier results are removed, or put back (`earlier.conclude`).
3. Results files are copied to SQLite and PEPhub (`publish_copy`).
4. The status column of each database server is brought into agreement with the flags
   (`publish_statuses`).

Rules of the Snakefile do steps 1, 3 and 4 for the jobs that they come after. `assembly_notes` and
`publish_notes` note what is done. Work that fails is left to the next run.
"""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import LooperError
from ..messages import complain, warn
from ..system_errors import explained
from ..workspace.job_table import JobTable
from . import assembly_notes, publish_notes
from .assemble import assemble
from .earlier import conclude
from .earlier_files import completed_since, obsolete_files
from .publish_copy import publish_copy
from .publish_notes import Note
from .publish_statuses import publish_statuses
from .results_file import ResultsFileError
from .stores.open_store import open_stores, published_stores
from .stores.server_store import ServerStore
from .stores.store import CopyStore, PublishedStore
from .unreported import unreported

_AGAIN = "the next run tries again"


@dataclass(slots=True)
class _Log:
    """Messages for the user, collected on the way."""

    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Work that could not be done."""
    failures: list[str] = field(default_factory=list)
    """Jobs whose command exited with 0, though their pipeline set a status of failure."""

    def add_error(self, what: str, error: Exception) -> None:
        """Add the message of an error; print the traceback of an unexpected one."""
        said = " ".join(str(error).split())
        if isinstance(error, OSError):
            said = explained(error)
        elif not isinstance(error, LooperError):
            said = f"{type(error).__name__}: {said}"
            traceback.print_exception(error)
        self.errors.append(f"{what}: {said}; {_AGAIN}")

    def print_warnings(self) -> None:
        """Print warnings and failures on standard error; errors are left to the caller."""
        warn(*self.warnings, *self.failures)


# --- before the first job -------------------------------------------------------------------------


def refusals(table: JobTable) -> list[str]:
    """Why results could not be stored, one line for each server or file that refuses them."""
    found: dict[str, None] = {}
    for store in open_stores(table):
        # A pipeline without an output schema reports nothing there.
        why = store.refuse() if store.row.schema is not None else None
        if why:
            found[why] = None
    return list(found)


def make_tables(table: JobTable) -> None:
    """Make the tables that jobs report into: jobs that make them at the same time may fail.

    Raises:
        LooperError: a database cannot be used.
    """
    for store in open_stores(table):
        if store.row.schema is not None:
            store.prepare()


# --- after a run, or within it --------------------------------------------------------------------


def publish_all(table: JobTable) -> list[str]:
    """Do those of the steps above that are left when Snakemake ends.

    Returns:
        Messages about work that could not be done, and about jobs that set a status of failure
        themselves. These messages have been printed.
    """
    log = _Log()
    complete = _assemble_all(table, log)
    log.errors += conclude(table, table.facts.workdir, complete)
    _publish_stores(table, published_stores(table), log)
    log.print_warnings()
    complain(*dict.fromkeys(log.errors))
    return [*log.errors, *log.failures]


def publish_rule(path: str, rule: str | None) -> tuple[bool, list[str]]:
    """Publish one rule's results and statuses, or all that is left, for a script of the Snakefile.

    Only warnings are printed. The script writes all messages to its log. `publish_all` runs later,
    and prints the errors that are still there.

    Args:
        path: the job table.
        rule: the rule; None for all that is left.

    Returns:
        Whether all is done; and all messages.
    """
    log = _Log()
    table = JobTable(path)
    try:
        if rule is None:
            _assemble_all(table, log)
        stores = [store for store in published_stores(table) if rule in (None, store.row.rule)]
        _publish_stores(table, stores, log)
    finally:
        table.close()
    log.print_warnings()
    done = not (log.errors or log.failures)
    return done, [*log.warnings, *log.errors, *log.failures]


def assemble_rule(
    path: str,
    sources: Mapping[str, str],
    schemas: Mapping[str, str],
    is_completed: Callable[[str, str], bool],
) -> tuple[bool, list[str]]:
    """Assemble a results file, for a script of the Snakefile; the arguments are `assemble`'s.

    Returns:
        Whether it is done; and all messages. Only warnings are printed, as by `publish_rule`.
    """
    log = _Log()
    # Snakemake gives relative paths. The main process compares the warnings with its own.
    folders = {pipeline: os.path.abspath(folder) for pipeline, folder in sources.items()}
    _assemble(os.path.abspath(path), folders, schemas, is_completed, Path(), log, confirmed=False)
    log.print_warnings()
    return not log.errors, [*log.warnings, *log.errors]


# --- results files --------------------------------------------------------------------------------


def _assemble_all(table: JobTable, log: _Log) -> list[str]:
    """Assemble the results files that lack something.

    Returns:
        The results files that are complete now.
    """
    workdir = table.facts.workdir
    obsolete = obsolete_files(table, workdir)
    is_completed = completed_since(obsolete)
    complete = []
    for path, sources, schemas in table.results():
        before = len(log.errors)
        # A job may have completed without a report: then the file loses earlier results.
        is_due = any(one.is_in(sources.values()) for one in obsolete)
        if is_due or assembly_notes.is_reported_since(workdir, path, sources.values()):
            _assemble(path, sources, schemas, is_completed, workdir, log)
        else:
            with contextlib.suppress(OSError):
                assembly_notes.confirm_assembly(workdir, path)
        if len(log.errors) == before:
            complete.append(path)
    return complete


def _assemble(
    path: str,
    sources: Mapping[str, str],
    schemas: Mapping[str, str],
    is_completed: Callable[[str, str], bool],
    workdir: Path,
    log: _Log,
    confirmed: bool = True,
) -> None:
    """Assemble a results file, and note that this was done, or that it is still to be done."""
    seen = assembly_notes.newest(sources.values())
    unread: list[str] = []
    try:
        warnings = assemble(path, sources, schemas, is_completed, unread, workdir)
        known = set(assembly_notes.said_by_script(workdir, path)) if confirmed else set()
        log.warnings += [one for one in warnings if one not in known]
    except Exception as error:
        # An error in one file must not stop the work on other files, nor the end of the run.
        if isinstance(error, ResultsFileError):  # it names the file
            log.errors.append(f"{error}; it was not updated: {_AGAIN}")
        else:
            log.add_error(f"{path} was not updated", error)
        with contextlib.suppress(OSError):
            assembly_notes.note_failed_assembly(workdir, path)
        return
    said = () if confirmed else warnings
    assembly_notes.note_assembly(workdir, path, seen, confirmed, unread, said)


# --- stores ---------------------------------------------------------------------------------------


def _publish_stores(table: JobTable, stores: Iterable[PublishedStore], log: _Log) -> None:
    """Bring stores up to date. An error in one store does not stop the others."""
    for store in stores:
        try:
            with publish_notes.locked(store):
                log.failures += _publish(table, store)
                publish_notes.touch_marker(store)
        except Exception as error:  # any, for example that of a server's driver
            log.add_error(f"{store.row.pipeline}: {store.failure}", error)


def _publish(table: JobTable, store: PublishedStore) -> list[str]:
    """Bring a store up to date, unless it is.

    Returns:
        Jobs that exited with 0 though they set a status of failure, one line each.
    """
    rule = store.row.rule
    now = publish_notes.statuses_now(table, store.workdir, [rule])[rule]
    if not publish_notes.is_due(store, now) and not unreported(store):
        return []
    try:
        note, is_gone = _last_note(store)
        if isinstance(store, CopyStore):
            publish_copy(store, note, now, is_gone)
            return []
        if isinstance(store, ServerStore):
            return publish_statuses(store, table, _forgotten(note) if is_gone else note, now)
        raise TypeError(f"{type(store).__name__}: nothing is known of how it is published")
    except Exception:  # any: the next run has to know what was not published
        with contextlib.suppress(OSError):
            publish_notes.note_failure(store, now)
        raise


def _last_note(store: PublishedStore) -> tuple[Note, bool]:
    """The note of a store; and whether the store has lost what was published.

    It has lost it if the config names another store now, or if somebody has emptied or replaced
    its file.
    """
    place = store.place()
    note = publish_notes.read_note(store)
    if note is None:
        return Note(place), True
    is_gone = note.place not in ("", place)
    if isinstance(store, CopyStore) and not is_gone:
        is_gone = not store.is_as_it_was(note.copy)
    return replace(note, place=place), is_gone


def _forgotten(note: Note) -> Note:
    """A note without the records that the store has lost."""
    return Note(note.place, pending=note.pending)

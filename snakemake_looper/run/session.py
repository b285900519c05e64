"""A session: one project in one run of Snakemake.

A process may run several projects, as modules of one workflow or one after the other. Each has a
session of its own: its job table and the journal of its run. The logger plugin follows each
session. Sessions share nothing, so none waits for another or speaks for it.

    open      the Snakefile is read: a journal is begun, the lock of a dead run removed
    begin     before the first job: servers are asked, leftovers of dead runs handled, flags set
    finish    no job is started any more: records that were not begun get their old status back,
              results and statuses are published
    close     Snakemake has given its lock back: the journal ends
    tell      the command of `on_end` gets a summary, after the closing summary if there is one

A dry run has no journal, and writes nothing. Two callers may `close` a session, and the first one
counts: the logger plugin when Snakemake's log ends, or the end of Snakemake's workflow object.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import LooperError
from ..layout import FOLDER
from ..messages import complain, warn
from ..status.flags import Flags, obstacles
from ..status.journal import Journal
from ..system_errors import at, explained, is_of_space, probe, write_faults
from ..workspace.engine import (
    Engine,
    explain_lock,
    let_sigterm_interrupt,
    workflow_error,
)
from ..workspace.engine_logs import console_handlers
from ..workspace.job_table import JobTable, remote_inputs
from ..workspace.lump_lookups import LumpLookups
from ..workspace.read_only import let_snakemake_read, refuse_to_run
from . import lifecycle
from .arrays import why_no_array
from .copies import clear_links, fail_alone, remove_old_copies
from .entering import enter
from .interrupts import WithoutCutOffJobs, interrupted_since, note_interrupts
from .living_runs import why_locked
from .lump_members import LumpMembers, run_name
from .outcome import Outcome, State
from .shared_files import why_not_shared


class Session:
    """One project in one run; `open_session` makes it."""

    def __init__(
        self,
        table: JobTable,
        workdir: Path,
        journal: Journal | None,
        engine: Engine,
        lumps: LumpLookups,
    ) -> None:
        self.table = table
        self.lumps = lumps
        self.workdir = workdir
        self.journal = journal
        self.drain: Callable[[], None] = lambda: None
        """Waits until all log events so far are handled; the logger plugin sets it."""
        self.is_followed = False
        """Whether the logger plugin follows: it closes the session, and calls `tell`."""
        self.has_nothing_to_do = False
        """Whether Snakemake found nothing to be done; the logger plugin sets it."""
        self.hindrance = ""
        """Why there is no journal, if the system does not let us write one."""
        self._began = 0.0
        self._is_done = False
        self._has_told = False
        self._engine = engine
        self._unfinished = journal
        self._members = LumpMembers(table, engine, lumps)

    @property
    def project_name(self) -> str:
        return self.table.facts.project_name

    def begin(self) -> None:
        """Prepare for the first job.

        Raises:
            WorkflowError: a server will not take results, a file cannot be written, or jobs that
                differ were to be one array. The message says why.
            SystemExit: the plan can only be looked at.
        """
        if self._engine.is_gone or self._engine.is_touching:
            return
        let_sigterm_interrupt()
        note_interrupts()
        refuse_to_run(self.table.facts.refusal)
        if self.journal is None:
            refuse_to_run(self.hindrance or f"{self.workdir}: no journal can be written there")
            return
        self._began = time.time()
        self._engine.ease_scheduling()
        self._prepare_stores()
        self._write_moved_configs()
        try:
            lifecycle.begin(self.table, self._engine, self.journal, self._members)
            fail_alone(self.table, self._engine)
        except OSError as error:
            # Snakemake would show the lines of Python that raised an error of its own.
            refuse_to_run(f"status flags cannot be written: {explained(error, self.workdir)}")
        except LooperError as error:
            raise workflow_error(str(error)) from None
        except KeyboardInterrupt:
            raise workflow_error("Interrupted while waiting: nothing was started.") from None

    def _prepare_stores(self) -> None:
        """Ask whether arrays are possible and servers take results, and make missing tables."""
        from ..results.publish import make_tables, refusals

        why = why_no_array(self.table, self._engine, self.lumps.packed)
        found = [*([why] if why else []), *refusals(self.table)]
        if found:
            raise workflow_error("\n".join(found))
        make_tables(self.table)

    def _write_moved_configs(self) -> None:
        from ..workspace.pipestat_files import refresh_configs

        try:
            refresh_configs(self.table, self.workdir)
        except (OSError, KeyError, TypeError) as error:
            raise workflow_error(f"a merged pipestat config cannot be written: {error}") from None

    def finish(self) -> None:
        """Publish results and statuses. Each failure is printed.

        Raises:
            WorkflowError: all jobs are done, but some results or statuses are not published.
        """
        from ..results.publish import publish_all

        self.drain()
        if self.journal is not None:
            lifecycle.restore(self.workdir, self.journal, self._members)
            clear_links(self.workdir, self.journal)
        has_ended = not self._engine.is_gone and self._engine.is_done
        problems = publish_all(self.table)
        self._is_done = has_ended and not problems
        if not self.is_followed:
            self.tell(self.table)
        if problems and has_ended:
            raise workflow_error("The run is not complete: see the errors above.")

    def close(self) -> None:
        """End the journal, and say which disk has let a run fail. Does nothing the second time."""
        journal, self._unfinished = self._unfinished, None
        if journal is not None:
            complain(*self._full_disks(journal))
            lifecycle.end(self.workdir, journal, self._members)

    def outcome(self) -> Outcome:
        """How the run ended, as far as it has."""
        journal = self.journal
        if journal is None or not journal.begun:
            return Outcome("nothing to do" if self.has_nothing_to_do else "not begun")
        flags = Flags(self.workdir)
        completed = sum(flags.word(one) == "completed" for one in journal.planned)
        state: State = "completed" if self._is_done else "failed"
        if not self._is_done and self._began and interrupted_since(self._began):
            state = "interrupted"
        return Outcome(state, self._began, len(journal.planned), completed)

    def tell(self, table: JobTable) -> None:
        """Hand a summary to the command of `on_end`, once, if there was anything to run.

        Args:
            table: the project's job table, opened by the thread that calls this.
        """
        if self._has_told or not table.facts.on_end:
            return
        outcome = self.outcome()
        if outcome.began:
            from .on_end import call_on_end

            self._has_told = True
            call_on_end(table, self.workdir, outcome)

    def _full_disks(self, journal: Journal) -> list[str]:
        """Why nothing can be written where a run that did not complete had to write."""
        flags = Flags(self.workdir)
        if all(flags.word(one) == "completed" for one in journal.planned):
            return []
        facts = self.table.facts
        folders = [self.workdir / FOLDER, Path(facts.output_dir), Path(facts.results_dir)]
        return write_faults([*folders, Path(tempfile.gettempdir())])


def open_session(table: JobTable, workdir: Path, engine: Engine, lumps: LumpLookups) -> Session:
    """Open a session in the main process, while Snakemake reads the Snakefile.

    Raises:
        WorkflowError: something else is in the place of a flag, a log, or a results file.
        SystemExit: jobs would not see the project's files; the reason is printed.
    """
    _refuse_what_hinders(table, workdir, engine)
    warn(*table.facts.warnings)
    explain_lock(why_locked)
    let_snakemake_read(workdir)
    journal, hindrance = None, ""
    if not engine.is_dry_run:
        flags = (brief.flag for brief in table.briefs())
        try:
            _need_space(workdir / FOLDER)
            journal = enter(workdir, table.path.parent.name, flags)
        except OSError as error:
            hindrance = explained(error, workdir)
            if is_of_space(error):  # Snakemake cannot go on, either
                refuse_to_run(hindrance)
            # Else the project can be looked at, as by a user who may only read; `begin` refuses.
    remove_old_copies(table, engine, journal)
    for handler in engine.logs.of_files():
        _tell_once(handler)
    session = Session(table, workdir, journal, engine, lumps)
    session.hindrance = hindrance
    if journal is not None:
        lumps.run = run_name(journal.path)
        engine.when_gone(lifecycle.end, workdir, journal)
    for handler in console_handlers():
        handler.addFilter(WithoutCutOffJobs())
    for handler in engine.logs.of_plugins():
        follow = getattr(handler, "follow", None)  # only our plugin has it
        if follow is not None:
            follow(session)
    if engine.is_module:
        engine.add_handlers(session.begin, session.finish, session.finish)
    return session


def _refuse_what_hinders(table: JobTable, workdir: Path, engine: Engine) -> None:
    """Refuse to build a graph of jobs that could not run."""
    why = why_not_shared(engine.shared, engine.default_storage) if engine.is_main else ""
    if not why and remote_inputs(table):
        why = engine.storage.why_no_copies
    if why:
        complain(why)
        raise SystemExit(2)
    in_the_way = obstacles(workdir, table.briefs(), table.results())
    if in_the_way:
        raise workflow_error("\n".join(in_the_way))


def _need_space(folder: Path) -> None:
    """Make sure that a run can note anything: Snakemake would end with a traceback.

    Raises:
        OSError: nothing can be written there.
    """
    if folder.is_dir():
        with at(folder):
            probe(folder)


def _tell_once(handler: logging.Handler) -> None:
    """Let a log file that cannot be written say so in a line, not in a traceback for each record."""
    told: list[str] = []

    def handle_error(record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            type(handler).handleError(handler, record)
        elif not told:
            told.append(explained(error, getattr(handler, "baseFilename", "")))
            complain(*told)

    handler.handleError = handle_error  # type: ignore[method-assign]

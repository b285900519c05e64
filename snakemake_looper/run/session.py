"""A session: one project in one run of Snakemake.

A process may run several projects, as modules of one workflow or one after the other. Each has a
session of its own: its plan on disk, the journal of its run, and those who look on (the logger
plugin). Nothing is shared between sessions, so none waits for another or speaks for it.

    open      the Snakefile is read: a journal is begun, the lock of a dead run removed
    begin     before the first job: servers are asked, leftovers of dead runs settled, flags set
    finish    no job is started any more: what has not begun has the status that it had before,
              results and statuses get where they belong
    close     Snakemake has given its lock back: the journal ends

A dry run has no journal, and writes nothing. `close` is called by whoever comes first: the logger
plugin when Snakemake's log ends, or the end of Snakemake's workflow object.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from ..errors import LooperError
from ..status.flags import obstacles
from ..status.journal import Journal
from ..workspace.engine import Engine, explain_lock, let_sigterm_interrupt, workflow_error
from ..workspace.job_table import JobTable
from . import recovery
from .arrays import refusal
from .read_only import let_snakemake_read


class Session:
    """One project in one run; made by `open_session`."""

    def __init__(self, jobs: JobTable, workdir: Path, journal: Journal | None, engine: Engine):
        self.jobs = jobs
        self.workdir = workdir
        self.journal = journal
        self.drain: Callable[[], None] = lambda: None
        """Waits until all log events so far are dealt with; set by the logger plugin."""
        self._engine = engine

    @property
    def project_name(self) -> str:
        return str(self.jobs.facts.project_name)

    def begin(self) -> None:
        """Prepare for the first job.

        Raises:
            WorkflowError: a server will not take results, flags cannot be written, or jobs that
                differ were to be one array; says why.
        """
        if self._engine.is_gone or self._engine.is_touching:
            return
        from ..results.publish import make_tables, refusals
        from ..workspace.pipestat_files import refresh_configs
        from .read_only import refuse_to_run

        let_sigterm_interrupt()
        refuse_to_run(self.jobs.facts.refusal)
        if self.journal is None:
            raise workflow_error(f"{self.workdir}: no journal of the run can be written there")
        found = [*filter(None, [refusal(self.jobs, self._engine)]), *refusals(self.jobs)]
        if found:
            raise workflow_error("\n".join(found))
        make_tables(self.jobs)
        try:
            refresh_configs(self.jobs, self.workdir)
        except (OSError, KeyError, TypeError) as error:
            raise workflow_error(f"a merged pipestat config cannot be written: {error}") from None
        try:
            recovery.begin(self.jobs, self._engine, self.journal)
        except OSError as error:
            raise workflow_error(f"status flags cannot be written: {error}") from None
        except LooperError as error:
            raise workflow_error(str(error)) from None
        except KeyboardInterrupt:
            raise workflow_error("Interrupted while waiting: nothing was started.") from None

    def finish(self) -> None:
        """Put reported records and statuses where they belong; what goes wrong is printed.

        Raises:
            WorkflowError: all jobs are done, and this is not.
        """
        from ..results.publish import publish_all

        self.drain()
        if self.journal is not None:
            recovery.restore(self.workdir, self.journal)
        if publish_all(self.jobs) and not self._engine.is_gone and self._engine.is_done:
            raise workflow_error("The run is not complete: see the errors above.")

    def close(self) -> None:
        """End the journal; does nothing the second time."""
        if self.journal is not None:
            recovery.end(self.workdir, self.journal)


def open_session(jobs: JobTable, workdir: Path, engine: Engine) -> Session:
    """Open a session in the main process, while the Snakefile is read.

    Raises:
        WorkflowError: something that is no file is in the place of a flag or log.
    """
    in_the_way = obstacles(workdir, jobs.briefs())
    if in_the_way:
        raise workflow_error("\n".join(in_the_way))
    for warning in jobs.facts.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    explain_lock(recovery.refusal)
    let_snakemake_read(workdir)
    journal = None
    if not engine.is_dry_run:
        flags = (brief.flag for brief in jobs.briefs())
        with contextlib.suppress(OSError):  # who may only read can look on: `begin` refuses
            journal = recovery.enter(workdir, jobs.path.parent.name, flags)
    session = Session(jobs, workdir, journal, engine)
    if journal is not None:
        engine.when_gone(recovery.end, workdir, journal)
    for handler in engine.log_handlers():
        follow = getattr(handler, "follow", None)
        if follow is not None:
            follow(session)
    if engine.is_module:
        engine.add_handlers(session.begin, session.finish, session.finish)
    return session

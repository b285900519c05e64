"""Copies of remote input files: old ones, parts of files, and files that cannot be fetched.

A copy may be left from an earlier run: a user keeps copies, or a run was killed. Snakemake (9.27)
compares a small input file by its content, and takes that of the copy: a file that has changed since
would not run its job again. And the storage plugin for web servers writes a file while it comes in:
a part that a killed run has left looks new. So copies that are older than their files, or have
another size, are removed before Snakemake builds its graph of jobs. If a server tells no date or no
size, nobody can know, and the copy is removed as well.

If a file cannot be fetched, the jobs that need it fail, and no others.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..layout import COPIES
from ..messages import complain
from ..status.journal import Journal, read_runs
from ..workspace.engine import Engine, workflow_error
from ..workspace.job_table import JobTable, remote_inputs

_DEEPEST = 5
"""Errors within errors that are looked at."""
_SNAKEMAKES = "WorkflowError"
_QUERY = re.compile(r"\?[^\s'\"()<>]*=[^\s'\"()<>]*")
"""A query of an address. A server may lead to an address with a signature, and errors of requests
name its path without the scheme, so that `messages` does not see it."""


def remove_old_copies(table: JobTable, engine: Engine, journal: Journal | None) -> None:
    """Remove copies that are not those of the files as they are now.

    Another run that goes on may need a copy, or may be fetching it. Then all stay.

    Args:
        table: the jobs of the plan.
        engine: Snakemake.
        journal: the journal of this run; None in a dry run.
    """
    found = [(one, engine.storage.copy(one)) for one in remote_inputs(table)]
    there = {address: copy for address, copy in found if os.path.isfile(copy)}
    if not there or _others(table.facts.workdir, journal):
        return
    sizes, times = engine.storage.ask(list(there)), engine.storage.times(list(there))
    for address, copy in there.items():
        with contextlib.suppress(OSError):  # another user's
            info = os.stat(copy)
            changed = times.get(address) or float("inf")  # 0 if a web server tells no date
            if info.st_mtime < changed or info.st_size != sizes[address]:
                os.unlink(copy)


def fail_alone(table: JobTable, engine: Engine) -> None:
    """Let a file that cannot be fetched fail its jobs only. Call it before the first job."""
    if remote_inputs(table):
        engine.storage.let_jobs_fail_alone(_tell)


def clear_links(workdir: Path, journal: Journal) -> None:
    """Remove links whose copies are gone. Call it when no job is started any more.

    Another run may be making links.
    """
    base = workdir / COPIES
    if not base.is_dir() or _others(workdir, journal):
        return
    for folder in base.iterdir():
        with contextlib.suppress(OSError):
            for link in folder.iterdir():
                if link.is_symlink() and not link.exists():
                    link.unlink()
            folder.rmdir()  # it stays if it is not empty


def _others(workdir: Path, journal: Journal | None) -> bool:
    """Whether another run goes on."""
    own = journal.path if journal is not None else None
    return any(run.alive and run.path != own for run in read_runs(workdir))


def _tell(job: str, error: BaseException, copies: Sequence[str]) -> None:
    """Say why files of a job cannot be fetched, and remove old copies of them.

    Raises:
        WorkflowError: an old copy cannot be removed. The job would take it for the file.
    """
    texts = (_QUERY.sub("", str(one)) or type(one).__name__ for one in _reasons(error))
    reasons = dict.fromkeys(texts)
    complain(f"{job}: a remote input file could not be fetched: {'; '.join(reasons)}")
    for copy in copies:
        with contextlib.suppress(OSError):
            os.unlink(copy)
        if os.path.lexists(copy):
            raise workflow_error(f"{copy} is an old copy of a remote input file; remove it")


def _reasons(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """The errors of plugins: Snakemake puts them into errors of its own, and into groups."""
    inner = getattr(error, "exceptions", ())
    if not inner and type(error).__name__ == _SNAKEMAKES:
        inner = [one for one in (error.__cause__ or error.__context__,) if one is not None]
    if not inner or depth > _DEEPEST:
        yield error
    else:
        for one in inner:
            yield from _reasons(one, depth + 1)

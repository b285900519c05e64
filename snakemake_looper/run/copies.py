"""Copies of remote input files: one that cannot be fetched, and parts that a killed run has left.

If a file cannot be fetched, the jobs that need it fail, and no others.

The storage plugin for web servers writes a file while it comes in. If its Snakemake is killed, a part
of the file stays, which looks new: the next run would take it for the whole. So each copy whose size
is not that of the file is removed before the first job. Other plugins rename a copy that is whole.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..layout import COPIES
from ..messages import complain
from ..remote_files import plugin_of
from ..status.journal import Journal, read_runs
from ..workspace.engine import Engine
from ..workspace.job_table import JobTable, input_size, remote_inputs

_DEEPEST = 5
"""Errors within errors that are looked at."""
_SNAKEMAKES = "WorkflowError"


def prepare_copies(table: JobTable, engine: Engine, journal: Journal) -> None:
    """Prepare for the first copy. Call it before the first job."""
    addresses = remote_inputs(table)
    if addresses:
        engine.storage.let_jobs_fail_alone(_tell)
        of_servers = [one for one in addresses if plugin_of(one) == "http"]
        _remove_parts(of_servers, table, engine, journal)


def clear_links(workdir: Path, engine: Engine, journal: Journal) -> None:
    """Remove links whose copies are gone. Call it when no job is started any more.

    Where jobs have copies of their own, nobody here can know which are gone. And another run may
    be making links.
    """
    base = workdir / COPIES
    if not base.is_dir() or not engine.storage.shares_copies or _others(workdir, journal):
        return
    for folder in base.iterdir():
        with contextlib.suppress(OSError):
            for link in folder.iterdir():
                if link.is_symlink() and not link.exists():
                    link.unlink()
            folder.rmdir()  # it stays if it is not empty


def _others(workdir: Path, journal: Journal) -> bool:
    """Whether another run goes on."""
    return any(run.alive and run.path != journal.path for run in read_runs(workdir))


def _tell(job: str, error: BaseException) -> None:
    """Say why the files of a job cannot be fetched."""
    reasons = dict.fromkeys(str(one) or type(one).__name__ for one in _reasons(error))
    complain(f"{job}: a remote input file could not be fetched: {'; '.join(reasons)}")


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


def _remove_parts(
    addresses: Iterable[str], table: JobTable, engine: Engine, journal: Journal
) -> None:
    """Remove copies that are not whole, unless another run goes on, which may be fetching them."""
    if _others(table.facts.workdir, journal):
        return
    for address in addresses:
        size = input_size(table, address)
        copy = engine.storage.copy(address)
        with contextlib.suppress(OSError):
            if size >= 0 and os.path.getsize(copy) != size:
                os.unlink(copy)

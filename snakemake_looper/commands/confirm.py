"""For commands that remove or change files: they ask first, and never work during a run."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import LooperError
from ..messages import complain
from ..run.entering import closed_door
from ..run.living_runs import why_in_use
from ..system_errors import explained
from ..workspace.job_table import JobTable
from .project import open_jobs


def is_confirmed(arguments: Namespace, question: str) -> bool:
    """Whether to go on: `--force` says yes, `--dry-run` no; else the user is asked."""
    if arguments.dry_run:
        return False
    if arguments.force:
        return True
    if not sys.stdin.isatty():
        complain(
            "nothing was done: there is no terminal to ask on;"
            " add --force to go on without a question"
        )
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def refuse_during_a_run(table: JobTable, workdir: Path) -> None:
    """Stop if a run of the project goes on.

    Raises:
        LooperError: a run or a job goes on; the message says which.
    """
    why = why_in_use(table, workdir)
    if why:
        raise LooperError(f"nothing was removed: {why}")


@contextmanager
def no_run(arguments: Namespace, workdir: Path) -> Iterator[None]:
    """Let no run begin until this block ends.

    Raises:
        LooperError: a run began while the user was asked, or the lock cannot be taken.
    """
    try:
        with closed_door(workdir), open_jobs(arguments) as table:
            refuse_during_a_run(table, workdir)
            yield
    except OSError as error:
        raise LooperError(explained(error, workdir)) from None

"""The project that a command is about, planned from its files as they are now."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from ..cli_options import options_of
from ..messages import complain, warn
from ..read.looper_config import locate
from ..workspace.current_plan import current_plan
from ..workspace.job_table import JobTable
from . import FAILED


@contextmanager
def open_jobs(arguments: Namespace) -> Iterator[JobTable]:
    """The job table of the project. If it is empty, the warnings of the plan say why."""
    table = current_plan(locate(arguments.looper_config), options_of(arguments)).jobs()
    try:
        if next(table.briefs(), None) is None:
            warn(*table.facts.warnings)
        yield table
    finally:
        table.close()


def say_no_pipestat(arguments: Namespace) -> int:
    """Print that the project keeps no results, which the command needs; returns the exit code."""
    complain(
        f"{locate(arguments.looper_config)} has no 'pipestat:' section: no results are kept;"
        " add the section to keep them"
    )
    return FAILED

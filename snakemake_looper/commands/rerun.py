"""`snakemake-looper rerun`: run what failed, was interrupted, or never began."""

from __future__ import annotations

from argparse import Namespace

from ..cli_options import changed
from ..status_words import FAILURES
from . import run

STATUSES_TO_RERUN = (*FAILURES, "waiting")
"""The statuses that looper's `rerun` selects, if the user selects none."""


def execute(arguments: Namespace) -> int:
    """Run the records of the selected statuses; without a selection, of `STATUSES_TO_RERUN`."""
    if arguments.sel_flag or arguments.exc_flag:
        return run.execute(arguments)
    return run.execute(changed(arguments, sel_flag=list(STATUSES_TO_RERUN)))

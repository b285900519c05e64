"""`snakemake-looper link`: link the files that pipelines reported, by kind of result."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ..messages import counted, note, show, warn
from ..results.links import links, make_links
from ..results.records import read_results
from . import DONE
from .project import open_jobs, say_no_pipestat

_MOST = 20
"""Lines of one kind."""


def execute(arguments: Namespace) -> int:
    """Make the links, and warn of files that are not there."""
    with open_jobs(arguments) as table:
        results = read_results(table, table.facts.workdir)
        folder = Path(arguments.link_dir or table.facts.output_dir / "links")
        wanted, remote = links(results, folder, table.facts.rundir)
    if not results:
        return say_no_pipestat(arguments)
    not_made = make_links(wanted)
    missing = [path for path in wanted.values() if not os.path.exists(path)]
    _warn_of(not_made)
    _warn_of([f"{path} was reported and is not there" for path in missing])
    if remote:
        note(f"addresses are no files and have no link: those of {', '.join(remote)}")
    show(f"{counted(len(wanted) - len(not_made), 'link')} in {folder}")
    return DONE


def _warn_of(lines: Sequence[str]) -> None:
    warn(*lines[:_MOST])
    if len(lines) > _MOST:
        warn(f"and {len(lines) - _MOST} more like the last one")

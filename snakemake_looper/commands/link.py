"""`snakemake-looper link`: link the files that pipelines reported, by kind of result."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..messages import warn
from ..results.links import links, make_links
from ..results.records import read_results
from . import DONE
from .project import open_jobs, say_no_pipestat


def execute(arguments: Namespace) -> int:
    """Make the links, and warn of files that are not there."""
    with open_jobs(arguments) as table:
        results = read_results(table, table.facts.workdir)
        folder = Path(arguments.link_dir or table.facts.output_dir / "links")
        wanted = links(results, folder, table.facts.rundir)
    if not results:
        return say_no_pipestat(arguments)
    make_links(wanted)
    missing = [path for path in wanted.values() if not path.exists()]
    warn(*(f"{path} was reported and is not there" for path in missing))
    print(f"{len(wanted)} links in {folder}")
    return DONE

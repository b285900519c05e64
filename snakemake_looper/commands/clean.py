"""`snakemake-looper clean`: run the cleanup scripts that pipelines left in the samples' folders."""

from __future__ import annotations

from argparse import Namespace

from ..messages import complain, show
from ..results.cleanup_scripts import clean as run_script
from ..results.cleanup_scripts import cleanup_scripts
from . import DONE, FAILED
from .confirm import is_confirmed, no_run, refuse_during_a_run
from .project import open_jobs


def execute(arguments: Namespace) -> int:
    """List the scripts, ask, and run them."""
    with open_jobs(arguments) as table:
        workdir = table.facts.workdir
        refuse_during_a_run(table, workdir)
        scripts = cleanup_scripts(table)
        folder = table.facts.rundir
    if not scripts:
        show("nothing to clean")
        return DONE
    for script in scripts:
        show(script)
    if not is_confirmed(arguments, f"Run these {len(scripts)} scripts?"):
        return DONE if arguments.dry_run else FAILED
    with no_run(arguments, workdir):
        failed = [script for script in scripts if run_script(script, folder)]
    complain(*(f"{script} failed" for script in failed))
    return FAILED if failed else DONE

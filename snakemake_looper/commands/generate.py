"""`snakemake-looper generate`: write a workflow in Snakemake's standard layout."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..cli_options import options_of
from ..read.looper_config import locate
from ..workspace.generated_workflow import write_workflow
from . import DONE


def execute(arguments: Namespace) -> int:
    """Write the workflow, and print the files that changed."""
    looper_config = locate(arguments.looper_config)
    options = options_of(arguments)
    for path in write_workflow(looper_config, options, Path(arguments.output), arguments.force):
        print(path)
    return DONE

"""`snakemake-looper generate`: write a workflow in Snakemake's standard layout."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..cli_options import options_of
from ..errors import Problems
from ..messages import warn
from ..read.looper_config import locate
from ..workspace.generated_workflow import write_workflow
from ..workspace.standalone.workflow import write_standalone
from . import DONE


def execute(arguments: Namespace) -> int:
    """Write the workflow, and print the files that changed."""
    _check(arguments)
    looper_config = locate(arguments.looper_config)
    options = options_of(arguments)
    folder = Path(arguments.output or arguments.standalone or ".")
    if arguments.standalone is None:
        paths = write_workflow(looper_config, options, folder, arguments.force)
    else:
        paths, warnings = write_standalone(
            looper_config, options, folder, arguments.force, arguments.copy_all
        )
        warn(*warnings)
    for path in paths:
        print(path)
    return DONE


def _check(arguments: Namespace) -> None:
    """Refuse arguments that contradict each other.

    Raises:
        ProjectError: they do.
    """
    problems = Problems()
    if arguments.output and arguments.standalone:
        problems.add("--standalone", "", "names a folder, and so does --output; name it once")
    if arguments.copy_all and arguments.standalone is None:
        problems.add("--copy-all", "", "is about --standalone; add that, or leave this out")
    problems.raise_if_any()

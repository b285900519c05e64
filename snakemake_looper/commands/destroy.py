"""`snakemake-looper destroy`: remove all that belongs to the selected records.

The next run then runs them again. With `--removed`, the records are those of samples that are no
longer in the sample table.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ..cli_options import changed, options_of
from ..errors import LooperError, ProjectError
from ..messages import note, show
from ..read.option_values import words
from ..results.remove import (
    Removal,
    destroy,
    removal_of_selected,
    removal_without_sample,
    without_sample,
)
from ..workspace.job_table import JobTable
from . import DONE, FAILED
from .confirm import is_confirmed, no_run, refuse_during_a_run
from .project import open_jobs

_MOST_NAMED = 10


def execute(arguments: Namespace) -> int:
    """List what would be removed, ask, and remove it."""
    # Samples that left the table cannot be selected from it.
    selected = changed(arguments, samples=None) if arguments.removed else arguments
    try:
        with open_jobs(selected) as table:
            workdir = table.facts.workdir
            refuse_during_a_run(table, workdir)
            found = _removal(table, workdir, arguments)
    except ProjectError:
        if not arguments.removed:
            _note_removed(arguments)
        raise
    if not found:
        show("nothing to remove")
        return DONE
    _show(found)
    if not is_confirmed(
        arguments, f"Remove these {len(found.paths)} files and folders, and records?"
    ):
        return DONE if arguments.dry_run else FAILED
    with no_run(selected, workdir):
        destroy(found)
    show("removed")
    return DONE


def _removal(table: JobTable, workdir: Path, arguments: Namespace) -> Removal:
    if arguments.removed:
        only = None if arguments.samples is None else _named(arguments)
        return removal_without_sample(table, workdir, only)
    if arguments.project:
        return removal_of_selected(table, workdir, ["project"])
    # The project level is about all samples: it stays if only some are selected.
    some = options_of(arguments).narrows()
    return removal_of_selected(table, workdir, ["sample"] if some else ["sample", "project"])


def _named(arguments: Namespace) -> set[str]:
    """The samples that `--samples` names."""
    return {name for word in arguments.samples or () for name in words(word)}


def _show(found: Removal) -> None:
    for path in found.paths:
        show(f"{path}{'/' if path.is_dir() else ''}")
    for store, names in found.records:
        row, where = store.row, store.show()
        show(f"{row.pipeline}, {row.level} level: {_counted(names)} in {where}")


def _counted(names: Sequence[str]) -> str:
    """How many records there are, and the names of the first."""
    shown = ", ".join(names[:_MOST_NAMED]) + (", …" if names[_MOST_NAMED:] else "")
    return f"{len(names)} record{'s' if names[1:] else ''} ({shown})"


def _note_removed(arguments: Namespace) -> None:
    """Point to `--removed` if a named sample has left the sample table, but not its results."""
    try:
        with open_jobs(changed(arguments, samples=None)) as table:
            found = without_sample(table, table.facts.workdir).values()
    except LooperError:  # something else is wrong as well; the caller reports the first error
        return
    left = sorted(_named(arguments) & {name for names in found for name in names})
    if left:
        note(
            f"not in the sample table any more, but with results: {', '.join(left)};"
            " 'snakemake-looper destroy --removed' removes them"
        )

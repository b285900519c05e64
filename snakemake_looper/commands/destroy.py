"""`snakemake-looper destroy`: remove all that belongs to the selected records.

The next run then runs them again. Records of samples that are no longer in the sample table are
removed with `--removed`, or by their names.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ..cli_options import changed, options_of
from ..messages import show
from ..read.options.option_values import words
from ..results.parsed_files import forget_parsed
from ..results.remove import Removal, destroy, removal_of_selected, removal_without_sample
from ..results.removed import samples
from . import DONE, FAILED
from .confirm import is_confirmed, no_run, refuse_during_a_run
from .project import open_jobs

_MOST_NAMED = 10
_NAMES = "sample_name"
"""The attribute that names samples: `--sel-attr sample_name --sel-incl a` is `--samples a`."""


def execute(arguments: Namespace) -> int:
    """List what would be removed, ask, and remove it."""
    found, workdir, selected = _found(arguments)
    if not found:
        show("nothing to remove")
        return DONE
    _show(found)
    if not is_confirmed(
        arguments, f"Remove these {len(found.paths)} files and folders, and records?"
    ):
        return DONE if arguments.dry_run else FAILED
    with no_run(selected, workdir):
        try:
            destroy(found)
        finally:  # also if only some are gone
            forget_parsed(workdir)
    show("removed")
    return DONE


def _found(arguments: Namespace) -> tuple[Removal, Path, Namespace]:
    """The files to remove, the working directory, and the arguments for a plan of the project.

    Samples that left the table cannot be selected from it, so a plan of all samples names them.
    """
    names = _named(arguments)
    gone = Removal((), ())
    if arguments.removed or names:
        everything = _without_names(arguments)
        with open_jobs(everything) as table:
            workdir = table.facts.workdir
            refuse_during_a_run(table, workdir)
            absent = None if names is None else names - samples(table)
            if absent is None or absent:
                gone = removal_without_sample(table, workdir, absent)
        left = (names or set()) - gone.gone
        if arguments.removed or (gone and not left):
            return gone, workdir, everything
        if gone:
            arguments = _with_names(arguments, left)
    with open_jobs(arguments) as table:
        workdir = table.facts.workdir
        refuse_during_a_run(table, workdir)
        if arguments.project:
            levels = ["project"]
        else:  # the project level is about all samples: it stays if only some are selected
            levels = ["sample"] if options_of(arguments).narrows() else ["sample", "project"]
        return gone + removal_of_selected(table, workdir, levels), workdir, arguments


def _named(arguments: Namespace) -> set[str] | None:
    """The samples that are selected by their names; None if samples are selected otherwise."""
    by_name = arguments.sel_attr == _NAMES and not arguments.samples
    given = arguments.sel_incl if by_name else arguments.samples
    if not given or (not arguments.removed and options_of(_without_names(arguments)).narrows()):
        return None
    return {name for word in given for name in words(word)}


def _without_names(arguments: Namespace) -> Namespace:
    """The arguments without a selection by names."""
    if arguments.sel_attr == _NAMES and not arguments.samples:
        return changed(arguments, sel_attr=None, sel_incl=None)
    return changed(arguments, samples=None)


def _with_names(arguments: Namespace, names: set[str]) -> Namespace:
    return changed(_without_names(arguments), samples=sorted(names))


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

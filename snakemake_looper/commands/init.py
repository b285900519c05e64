"""`snakemake-looper init`: begin a project, with files that explain themselves."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..create.new_project import (
    LOOPER_CONFIG,
    NewProject,
    check_free,
    new_project,
    read_results,
    remove,
    write_project,
)
from ..create.samples import (
    NAME,
    STANDARD_INPUT,
    TABLE,
    TABLE_WITH_TABS,
    Samples,
    example,
    from_files,
    from_input,
    from_table,
    without_mate,
)
from ..create.texts import INTERFACE, SCHEMA, SCHEMAS, Result
from ..errors import LooperError, Place, Problem, Problems, ProjectError, harmless, near
from ..messages import complain, note, show, warn
from ..plan.planner import plan_project
from ..show.plans import plan_text
from . import DONE

_MOST_COLUMNS = 12
"""The greatest number of columns that a question names."""


def execute(arguments: Namespace) -> int:
    """Write the files; print them, the plan, and the command that runs the project."""
    folder = Path(os.path.abspath(arguments.output))
    project = _asked_for(arguments, folder)
    written = write_project(project, folder)
    try:
        plan = plan_project(folder / LOOPER_CONFIG)
    except LooperError as error:
        remove(written)
        raise _at_the_command(error, folder, arguments) from None
    warn(*plan.warnings)
    for name in dict.fromkeys(_shown(path, folder) for path in written):
        show(name)
    show(f"\n{plan_text(plan).rstrip()}\n")
    place = os.path.relpath(folder)
    step = "" if place == "." else f"cd {shlex.quote(place)} && "
    show(f"Run it:  {step}snakemake-looper run")
    return DONE


def _shown(path: Path, folder: Path) -> str:
    """A path as it is listed; the folder for a schema, since nobody needs to read it."""
    schemas = folder / SCHEMAS
    return f"{os.path.relpath(schemas)}/" if path.parent == schemas else os.path.relpath(path)


def _asked_for(arguments: Namespace, folder: Path) -> NewProject:
    """The project that was asked for.

    Raises:
        ProjectError: an argument or a table has a fault, or a file is in the way.
    """
    problems = Problems()
    results = read_results(arguments.results or [], problems)
    if arguments.template is not None and not arguments.template.strip():
        problems.add("--command", "", "is empty; write a command, or leave it out")
    if arguments.table and arguments.files:
        problems.add("--files", "", "stands beside a table; leave one of them out")
        problems.raise_if_any()
    is_example = not arguments.table and not arguments.files
    samples = _samples(arguments, folder, problems)
    problems.raise_if_any()
    if is_example and not arguments.template and not results:
        results = [Result("lines", "integer")]
    project = new_project(samples, arguments.template, results, arguments.pipeline)
    check_free(project, folder, problems)
    problems.raise_if_any()
    return project


def _samples(arguments: Namespace, folder: Path, problems: Problems) -> Samples:
    if arguments.files:
        made = from_files(arguments.files, folder, problems)
        if alone := without_mate(made):
            note(
                f"{alone} has no mate, so each file is a sample;"
                " for a sample of each pair, choose only pairs with --files"
            )
        return made
    if not arguments.table:
        return example()
    if arguments.table == "-":
        found = from_input(sys.stdin.buffer.read(), folder, arguments.name_column, problems)
    else:
        table = Path(arguments.table)
        ask = partial(_ask, arguments) if sys.stdin.isatty() and sys.stdout.isatty() else None
        found = from_table(table, folder, arguments.name_column, problems, ask)
    if not arguments.name_column and found.name_column != NAME:
        note(
            f"the samples are called by their column '{found.name_column}';"
            " --name-column chooses another one"
        )
    return found


def _ask(arguments: Namespace, columns: Sequence[str], proposal: str) -> str:
    """Ask for the column with the samples' names until the answer is one of the columns.

    Raises:
        LooperError: the user stopped.
    """
    listed = ", ".join(columns[:_MOST_COLUMNS]) + ", …" * (len(columns) > _MOST_COLUMNS)
    question = harmless(f"Which column has the samples' names: {listed}? [{proposal}] ")
    try:
        while (answer := input(question).strip() or proposal) not in columns:
            complain(f"'{answer}' is no column of {arguments.table}{near(answer, columns)}")
    except (KeyboardInterrupt, EOFError):
        show("")
        raise LooperError("nothing was written: no column was chosen") from None
    arguments.name_column = answer
    return answer


def _at_the_command(error: LooperError, folder: Path, arguments: Namespace) -> LooperError:
    """The error with places that the user can edit: the files are not there any more."""
    if not isinstance(error, ProjectError):
        return error
    typed = {INTERFACE: "--command", SCHEMA: "--results"}
    if arguments.table == "-":
        typed |= dict.fromkeys((TABLE, TABLE_WITH_TABS), STANDARD_INPUT)
    places = {str(folder / name): place for name, place in typed.items()}
    problems = []
    for one in error.problems:
        file, _, line = str(one.place).partition(":")
        place = places.get(file)
        if place == STANDARD_INPUT:
            one = Problem(Place(place, int(line or 0)), one.key, one.message)
        elif place is not None:
            one = Problem(Place(place), "", one.message)
        problems.append(one)
    return ProjectError(problems, error.warnings)

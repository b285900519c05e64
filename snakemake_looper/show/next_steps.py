"""The last lines of a run: the places of its results, and the commands that come next.

Paths and commands can be copied: paths are relative to the folder that the user is in, and a
command names the looper config if it would not find it from there.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ..read.first_config import LOOPER_CONFIG
from ..results.places_of_results import places_of_results
from ..run.outcome import Outcome
from ..workspace.job_table import JobTable
from ..workspace.rows import Facts

_PROGRAM = "snakemake-looper"
_PROGRAMS = (_PROGRAM, "snakemake")
_MOST_PLACES = 4
_LONGEST = 160
"""Characters of a command that is shown again."""


def next_steps(
    table: JobTable, workdir: Path, outcome: Outcome, failed: Sequence[str], folder: Path
) -> list[str]:
    """The lines to print.

    Args:
        table: the jobs of the project.
        workdir: Snakemake's working directory.
        outcome: how the run ended.
        failed: the names of failed records.
        folder: the folder that the user is in.
    """
    lines = []
    if outcome.state == "interrupted":
        count = f"{outcome.completed} of {outcome.planned} done"
        lines.append(f"interrupted: {count}; go on with: {_again(sys.argv)}")
    places = [shown_from(folder, one) for one in places_of_results(table, workdir)]
    if places:
        more = f" and {len(places) - _MOST_PLACES} more" if places[_MOST_PLACES:] else ""
        lines.append(f"results: {', '.join(places[:_MOST_PLACES])}{more}")
    elif not any(one.schema for one in table.stores()):
        lines.append(f"output: {shown_from(folder, str(table.facts.output_dir))}")
    given = _options(table.facts, folder)
    if failed:
        log, rerun = (
            shlex.join([_PROGRAM, *words, *given]) for words in (["log", failed[0]], ["rerun"])
        )
        lines.append(f"next: {log}" + ("" if outcome.state == "interrupted" else f"; then {rerun}"))
    elif outcome.state != "interrupted":
        commands = ["table", "report"] if places else ["check"]
        named = (shlex.join([_PROGRAM, one, *given]) for one in commands)
        lines.append(f"next: {', or '.join(named)}")
    return lines


def shown_from(folder: Path, place: str) -> str:
    """A path as it is typed in a folder; another place as it is."""
    if not os.path.isabs(place):
        return place
    relative = os.path.relpath(place, folder)
    return min(place, relative, key=len) if relative.startswith("../..") else relative


def _again(argv: Sequence[str]) -> str:
    """The command line, if it can be typed again."""
    name = os.path.basename(argv[0]) if argv else ""
    text = shlex.join([name, *argv[1:]])
    return text if name in _PROGRAMS and len(text) <= _LONGEST else "the same command"


def _options(facts: Facts, folder: Path) -> list[str]:
    """The options with which another command finds the project, and the results of this run."""
    config = facts.looper_config
    near = next((one for one in (folder, *folder.parents) if (one / LOOPER_CONFIG).is_file()), None)
    is_found = near is not None and near / LOOPER_CONFIG == config
    words = [] if is_found else ["--config", shown_from(folder, str(config))]
    return [*words, *(["--amend", *facts.amendments] if facts.amendments else [])]

"""The last lines of a run: the places of its results, and the commands that come next.

Paths and commands can be copied: paths are relative to the folder that the user is in, and a
command names the looper config if it would not find it from there.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..read.first_config import LOOPER_CONFIG
from ..results.places_of_results import places_of_results
from ..run.outcome import Outcome
from ..workspace.job_table import JobTable
from ..workspace.rows import Facts

_PROGRAM = "snakemake-looper"
_PROGRAMS = (_PROGRAM, "snakemake")
_FLAGS = ("--use-looper-config", "--logger-looper-use-looper-config")
"""Both spellings of the option."""
_KEPT = ("-o", "--output-dir", "--pep-config")
"""Options without which another command would look at other results."""
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
    lines += _commands(outcome, failed, bool(places), _options(table.facts, folder))
    return lines


def _commands(
    outcome: Outcome, failed: Sequence[str], has_results: bool, given: Sequence[str]
) -> list[str]:
    """The line with the commands that come next; none after an interrupt without failures."""

    def ours(*words: str) -> str:
        return shlex.join([_PROGRAM, *words, *given])

    is_interrupted = outcome.state == "interrupted"
    if failed:
        again = ours("rerun") if _is_plain_run(sys.argv) else _again(sys.argv)
        return [f"next: {ours('log', failed[0])}" + ("" if is_interrupted else f"; then {again}")]
    if is_interrupted:
        return []
    commands = ("table", "report") if has_results else ("check",)
    return [f"next: {', or '.join(map(ours, commands))}"]


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


def _is_plain_run(argv: Sequence[str]) -> bool:
    """Whether it is a run of a looper config, and not of a workflow with its own Snakefile."""
    name = os.path.basename(argv[0]) if argv else ""
    return name == _PROGRAM or any(word.startswith(_FLAGS) for word in argv)


def _options(facts: Facts, folder: Path) -> list[str]:
    """The options with which another command finds the project, and the results of this run."""
    config = facts.looper_config
    near = next((one for one in (folder, *folder.parents) if (one / LOOPER_CONFIG).is_file()), None)
    is_found = near is not None and near / LOOPER_CONFIG == config
    words = [] if is_found else ["--config", shown_from(folder, str(config))]
    words += ["--amend", *facts.amendments] if facts.amendments else []
    return [*words, *_kept(sys.argv)]


def _kept(argv: Sequence[str]) -> Iterator[str]:
    """The typed options that the next command needs, too."""
    if os.path.basename(argv[0] if argv else "") != _PROGRAM:
        return
    for word, value in zip(argv, [*argv[1:], ""], strict=True):
        if word == "--":
            return
        if word in _KEPT:
            yield from (word, value)
        elif word.partition("=")[0] in _KEPT:
            yield word

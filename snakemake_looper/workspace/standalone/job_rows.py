"""The table of jobs, `config/jobs.tsv`: a row for each job, for people to read and edit.

    rule                sample  command                          inputs           mem_mb
    count_lines_sample  frog_1  python <pipelines>/… frog.txt …  data/frog_1.txt  2000

A job of the whole project has no sample. Columns that no job needs are left out, and so are numbers
that all jobs of a rule share: these are in the rule. Cells with tabs, quotes or line breaks are
quoted as the `csv` module of Python, pandas and spreadsheets do. Lists of paths and of environment
variables are quoted as in a shell.
"""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Callable, Mapping, Sequence

from ...model import Job
from ..structure import RuleStructure
from .relocation import Relocation

_FIRST = ("rule", "sample", "command")
_Cell = Callable[[Job], str]


def table_text(
    jobs: Sequence[Job], rules: Mapping[str, RuleStructure], relocation: Relocation
) -> str:
    """The table as text.

    Args:
        jobs: the jobs, in the order of the rows.
        rules: the rules of these jobs, by name.
        relocation: the new places of the project's files.
    """
    cells = _cells(rules, relocation)
    rows = [{name: cell(job) for name, cell in cells.items()} for job in jobs]
    columns = [name for name in cells if name in _FIRST or any(row[name] for row in rows)]
    return _line(columns) + "".join(_line([row[name] for name in columns]) for row in rows)


def _line(cells: Sequence[str]) -> str:
    """A row as text. Both signs of this line end make `csv` quote a cell: it reads both as an end."""
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _cells(rules: Mapping[str, RuleStructure], relocation: Relocation) -> dict[str, _Cell]:
    """A function for each column that makes the cell of a job."""
    resources = sorted(
        {one.name for rule in rules.values() for one in rule.resources if one.value is None}
    )
    cells: dict[str, _Cell] = {
        "rule": lambda job: job.rule,
        "sample": lambda job: job.record if job.level == "sample" else "",
        "command": lambda job: _without_end(relocation.text(job.command)),
        "inputs": lambda job: shlex.join(map(relocation.input, job.inputs)),
        "environment": lambda job: _environment(job, relocation),
        "threads": lambda job: str(job.threads) if rules[job.rule].threads is None else "",
        "container": lambda job: (
            relocation.image(job.container)
            if job.container and rules[job.rule].containers_differ
            else ""
        ),
    }
    return cells | {name: _resource(name, rules) for name in resources}


def _resource(name: str, rules: Mapping[str, RuleStructure]) -> _Cell:
    differing = {
        rule.name
        for rule in rules.values()
        if any(one.name == name and one.value is None for one in rule.resources)
    }
    # Executors take these for "not requested".
    nothing = "" if name.startswith("slurm_") else "0"
    return lambda job: str(job.resources.get(name, nothing)) if job.rule in differing else ""


def _environment(job: Job, relocation: Relocation) -> str:
    return shlex.join(f"{name}={relocation.text(value)}" for name, value in job.env.items())


def _without_end(command: str) -> str:
    """A command without blanks at its end, which folded YAML and looper's templates leave.

    A blank behind a backslash is no end.
    """
    found = command.rstrip(" \n")
    return command if found.endswith("\\") else found

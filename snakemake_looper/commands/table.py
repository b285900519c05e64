"""`snakemake-looper table`: write the results as tables, or as one table to a file or the screen."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..errors import Problems, near
from ..files import write_atomic
from ..messages import show, warn
from ..results.records import read_results
from ..results.table import FORMATS, remarks, text, write_tables
from ..results.unread import unread_records
from . import DONE
from .project import open_jobs, say_no_pipestat

_ENDINGS = {f".{kind}": kind for kind in FORMATS} | {".md": "markdown"}


def execute(arguments: Namespace) -> int:
    """Write the tables and print their paths; or write or print one table of all pipelines."""
    kind = _format(arguments)
    with open_jobs(arguments) as table:
        results = read_results(table, table.facts.workdir)
        unread = unread_records(table, table.facts.workdir)
        amendments = table.facts.amendments
        folder = Path(arguments.report_dir or table.facts.output_dir)
    if not results:
        return say_no_pipestat(arguments)
    warn(*unread, *remarks(results))
    if arguments.output:
        _write(Path(arguments.output), text(results, kind, arguments.raw))
        show(arguments.output)
    elif kind:
        show(text(results, kind, arguments.raw), end="")
    else:
        for path in write_tables(results, folder, amendments, arguments.raw):
            show(path)
    return DONE


def _write(path: Path, content: str) -> None:
    if path.exists() and not path.is_file():  # as /dev/stdout: a pipe is not to be replaced
        path.write_text(content, encoding="utf-8")
    else:
        write_atomic(path, content)


def _format(arguments: Namespace) -> str:
    """The format of the one table; empty if each pipeline has files of its own.

    Raises:
        ProjectError: no format is known for the ending of the file.
    """
    if arguments.format or not arguments.output:
        return arguments.format or ""
    ending = Path(arguments.output).suffix
    if ending.lower() not in _ENDINGS:
        problems = Problems()
        known = ", ".join(ending for ending in _ENDINGS)
        problems.add(
            "--output", "", f"'{arguments.output}' has no ending that names a format"
            f"{near(ending, _ENDINGS)}; write one of {known}, or add --format",
        )  # fmt: skip
        problems.raise_if_any()
    return _ENDINGS[ending.lower()]

"""`snakemake-looper table`: write the results as tables, or as one table to a file or the screen."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ..cli_options import options_of
from ..errors import Problems, near
from ..files import write_atomic
from ..messages import note, show, warn
from ..results.printed_table import text
from ..results.project_records import Records, project_records
from ..results.records import read_results
from ..results.table import remarks, write_tables
from ..results.table_formats import FORMATS
from ..results.unread import unread_records
from . import DONE
from .project import open_jobs, say_no_pipestat

_ENDINGS = {f".{kind}": kind for kind in FORMATS} | {".md": "markdown"}


def execute(arguments: Namespace) -> int:
    """Write the tables and print their paths; or write or print one table of all pipelines."""
    kind = _format(arguments)
    return _one_table(arguments, kind) if kind else _tables(arguments)


def _tables(arguments: Namespace) -> int:
    with open_jobs(arguments) as table:
        results = read_results(table, table.facts.workdir)
        unread = unread_records(table, table.facts.workdir)
        amendments = table.facts.amendments
        folder = Path(arguments.report_dir or table.facts.output_dir)
    if not results:
        return say_no_pipestat(arguments)
    warn(*unread, *remarks(results))
    for path in write_tables(results, folder, amendments, arguments.raw):
        show(path)
    return DONE


def _one_table(arguments: Namespace, kind: str) -> int:
    with open_jobs(arguments) as table:
        records = project_records(table, options_of(arguments), arguments.with_samples)
    if not records.result_names:
        return say_no_pipestat(arguments)
    warn(*records.warnings)
    if arguments.wide:
        _note_project_level(records)
    content = text(records, kind, arguments.raw, arguments.wide)
    if arguments.output:
        _write(Path(arguments.output), content)
        show(arguments.output)
    else:
        show(content, end="")
    return DONE


def _note_project_level(records: Records) -> None:
    """Say which pipelines have no columns, if there is something that the table does not show."""
    has_samples = any(one.level == "sample" for one in records)
    pipelines = [
        one.pipeline
        for one in records
        if one.level == "project" and (one.results or not has_samples)
    ]
    if pipelines:
        named = ", ".join(dict.fromkeys(pipelines))
        note(
            f"rows of samples have no results of the project level ({named});"
            " leave out --wide to see these"
        )


def _write(path: Path, content: str) -> None:
    if path.exists() and not path.is_file():  # as /dev/stdout: a pipe is not to be replaced
        path.write_text(content, encoding="utf-8")
    else:
        write_atomic(path, content)


def _format(arguments: Namespace) -> str:
    """The format of the one table; empty if each pipeline has files of its own.

    Looper's files have neither attributes nor a row for a sample. So options that ask for these
    print a table.

    Raises:
        ProjectError: no format is known for the ending of the file.
    """
    if arguments.format or not arguments.output:
        printed = "tsv" if arguments.wide or arguments.with_samples else ""
        return arguments.format or printed
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

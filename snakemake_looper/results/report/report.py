"""A project's results as web pages: a folder of plain HTML, or one zip that opens anywhere.

    results and statuses ─> pages with cells ─> texts of files ─> a new folder, renamed (or a zip)
        LevelReport          LevelPages           documents          report_files

This package writes the pages itself. pipestat 0.13.1's builder leaves out records beyond the
1,000th and records without results, puts values into HTML without escaping them, loads its tables
from six other sites, writes records `A` and `a` into one file, and takes time quadratic in the
number of records (quirk 23). The pages here need no network. Only sorting and filtering need
JavaScript.

Each pipeline and level has a folder with a table (`index.html`), its images, and one page per
record. All pages of a level are in one folder, so a link is right on all of them and is made once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jinja2

from ...errors import one_line
from ...layout import report_folder
from ...read.schemas.output_schema import DeclaredResult, FileKind, OutputSchemaError
from ...status.reasons import tail
from ...status_words import FAILURES, NOT_RUN, order
from ...version import __version__
from ...workspace.job_table import JobTable
from ..records import Results, read_results
from ..removed import NOT_IN_TABLE, removed_records
from ..schema_check import declared_results
from ..statuses import RecordStatus, read_statuses
from .report_files import Documents, FileNames, LinkedFiles, write_folder, write_zip
from .report_values import Cell, Link, cells_of

_TEMPLATES = Path(__file__).with_name("templates")
_ASSETS = ("report.css", "report.js")
_LINES_OF_LOG = 20
"""Lines of the log that the page of a failed record has."""
_MOST_TROUBLE = 20
"""Failed and partial records that the index page lists."""


class Failure(NamedTuple):
    """Why a record failed or was interrupted."""

    reason: str
    last_lines: Sequence[str]
    """The end of its log."""


@dataclass(frozen=True, slots=True)
class LevelReport:
    """Results and statuses of one pipeline at one level, as they were read."""

    pipeline: str
    level: Literal["sample", "project"]
    schema: Path | None
    """The pipeline's output schema."""
    records: Mapping[str, Mapping[str, Any]]
    """Results of each record, without pipestat's bookkeeping."""
    statuses: Mapping[str, str]
    """The status of each record, also of records without results."""
    logs: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)
    """Remarks on records, for example that results are of an earlier run."""
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """Why records failed or were interrupted."""


class RecordPage(NamedTuple):
    """A record with its results as cells."""

    name: str
    file: str
    """The name of its page, in the folder of its level."""
    status: str
    log: Cell
    results: Mapping[str, Sequence[Cell]]
    note: str = ""
    failure: Failure | None = None


class LevelPages(NamedTuple):
    """The pages of one pipeline at one level, and the columns of their table."""

    report: LevelReport
    folder: str
    records: Sequence[RecordPage]
    descriptions: Mapping[str, str]
    """Descriptions of results, from the output schema."""
    columns: Sequence[str]
    """All results that a record reported: those of the schema first, in its order."""
    numbers: frozenset[str]
    """Columns with a number."""
    images: Sequence[str]
    """Columns with an image."""
    counts: Mapping[str, int]
    """How many records have each status, in the order in which statuses are shown."""


def write_report(
    table: JobTable,
    folder: Path | None = None,
    portable: bool = False,
    read: Sequence[Results] | None = None,
) -> Path:
    """Write the report of a plan's project as it is now.

    A project without results, as without pipestat, gets a report of its statuses and logs.

    Args:
        table: the job table of the plan.
        folder: where the report goes; pipestat's place for it if None.
        portable: write one zip, see `write_pages`.
        read: the project's results, if the caller has read them.

    Returns:
        The index page, or the zip.

    Raises:
        LooperError: results cannot be read, or the folder holds something else.
        OSError: see `write_pages`.
    """
    facts = table.facts
    results = {(one.pipeline, one.level): one for one in read or read_results(table, facts.workdir)}
    statuses: dict[tuple[str, str], list[RecordStatus]] = {}
    known = read_statuses(table, facts.workdir, why=True, times=True)
    for one in (*known, *removed_records(table, facts.workdir, known)):
        statuses.setdefault((one.pipeline or "(none)", one.level), []).append(one)
    levels = [
        _level_report(key, results.get(key), statuses.get(key, []), facts.workdir)
        for key in dict.fromkeys((*statuses, *results))
    ]
    where = folder or report_folder(facts.output_dir, facts.amendments)
    inside = (facts.looper_config.parent, facts.rundir, facts.output_dir)
    return write_pages(levels, where, facts.project_name, facts.rundir, portable, inside)


def _level_report(
    key: tuple[str, str], results: Results | None, statuses: Sequence[RecordStatus], workdir: Path
) -> LevelReport:
    pipeline, level = key
    return LevelReport(
        pipeline,
        "project" if level == "project" else "sample",
        Path(results.schema) if results and results.schema else None,
        results.records if results else {},
        {one.record: one.status for one in statuses},
        {one.record: str(workdir / one.log) for one in statuses if one.log},
        {
            **{one.record: one.reason for one in statuses if one.reason == NOT_IN_TABLE},
            **(results.notes if results else {}),
        },
        {one.record: _failure(one, workdir) for one in statuses if one.status in FAILURES},
    )


def _failure(one: RecordStatus, workdir: Path) -> Failure:
    return Failure(one.reason, [one_line(line) for line in tail(workdir / one.log, _LINES_OF_LOG)])


def write_pages(
    levels: Sequence[LevelReport],
    folder: Path,
    project_name: str,
    root: Path,
    portable: bool = False,
    inside: Sequence[Path] = (),
) -> Path:
    """Write the report of a project.

    Args:
        levels: results and statuses; each pipeline and level once.
        folder: the report's folder. An existing report there is replaced as a whole.
        project_name: the title.
        root: relative paths of results and logs are relative to this folder.
        portable: write `<folder>.zip` instead, with the files that the pages show and link to.
        inside: a zip has no files from outside these folders; `root` if none is given.

    Returns:
        The index page, or the zip.

    Raises:
        ReportError: the folder holds something else.
        OSError: something cannot be written, or a file of a portable report cannot be read.
        ValueError: a pipeline and level is given twice.
    """
    if len({(one.pipeline, one.level) for one in levels}) < len(levels):
        raise ValueError("a report has each pipeline and level once")
    folder = Path(os.path.abspath(folder))
    if folder.is_symlink():  # a link to a web server's folder stays a link
        folder = folder.resolve()
    files = LinkedFiles(os.path.abspath(root), str(folder), portable, inside or (root,))
    documents = _documents(levels, project_name, files)
    return (write_zip if portable else write_folder)(folder, documents, files)


# --- pages ----------------------------------------------------------------------------------------


def _level_pages(report: LevelReport, folder: str, files: LinkedFiles) -> LevelPages:
    declared = _declared(report)
    descriptions = {name: one.description for name, one in declared.items()}
    records = _record_pages(report, declared, partial(files.link, folder))
    reported = dict.fromkeys(key for record in records for key in record.results)
    columns = [key for key in declared if key in reported]
    columns += [key for key in reported if key not in declared]
    kinds = {
        (key, cell.kind)
        for record in records
        for key, cells in record.results.items()
        for cell in cells
    }
    numbers = frozenset(key for key, kind in kinds if kind == "number")
    images = [key for key in columns if (key, "image") in kinds]
    return LevelPages(
        report, folder, records, descriptions, columns, numbers, images, _counts(records)
    )


def _declared(report: LevelReport) -> Mapping[str, DeclaredResult]:
    try:
        return declared_results(str(report.schema) if report.schema else None, report.level)
    except (OSError, OutputSchemaError):
        return {}  # the assembly warns of it, and a report can be written without it


def _record_pages(
    report: LevelReport, declared: Mapping[str, DeclaredResult], link: Link
) -> list[RecordPage]:
    names = FileNames("index", "images")
    return [
        RecordPage(
            record,
            f"{names.name(record)}.html",
            report.statuses.get(record, NOT_RUN),
            _log_cell(report.logs.get(record, ""), link),
            {
                str(key): cells_of(value, _file_kind(declared, str(key)), link)
                for key, value in (report.records.get(record) or {}).items()
            },
            report.notes.get(record, ""),
            report.failures.get(record),
        )
        for record in dict.fromkeys((*report.statuses, *report.records))
    ]


def _file_kind(declared: Mapping[str, DeclaredResult], name: str) -> FileKind:
    return declared[name].file_kind if name in declared else ""


def _log_cell(path: str, link: Link) -> Cell:
    href = link(path) if path else ""
    return Cell("file" if href else "missing" if path else "empty", "log", href=href, path=path)


def _counts(records: Iterable[RecordPage]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for record in records:
        counts[record.status] = counts.get(record.status, 0) + 1
    return {status: counts[status] for status in sorted(counts, key=order)}


# --- texts of files -------------------------------------------------------------------------------


def _documents(reports: Sequence[LevelReport], project_name: str, files: LinkedFiles) -> Documents:
    """Every file of the report, one after the other: record pages are not kept in memory."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        project=project_name, version=__version__, written=time.strftime("%Y-%m-%d %H:%M"),
        order=order, absent="not included" if files.portable else "not found",
    )  # fmt: skip
    for name in _ASSETS:
        yield f"assets/{name}", (_TEMPLATES / name).read_text(encoding="utf-8")
    names = FileNames()
    folders = {name: names.name(name) for name in dict.fromkeys(one.pipeline for one in reports)}
    levels = []
    for report in reports:
        folder = f"pipelines/{folders[report.pipeline]}/{report.level}"
        level = _level_pages(report, folder, files)
        levels.append(level)
        yield from _documents_of_level(level, environment)
    trouble = [
        (level, record, _log_cell(record.log.path, partial(files.link, "")))
        for level in levels
        for record in level.records
        if record.status in FAILURES
    ]
    shown, more = trouble[:_MOST_TROUBLE], len(trouble) - _MOST_TROUBLE
    index = environment.get_template("index.html")
    yield "index.html", index.render(home="", levels=levels, trouble=shown, more=more)


def _documents_of_level(level: LevelPages, environment: jinja2.Environment) -> Documents:
    render = {
        name: environment.get_template(f"{name}.html").render
        for name in ("records", "images", "record")
    }
    common = {"home": "../../../", "level": level}
    yield f"{level.folder}/index.html", render["records"](**common)
    if level.images:
        yield f"{level.folder}/images.html", render["images"](**common)
    neighbours = [None, *level.records, None]
    for before, record, after in zip(neighbours, level.records, neighbours[2:], strict=False):
        text = render["record"](**common, record=record, previous=before, following=after)
        yield f"{level.folder}/{record.file}", text

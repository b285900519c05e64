"""The pages of a report as values: records with their results as cells, columns, counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ...read.schemas.output_schema import DeclaredResult, FileKind, OutputSchemaError
from ...status_words import NOT_RUN, order
from ..schema_check import declared_results
from .report_files import FileNames, LinkedFiles
from .report_levels import Failure, LevelReport
from .report_values import Cell, Link, cells_of


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


def level_pages(report: LevelReport, folder: str, files: LinkedFiles) -> LevelPages:
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
            log_cell(report.logs.get(record, ""), link),
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


def log_cell(path: str, link: Link) -> Cell:
    href = link(path) if path else ""
    return Cell("file" if href else "missing" if path else "empty", "log", href=href, path=path)


def _counts(records: Iterable[RecordPage]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for record in records:
        counts[record.status] = counts.get(record.status, 0) + 1
    return {status: counts[status] for status in sorted(counts, key=order)}

"""The pages of a report as values: records with their results as cells, columns, counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ...read.schemas.output_schema import DeclaredResult, FileKind, OutputSchemaError
from ...status_words import NOT_RUN, order
from ..removed import NOT_IN_TABLE
from ..schema_check import declared_results
from .report_files import FileNames, LinkedFiles
from .report_levels import Failure, LevelReport
from .report_spread import Spread, spread_of
from .report_values import TIMES, Cell, Link, cells_of, cells_of_times, plain_cell


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
    earlier: frozenset[str] = frozenset()
    """Names of results that are of an earlier run."""
    times: Mapping[str, Cell] = {}
    """`Started`, `Took` and `Memory`, as far as they are known."""
    attributes: Mapping[str, Sequence[Cell]] = {}
    """The attributes of the sample."""

    @property
    def has_left(self) -> bool:
        """Whether its sample left the sample table."""
        return self.note == NOT_IN_TABLE

    @property
    def remark(self) -> str:
        """The note, without the status that stands beside it."""
        return self.note.removeprefix(f"{self.status}; ")


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
    spreads: Mapping[str, Spread]
    """The distributions of columns with numbers."""
    times: Sequence[str]
    """The columns of times that a record has."""
    attributes: Sequence[str]
    """All attributes that a sample has."""


def level_pages(
    report: LevelReport, folder: str, files: LinkedFiles, seen_from: str | None = None
) -> LevelPages:
    """The pages of a level in a folder of the report.

    Args:
        seen_from: the folder that links to files start from, if it is another one.
    """
    declared = _declared(report)
    descriptions = {name: one.description for name, one in declared.items()}
    here = folder if seen_from is None else seen_from
    records = _record_pages(report, declared, partial(files.link, here))
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
    known = {name for record in records for name in record.times}
    return LevelPages(
        report=report,
        folder=folder,
        records=records,
        descriptions=descriptions,
        columns=columns,
        numbers=numbers,
        images=[key for key in columns if (key, "image") in kinds],
        counts=_counts(records),
        spreads=_spreads(records, numbers),
        times=[name for name in TIMES if name in known],
        attributes=list(dict.fromkeys(key for record in records for key in record.attributes)),
    )


def _spreads(records: Iterable[RecordPage], numbers: Iterable[str]) -> Mapping[str, Spread]:
    """The distributions of columns: of values of the last run, and of samples in the table."""
    values: dict[str, list[str]] = {key: [] for key in numbers}
    for record in records:
        if not record.has_left:
            for key in values.keys() & record.results.keys() - record.earlier:
                values[key] += [one.text for one in record.results[key] if one.kind == "number"]
    found = ((key, spread_of(texts)) for key, texts in values.items())
    return {key: spread for key, spread in found if spread}


def _declared(report: LevelReport) -> Mapping[str, DeclaredResult]:
    try:
        return declared_results(str(report.schema) if report.schema else None, report.level)
    except (OSError, OutputSchemaError):
        return {}  # the assembly warns of it, and a report can be written without it


def _record_pages(
    report: LevelReport, declared: Mapping[str, DeclaredResult], link: Link
) -> list[RecordPage]:
    """All records of a level, those that are planned first."""
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
            report.earlier.get(record, frozenset()),
            cells_of_times(*report.times.get(record, ())),
            {
                str(key): (plain_cell(value),)
                for key, value in report.attributes.get(record, {}).items()
            },
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

"""The pages of a report as values: records with their results as cells, columns, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, overload

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


class RecordPages(Sequence[RecordPage]):
    """The records of a level, those that are planned first.

    A record's cells are made when it is asked for: all at once would take a gigabyte for 100,000.
    """

    def __init__(
        self, report: LevelReport, declared: Mapping[str, DeclaredResult], link: Link
    ) -> None:
        """Give each record the name of its page, and make nothing else.

        Args:
            report: results and statuses.
            declared: the results that the output schema declares.
            link: makes links to files.
        """
        self._report, self._declared, self._link = report, declared, link
        names = FileNames("index", "images")
        every = dict.fromkeys((*report.statuses, *report.records))
        self._files = [(record, f"{names.name(record)}.html") for record in every]

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> RecordPage: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordPage]: ...
    def __getitem__(self, index: int | slice) -> RecordPage | list[RecordPage]:
        if isinstance(index, slice):
            return [self._page(*one) for one in self._files[index]]
        return self._page(*self._files[index])

    def __iter__(self) -> Iterator[RecordPage]:
        return (self._page(*one) for one in self._files)

    def with_status(self, statuses: Collection[str]) -> Iterator[RecordPage]:
        """The records that have one of some statuses."""
        return (self._page(*one) for one in self._files if self._status(one[0]) in statuses)

    def reported(self) -> int:
        """How many records have results."""
        return sum(bool(self._report.records.get(record)) for record, _ in self._files)

    def counts(self) -> Mapping[str, int]:
        """How many records have each status, in the order in which statuses are shown."""
        counts = Counter(self._status(record) for record, _ in self._files)
        return {status: counts[status] for status in sorted(counts, key=order)}

    def _status(self, record: str) -> str:
        return self._report.statuses.get(record, NOT_RUN)

    def _page(self, record: str, file: str) -> RecordPage:
        report, link = self._report, self._link
        return RecordPage(
            record,
            file,
            self._status(record),
            log_cell(report.logs.get(record, ""), link),
            {
                str(key): cells_of(value, _file_kind(self._declared, str(key)), link)
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


class LevelPages(NamedTuple):
    """The pages of one pipeline at one level, and the columns of their table."""

    report: LevelReport
    folder: str
    records: RecordPages
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
    declared = declared_by(report)
    descriptions = {name: one.description for name, one in declared.items()}
    here = folder if seen_from is None else seen_from
    records = RecordPages(report, declared, partial(files.link, here))
    seen = _Seen()
    for record in records:
        seen.add(record)
    columns = [key for key in declared if key in seen.kinds]
    columns += [key for key in seen.kinds if key not in declared]
    return LevelPages(
        report=report,
        folder=folder,
        records=records,
        descriptions=descriptions,
        columns=columns,
        numbers=frozenset(key for key, kinds in seen.kinds.items() if "number" in kinds),
        images=[key for key in columns if "image" in seen.kinds[key]],
        counts=records.counts(),
        spreads=seen.spreads(),
        times=[name for name in TIMES if name in seen.times],
        attributes=list(seen.attributes),
    )


class _Seen:
    """The facts about the columns of a level, collected record by record."""

    def __init__(self) -> None:
        self.kinds: dict[str, set[str]] = {}
        """The kinds of cells that each column has."""
        self.times: set[str] = set()
        self.attributes: dict[str, None] = {}
        self._numbers: dict[str, list[str]] = {}

    def add(self, record: RecordPage) -> None:
        """Look at a record."""
        for key, cells in record.results.items():
            self.kinds.setdefault(key, set()).update(cell.kind for cell in cells)
            if not record.has_left and key not in record.earlier:
                texts = [cell.text for cell in cells if cell.kind == "number"]
                self._numbers.setdefault(key, []).extend(texts)
        self.times.update(record.times)
        self.attributes |= dict.fromkeys(record.attributes)

    def spreads(self) -> Mapping[str, Spread]:
        """The distributions of columns: of values of the last run, and of samples in the table."""
        found = ((key, spread_of(texts)) for key, texts in self._numbers.items() if texts)
        return {key: spread for key, spread in found if spread}


def declared_by(report: LevelReport) -> Mapping[str, DeclaredResult]:
    """The results that a level's output schema declares; none if it cannot be read."""
    try:
        return declared_results(str(report.schema) if report.schema else None, report.level)
    except (OSError, OutputSchemaError):
        return {}  # the assembly warns of it, and a report can be written without it


def _file_kind(declared: Mapping[str, DeclaredResult], name: str) -> FileKind:
    return declared[name].file_kind if name in declared else ""


def log_cell(path: str, link: Link) -> Cell:
    href = link(path) if path else ""
    return Cell("file" if href else "missing" if path else "empty", "log", href=href, path=path)

"""Records as rows, in three forms: a row for each record, for each sample, or for each result.

Columns have names of three kinds: names of ours, attributes of samples, results. If two columns
would have one name, ours keeps it. An attribute `x` becomes `sample.x`, and a result `x` becomes
`result.x`. In a row for each sample there are columns of several pipelines. There, a name that
several of them have becomes `PIPELINE.x`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .record import Place, Record, attribute_names

SAMPLE_NAME = "sample_name"
"""The column with the sample's name, as in the sample table of a PEP: the key to join with."""


class Rows(NamedTuple):
    """Rows, and the names of their columns, each of them once."""

    head: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Names:
    """Our names in a form: columns before the attributes, and after the results.

    Each is the name of a column, and the field of `Record` that is in it.
    """

    first: Mapping[str, str]
    last: Mapping[str, str]
    number: str = ""
    """The first column of all, which counts the rows; empty if there is none."""

    @property
    def every(self) -> list[str]:
        """The names of all our columns."""
        return [*([self.number] if self.number else []), *self.first, *self.last]


def per_record(
    records: Sequence[Record], results: Mapping[Place, Sequence[str]], names: Names
) -> Rows:
    """A row for each record. Pipelines that report under one name share the column.

    Args:
        records: the records.
        results: the results of each pipeline and level that have a column.
        names: our columns.
    """
    every = list(dict.fromkeys(name for one in results.values() for name in one))
    attributes = attribute_names(records)
    of_results = headings(names.every, every, "result")
    of_attributes = headings([*names.every, *of_results], attributes, "sample")
    known = {place: frozenset(one) for place, one in results.items()}
    rows = []
    for number, one in enumerate(records, start=1):
        mine = known.get((one.pipeline, one.level), frozenset())
        rows.append(
            [
                *([number] if names.number else []),
                *(getattr(one, field) for field in names.first.values()),
                *(one.attributes.get(name) for name in attributes),
                *(one.results.get(name) if name in mine else None for name in every),
                *(getattr(one, field) for field in names.last.values()),
            ]
        )
    first = [*([names.number] if names.number else []), *names.first]
    return Rows([*first, *of_attributes, *of_results, *names.last], rows)


def per_sample(
    records: Sequence[Record],
    results: Mapping[Place, Sequence[str]],
    names: Names,
    order: Mapping[str, int],
) -> Rows:
    """A row for each sample, with the columns of all pipelines. Project-level records have none.

    Args:
        records: the records.
        results: the results of each pipeline and level that have a column.
        names: our columns for each pipeline, before its results and after them.
        order: the place of each sample. Others come last.
    """
    of_samples = [one for one in records if one.level == "sample"]
    columns = [
        column
        for pipeline in dict.fromkeys(one.pipeline for one in of_samples)
        for column in _columns_of(pipeline, results.get((pipeline, "sample"), ()), names)
    ]
    attributes = attribute_names(of_samples)
    of_columns = _wide_headings(columns)
    of_attributes = headings([SAMPLE_NAME, *of_columns], attributes, "sample")
    found: dict[str, dict[str, Record]] = {}
    for one in of_samples:
        found.setdefault(one.record, {})[one.pipeline] = one
    last = max(order.values(), default=0) + 1
    rows = []
    for name in sorted(found, key=lambda name: order.get(name, last)):
        mine = found[name]
        values = next(iter(mine.values())).attributes
        cells = [column.value(mine.get(column.pipeline)) for column in columns]
        rows.append([name, *(values.get(attribute) for attribute in attributes), *cells])
    return Rows([SAMPLE_NAME, *of_attributes, *of_columns], rows)


def per_result(records: Sequence[Record], names: Names) -> Rows:
    """A row for each result of each record, also for nested ones.

    Args:
        records: the records.
        names: our columns before the attributes. The last two are `result` and `value`.
    """
    attributes = attribute_names(records)
    last = ["result", "value"]
    of_attributes = headings([*names.first, *last], attributes, "sample")
    rows = []
    for one in records:
        start = [getattr(one, field) for field in names.first.values()]
        start += [one.attributes.get(name) for name in attributes]
        rows += [[*start, name, value] for name, value in one.results.items()]
    return Rows([*names.first, *of_attributes, *last], rows)


def headings(taken: Iterable[str], names: Iterable[str], kind: str) -> list[str]:
    """Names of columns: each as it is, or with the kind in front if it is taken."""
    used = set(taken)
    found = []
    for name in names:
        found.append(_free(name, kind, used))
        used.add(found[-1])
    return found


def _free(name: str, prefix: str, used: set[str]) -> str:
    while name in used:
        name = f"{prefix}.{name}"
    return name


class _WideColumn(NamedTuple):
    pipeline: str
    name: str
    field: str
    """The field of `Record`; empty for a result."""

    def value(self, record: Record | None) -> Any:
        if record is None:
            return None
        return getattr(record, self.field) if self.field else record.results.get(self.name)


def _columns_of(pipeline: str, results: Iterable[str], names: Names) -> list[_WideColumn]:
    return [
        *(_WideColumn(pipeline, name, field) for name, field in names.first.items()),
        *(_WideColumn(pipeline, name, "") for name in results),
        *(_WideColumn(pipeline, name, field) for name, field in names.last.items()),
    ]


def _wide_headings(columns: Sequence[_WideColumn]) -> list[str]:
    """The names of the columns of several pipelines. Ours are given first.

    A result that is called as one of ours is `result.x`, as in the table of records.
    """
    ours = {SAMPLE_NAME, *(one.name for one in columns if one.field)}
    named = {
        one: f"result.{one.name}" if not one.field and one.name in ours else one.name
        for one in columns
    }
    users: dict[str, set[str]] = {}
    for one, name in named.items():
        users.setdefault(name, set()).add(one.pipeline)
    used = {SAMPLE_NAME}
    found: dict[_WideColumn, str] = {}
    for one in sorted(columns, key=lambda one: not one.field):
        name = named[one]
        name = f"{one.pipeline}.{name}" if len(users[name]) > 1 else name
        found[one] = _free(name, one.pipeline, used)
        used.add(found[one])
    return [found[one] for one in columns]

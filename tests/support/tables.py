"""Results as the records that a table is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from snakemake_looper.results.printed_table import text
from snakemake_looper.results.project_records import Records
from snakemake_looper.results.record import joined
from snakemake_looper.results.records import Results
from snakemake_looper.results.statuses import RecordStatus
from snakemake_looper.results.table import result_names


def as_records(
    results: Sequence[Results],
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    more: Sequence[RecordStatus] = (),
    order: Sequence[str] = (),
) -> Records:
    """All of them completed.

    Args:
        results: the results of each pipeline and level.
        attributes: the attributes of each sample.
        more: the statuses of records without results.
        order: the samples, in the order of their table.
    """
    statuses = [
        RecordStatus(one.pipeline, one.level, record, "completed")
        for one in results
        for record in one.records
    ]
    names = {(one.pipeline, one.level): result_names(one) for one in results}
    places = {name: number for number, name in enumerate(order)}
    return Records(tuple(joined(results, [*statuses, *more], attributes)), names, (), places)


def table_text(results: Sequence[Results], kind: str, raw: bool = False) -> str:
    """One table of completed records."""
    return text(as_records(results), kind, raw)

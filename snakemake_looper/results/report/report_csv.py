"""Results as CSV files, for download from the pages: the text that `table --format csv` prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ...status_words import SKIPPED
from ..printed_table import text
from ..project_records import Records
from ..record import joined
from ..records import Results
from ..removed import NOT_IN_TABLE
from ..statuses import RecordStatus
from ..table import result_names


def csv_text(results: Sequence[Results], statuses: Sequence[RecordStatus]) -> str:
    """A table of these pipelines and levels; empty if there is no record with results.

    Args:
        results: the results of each pipeline and level.
        statuses: the statuses of their records. The table has reasons of skipped records only.
    """
    if not any(one.records for one in results):
        return ""
    reported = {(one.pipeline, one.level, name) for one in results for name in one.records}
    plain = [
        one if one.status == SKIPPED else dataclasses.replace(one, reason="")
        for one in statuses
        if one.reason != NOT_IN_TABLE or (one.pipeline, one.level, one.record) in reported
    ]
    names = {(one.pipeline, one.level): result_names(one) for one in results}
    return text(Records(tuple(joined(results, plain)), names), "csv")

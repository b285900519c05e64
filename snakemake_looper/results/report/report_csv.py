"""Results as CSV files, for download from the pages: the text that `table --format csv` prints."""

from __future__ import annotations

from collections.abc import Sequence

from ..records import Results
from ..table import text


def csv_text(results: Sequence[Results]) -> str:
    """A table of these pipelines and levels; empty if there is no record with results."""
    return text(results, "csv") if any(one.records for one in results) else ""

"""The records of one store in the content of a results file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...read.schemas.output_schema import DeclaredResult
from ...workspace.rows import StoreRow
from ..results_file import Records, levels_of
from ..schema_check import declared_results, to_show


def records_in(
    data: Records, row: StoreRow, where: Path, warnings: list[str]
) -> dict[str, dict[str, Any]]:
    """The records of a store in the content of a file, as tables show them."""
    records = levels_of(data, row.pipeline, str(where), warnings).get(row.level, {})
    declared = declared_of(row.schema, row.level)
    return {name: to_show(name, values, declared) for name, values in records.items()}


@lru_cache
def declared_of(schema: str | None, level: str) -> Mapping[str, DeclaredResult]:
    """The results that a pipeline declares for a level; each schema is read once per process."""
    return declared_results(schema, level)

"""A results file: one YAML file of all records, maybe of several pipelines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...files import write_atomic
from ...layout import RECORD
from ..results_file import load, part
from ..yaml_text import dump
from .in_files import records_in
from .store import Load, SharedStore


@dataclass(frozen=True, slots=True)
class ResultsFileStore(SharedStore):
    """Records in the user's results file."""

    record_folder: str | None = None
    """The folder of the files that jobs report into, one for each record, where the results file
    is assembled from these; None if jobs write into the results file themselves."""

    @property
    def path(self) -> Path:
        """The results file."""
        return Path(self.row.location)

    def read(self, warnings: list[str], load: Load = load) -> dict[str, dict[str, Any]]:
        return records_in(load(self.path), self.row, self.path, warnings)

    def names(self) -> Collection[str]:
        return part(load(self.path), self.row.pipeline, self.row.level).keys()

    def delete(self, records: Collection[str]) -> None:
        data = load(self.path)
        for name in records:
            part(data, self.row.pipeline, self.row.level).pop(name, None)
        write_atomic(self.path, dump(data))

    def show(self) -> str:
        return self.row.location

    def record_pattern(self) -> str | None:
        return f"{self.record_folder}/{RECORD}.yaml" if self.record_folder else None

    def shared(self) -> SharedStore | None:
        return self if self.record_folder is None else None

    # --- records that jobs write into the file themselves ---------------------------------------

    @property
    def value_format(self) -> Literal["json", "yaml"]:
        return "yaml"  # values may be dates and more, which JSON does not keep as they are

    def values(self) -> dict[str, dict[str, Any]]:
        records = part(load(self.path), self.row.pipeline, self.row.level)
        return {str(name): dict(one) for name, one in records.items() if isinstance(one, dict)}

    def empty(self, records: Mapping[str, Collection[str] | None]) -> None:
        if not records:
            return
        data = load(self.path)
        known = part(data, self.row.pipeline, self.row.level)
        for name, keys in records.items():
            left = {k: v for k, v in (known.get(name) or {}).items() if keys and k not in keys}
            known.pop(name, None)
            if left:
                known[name] = left
        write_atomic(self.path, dump(data))

    def fill(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        data = load(self.path)
        levels = data.setdefault(self.row.pipeline, {"project": {}, "sample": {}})
        known = levels.get(self.row.level) or {}
        levels[self.row.level] = known
        for name, values in records.items():
            known[name] = {**values, **(known.get(name) or {})}
        write_atomic(self.path, dump(data))

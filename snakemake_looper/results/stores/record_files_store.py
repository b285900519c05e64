"""A file for each record: `results_file_path` with `{record_identifier}`."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...layout import RECORD
from ..parsed_files import ParsedFiles
from ..results_file import ResultsFileError, load, load_record, record_paths
from .in_files import records_in
from .store import Load, Store


@dataclass(frozen=True, slots=True)
class RecordFilesStore(Store):
    """Records in a file each. If a file is damaged, its record is left out with a warning."""

    others: frozenset[str] = frozenset()
    """Other pipelines that report into the same files."""

    def read(self, warnings: list[str], load: Load = load) -> dict[str, dict[str, Any]]:
        found: dict[str, Any] = {}
        parsed = ParsedFiles(self.workdir, os.path.dirname(self.row.location.partition(RECORD)[0]))
        for path in self._files().values():
            try:  # not with the caller's `load`, which may keep all files in memory
                data = load_record(path, self.row.pipeline, self.others, parsed)
                found |= records_in(data, self.row, path, warnings)
            except ResultsFileError as error:
                warnings.append(error.about_record())
        parsed.save()
        return found

    def names(self) -> Collection[str]:
        return self._files().keys()

    def delete(self, records: Collection[str]) -> None:
        for record in records:
            Path(self.row.location.replace(RECORD, record)).unlink(missing_ok=True)

    def show(self) -> str:
        return self.row.location

    def record_pattern(self) -> str | None:
        return self.row.location

    def is_only_record_files(self) -> bool:
        return True

    def _files(self) -> dict[str, Path]:
        """The files that are there, in the order of their names.

        A path may end with the name of the record. Then folders beside the files are no records.

        Raises:
            OSError: their folder cannot be read.
        """
        found = record_paths(self.row.location)
        if not self.row.location.endswith(RECORD):
            return found
        return {record: path for record, path in found.items() if not path.is_dir()}

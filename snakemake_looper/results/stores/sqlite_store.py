"""A SQLite database, filled from a results file: pipestat 0.13 cannot report into SQLite."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import database, sqlite_copy
from ..database_connection import place_of
from .store import CopyStore


@dataclass(frozen=True, slots=True)
class SqliteStore(CopyStore):
    """A results file that is copied to a SQLite database."""

    def refuse(self) -> str | None:
        return database.check(self.config())

    def publish(
        self,
        records: Mapping[str, Mapping[str, Any]],
        statuses: Mapping[str, str],
        unreported: Mapping[str, Iterable[str]],
    ) -> Mapping[str, Any] | None:
        config = self.config()
        # A result that is not given is emptied, so records that report nothing are given empty.
        everything = {**{name: {} for name in unreported}, **records}
        sqlite_copy.publish(config, everything, statuses)
        return sqlite_copy.file_state(config)

    def is_as_it_was(self, state: Mapping[str, Any] | None) -> bool:
        return sqlite_copy.is_as_it_was(self.config(), state)

    def delete(self, records: Collection[str]) -> None:
        database.delete_records(self.config(), records)
        self.source.delete(records)

    def show(self) -> str:
        return "SQLite"

    def place(self) -> str:
        return os.path.relpath(place_of(self.config()), self.workdir)

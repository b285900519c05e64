"""A database server, which jobs report to through pipestat."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .. import database
from ..database_connection import place_of
from ..json_values import plain
from ..results_file import load
from .store import Load, PublishedStore, SharedStore


@dataclass(frozen=True, slots=True)
class ServerStore(SharedStore, PublishedStore):
    """Records in a table of a database server. Without an output schema there is no table.

    When jobs have ended, the status column is brought into agreement with the flags.
    """

    failure = "statuses were not written"

    def refuse(self) -> str | None:
        return database.check(self.config())

    def prepare(self) -> None:
        database.prepare(self.config())

    def read(self, warnings: list[str], load: Load = load) -> dict[str, dict[str, Any]]:
        return {
            name: {
                key: plain(one) if isinstance(one, dict | list) else one for key, one in row.items()
            }
            for name, row in self.values().items()
        }

    def names(self) -> Collection[str]:
        return self.values().keys()

    def delete(self, records: Collection[str]) -> None:
        database.delete_records(self.config(), records)

    def show(self) -> str:
        return "the database"

    def shared(self) -> SharedStore | None:
        return self if self.row.schema is not None else None

    # --- rows of the table, which all records share -----------------------------------------------

    @property
    def value_format(self) -> Literal["json", "yaml"]:
        return "json"

    def values(self) -> dict[str, dict[str, Any]]:
        return database.read_records(self.config()) if self.row.schema is not None else {}

    def empty(self, records: Mapping[str, Collection[str] | None]) -> None:
        if records:
            database.empty_records(self.config(), records)

    def fill(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        database.fill_records(self.config(), records)

    # --- the status column ------------------------------------------------------------------------

    def place(self) -> str:
        return place_of(self.config())

    def read_statuses(self) -> dict[str, str]:
        """The status of each record that has one.

        Raises:
            DatabaseError: the database cannot be used.
        """
        return database.read_statuses(self.config())

    def write_statuses(self, statuses: Mapping[str, str]) -> None:
        """Set the status of records, all or none.

        Raises:
            DatabaseError: the database cannot be used, or the pipeline has no such status.
        """
        database.write_statuses(self.config(), statuses)

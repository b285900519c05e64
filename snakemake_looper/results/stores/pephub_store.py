"""The sample table of a PEP on PEPhub, filled from a results file.

Jobs that report to PEPhub themselves lose results of each other, see `pephub_table`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import pephub_table
from .store import CopyStore


@dataclass(frozen=True, slots=True)
class PephubStore(CopyStore):
    """A results file that is copied to the sample table of a PEP."""

    def refuse(self) -> str | None:
        return pephub_table.check(self.place())

    def publish(
        self,
        records: Mapping[str, Mapping[str, Any]],
        statuses: Mapping[str, str],
        unreported: Mapping[str, Iterable[str]],
    ) -> Mapping[str, Any] | None:
        path = self.place()
        if any(unreported.values()):
            pephub_table.delete_records(path, unreported)
        pephub_table.publish(path, records, statuses)
        return None

    def delete(self, records: Collection[str]) -> None:
        known = self.read([])
        cells = {name: [*known.get(name, {}), pephub_table.STATUS] for name in records}
        pephub_table.delete_records(self.place(), cells)
        self.source.delete(records)

    def show(self) -> str:
        return "PEPhub"

    def place(self) -> str:
        return str(self.config()["pephub_path"])

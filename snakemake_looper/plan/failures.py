"""Faults of single jobs, collected until every job has been tried.

One mistake in an interface usually affects the jobs of all samples. So `Failures` reports it once,
at its line of the interface, with the first record that has it and the number of the others.
"""

from __future__ import annotations

from collections import defaultdict

from ..errors import Place, Problems
from ..model import Interface


class JobError(Exception):
    """A job cannot be planned.

    `key` is the key of the interface that is at fault, as in `pre_submit.python_functions`.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Failures:
    """Collects the `JobError`s of all jobs."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], list[str]] = defaultdict(list)
        """Records that failed, by the place and the message of their fault."""

    def __bool__(self) -> bool:
        return bool(self._records)

    def add(self, interface: Interface, record: str, error: JobError) -> None:
        """Note that a record's job cannot be planned."""
        place = str(_place_of(interface, error.key))
        self._records[place, f"{error.key}: {error}"].append(record)

    def report(self, problems: Problems) -> None:
        """Add one problem for each fault, even if many records have it."""
        for (place, message), records in self._records.items():
            more = f" and {len(records) - 1} more" if len(records) > 1 else ""
            problems.add(place, "", f"{message} (for {records[0]}{more})")


def _place_of(interface: Interface, key: str) -> Place:
    if key == "command_template":
        return interface.template_place
    return interface.places.get(key.partition(".")[0], interface.place)

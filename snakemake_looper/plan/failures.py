"""Faults of single jobs, collected until every job has been tried.

One mistake in an interface usually affects the jobs of all samples. So `Failures` reports it once,
at the line where it is mended, with the first record that has it and the number of the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import Place, Problems
from ..model import Interface, Level

Where = Callable[[], tuple[Place, str]]
"""Finds the place of a fault, and the key there. It reads a file again, so it is called late."""

_UNDEFINED = re.compile(r"\{[^{}]*\} is undefined")


class JobError(Exception):
    """A job cannot be planned.

    `key` is the key of the interface that is at fault, as in `pre_submit.python_functions`.
    """

    def __init__(self, key: str, message: str, where: Where | None = None) -> None:
        super().__init__(message)
        self.key = key
        self.where = where
        self.hopeless = False
        """Whether the other jobs of the interface are not worth while to try."""
        self.more: tuple[JobError, ...] = ()
        """More faults of the same job."""

    def all(self) -> Iterator[JobError]:
        """This fault, and the others of the job."""
        yield self
        yield from self.more


class KnownFault(JobError):
    """The job has a fault that is a problem already."""


class Failures:
    """Collects the `JobError`s of all jobs."""

    def __init__(self) -> None:
        self._records: dict[tuple[Path, Level, str, str], list[str]] = {}
        """Records that failed, by the interface and the kind of their fault."""
        self._known: dict[tuple[Path, Level, str, str], list[str]] = {}
        """The same for known faults. They are reported if there is no other problem after all."""
        self._first: dict[tuple[Path, Level, str, str], tuple[Interface, JobError]] = {}
        self._hopeless: set[tuple[Path, Level]] = set()

    def __bool__(self) -> bool:
        return bool(self._records)

    def add(self, interface: Interface, record: str, error: JobError) -> None:
        """Note that a record's job cannot be planned."""
        for one in error.all():
            if one.hopeless:
                self._hopeless.add((interface.path, interface.level))
            kind = interface.path, interface.level, one.key, _kind(str(one))
            records = self._known if isinstance(one, KnownFault) else self._records
            records.setdefault(kind, []).append(record)
            self._first.setdefault(kind, (interface, one))

    @property
    def noted(self) -> bool:
        """Whether any fault was added, also a known one."""
        return bool(self._first)

    def hopeless(self, interface: Interface) -> bool:
        """Whether a job of the interface took so long to fail that no other one is tried."""
        return (interface.path, interface.level) in self._hopeless

    def report(self, problems: Problems) -> None:
        """Add one problem for each fault, even if many records have it."""
        found = self._records if problems or self._records else self._known
        for kind, records in found.items():
            interface, error = self._first[kind]
            place, key = (
                error.where() if error.where else (_place_of(interface, error.key), error.key)
            )
            more = f" and {len(records) - 1} more" if len(records) > 1 else ""
            problems.add(place, key, f"{error} (for {records[0]}{more})")


def _kind(message: str) -> str:
    """The part of a message that is the same for all records.

    The names that an undefined variable is compared with may differ from sample to sample.
    """
    found = _UNDEFINED.match(message)
    return found[0] if found else message


def _place_of(interface: Interface, key: str) -> Place:
    if key == "command_template":
        return interface.template_place
    return interface.places.get(key.partition(".")[0], interface.place)

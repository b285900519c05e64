"""A store: the place where the records of one pipeline are, at one level.

pipestat has several back ends, and each keeps records in its own way. A `Store` hides which of
them it is. `open_store` makes one from a row of the job table, and is the only function that looks
at the kind of back end.

    ResultsFileStore    one file of all records: jobs write into it, or it is assembled
    RecordFilesStore    a file for each record
    ServerStore         a database server
    SqliteStore         a results file that is copied to a SQLite database
    PephubStore         a results file that is copied to the sample table of a PEP on PEPhub

Three kinds of stores can do more than others:

- A `SharedStore` has records that share one place. Results of one record cannot be set aside by
  renaming a file, so they are taken out and put back.
- A `PublishedStore` gets results or statuses from this package when jobs have ended.
- A `CopyStore` is published by copying a results file.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...errors import LooperError
from ...layout import EARLIER
from ...read.secrets import filled_in
from ...workspace.job_table import store_key
from ...workspace.rows import StoreRow
from ..results_file import Records, load


class StoreError(LooperError):
    """A store cannot be used: one line that says what is wrong and what to do."""


Load = Callable[[Path], Records]
"""Reads a results file. A caller that reads several stores gives one that remembers."""


@dataclass(frozen=True, slots=True)
class Store(ABC):
    """Where the records of one pipeline and level are."""

    row: StoreRow
    workdir: Path
    """Snakemake's working directory."""

    def config(self) -> dict[str, Any]:
        """The merged pipestat config, its secrets filled in; read at each call.

        Raises:
            StoreError: the looper config has changed, and no longer holds a secret.
            OSError: the plan's copy of it cannot be read.
        """
        try:
            return filled_in(self.workdir / self.row.config)
        except (KeyError, TypeError) as error:
            raise StoreError(
                "the looper config has changed and its 'pipestat' section no longer holds a secret"
                " that the plan refers to; start the run again"
            ) from error

    def earlier_file(self, ending: str) -> Path:
        """A file with results of earlier runs of this store, as `.yaml` or `.dropped.json`.

        Before version 0.3 its name depended on where the project lies. Such a file is still used.
        """
        row = self.row
        text = json.dumps([row.pipeline, row.level, row.location, row.published])
        older = hashlib.sha256(text.encode()).hexdigest()[:16]
        folder = self.workdir / EARLIER
        path = folder / f"{store_key(row, self.workdir)}{ending}"
        former = folder / f"{older}{ending}"
        return former if former.is_file() and not path.exists() else path

    def refuse(self) -> str | None:
        """Why jobs' results could not be stored here, in one line; None if they can."""
        return None

    def prepare(self) -> None:
        """Make what jobs report into, where they cannot make it themselves.

        Raises:
            LooperError: it cannot be made.
        """
        return

    @abstractmethod
    def read(self, warnings: list[str], load: Load = load) -> dict[str, dict[str, Any]]:
        """The results of all records, without pipestat's bookkeeping.

        Parts that cannot be read are named in `warnings`, and left out.

        Raises:
            LooperError, OSError: the store as a whole cannot be read.
        """

    @abstractmethod
    def names(self) -> Collection[str]:
        """The names of all records.

        Raises:
            LooperError, OSError: the store cannot be read.
        """

    @abstractmethod
    def delete(self, records: Collection[str]) -> None:
        """Delete records with all that they reported. Unknown names are ignored.

        Raises:
            LooperError, OSError: the store cannot be written to.
        """

    @abstractmethod
    def show(self) -> str:
        """The place in words, for people; without user and password."""

    def record_pattern(self) -> str | None:
        """The path of the file that one job reports into, with `{record_identifier}`; None if
        jobs share their place."""
        return None

    def is_only_record_files(self) -> bool:
        """Whether the store consists of record files: to remove these is to remove the records."""
        return False

    def shared(self) -> SharedStore | None:
        """The store as one whose records share their place; None if each has a file of its own."""
        return None


class SharedStore(Store):
    """A store whose records share one place that jobs write into."""

    __slots__ = ()

    @property
    @abstractmethod
    def value_format(self) -> Literal["json", "yaml"]:
        """The file format that can hold every value of the store."""

    @abstractmethod
    def values(self) -> dict[str, dict[str, Any]]:
        """The results of all records, as they are stored.

        Raises:
            LooperError, OSError: the store cannot be read.
        """

    @abstractmethod
    def empty(self, records: Mapping[str, Collection[str] | None]) -> None:
        """Take results out: for each record those named, or all (None).

        Raises:
            LooperError, OSError: the store cannot be written to.
        """

    @abstractmethod
    def fill(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Put results of records in. Those that a record has already stay as they are.

        Raises:
            LooperError, OSError: the store cannot be written to.
        """


class PublishedStore(Store):
    """A store that gets results or statuses from this package when jobs have ended."""

    __slots__ = ()

    failure: str
    """The message if publishing fails, for example "results were not copied"."""

    @abstractmethod
    def place(self) -> str:
        """The database file, the address of the server or the path on PEPhub, to compare with.

        Raises:
            LooperError: the merged config names none.
        """


@dataclass(frozen=True, slots=True)
class CopyStore(PublishedStore):
    """A results file that is copied to another place, which then has its records and statuses."""

    source: Store
    """The store of the results file."""

    failure = "results were not copied"

    @abstractmethod
    def publish(
        self,
        records: Mapping[str, Mapping[str, Any]],
        statuses: Mapping[str, str],
        unreported: Mapping[str, Iterable[str]],
    ) -> Mapping[str, Any] | None:
        """Bring the copy up to date; records that did not change are not written.

        Args:
            records: for each record its results.
            statuses: for each record, which need not have results, its status.
            unreported: results that records reported once and do not report any more.

        Returns:
            The state of the copy, for `is_as_it_was`; None if it is not known.

        Raises:
            LooperError: the place refuses.
        """

    def is_as_it_was(self, state: Mapping[str, Any] | None) -> bool:
        """Whether the copy still is as `publish` left it. True if only the network could tell.

        Raises:
            LooperError: the merged config names no place.
        """
        return True

    def read(self, warnings: list[str], load: Load = load) -> dict[str, dict[str, Any]]:
        return self.source.read(warnings, load)

    def names(self) -> Collection[str]:
        return self.source.names()

    def record_pattern(self) -> str | None:
        return self.source.record_pattern()

    def is_only_record_files(self) -> bool:
        return self.source.is_only_record_files()

    def shared(self) -> SharedStore | None:
        return self.source.shared()

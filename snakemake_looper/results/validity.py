"""Whether results that a record reported earlier still count.

A record that runs again because something changed must not find its old results: pipestat's
command line does not overwrite a value, and a result that is no longer reported would stay. So
before the first job, earlier results are set aside, and the time of this is kept. This time decides
later whether they count:

    obsolete   the job began and completed since then: only what it reported counts
    current    the flag `completed` is older: the run ended before the job began
    earlier    everything else (failed, interrupted, running): these values count where the new
               attempt has reported none, and readers say that they are of an earlier run
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..status.flags import Flags, stamp_of
from ..workspace.rows import Brief

Validity = Literal["obsolete", "current", "earlier"]


@dataclass(frozen=True, slots=True)
class CountingResults:
    """The results of a record that count now, where earlier ones were set aside."""

    results: Mapping[str, Any] | None
    """None if the record has reported nothing that counts."""
    earlier: frozenset[str] = frozenset()
    """The names of those that are of an earlier run."""


def validity_of(brief: Brief | None, stamp: int, flags: Flags, workdir: Path) -> Validity:
    """Whether results still count that were set aside at a time (ns since the epoch).

    Args:
        brief: the job of the record; None if the plan has no such job.
    """
    if brief is None or flags.word(brief.flag) != "completed":
        return "earlier"
    done, log = stamp_of(workdir / brief.flag), stamp_of(workdir / brief.log)
    # A job empties its log when it begins. A flag alone may have been touched (`--touch`).
    began = log is None or log >= stamp
    return "obsolete" if began and done is not None and done >= stamp else "current"

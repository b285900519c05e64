"""Remarks of `check` on records: those that are out of date, and those that left the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..messages import counted
from ..results.statuses import RecordStatus

_MOST_NAMED = 10


def outdated_notes(records: Sequence[RecordStatus]) -> Iterator[str]:
    """For each pipeline and cause, how many completed records are out of date, and which."""
    completed: dict[str, int] = {}
    causes: dict[tuple[str, str], list[str]] = {}
    for one in records:
        if one.status == "completed":
            completed[one.pipeline] = completed.get(one.pipeline, 0) + 1
        if one.outdated:
            cause, _, _file = one.outdated.partition(": ")
            causes.setdefault((one.pipeline, cause), []).append(one.record)
    for (pipeline, cause), names in causes.items():
        yield (
            f"{pipeline}: {completed[pipeline]} completed, {len(names)} of them out of date:"
            f" {cause} ({_listed(names)})"
        )


def removed_notes(removed: Sequence[RecordStatus]) -> Iterator[str]:
    """How many samples with records are not in the table any more, and how to remove what is left."""
    names = list(dict.fromkeys(one.record for one in removed))
    if names:
        verb = "is" if len(names) == 1 else "are"
        yield (
            f"{counted(len(names), 'sample')} {verb} not in the sample table: {_listed(names)};"
            " 'snakemake-looper destroy --removed' removes what is left"
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

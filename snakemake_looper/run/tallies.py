"""How many of the planned jobs have each status, by pipeline and level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from ..status_words import NOT_RUN
from ..workspace.rows import Brief
from .followed_jobs import FollowedJob
from .snapshot import Tally


class Tallies:
    """Counts of statuses, kept right while jobs change theirs."""

    def __init__(self, briefs: Mapping[str, Brief]) -> None:
        """`briefs` are the jobs of the plan in their order, by their completed flags."""
        self._briefs = briefs
        self._counts: dict[tuple[str, str], Counter[str]] = {}

    def count(self, job: FollowedJob, status: str, planned: Collection[str]) -> None:
        """Give a job a status.

        Args:
            job: the job.
            status: its new status.
            planned: the completed flags of all jobs of this run. They are counted as `waiting`
                when the first job gets a status.
        """
        if not self._counts:
            self._begin(planned)
        brief = job.brief
        counts = self._counts.setdefault((brief.pipeline, brief.level), Counter())
        if brief.flag in planned:
            counts[job.status] -= 1
        job.status = status
        counts[status] += 1

    def _begin(self, planned: Iterable[str]) -> None:
        chosen = frozenset(planned)
        for flag, brief in self._briefs.items():
            if flag in chosen:
                counts = self._counts.setdefault((brief.pipeline, brief.level), Counter())
                counts["waiting"] += 1

    def __iter__(self) -> Iterator[Tally]:
        for (pipeline, level), counts in self._counts.items():
            yield Tally(
                pipeline, level, counts.total(), counts["waiting"], counts["running"],
                counts["completed"], counts["failed"] + counts[NOT_RUN], counts["partial"],
            )  # fmt: skip

"""Orphans: jobs that a killed run left running, on this machine or on a cluster of `queues`.

The next run waits for them before it starts anything, so no job runs twice at the same time. On
other clusters the lock on a job's log prevents that, see `status.processes`. Processes that a job
left in the background when its shell ended are not waited for.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ..messages import counted, note
from ..status.flags import Flags
from ..status.journal import Run
from ..status.processes import Present
from ..status.reasons import ending, tail
from ..status_words import FAILURES
from ..workspace.rows import Brief
from .planned import Planned
from .queues import Queue, queues_of

_POLL = 2.0
"""Seconds between two looks at jobs that are waited for."""
_SAY_AGAIN = 300.0
"""Seconds between two notes that say which jobs these are."""
_NOTHING: Mapping[str, str] = MappingProxyType({})
_NAMED, _NAMED_TO_CANCEL = 5, 20
"""The numbers of jobs that a note names, and that its command to cancel them names."""


class Orphan(NamedTuple):
    """A job that an earlier run has left, and that still runs."""

    planned: Planned
    external_jobid: str
    pids: tuple[int, ...]
    """Its processes on this machine."""
    cancel: str = ""
    """The command that cancels it on its cluster."""

    def __str__(self) -> str:
        brief = self.planned.brief
        where = f"cluster job {self.external_jobid}" if self.external_jobid else ""
        if self.pids and not where:
            where = f"process {', '.join(map(str, self.pids))}"
        return f"{brief.pipeline} {brief.record}" + (f" ({where})" if where else "")


def wait_for_orphans(planned: Sequence[Planned], past: Iterable[Run], workdir: Path) -> None:
    """Wait until none of these jobs runs any more. A note says from time to time which jobs do.

    Once the orphans that were found are gone, all jobs are checked again: other runs may have come
    and gone meanwhile.

    Args:
        planned: jobs that this run will start.
        past: the runs that are over.
        workdir: Snakemake's working directory.
    """
    queues = queues_of(frozenset(run.executor for run in past))
    said = time.monotonic() - _SAY_AGAIN
    while left := _orphans_among(planned, queues, workdir):
        while left:
            if time.monotonic() - said >= _SAY_AGAIN:
                said = time.monotonic()
                note(_waiting_line(left))
            time.sleep(_POLL)
            before = {one.external_jobid: one.cancel for one in left}
            left = _orphans_among([one.planned for one in left], queues, workdir, before)


def _orphans_among(
    planned: Sequence[Planned],
    queues: Sequence[Queue],
    workdir: Path,
    before: Mapping[str, str] = _NOTHING,
) -> list[Orphan]:
    """Those of these jobs that still run.

    Args:
        planned: the jobs.
        queues: the clusters that may have some.
        workdir: Snakemake's working directory.
        before: the cluster jobs that the last look has found, each with the command to cancel it.
    """
    flags = Flags(workdir)
    known = _known_to(queues, {jobid for one in planned for jobid in _jobids(one)}, before)
    found = []
    present = Present()
    for one in planned:
        log = workdir / one.brief.log
        jobid = next((jobid for jobid in _jobids(one) if jobid in known), "")
        if jobid or (_may_run(one.brief, flags, workdir) and present.uses(log)):
            cancel = known[jobid].cancel if jobid else ""
            found.append(Orphan(one, jobid, present.writers(log), cancel))
    return found


def _known_to(
    queues: Sequence[Queue], external: Collection[str], before: Mapping[str, str]
) -> dict[str, Queue]:
    """The jobs that clusters still have, each with its cluster.

    A cluster that does not answer still has the jobs that it had before.
    """
    known: dict[str, Queue] = {}
    for queue in queues if external else ():
        try:
            known |= dict.fromkeys(queue.unfinished(external), queue)
        except OSError as error:
            last = [jobid for jobid in before if before[jobid] == queue.cancel]
            known |= dict.fromkeys(last, queue)
            if not last:
                what = "does not say whether jobs of an earlier run are still there"
                note(f"{queue.name} {what}: {error}")
    return known


def _jobids(planned: Planned) -> tuple[str, ...]:
    return (*planned.external_jobids, *planned.submitted)


def _may_run(brief: Brief, flags: Flags, workdir: Path) -> bool:
    """Whether the shell of a job may be alive.

    It has ended if the record is completed, or if the log of a failed record ends with the line
    that the shell writes last.
    """
    word = flags.word(brief.flag)
    if word in FAILURES:
        return not ending(tail(workdir / brief.log)).text
    return word != "completed"


def _waiting_line(left: Sequence[Orphan]) -> str:
    more = f" and {len(left) - _NAMED} more" if left[_NAMED:] else ""
    named = ", ".join(map(str, left[:_NAMED])) + more
    how = " and ".join(_commands_to_cancel(left)) or "end them"
    jobs = counted(len(left), "job")
    return (
        f"waiting for {jobs} that an earlier run has left running: {named}; {how} to go on at once"
    )


def _commands_to_cancel(left: Iterable[Orphan]) -> Iterator[str]:
    by_command: dict[str, list[str]] = {}
    for one in left:
        if one.cancel:
            by_command.setdefault(one.cancel, []).append(one.external_jobid)
    for command, jobids in by_command.items():
        yield f"'{command} {' '.join(jobids[:_NAMED_TO_CANCEL])}'"

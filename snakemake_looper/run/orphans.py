"""Orphans: jobs that a killed run left running, on this machine or on SLURM.

The next run waits for them before it starts anything, so no job runs twice at the same time. On
other clusters the lock on a job's log prevents that, see `status.processes`. Processes that a job
left in the background when its shell ended are not waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..messages import counted, note
from ..status.flags import Flags
from ..status.journal import Run
from ..status.processes import Present
from ..status.reasons import ending, tail
from ..status_words import FAILURES
from ..workspace.rows import Brief
from .planned import Planned
from .slurm import unfinished_jobs

_POLL = 2.0
"""Seconds between two looks at jobs that are waited for."""
_SAY_AGAIN = 300.0
"""Seconds between two notes that say which jobs these are."""
_NAMED, _NAMED_TO_CANCEL = 5, 20
"""The numbers of jobs that a note names, and that its `scancel` command names."""


class Orphan(NamedTuple):
    """A job that an earlier run has left, and that still runs."""

    planned: Planned
    external_jobid: str
    pids: tuple[int, ...]
    """Its processes on this machine."""

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
    slurm = any(run.executor == "slurm" for run in past)
    said = time.monotonic() - _SAY_AGAIN
    while left := _orphans_among(planned, slurm, workdir):
        while left:
            if time.monotonic() - said >= _SAY_AGAIN:
                said = time.monotonic()
                note(_waiting_line(left))
            time.sleep(_POLL)
            left = _orphans_among([one.planned for one in left], slurm, workdir)


def _orphans_among(planned: Sequence[Planned], slurm: bool, workdir: Path) -> list[Orphan]:
    """Those of these jobs that still run; SLURM is asked only with `slurm`."""
    flags = Flags(workdir)
    external = {jobid for one in planned for jobid in _jobids(one)} if slurm else set()
    try:
        known = unfinished_jobs(external) if external else set()
    except OSError as error:
        note(f"SLURM does not say whether jobs of an earlier run are still there: {error}")
        known = set()
    found = []
    present = Present()
    for one in planned:
        log = workdir / one.brief.log
        jobid = next((jobid for jobid in _jobids(one) if jobid in known), "")
        if jobid or (_may_run(one.brief, flags, workdir) and present.uses(log)):
            found.append(Orphan(one, jobid, present.writers(log)))
    return found


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
    jobids = [one.external_jobid for one in left if one.external_jobid]
    how = f"'scancel {' '.join(jobids[:_NAMED_TO_CANCEL])}'" if jobids else "end them"
    jobs = counted(len(left), "job")
    return (
        f"waiting for {jobs} that an earlier run has left running: {named}; {how} to go on at once"
    )

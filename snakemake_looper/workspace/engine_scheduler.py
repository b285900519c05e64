"""Work of Snakemake's scheduler that has no effect, and takes half of a run of short jobs.

As seen with versions 9.14 to 9.27. A part that a later version lacks is passed over.
"""

from __future__ import annotations

from typing import Any

_DEFAULT_LIMIT = (100, 1)
"""Snakemake's own `--max-jobs-per-timespan`: jobs, and seconds."""


def ease(scheduler: Any, is_local: bool) -> None:
    """Spare a scheduler that work. `is_local` says whether jobs run on this machine."""
    _leave_out_sizes(scheduler)
    if is_local:
        _lift_limit(scheduler)


def _leave_out_sizes(scheduler: Any) -> None:
    """Let the scheduler not look up the sizes of input files that it does not use.

    Each time a job ends, Snakemake asks the file system about all input files of 200 jobs, which
    takes half of the time of a run of short jobs (seen with 9.27). Only rewards use the sizes, and
    the greedy scheduler leaves them out with `omit_prioritize_by_temp_and_input`.
    """
    omit = "omit_prioritize_by_temp_and_input"
    chosen = getattr(getattr(scheduler, "_scheduler", None), "settings", None)
    stand_in = getattr(getattr(scheduler, "_greedy_scheduler", None), "settings", None)
    if not getattr(chosen, omit, False) or not hasattr(stand_in, omit):
        return
    # Snakemake 9.14 asks a second greedy scheduler, with default settings, if one job is ready.
    setattr(stand_in, omit, True)

    async def update_input_sizes(jobs: Any) -> None:
        pass

    scheduler.update_input_sizes = update_input_sizes


def _lift_limit(scheduler: Any) -> None:
    """Lift Snakemake's default limit of 100 new jobs a second, which is meant for clusters.

    With a limit, the scheduler looks for new jobs also one second after each time that it looked
    for any, and Snakemake cannot end before that second has passed. A limit that the user has
    chosen stays.
    """
    limiter = getattr(scheduler, "job_rate_limiter", None)
    if (getattr(limiter, "max_jobs", 0), getattr(limiter, "timespan", 0)) == _DEFAULT_LIMIT:
        scheduler.job_rate_limiter = None

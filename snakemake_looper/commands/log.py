"""`snakemake-looper log`: the log of a record, also while its job writes to it."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from ..errors import LooperError, Problems, near
from ..messages import show
from ..show.logs import copy_log, follow_log
from ..status.flags import Flags
from ..status_words import NOT_RUN
from ..workspace.job_table import JobTable
from ..workspace.rows import Brief
from . import DONE
from .project import open_jobs


def execute(arguments: Namespace) -> int:
    """Print the log of each pipeline that the record has one of; with `--follow`, of one."""
    with open_jobs(arguments) as table:
        workdir = table.facts.workdir
        jobs = _asked_for(table, arguments)
    if arguments.follow:
        with suppress(KeyboardInterrupt):  # the usual way to stop looking
            follow_log(workdir / jobs[0].log, sys.stdout, lambda: _is_over(jobs[0], workdir))
        return DONE
    there = [job for job in jobs if (workdir / job.log).is_file()]
    if not there:
        status = Flags(workdir).status(jobs[0].flag, jobs[0].log)
        why = "it has not run yet" if status == NOT_RUN else f"its status is '{status}'"
        raise LooperError(f"{arguments.record} has no log: {why}")
    for number, job in enumerate(there):
        if len(there) > 1:
            gap = "\n" if number else ""
            show(f"{gap}==> {job.pipeline}: {job.log} <==")
        copy_log(workdir / job.log, sys.stdout)
    return DONE


def _asked_for(table: JobTable, arguments: Namespace) -> list[Brief]:
    """The jobs of the record, by pipeline.

    Raises:
        ProjectError: there are none, or there are several to follow.
    """
    problems = Problems()
    briefs = list(table.briefs())
    jobs = [one for one in briefs if one.record == arguments.record]
    if not jobs:
        known = {one.record for one in briefs}
        problems.add("log", "", f"no record is called '{arguments.record}'"
                     f"{near(arguments.record, known)}; 'snakemake-looper check --itemized' lists"
                     " all")  # fmt: skip
    pipelines = sorted({one.pipeline for one in jobs})
    if jobs and arguments.pipeline:
        jobs = [one for one in jobs if one.pipeline == arguments.pipeline]
        if not jobs:
            problems.add(
                "--pipeline", "",
                f"'{arguments.pipeline}' has no job for {arguments.record}"
                f"{near(arguments.pipeline, pipelines)}; it has jobs of {', '.join(pipelines)}",
            )  # fmt: skip
    if len(jobs) > 1 and arguments.follow:
        problems.add(
            "--follow", "",
            f"{arguments.record} has several logs; add --pipeline with one of"
            f" {', '.join(pipelines)}",
        )  # fmt: skip
    problems.raise_if_any()
    return sorted(jobs, key=lambda one: one.pipeline)


def _is_over(job: Brief, workdir: Path) -> bool:
    return Flags(workdir).status(job.flag, job.log) not in ("running", "waiting")

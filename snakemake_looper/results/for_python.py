"""The statuses and results of a project for notebooks and other tools: part of the public API.

As the commands that read, these functions take no lock, ask about statuses without changing a flag,
and use the plan that is there. They make a new plan if a file of the project has changed, which
writes below `.snakemake/looper` and nowhere else. They print nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..read.looper_config import locate
from ..read.options.options import Options
from ..workspace.current_plan import current_plan
from ..workspace.job_table import JobTable
from . import statuses
from .outdated import with_outdated
from .project_records import Records, project_records
from .records import with_remarks
from .removed import removed_records
from .statuses import RecordStatus


def read_statuses(
    looper_config: Path | str | None = None, options: Options | None = None, details: bool = True
) -> list[RecordStatus]:
    """The status of each record of a project, as `snakemake-looper check --json` has it.

    These are the records of all jobs, those that are skipped for a fault of their own, and, unless
    the options choose samples, those of samples that left the table and of which flags are left.

    Args:
        looper_config: the looper config, or a folder that has one; None for the nearest one, here
            or in a folder above.
        options: options as on the command line, for example `Options(samples=("frog_1",))`.
        details: say why records failed, with the last lines of their logs, when each began, how
            long it took, and which are out of date. For that, more files are read.

    Raises:
        ProjectError: the project cannot be planned; `problems` has everything that is wrong.
        LooperError: earlier results cannot be read, as of a database that is down.
        OSError: a file cannot be read.
    """
    with _jobs(looper_config, options) as table:
        workdir = table.facts.workdir
        narrows = options is not None and options.narrows()
        known = statuses.read_statuses(table, workdir, details, details)
        if details:
            known = with_remarks(known, table, workdir)
            # A run of selected samples leaves the project level out.
            levels = ["sample"] if narrows else ["sample", "project"]
            known = with_outdated(known, table, workdir, levels)
        return known if narrows else [*known, *removed_records(table, workdir, known)]


def read_results(
    looper_config: Path | str | None = None,
    options: Options | None = None,
    with_samples: bool = False,
) -> Records:
    """The records of a project with their statuses and results, whatever the back end.

    These are the records of all jobs, also of those that reported nothing yet, those that are
    skipped for a fault of their own, and, unless the options choose samples, all others that have
    results. A project without a `pipestat:` section has records without results.

    Args:
        looper_config: the looper config, or a folder that has one; None for the nearest one, here
            or in a folder above.
        options: options as on the command line, for example `Options(amend=("mouse",))`.
        with_samples: add the attributes of samples. For that, the PEP is read again.

    Raises:
        ProjectError: the project cannot be planned; `problems` has everything that is wrong.
        LooperError: results cannot be read, for example since a database is down.
        OSError: a file cannot be read.
    """
    with _jobs(looper_config, options) as table:
        return project_records(table, options, with_samples, times=True)


@contextmanager
def _jobs(looper_config: Path | str | None, options: Options | None) -> Iterator[JobTable]:
    table = current_plan(locate(looper_config), options).jobs()
    try:
        yield table
    finally:
        table.close()

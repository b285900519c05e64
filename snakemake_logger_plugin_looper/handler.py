"""What the plugin does while a looper project runs: keeps flags true, and sums up at the end.

A job sets its own status flag (see `job.sh`), unless it is killed in a way that no shell can
catch. Then Snakemake says that the job failed while its flag still says `running`, and the
watcher sets it to `failed`. An error in here must never break a run: it is printed.
"""

from __future__ import annotations

import sys
import traceback
from logging import LogRecord
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent


class Watcher:
    """Follows Snakemake's log events for the plan that this process runs."""

    def __init__(self, settings: Any) -> None:
        from snakemake.settings.enums import Quietness

        from snakemake_looper.frontend import active

        self._ready = active()
        self._dry_run = bool(settings.dryrun)
        self._quiet = Quietness.ALL in (settings.quiet or ())
        self._ran = False
        self._handed_over: set[str] = set()
        self._finished = False

    def take(self, record: LogRecord) -> None:
        """Handle one record; called in the order of events, from one thread."""
        try:
            event = getattr(record, "event", None)
            if event == LogEvent.JOB_INFO:
                self._ran = not self._dry_run
                self._handed_over.update(map(str, getattr(record, "output", None) or ()))
            elif event == LogEvent.JOB_ERROR:
                self._settle(record)
        except Exception:
            self._complain()

    def finish(self) -> None:
        """Print the closing summary, once."""
        if self._finished or self._ready is None:
            return
        self._finished = True
        try:
            self._sum_up()
        except Exception:
            self._complain()

    def _settle(self, record: LogRecord) -> None:
        """Mark a job that died without a word."""
        from snakemake_looper.status import mark_failed

        assert self._ready
        for output in getattr(record, "output", None) or ():
            mark_failed(self._ready.workdir / str(output))
        for job in getattr(record, "job_error_info", None) or ():
            for output in job.get("output") or ():
                mark_failed(self._ready.workdir / str(output))

    def _settle_rest(self, jobs: Any) -> None:
        """When Snakemake ends no job of this run is left that could still be running."""
        from snakemake_looper.status import mark_failed, read_statuses

        assert self._ready
        unsettled = {
            (one.pipeline, one.level, one.record)
            for one in read_statuses(jobs, self._ready.workdir)
            if one.status == "running"
        }
        for row in jobs.rows() if unsettled else ():
            if (row.pipeline, row.level, row.record) in unsettled and row.flag in self._handed_over:
                mark_failed(self._ready.workdir / row.flag)

    def _sum_up(self) -> None:
        from snakemake_looper.views import closing_summary

        assert self._ready
        jobs = self._ready.folder.jobs()
        try:
            if self._ran:
                self._settle_rest(jobs)
            text = closing_summary(jobs, self._ready.workdir, ran=self._ran)
        finally:
            jobs.close()
        if text and not self._quiet:
            print(text, file=sys.stderr)

    def _complain(self) -> None:
        print("error in the looper logger plugin (the run is not affected):", file=sys.stderr)
        traceback.print_exc()

"""Members of lumps: their flags get all that Snakemake does for the outputs of a job.

Snakemake knows the marker of a lump, and nothing of its members. So the main process does this:

    before the first job   it writes the lumps, marks the flag of each member as incomplete, and
                           turns those that are completed, and due again, into `waiting`
    when a lump has ended  its completed members get their records, and lose their marks
    at the end             so do members of other lumps. Members that were not begun get back the
                           status that they had

Records and marks are Snakemake's own, and in its format. So a project may be run with lumps and
without, at any time. If this process dies, the marks stay: the next run knows that these flags have
no record. It takes them over if the jobs are still the same, see `tickets`.

A flag keeps its time when it becomes `waiting` and `completed` again: an input file that is newer
stays newer.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from ..layout import LUMPS
from ..status.flags import Flags, stamp_of, swap_flag
from ..status.journal import Run
from ..status_words import FAILURES
from ..workspace.engine import Engine
from ..workspace.engine_records import RecordedJob
from ..workspace.job_table import JobTable
from ..workspace.lookups import links_of, shell_script
from ..workspace.lump_lookups import LumpLookups
from ..workspace.lump_script import Member, lump_script
from ..workspace.lumps import Lump, Packed, write_needs
from ..workspace.metadata import (
    mark_incomplete,
    remove_metadata,
    unmark,
)
from ..workspace.rows import JobRow
from .lump_journal import last_steps
from .member_records import MemberRecords, name_files


class LumpMembers:
    """The members of the lumps that a run will run."""

    def __init__(self, table: JobTable, engine: Engine, lumps: LumpLookups | None) -> None:
        self._table = table
        self._engine = engine
        self._lumps = lumps
        self._workdir = table.facts.workdir
        self._planned: dict[tuple[str, str], Lump] = {}
        """By the rule's name in the workflow, and the lump's."""
        self._taken: frozenset[str] = frozenset()
        """Members that do not run: an earlier run has completed the very same jobs."""
        self._were_completed: set[str] = set()
        self._records: MemberRecords | None = None
        self._is_settled = False
        self._recorded: set[str] = set()

    @property
    def packed(self) -> Packed:
        """All lumps of this run."""
        return self._lumps.packed if self._lumps is not None else Packed()

    # --- before the first job ---------------------------------------------------------------------

    def plan(self) -> None:
        """Note which lumps Snakemake will run, and follow them."""
        packed = self.packed
        rules = self._table.facts.lumps
        for job in self._engine.planned_jobs(rules) if packed.lumps else ():
            lump = packed.lumps.get((job.rule, job.lump or ""))
            if lump is not None:
                self._planned[self._engine.name_of(lump.rule), lump.name] = lump
        if rules:
            self._engine.records.after_each(self._has_ended)

    def prepare(self, taken: Collection[str]) -> None:
        """Write the lumps, and prepare the flags of their members.

        Args:
            taken: the completed flags of members that do not run: an earlier run completed them.

        Raises:
            OSError: something cannot be written.
        """
        self._taken = frozenset(taken)
        for lump in self._planned.values():
            for member in lump.members:
                mark_incomplete(self._workdir, member.flag)
                if member.flag not in self._taken and swap_flag(
                    self._workdir, member.flag, "completed", "waiting"
                ):
                    self._were_completed.add(member.flag)
            write_needs(self._workdir, lump)
            with open(self._workdir / lump.path(".sh"), "w", encoding="utf-8") as file:
                file.writelines(lump_script(map(self._member, self._rows(lump))))

    def _rows(self, lump: Lump) -> Iterable[JobRow]:
        return (self._table.row(one.rule, one.record) for one in lump.members)

    def _member(self, row: JobRow) -> Member:
        outputs = self._table.facts.outputs.get(row.rule, ())
        links = links_of(row, self._table, self._engine)
        script = shell_script(row, self._table.facts, self._table.path.parent)
        return Member(
            row.flag,
            row.log,
            row.threads,
            "\n".join([*links, script]),
            tuple(one.replace("{sample}", row.record) for one in outputs),
        )

    # --- when a lump has ended --------------------------------------------------------------------

    def _has_ended(self, job: RecordedJob) -> None:
        """Snakemake has recorded a job, or found that it failed."""
        planned = self._planned.get((job.rule, job.lump or ""))
        if planned is not None:
            self._record(planned, job.job)
            return
        lumps = [self.packed.by_marker[one] for one in job.inputs if one in self.packed.by_marker]
        if lumps:
            row = self._project_job(job.rule)
            files = json.loads(row.inputs) if row else []
            after = self._table.facts.after.get(row.rule, ()) if row else self._table.facts.lumps
            flags = {
                lump.marker: [one.flag for one in lump.members] if lump.rule in after else []
                for lump in lumps
            }
            for output in job.outputs:
                name_files(self._workdir, output, flags, files)

    def _project_job(self, name: str) -> JobRow | None:
        """The project-level job of a rule, by the rule's name in the workflow."""
        facts = self._table.facts
        for rule in facts.outputs.keys() - facts.lumps.keys():
            if self._engine.name_of(rule) == name:
                return self._table.row(rule, None)
        return None

    def _record(self, lump: Lump, job: Any) -> None:
        """Give each member that this lump has completed the record that Snakemake would write.

        A flag may be of a job that a dead run has left, and that ran another command. So the lump's
        own journal has to say that the lump has set it.
        """
        records = self._records = self._records or MemberRecords(self._table, self._engine.name_of)
        steps = last_steps(self._workdir, lump)
        software = self._engine.records.software_of(job)
        done = {flag for flag, status in steps.items() if status == "completed"} | self._taken
        for row in self._rows(lump):
            if row.flag in self._recorded or row.flag not in done:
                continue
            ended = stamp_of(self._workdir / row.flag)
            if ended is None:
                continue
            if self._engine.records.are_kept:
                records.write(row, ended / 1e9, software)
            else:
                unmark(self._workdir, row.flag)
            self._recorded.add(row.flag)

    # --- at the end -------------------------------------------------------------------------------

    def settle(self) -> None:
        """Record members that Snakemake's records have passed over, as those of failed lumps.

        Call it before members that were not begun get back their status: `completed` of today is
        recorded, `completed` of an earlier run is not. Such a member keeps its mark: it is due still.
        """
        if self._is_settled or not self._planned or self._engine.is_gone:
            return
        self._is_settled = True
        flags, jobs = Flags(self._workdir), self._engine.records.lump_jobs()
        is_local = self._engine.executor == "local"  # a cluster may begin it later
        for key, lump in self._planned.items():
            left = [one for one in lump.members if one.flag not in self._recorded]
            if left and key in jobs:
                self._record(lump, jobs[key])
            for one in left:
                word = flags.word(one.flag)
                if word in FAILURES:
                    remove_metadata(self._workdir, one.flag)
                elif word == "waiting" and is_local and one.flag not in self._were_completed:
                    unmark(self._workdir, one.flag)

    def clear(self, past: Iterable[Run]) -> None:
        """Remove the lumps of earlier runs that nobody uses any more.

        Args:
            past: the runs whose journals are kept; also as they were when this run began.
        """
        used = {run_name(run.path) for run in past if _may_use_lumps(run)}
        try:
            folders = list(os.scandir(self._workdir / LUMPS))
        except OSError:
            return
        for folder in folders:
            if not folder.is_dir(follow_symlinks=False):
                continue
            for name in os.listdir(folder.path):
                run = name.partition("-")[0]
                if run in used:
                    continue
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder.path, name))
                if name.endswith(".done"):
                    shown = f"{LUMPS}/{folder.name}/{name}"
                    remove_metadata(self._workdir, shown)


def run_name(journal: Path) -> str:
    """The name of a run in the names of its lumps, from the path of its journal."""
    return hashlib.sha256(journal.stem.encode()).hexdigest()[:8]


def _may_use_lumps(run: Run) -> bool:
    """Whether jobs of a run may still read its lumps: it lives, or its jobs may be in a queue."""
    return run.alive or (run.died and not run.is_local)

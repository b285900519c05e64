"""The module for Snakefiles and their scripts: they import nothing else of this package.

This module is stable: its names and their arguments do not change. So a later version can run a
workflow that `snakemake-looper generate` wrote with this version, and a workflow that uses a looper
project as a module. Everything else in this package may move.

    looper = open_project(workflow)     the project of a plan, or of a generated workflow
    looper.jobs                         lookups in its job table, for the rules
    looper.lumps                        lookups for rules whose jobs are lumps of samples
    looper.if_whole(item)               an input of a target that is about all samples
    looper.begin(), looper.finish()     for `onstart`, `onsuccess` and `onerror`
    plan_for(workflow, config)          the Snakefile of a module's project, for `include`
    module_snakefile()                  the Snakefile to name in `module:`
    by_attempt(value)                   a resource that grows with each try
    assemble_results(snakemake), …      the scripts of the rules

On a cluster every job reads the Snakefile again. A job imports this module and the reader of the
job table, which need only the standard library. All other imports stand inside the
functions that need them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .layout import JOB_TABLE, LOCK_VARIABLE
from .workspace.engine import Engine
from .workspace.job_table import JobTable, remote_inputs
from .workspace.lookups import Lookups
from .workspace.lump_lookups import LumpLookups
from .workspace.lumps import Packed

if TYPE_CHECKING:
    from .run.session import Session

__all__ = [
    "OpenProject",
    "assemble_results",
    "by_attempt",
    "module_snakefile",
    "open_project",
    "plan_for",
    "publish_results",
    "write_pipestat_config",
    "write_report",
    "write_tables",
]


class OpenProject:
    """A looper project in a Snakefile; `open_project` makes it."""

    def __init__(
        self,
        jobs: Lookups,
        lumps: LumpLookups,
        session: Session | None,
        is_selection: bool = False,
    ) -> None:
        """Keep the lookups, and the session of the run: None in a job's own process."""
        self.jobs = jobs
        self.lumps = lumps
        self._session = session
        self._is_selection = is_selection

    def if_whole(self, item: str | Callable[[Any], Any]) -> Callable[[Any], Any]:
        """An input of a target, if the run is of all samples; else nothing.

        Results files, stores and the project level are about all samples. A run of selected ones
        leaves them out, and `finish` brings the results of these samples where they belong.

        Args:
            item: a path, or a function of `jobs`.
        """

        def files(wildcards: Any) -> Any:
            if self._is_selection:
                return []
            return item(wildcards) if callable(item) else item

        return files

    def begin(self) -> None:
        """Handle what killed runs left, and ask servers whether they will take results.

        `onstart` calls this. It does nothing in a job's own process.

        Raises:
            WorkflowError: the run is refused. The message says why.
        """
        if self._session is not None:
            self._session.begin()

    def finish(self) -> None:
        """Bring reported results where they belong, also after a failed run.

        `onsuccess` and `onerror` call this. It does nothing in a job's own process.

        Raises:
            WorkflowError: all jobs are done, but some results are not where they belong.
        """
        if self._session is not None:
            self._session.finish()


def open_project(
    workflow: Any,
    config: Mapping[str, Any] | None = None,
    structure: str = "",
    selects: bool = False,
) -> OpenProject:
    """Open the project of the Snakefile that Snakemake is reading.

    Args:
        workflow: Snakemake's `workflow`.
        config: in a generated workflow, Snakemake's `config`, from which the project is planned.
            Without it, the job table beside the Snakefile is opened.
        structure: in a generated workflow, the digest of the structure that it was made for.
        selects: whether the targets of the workflow leave out what is about all samples in a run
            of selected ones, see `OpenProject.if_whole`.

    Raises:
        WorkflowError: the project cannot be planned, or needs other rules than these.
        FileNotFoundError: there is no job table.
    """
    engine = Engine(workflow)
    if engine.is_remote:
        os.environ[LOCK_VARIABLE] = "yes"
    if not engine.is_main and "SLURM_ARRAY_TASK_ID" in os.environ:
        from .workspace.array_task import become_own_task

        become_own_task(sys.argv)
    folder, is_selection = engine.folder, False
    if config is not None:
        from .run.from_snakefile import generated_plan

        folder, is_selection = generated_plan(engine, config, structure, selects)
    table = JobTable(folder / JOB_TABLE)
    jobs, lumps = _lookups(table, engine)
    if not engine.is_main:
        # Snakemake calls `onsuccess` and `onerror` in a job's own process as well.
        return OpenProject(jobs, lumps, None)
    from .run.session import open_session

    return OpenProject(jobs, lumps, open_session(table, Path.cwd(), engine, lumps), is_selection)


def _lookups(table: JobTable, engine: Engine) -> tuple[Lookups, LumpLookups]:
    """The functions of wildcards for single jobs, and for lumps."""
    lumps = LumpLookups(table, engine, partial(_lumps_packed, table, engine))
    left, changed = partial(_files_left, table), partial(_flags_changed, table)
    return Lookups(table, engine, left, changed, lumps.in_place_of), lumps


def _files_left(table: JobTable) -> list[str]:
    """The files that this run has to make because earlier runs left work undone."""
    from .results.unfinished import unfinished

    return unfinished(table)


def _flags_changed(table: JobTable, rules: Sequence[str]) -> Iterable[str]:
    """The flags of jobs that have changed, and of which Snakemake does not know it."""
    from .results.outdated import declared_later

    return declared_later(table, table.facts.workdir, rules)


def _lumps_packed(table: JobTable, engine: Engine, run: str) -> Packed:
    """The lumps of those samples that are due."""
    from .results.outdated import Choices, due_jobs
    from .workspace.lump_packing import pack
    from .workspace.read_only import refuse_to_run

    remote = remote_inputs(table)
    times = engine.storage.times(remote) if remote else {}
    choices = Choices(
        engine.forces,
        engine.rerun_triggers,
        engine.software_digest,
        lambda address: times.get(address, 0.0),
    )
    found = due_jobs(table, table.facts.workdir, table.facts.lumps, choices)
    if found:
        refuse_to_run(engine.records.why_no_lumps())
    return pack(table, found, run, engine.array_rules)


def plan_for(workflow: Any, config: Mapping[str, Any]) -> str:
    """The Snakefile of the plan for a module's config; for `include`.

    Raises:
        WorkflowError: the project cannot be planned. The message lists all problems.
    """
    from .run.from_snakefile import plan_folder

    return str(plan_folder(Engine(workflow), config) / "Snakefile")


def module_snakefile() -> str:
    """The path of the Snakefile that a `module:` names."""
    from .layout import data_dir

    return str(data_dir("Snakefile"))


def by_attempt(value: Any) -> Any:
    """A resource that grows with each try.

    Args:
        value: an expression of `attempt`, or a lookup that gives one.
    """
    from .formula import by_attempt as growing

    return growing(value)


# --- scripts of the rules, which get the `snakemake` object ---------------------------------------


def assemble_results(snakemake: Any) -> None:
    """Assemble the results file of a project from one file per record."""
    from .results import rule_scripts

    rule_scripts.assemble_results(snakemake)


def publish_results(snakemake: Any) -> None:
    """Bring results and statuses of a rule, or of all rules, where they belong."""
    from .results import rule_scripts

    rule_scripts.publish_results(snakemake)


def write_pipestat_config(snakemake: Any) -> None:
    """Write a merged pipestat config that has a literal password."""
    from .results import rule_scripts

    rule_scripts.write_pipestat_config(snakemake)


def write_report(snakemake: Any) -> None:
    """Write the HTML report."""
    from .results import rule_scripts

    rule_scripts.write_report(snakemake)


def write_tables(snakemake: Any) -> None:
    """Write the results as tables."""
    from .results import rule_scripts

    rule_scripts.write_tables(snakemake)

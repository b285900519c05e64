"""Functions of wildcards: how the rules of a Snakefile look up their jobs in the job table.

    input:
        jobs.inputs("count_lines_sample"),
    threads: jobs.threads("count_lines_sample")

Snakemake calls each of them for every job, a dozen times, so each reads one row by its key. On a
cluster every job reads the Snakefile again: this module and those below it import nothing but the
standard library.
"""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..files import modified
from ..layout import LEFT_OVER
from .engine import Engine
from .job_table import JobTable
from .places import Compared, Places
from .rows import ConfigRow, Row

Lookup = Callable[[Any], Any]
"""A function of wildcards, as Snakemake takes them for inputs, params, threads, resources."""
_WILDCARDS = inspect.Signature(
    [inspect.Parameter("wildcards", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
)


def _lookup(function: Lookup) -> Lookup:
    """Say beforehand what the function takes: Snakemake inspects it for every job, a dozen times."""
    function.__signature__ = _WILDCARDS  # type: ignore[attr-defined]
    return function


class Lookups:
    """What the rules of a Snakefile ask of a job table, and of Snakemake."""

    def __init__(self, table: JobTable, engine: Engine, left: Callable[[], list[str]]) -> None:
        """`left` names the files of rules that earlier runs have left to be run again."""
        self._table = table
        self._engine = engine
        self._find_left = left
        self._left: list[str] | None = None
        self._has_new_lumps = False

    @property
    def path(self) -> Path:
        """Where the job table is."""
        return self._table.path

    # --- one job ----------------------------------------------------------------------------------

    def command(self, rule: str) -> Lookup:
        """The script of a job's shell: exports of its variables, then the rendered command.

        Snakemake compares it without regard to where the project lies, see `places`.
        """
        facts = self._table.facts
        rundir, places = str(facts.rundir), Places(facts.places)
        moves = facts.rundir != facts.workdir

        def text(folder: str, env: Mapping[str, str], command: str) -> str:
            move = [f"cd {shlex.quote(folder)}"] if moves else []
            exports = (f"export {name}={shlex.quote(env[name])}" for name in env)
            return "\n".join([*move, *exports, command])

        def script(wildcards: Any) -> str:
            row = self._row(rule, wildcards)
            env: dict[str, str] = json.loads(row.env)
            script = text(rundir, env, row.command)
            if not places:
                return script
            compared = text(
                places.compared(rundir), places.compared_in(env), places.compared(row.command)
            )
            return script if compared == script else Compared(script, compared)

        return _lookup(script)

    def inputs(self, rule: str) -> Lookup:
        """The input files that the schema names."""

        def files(wildcards: Any) -> Any:
            if self._has_new_lumps:
                self._has_new_lumps = False
                self._engine.set_group_jobs(self._table.lump_sizes())
            return json.loads(self._row(rule, wildcards).inputs)

        return _lookup(files)

    def threads(self, rule: str) -> Lookup:
        """The cores of a job."""
        return _lookup(lambda wildcards: self._row(rule, wildcards).threads)

    def container(self, rule: str) -> Lookup:
        """The image of a job; None where it has none."""
        return _lookup(lambda wildcards: self._row(rule, wildcards).container)

    def resource(self, rule: str, name: str) -> Lookup:
        """One resource: mem_mb in MB, runtime in minutes, others as the project has them.

        Where a sample has none, though others have, 0 or an empty text: executors take that for
        "not requested".
        """
        nothing: int | str = "" if name.startswith("slurm_") else 0
        return _lookup(
            lambda wildcards: json.loads(self._row(rule, wildcards).resources).get(name, nothing)
        )

    def lump(self, rule: str) -> Lookup:
        """The lump that a sample is in: the name of its group job."""
        return _lookup(lambda wildcards: self._row(rule, wildcards).lump)

    def prepare_lumps(self) -> None:
        """Let the jobs of a lump run one after another, as the members of one group job."""
        self._has_new_lumps = True
        self._engine.prepare_group_jobs()

    # --- many jobs --------------------------------------------------------------------------------

    def flags(self, *rules: str) -> Lookup:
        """The completed flags of all jobs of some rules."""

        def completed(wildcards: Any) -> list[str]:
            self._force_what_is_left()
            return self._table.flags(rules)

        return _lookup(completed)

    def flags_of_sample(self, *rules: str) -> Lookup:
        """The completed flags of one sample's jobs of some rules; a sample may lack some."""
        return _lookup(lambda wildcards: self._table.flags(rules, wildcards.sample))

    # --- merged pipestat configs ------------------------------------------------------------------

    def config(self, rule: str) -> Lookup:
        """The merged pipestat config, as an input of the jobs that read it.

        Plain where it is to be written: the jobs wait for it, and run again. Where it is up to
        date it is `ancient`: its age says nothing, its content is a param. (Only there, since
        Snakemake does not look for other reasons to run what comes after a job that is to run,
        and does not count an ancient input as one.) And where it was never written by us,
        a record that is completed was completed by looper: it needs no config any more, and
        would be run again after one that is made now.
        """

        def needed(wildcards: Any) -> Any:
            config = self._table.config(rule)
            if config.written == config.digest:
                return _ancient(config.path)
            if config.written is None:
                row = self._row(rule, wildcards)
                if self._is_settled(row, config) and not self._engine.is_recorded(row.flag):
                    return []
            return config.path

        return _lookup(needed)

    def config_source(self, rule: str) -> Lookup:
        """The content of the merged pipestat config, as the plan has it (no secrets in it).

        `ancient` where it was written already: a copy that was lost and made anew is newer.
        """

        def source(wildcards: Any) -> Any:
            config = self._table.config(rule)
            return config.source if config.written != config.digest else _ancient(config.source)

        return _lookup(source)

    def config_digest(self, rule: str) -> Lookup:
        """A digest of that content: another one runs the pipeline's jobs again."""
        return _lookup(lambda wildcards: self._table.config(rule).digest)

    def _is_settled(self, row: Row, config: ConfigRow) -> bool:
        """Whether a job that Snakemake knows nothing of is done and will not be run.

        Without metadata there are these reasons to run: no flag, force, a newer input, and a
        job before it that is run.
        """
        after = json.loads(config.after)
        if self._engine.is_forced((config.rule, *after), (row.flag,)):
            return False
        done = modified(row.flag)
        inputs: list[str] = json.loads(row.inputs)
        if done is None or any((modified(path) or 0) > done for path in inputs):
            return False
        if not after:
            return True
        flags = [modified(flag) for flag in self._table.flags(after)]
        assembled = [modified(path) for path in json.loads(config.reads)]
        if any(time is None or time > done for time in assembled):
            return False
        bound = min([done, *(time for time in assembled if time is not None)])
        return all(flag is not None and flag <= bound for flag in flags)

    # --- what earlier runs have left --------------------------------------------------------------

    def settled(self, rule: str) -> str:
        """The file that says that a rule's results and statuses are where they belong."""
        return self._table.settled(rule)

    def left_over(self) -> Lookup:
        """In a plan of some samples: a file to be made if anything was left; none if not."""

        def wanted(wildcards: Any) -> list[str]:
            if not self._engine.is_main or not self._force_what_is_left():
                return []
            self._engine.force([LEFT_OVER])
            return [LEFT_OVER]

        return _lookup(wanted)

    def own_path(self) -> Callable[..., str]:
        """Where the table is, as a param that is no reason to run a rule again.

        Snakemake does not compare params that are made from outputs.
        """

        def path(wildcards: Any, output: Any) -> str:
            return str(self._table.path)

        return path

    def _force_what_is_left(self) -> bool:
        """Let Snakemake run the rules of what earlier runs left; whether there is anything."""
        if not self._engine.is_main or not self._engine.has_graph:
            return False
        if self._left is None:
            self._left = self._find_left()
            self._engine.force(self._left)
        return bool(self._left)

    def _row(self, rule: str, wildcards: Any) -> Row:
        """The job of a rule, for the sample in the wildcards or for the project."""
        return self._table.row(rule, wildcards.get("sample"))


def _ancient(path: str) -> Any:
    from snakemake.io import ancient

    return ancient(path)

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
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..layout import LEFT_OVER, command_file
from ..remote_files import copies_of, is_remote, link_lines, with_addresses
from .engine import Engine, orders_jobs
from .forced import Changed, Forced, Left
from .job_table import JobTable, TableError, input_size
from .looper_records import is_completed_by_looper
from .places import Compared, Places
from .rows import ConfigRow, Facts, JobRow

Lookup = Callable[[Any], Any]
"""A function of wildcards, as Snakemake takes them for inputs, params, threads, resources."""
_MOST_JOBS = 1_000_000
"""Jobs that are told apart by their priorities."""
_WILDCARDS = inspect.Signature(
    [inspect.Parameter("wildcards", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
)


def _lookup(function: Lookup) -> Lookup:
    """Declare the arguments of a function: Snakemake inspects it for every job, a dozen times."""
    function.__signature__ = _WILDCARDS  # type: ignore[attr-defined]
    return function


class Lookups:
    """Functions of wildcards over one job table."""

    def __init__(
        self,
        table: JobTable,
        engine: Engine,
        left: Left,
        changed: Changed = lambda rules: (),
        in_place_of: Callable[[Sequence[str]], list[str]] = list,
    ) -> None:
        """Make the lookups of a Snakefile; `left` and `changed` as in `Forced`.

        `in_place_of` returns the files that stand for flags and outputs, see `LumpLookups`.
        """
        self._in_place_of = in_place_of
        self._table = table
        self._engine = engine
        self._forced = Forced(engine, left, changed)

    @property
    def path(self) -> Path:
        """The job table's path."""
        return self._table.path

    # --- one job ----------------------------------------------------------------------------------

    def command(self, rule: str) -> Lookup:
        """The script of a job's shell: exports of its variables, then the rendered command.

        Snakemake compares it as if the project were at its first place, see `places`. A command
        that is too long for an argument is in a file of the plan, and is compared all the same.
        """
        facts = self._table.facts
        places = Places(facts.places)

        def script(wildcards: Any) -> str:
            row = self._row(rule, wildcards)
            links = links_of(row, self._table, self._engine)
            script = "\n".join([*links, shell_script(row, facts, self._table.path.parent)])
            if not places and not links and command_file(row.command) is None:
                return script
            compared = compared_script(row, facts, places)
            return script if compared == script else Compared(script, compared)

        return _lookup(script)

    def inputs(self, rule: str) -> Lookup:
        """The input files that the schema names. Those that are elsewhere come from a storage."""

        def files(wildcards: Any) -> Any:
            inputs = self._row(rule, wildcards).inputs
            found = self._in_place_of(json.loads(inputs))
            return self._engine.storage.inputs(found) if "://" in inputs else found

        return _lookup(files)

    def threads(self, rule: str) -> Lookup:
        """The cores of a job."""
        return _lookup(lambda wildcards: self._row(rule, wildcards).threads)

    def container(self, rule: str) -> Lookup:
        """The image of a job; None if the job has none."""
        return _lookup(lambda wildcards: self._row(rule, wildcards).container)

    def resource(self, rule: str, name: str) -> Lookup:
        """One resource: mem_mb in MB, runtime in minutes, others as the project has them.

        A job that lacks a resource of other jobs has 0 or an empty text. Executors take that for
        "not requested".
        """
        nothing: int | str = "" if name.startswith("slurm_") else 0
        return _lookup(
            lambda wildcards: json.loads(self._row(rule, wildcards).resources).get(name, nothing)
        )

    def priority(self, rule: str, own: int = 0) -> Lookup | int:
        """The priority of a job: that of its interface, and more for early rows; see `_part`."""
        found = _lookup(lambda wildcards: own + _part(self._row(rule, wildcards).number))
        return found if orders_jobs(self._engine) else own

    # --- many jobs --------------------------------------------------------------------------------

    def flags(self, *rules: str) -> Lookup:
        """The completed flags of all jobs of some rules."""

        def completed(wildcards: Any) -> list[str]:
            self._forced.what_is_left()
            return self._in_place_of(self._table.flags(rules))

        return _lookup(completed)

    def outputs(self, *rules: str) -> Lookup:
        """The outputs besides the flag of all jobs of some rules, as inputs of a target.

        Snakemake looks for a missing output only if something asks for it. And it compares no
        command of a job that has an output without a record, as a newly declared one is.
        """

        def declared(wildcards: Any) -> list[str]:
            outputs = self._table.declared_outputs(rules)
            if outputs:
                self._forced.what_has_changed(rules)
            return outputs

        return _lookup(declared)

    def flags_of_sample(self, *rules: str) -> Lookup:
        """The completed flags of one sample's jobs of some rules; a sample may lack some."""
        return _lookup(lambda wildcards: self._table.flags(rules, wildcards.sample))

    # --- merged pipestat configs ------------------------------------------------------------------

    def config(self, rule: str) -> Lookup | str:
        """The merged pipestat config, as an input of the jobs that read it.

        1. A config that is up to date is `ancient`: its age says nothing, and its content is a
           param, see `config_digest`.
        2. A config that this package never wrote is no input of a record that looper completed:
           the record needs no config any more, and a new config would make it run again.
        3. Any other config is a plain input: the jobs wait until it is written, and run again.
           (It must not be `ancient`: then it would be no reason to run. And if a job before this
           one is to run, Snakemake looks for no other reason.)

        Where the answer is the same for all jobs, it is a path. Snakemake calls a function for each
        job, and wraps the path that it returns once more, which makes each later use dearer.
        """
        shared = _shared_config(self._table, self._engine, rule)
        if shared is not None:
            return shared

        def needed(wildcards: Any) -> Any:
            config = self._table.config(rule)
            if config.last_written == config.digest:
                return _ancient(config.path)
            if config.last_written is None:
                row = self._row(rule, wildcards)
                if is_completed_by_looper(self._table, self._engine, row, config):
                    return []
            return config.path

        return _lookup(needed)

    def config_source(self, rule: str) -> Lookup:
        """The content of the merged pipestat config, as the plan has it (no secrets in it).

        It is `ancient` if it was written already: its file may be newer because it was lost and
        made anew.
        """

        def source(wildcards: Any) -> Any:
            config = self._table.config(rule)
            return (
                config.source if config.last_written != config.digest else _ancient(config.source)
            )

        return _lookup(source)

    def config_digest(self, rule: str) -> Lookup | str:
        """A digest of that content: if it changes, the pipeline's jobs run again."""
        config = _config_now(self._table, rule)
        if config is not None:
            return config.digest
        return _lookup(lambda wildcards: self._table.config(rule).digest)

    # --- what earlier runs have left --------------------------------------------------------------

    def settled(self, rule: str) -> str:
        """The file that says that a rule's results and statuses are published."""
        return self._table.settled(rule)

    def left_over(self) -> Lookup:
        """In a plan of some samples, the file to make if earlier runs left work undone."""

        def wanted(wildcards: Any) -> list[str]:
            if not self._engine.is_main or not self._forced.what_is_left():
                return []
            self._engine.force([LEFT_OVER])
            return [LEFT_OVER]

        return _lookup(wanted)

    def own_path(self) -> Callable[..., str]:
        """The table's path, as a param that is no reason to run a rule again.

        Snakemake does not compare params that are functions of outputs.
        """

        return lambda wildcards, output: str(self._table.path)

    def _row(self, rule: str, wildcards: Any) -> JobRow:
        """The job of a rule, for the sample in the wildcards or for the project."""
        return self._table.row(rule, wildcards.get("sample"))


def shell_script(row: JobRow, facts: Facts, plan: Path) -> str:
    """The script of a job's shell. `plan` is the folder of the plan, with very long commands."""
    folder = str(facts.rundir) if facts.rundir != facts.workdir else None
    file = command_file(row.command)
    command = f"source {shlex.quote(os.path.abspath(plan / file))}" if file else row.command
    return _script(folder, json.loads(row.env), command)


def links_of(row: JobRow, table: JobTable, engine: Engine) -> list[str]:
    """The first lines of a job's script: they link its remote inputs, see `remote_files`."""
    addresses = remote_inputs_of(row)
    if not addresses:
        return []
    copies = copies_of(addresses, row.flag, str(table.facts.workdir))
    return list(link_lines(copies, engine.storage.copy, partial(input_size, table)))


class Script(NamedTuple):
    """The script of a job's shell in its parts."""

    exports: frozenset[tuple[str, str]]
    """The variables with their values, and the folder, as lines have them."""
    command: str


def script_of(text: str) -> Script:
    """The parts of a script that `shell_script` or `compared_script` made."""
    lines = text.split("\n")
    exports = set()
    while len(lines) > 1 and lines[0].startswith(("cd ", "export ")):
        name, _, value = lines.pop(0).removeprefix("export ").partition("=")
        exports.add((name, value))
    return Script(frozenset(exports), "\n".join(lines))


def compared_script(row: JobRow, facts: Facts, places: Places) -> str:
    """The script of a job's shell in the form that Snakemake records and compares."""
    folder = places.compared(str(facts.rundir)) if facts.rundir != facts.workdir else None
    env: dict[str, str] = json.loads(row.env)
    command = row.command
    addresses = remote_inputs_of(row)
    if addresses:
        own = partial(
            with_addresses, addresses=addresses, flag=row.flag, workdir=str(facts.workdir)
        )
        env, command = {name: own(text) for name, text in env.items()}, own(command)
    return _script(folder, places.compared_in(env), places.compared(command))


def remote_inputs_of(row: JobRow) -> list[str]:
    """The addresses among the inputs of a job."""
    return list(filter(is_remote, json.loads(row.inputs))) if "://" in row.inputs else []


def _script(folder: str | None, env: Mapping[str, str], command: str) -> str:
    move = [f"cd {shlex.quote(folder)}"] if folder is not None else []
    exports = (f"export {name}={shlex.quote(env[name])}" for name in env)
    return "\n".join([*move, *exports, command])


def _part(number: int) -> float:
    """The part of a priority that is greater for early rows, and less than 1.

    Snakemake starts those jobs first that have the greatest priority, and else in any order. Jobs
    are numbered sample by sample: a sample's second pipeline comes before later samples.
    """
    return round(max(1 - (number + 1) / _MOST_JOBS, 0), 6)


def _shared_config(table: JobTable, engine: Engine, rule: str) -> str | None:
    """The merged config as an input of all jobs of a rule; None if they may differ."""
    config = _config_now(table, rule)
    if config is None or "{" in config.path:  # a path with a brace would be a pattern
        return None
    if config.last_written == config.digest:
        return _ancient(config.path)
    if config.last_written is not None:
        return config.path
    # A job's own process must not look at all samples. It takes longer for more of them.
    is_begun = not engine.is_main or any(map(os.path.exists, table.flags((rule,))))
    return None if is_begun else config.path


def _config_now(table: JobTable, rule: str) -> ConfigRow | None:
    """The merged config of a rule, while the Snakefile is read; None if the plan has none."""
    try:
        return table.config(rule)
    except (TypeError, TableError):
        return None


def _ancient(path: str) -> str:
    from snakemake.io import ancient

    flagged: str = ancient(path)
    return flagged

"""The job table: what differs from sample to sample, read by primary key.

The Snakefile holds the structure of a project and stays short; commands, environments, inputs,
threads and resources of each job are rows of a SQLite file beside it. Every process that parses
the Snakefile opens this table, on a cluster one process per job. So this module imports nothing
but the standard library, and a lookup costs the same for 10 samples and for 100,000.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import re
import shlex
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .places import Compared, Places

if TYPE_CHECKING:
    from .model import Plan

FILE_NAME = "jobs.sqlite"
SETTLED = ".snakemake/looper/settled"
"""Notes on what was brought where it belongs when runs ended, see `ledger`."""
LEFT_OVER = f"{SETTLED}/left_over"
TableError = sqlite3.Error
"""A table that was opened cannot be read."""
LOCK_VARIABLE = "SNAKEMAKE_LOOPER_LOCK"
"""Tells `job.sh` that it runs on a cluster, where jobs hold a lock on their log."""
_SCHEMA = """
CREATE TABLE job (
    rule TEXT NOT NULL, record TEXT NOT NULL, number INTEGER NOT NULL,
    pipeline TEXT NOT NULL, level TEXT NOT NULL,
    command TEXT NOT NULL, env TEXT NOT NULL, threads INTEGER NOT NULL, resources TEXT NOT NULL,
    inputs TEXT NOT NULL, log TEXT NOT NULL, flag TEXT NOT NULL, lump TEXT,
    container TEXT,
    PRIMARY KEY (rule, record)
) WITHOUT ROWID;
CREATE TABLE skip (pipeline TEXT, record TEXT, reason TEXT, fault INTEGER);
CREATE TABLE config (rule TEXT PRIMARY KEY, source TEXT, digest TEXT, path TEXT,
    after TEXT, reads TEXT) WITHOUT ROWID;
CREATE TABLE results (path TEXT, sources TEXT, schemas TEXT);
CREATE TABLE store (rule TEXT PRIMARY KEY, pipeline TEXT, level TEXT, back_end TEXT,
    location TEXT, published TEXT, schema TEXT, config TEXT) WITHOUT ROWID;
CREATE TABLE input (path TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID;
CREATE TABLE plan (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
_DIGEST = re.compile(r"[0-9a-f]{16}")
_COLUMNS = (
    "rule, record, pipeline, level, command, env, threads, resources, inputs, log, flag, lump,"
    " container"
)


class Row(NamedTuple):
    """One job as the table has it; `env`, `resources` and `inputs` are JSON."""

    rule: str
    record: str
    pipeline: str
    level: str
    command: str
    env: str
    threads: int
    resources: str
    inputs: str
    log: str
    flag: str
    lump: str | None
    container: str | None


class Brief(NamedTuple):
    """A job's names and files, without what it runs."""

    rule: str
    record: str
    pipeline: str
    level: str
    log: str
    flag: str


class ConfigRow(NamedTuple):
    """A merged pipestat config: its content in the plan, a digest of that, its own path; what
    its jobs come after and which results files they read (JSON), at project level; and which
    content was last written there when this process first asked."""

    rule: str
    source: str
    digest: str
    path: str
    after: str
    reads: str
    written: str | None


class SkipRow(NamedTuple):
    """A record without a job."""

    pipeline: str
    record: str
    reason: str
    fault: bool


class StoreRow(NamedTuple):
    """Where the records of a rule's pipeline are; `config` is the content of the merged config."""

    rule: str
    pipeline: str
    level: str
    back_end: str
    location: str
    published: str | None
    schema: str | None
    config: str


Lookup = Callable[[Any], Any]
"""A function of wildcards, as Snakemake takes them for inputs, params, threads, resources."""


class JobTable:
    """The jobs of a plan, for the Snakefile beside it and for `check`."""

    def __init__(self, path: str | os.PathLike[str], workflow: Any = None) -> None:
        """Open the table read-only; in a Snakefile, with Snakemake's `workflow`.

        Raises:
            FileNotFoundError: there is none.
        """
        self.path = Path(path)
        self._workflow = workflow
        self._lumped = False
        self._left: list[str] | None = None
        if not self.path.is_file():
            raise FileNotFoundError(f"no job table at {self.path}")
        uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._row = lru_cache(maxsize=4096)(self._read)
        self._config = lru_cache(maxsize=None)(self._read_config)

    # --- functions of wildcards, for the rules of the Snakefile --------------------------------

    def command(self, rule: str) -> Lookup:
        """What a job's shell runs: exports of its variables, then the rendered command.

        Snakemake compares it without regard to where the project lies, see `places`.
        """
        rundir = self.value("rundir")
        places = Places(self.value("places") or ())
        moves = rundir != self.value("workdir")

        def text(folder: str, env: Mapping[str, str], command: str) -> str:
            move = [f"cd {shlex.quote(folder)}"] if moves else []
            exports = (f"export {name}={shlex.quote(env[name])}" for name in env)
            return "\n".join([*move, *exports, command])

        def script(wildcards: Any) -> str:
            row = self.row(rule, wildcards)
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
            if self._lumped:
                self._settle_lumps()
            return json.loads(self.row(rule, wildcards).inputs)

        return _lookup(files)

    def threads(self, rule: str) -> Lookup:
        return _lookup(lambda wildcards: self.row(rule, wildcards).threads)

    def container(self, rule: str) -> Lookup:
        """The image of a job; None where it has none."""
        return _lookup(lambda wildcards: self.row(rule, wildcards).container)

    def resource(self, rule: str, name: str) -> Lookup:
        """One resource: mem_mb in MB, runtime in minutes, others as the project has them.

        Where a sample has none, though others have, 0 or an empty text: executors take that for
        "not requested".
        """
        nothing: int | str = "" if name.startswith("slurm_") else 0
        return _lookup(
            lambda wildcards: json.loads(self.row(rule, wildcards).resources).get(name, nothing)
        )

    def flags(self, *rules: str) -> Lookup:
        """The completed flags of all jobs of some rules."""
        marks = ", ".join("?" * len(rules))
        query = f"SELECT flag FROM job WHERE rule IN ({marks}) ORDER BY rule, number"

        def completed(wildcards: Any) -> list[str]:
            self._force_what_is_left()
            return [flag for (flag,) in self._connection.execute(query, rules)]

        return _lookup(completed)

    def flags_of_sample(self, *rules: str) -> Lookup:
        """The completed flags of one sample's jobs of some rules; a sample may lack some."""
        marks = ", ".join("?" * len(rules))
        query = f"SELECT flag FROM job WHERE rule IN ({marks}) AND record = ? ORDER BY rule"
        return _lookup(
            lambda wildcards: [
                flag for (flag,) in self._connection.execute(query, (*rules, wildcards.sample))
            ]
        )

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
            config = self._config(rule)
            if config.written == config.digest:
                from snakemake.io import ancient

                return ancient(config.path)
            if config.written is None:
                row = self.row(rule, wildcards)
                if self._settled(row, config) and not self._is_recorded(row.flag):
                    return []
            return config.path

        return _lookup(needed)

    def config_source(self, rule: str) -> Lookup:
        """The content of the merged pipestat config, as the plan has it (no secrets in it).

        `ancient` where it was written already: a copy that was lost and made anew is newer.
        """

        def source(wildcards: Any) -> Any:
            config = self._config(rule)
            if config.written != config.digest:
                return config.source
            from snakemake.io import ancient

            return ancient(config.source)

        return _lookup(source)

    def config_digest(self, rule: str) -> Lookup:
        """A digest of that content: another one runs the pipeline's jobs again."""
        return _lookup(lambda wildcards: self._config(rule).digest)

    def lump(self, rule: str) -> Lookup:
        """The lump that a sample is in: the name of its group job."""
        return _lookup(lambda wildcards: self.row(rule, wildcards).lump)

    # --- what runs leave to the next one, see `ledger` ------------------------------------------

    def settled(self, rule: str) -> str:
        """The file that says that a rule's results and statuses are where they belong."""
        query = f"SELECT {', '.join(StoreRow._fields)} FROM store WHERE rule = ?"
        store = StoreRow(*self._connection.execute(query, (rule,)).fetchone())
        return settled_marker(store, self.value("workdir"))

    def left_over(self) -> Lookup:
        """In a plan of some samples: a file to be made if anything was left; none if not."""

        def wanted(wildcards: Any) -> list[str]:
            if not self._in_main_process() or not self._force_what_is_left():
                return []
            self._workflow.dag.forcefiles.add(LEFT_OVER)
            return [LEFT_OVER]

        return _lookup(wanted)

    def own_path(self) -> Callable[..., str]:
        """Where the table is, as a param that is no reason to run a rule again.

        Snakemake does not compare params that are made from outputs.
        """

        def path(wildcards: Any, output: Any) -> str:
            return str(self.path)

        return path

    def _force_what_is_left(self) -> bool:
        """Let Snakemake run the rules of what earlier runs left; whether there is anything."""
        dag = getattr(self._workflow, "dag", None)
        if dag is None or not self._in_main_process():
            return False
        if self._left is None:
            from .ledger import left

            self._left = left(self)
            dag.forcefiles.update(self._left)
        return bool(self._left)

    def prepare_lumps(self) -> None:
        """Let the members of a group job run one after another, in the process that runs them.

        Each takes the resource `lump`, of which there is one.
        """
        self._lumped = True
        if self._workflow.remote_exec:
            self._workflow.register_resource("lump", 1)

    def _settle_lumps(self) -> None:
        """Tell Snakemake what lumps need, once it knows its own settings: after parsing.

        All members of a lump are one group job, though nothing connects them. One that fails
        does not keep the others from running, nor does it take their completed flags away:
        those say by themselves that they are complete.
        """
        self._lumped = False
        workflow = self._workflow
        workflow.execution_settings.keep_incomplete = True
        if workflow.remote_exec:
            workflow.execution_settings.keep_going = True
        elif not workflow.local_exec:
            workflow.register_resource("lump", 1)  # so that resources of members are not added up
        query = "SELECT lump, COUNT(*) FROM job WHERE lump IS NOT NULL GROUP BY lump"
        sizes = dict(self._connection.execute(query).fetchall())
        known = workflow.group_settings.group_components
        workflow.group_settings.group_components = {**known, **sizes}

    # --- for the main process ------------------------------------------------------------------

    def row(self, rule: str, wildcards: Any) -> Row:
        """The job of a rule, for the sample in the wildcards or for the project."""
        return self._row(rule, wildcards.get("sample"))

    def rows(self) -> Iterator[Row]:
        """All jobs, in the order of the sample table."""
        query = f"SELECT {_COLUMNS} FROM job ORDER BY level DESC, rule, number"
        return map(Row._make, self._connection.execute(query))

    def briefs(self) -> Iterator[Brief]:
        """All jobs, as cheaply as it goes."""
        query = f"SELECT {', '.join(Brief._fields)} FROM job"
        return map(Brief._make, self._connection.execute(query))

    def same_job(self, other: JobTable, brief: Brief) -> bool:
        """Whether another plan has the very same job, so that its result is this one's, too."""
        return self.same_content(other, brief) and not self._forced(brief.rule, brief.flag)

    def same_content(self, other: JobTable, brief: Brief) -> bool:
        """Whether another plan has the very same job, be it forced or not."""
        what = "command, env, inputs, log, flag, container"
        query = f"SELECT {what} FROM job WHERE rule = ? AND record = ?"
        config = "SELECT digest FROM config WHERE rule = ?"
        key = (brief.rule, brief.record)
        try:
            mine, theirs = (
                (
                    table._connection.execute(query, key).fetchone(),
                    table._connection.execute(config, key[:1]).fetchone(),
                )
                for table in (self, other)
            )
        except sqlite3.Error:  # another version of this package made it
            return False
        return bool(mine == theirs)

    def flags_before(self, brief: Brief) -> list[str]:
        """At project level, the completed flags of the jobs that it comes after."""
        query = "SELECT after FROM config WHERE rule = ?"
        found = self._connection.execute(query, (brief.rule,)).fetchone()
        after: list[str] = json.loads(found[0]) if found and found[0] else []
        return list(self.flags(*after)(None)) if after else []

    def has_outputs(self, rule: str) -> bool:
        """Whether a rule has more outputs than the flag."""
        return bool(self.value("outputs").get(rule))

    def input_files(self, brief: Brief) -> list[str]:
        """The input files of a job, as `inputs` has them."""
        found: list[str] = json.loads(self._row(brief.rule, brief.record).inputs)
        return found

    def configs(self, workdir: Path) -> list[ConfigRow]:
        """All merged pipestat configs, whose paths are relative to the working directory."""
        rules = self._connection.execute("SELECT rule FROM config ORDER BY rule").fetchall()
        return [self._read_config(rule, workdir) for (rule,) in rules]

    def skipped(self) -> list[SkipRow]:
        query = "SELECT pipeline, record, reason, fault FROM skip"
        return [
            SkipRow(p, r, why, bool(fault)) for p, r, why, fault in self._connection.execute(query)
        ]

    def stores(self) -> list[StoreRow]:
        """Where results are, for each rule with a pipestat config; sample level first."""
        query = f"SELECT {', '.join(StoreRow._fields)} FROM store ORDER BY level DESC, rule"
        return [StoreRow(*row) for row in self._connection.execute(query)]

    def inputs_seen(self) -> Iterator[tuple[str, int]]:
        """Files whose sizes the plan depends on: path, bytes (-1: missing)."""
        return iter(self._connection.execute("SELECT path, size FROM input"))

    def value(self, key: str) -> Any:
        """A fact about the whole plan: `workdir`, `output_dir`, `project_name`, `warnings`, …"""
        found = self._connection.execute("SELECT value FROM plan WHERE key = ?", (key,)).fetchone()
        return json.loads(found[0]) if found else None

    def results(self) -> list[tuple[str, dict[str, str], dict[str, str]]]:
        """Results files to assemble: path, folders of record files and schemas by pipeline."""
        query = "SELECT path, sources, schemas FROM results"
        return [
            (path, json.loads(sources), json.loads(schemas))
            for path, sources, schemas in self._connection.execute(query)
        ]

    def _in_main_process(self) -> bool:
        return self._workflow is None or bool(self._workflow.is_main_process)

    def close(self) -> None:
        self._connection.close()

    def _read(self, rule: str, record: str | None) -> Row:
        query = f"SELECT {_COLUMNS} FROM job WHERE rule = ?"
        arguments: tuple[str, ...] = (rule,)
        if record is not None:
            query += " AND record = ?"
            arguments += (record,)
        found = self._connection.execute(query, arguments).fetchone()
        if found is None:
            raise ValueError(f"the project has no sample '{record}' for rule {rule}")
        return Row._make(found)

    def _settled(self, row: Row, config: ConfigRow) -> bool:
        """Whether a job that Snakemake knows nothing of is done and will not be run.

        Without metadata there are these reasons to run: no flag, force, a newer input, and a
        job before it that is run.
        """
        after = json.loads(config.after)
        if self._forced(config.rule, *after, row.flag):
            return False
        done = modified(row.flag)
        inputs: list[str] = json.loads(row.inputs)
        if done is None or any((modified(path) or 0) > done for path in inputs):
            return False
        if not after:
            return True
        flags = [modified(flag) for flag in self.flags(*after)(None)]
        assembled = [modified(path) for path in json.loads(config.reads)]
        if any(time is None or time > done for time in assembled):
            return False
        bound = min([done, *(time for time in assembled if time is not None)])
        return all(flag is not None and flag <= bound for flag in flags)

    def _forced(self, *names: str) -> bool:
        """Whether one of these rules or files is forced, or everything is."""
        settings = getattr(self._workflow, "dag_settings", None)
        if settings is None:
            return False
        # In a module the rule has a prefix.
        forced = any(str(one).endswith(names) for one in settings.forcerun or ())
        return bool(settings.forceall or settings.forcetargets or forced)

    def _is_recorded(self, flag: str) -> bool:
        """Whether Snakemake knows how a flag was made; looper's are not known."""
        from snakemake.io import IOFile

        return bool(self._workflow.persistence.metadata(IOFile(flag)))  # 9.14 has {} for none

    def _read_config(self, rule: str, workdir: Path | None = None) -> ConfigRow:
        query = "SELECT source, digest, path, after, reads FROM config WHERE rule = ?"
        source, digest, path, after, reads = self._connection.execute(query, (rule,)).fetchone()
        written = _read_marker(path, workdir or Path())
        return ConfigRow(rule, source, digest, path, after, reads, written)


def briefs_at(path: Path) -> list[Brief]:
    """The jobs of a plan of another run; none if it is gone, damaged or of another version."""
    try:
        jobs = JobTable(path)
    except OSError:
        return []
    try:
        return list(jobs.briefs())
    except sqlite3.Error:
        return []
    finally:
        jobs.close()


_WILDCARDS = inspect.Signature(
    [inspect.Parameter("wildcards", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
)


def _lookup(function: Lookup) -> Lookup:
    """Say beforehand what the function takes: Snakemake inspects it for every job, a dozen times."""
    function.__signature__ = _WILDCARDS  # type: ignore[attr-defined]
    return function


def refuse_to_run(why: str | None) -> None:
    """Leave in one line where a plan can be looked at only.

    Raises:
        SystemExit: there is a reason not to run it.
    """
    if why:
        print(f"error: {why}", file=sys.stderr)
        raise SystemExit(1)


def modified(path: str) -> float | None:
    """When a file was last written (seconds since the epoch); None if there is none."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def marker(path: str) -> str:
    """Where is noted which content was last written to a pipestat config, by its path."""
    return f".snakemake/looper/written/{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def settled_marker(store: StoreRow, workdir: str) -> str:
    """The file that says that a store has what it is to have, relative to the working directory.

    Its name is the same wherever the project lies.
    """
    location = os.path.relpath(store.location, workdir) if store.location else ""
    text = json.dumps([store.pipeline, store.level, location, store.published])
    return f"{SETTLED}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def is_digest(text: str) -> bool:
    """Whether a text is a digest as markers have it; a damaged one is not."""
    return _DIGEST.fullmatch(text) is not None


def _read_marker(path: str, workdir: Path) -> str | None:
    """The digest last written, `""` if the config is gone or its digest cannot be read, None if
    it was never written by us."""
    try:
        digest = (workdir / marker(path)).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    return digest if is_digest(digest) and os.path.exists(workdir / path) else ""


def _record_folders(plan: Plan) -> dict[str, str]:
    """For each rule whose jobs report into a file each: the folder of these."""
    return {
        rule.name: str(folder)
        for rule in plan.rules
        for pipeline, folder in (rule.results.sources if rule.results else ())
        if pipeline == rule.pipeline
    }


def write_job_table(
    plan: Plan,
    path: Path,
    configs: Mapping[str, tuple[str, str, str]],
    facts: Mapping[str, Any],
) -> None:
    """Write a plan's jobs to a new SQLite file.

    `configs` has, for each rule with a pipestat config: the path of its content in the plan, a
    digest of that, and the path of the config itself. `facts` are more of what `value` knows.
    """
    path.touch()  # with the mode that the umask gives; SQLite takes away what a group may do
    connection = sqlite3.connect(path)
    try:
        # The file is made beside its place and renamed: no journal is needed, nobody reads it yet.
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        connection.executemany(
            "INSERT INTO job VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                (
                    job.rule, job.record, number, job.pipeline, job.level, job.command,
                    json.dumps(dict(job.env)), job.threads, json.dumps(dict(job.resources)),
                    json.dumps(job.inputs), job.log, job.flag, job.lump, job.container,
                )
                for number, job in enumerate(plan.jobs)
            ),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO skip VALUES (?,?,?,?)",
            ((one.pipeline, one.record, one.reason, one.fault) for one in plan.skipped),
        )
        connection.executemany(
            "INSERT INTO config VALUES (?,?,?,?,?,?)",
            (
                (
                    rule.name,
                    *configs[rule.name],
                    json.dumps(rule.after),
                    json.dumps([plan.shown(file.path) for file in rule.reads]),
                )
                for rule in plan.rules
                if rule.config
            ),
        )
        connection.executemany(
            "INSERT INTO results VALUES (?,?,?)",
            (
                (
                    str(one.path),
                    json.dumps({name: str(folder) for name, folder in one.sources}),
                    json.dumps({name: str(schema) for name, schema in one.schemas}),
                )
                for one in plan.results
            ),
        )
        connection.executemany(
            "INSERT INTO store VALUES (?,?,?,?,?,?,?,?)",
            (
                (
                    rule.name, rule.pipeline, rule.level, rule.config.back_end,
                    rule.config.location, rule.config.published,
                    str(rule.interface.output_schema) if rule.interface.output_schema else None,
                    configs[rule.name][0],
                )
                for rule in plan.rules
                if rule.config
            ),
        )  # fmt: skip
        connection.executemany("INSERT INTO input VALUES (?,?)", plan.inputs.items())
        connection.executemany(
            "INSERT INTO plan VALUES (?,?)",
            (
                ("workdir", json.dumps(str(plan.workdir))),
                ("rundir", json.dumps(str(plan.rundir))),
                ("looper_config", json.dumps(str(plan.looper_config))),
                ("project_name", json.dumps(plan.project_name)),
                ("output_dir", json.dumps(str(plan.out))),
                ("results_dir", json.dumps(str(plan.results_dir))),
                ("amendments", json.dumps(plan.amendments)),
                ("outputs", json.dumps({rule.name: rule.outputs for rule in plan.rules})),
                ("record_folders", json.dumps(_record_folders(plan))),
                ("warnings", json.dumps(plan.warnings)),
                *((key, json.dumps(value)) for key, value in facts.items()),
            ),
        )
        connection.commit()
    finally:
        connection.close()

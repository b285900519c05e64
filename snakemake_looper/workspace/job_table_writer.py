"""Writing a job table: a plan's jobs, configs and facts as rows of a new SQLite file."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii as _quoted
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, get_type_hints

from ..layout import lump_folder
from ..model import Job, Plan
from .rows import Facts, InputRow, JobRow, ResultsRow, SkipRow, StoredConfig, StoreRow


class WrittenConfig(NamedTuple):
    """A merged pipestat config in a plan."""

    source: str
    """The file that has its content, without secrets."""
    digest: str
    """A digest of that content."""
    path: str
    """The path of the config itself, as the Snakefile has it."""


class FactRow(NamedTuple):
    """A field of `Facts`, as JSON."""

    key: str
    value: str


_TABLES: Mapping[str, tuple[type[NamedTuple], tuple[str, ...]]] = {
    "job": (JobRow, ("rule", "record")),
    "skip": (SkipRow, ()),
    "config": (StoredConfig, ("rule",)),
    "results": (ResultsRow, ()),
    "store": (StoreRow, ("rule",)),
    "input": (InputRow, ("path",)),
    "plan": (FactRow, ("key",)),
}
"""For each table: its rows, and the fields that are its primary key."""
_OF_THE_SYSTEM = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
"""The system's errors, by SQLite's."""
_TYPES = {
    str: "TEXT NOT NULL",
    int: "INTEGER NOT NULL",
    bool: "INTEGER NOT NULL",
    float: "REAL NOT NULL",
}


def write_job_table(
    plan: Plan, path: Path, configs: Mapping[str, WrittenConfig], facts: Facts
) -> None:
    """Write a plan to a new SQLite file.

    Nobody reads the file yet, since the caller renames its folder when it is complete. So SQLite
    needs no journal.

    Args:
        plan: the plan.
        path: the file to make.
        configs: the merged pipestat configs, by rule.
        facts: facts about the plan as a whole.

    Raises:
        OSError: the file cannot be written.
    """
    path.touch()  # with the mode that the umask gives: SQLite would not let a group write
    try:
        _write(plan, path, configs, facts)
    except sqlite3.OperationalError as error:
        code = _OF_THE_SYSTEM.get(error.sqlite_errorcode & 0xFF)
        if code is None:
            raise
        raise OSError(code, os.strerror(code), str(path)) from None


def _write(plan: Plan, path: Path, configs: Mapping[str, WrittenConfig], facts: Facts) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for name, rows in table_rows(plan, configs, facts):
            _fill(connection, name, rows)
        connection.commit()
    finally:
        connection.close()


def table_rows(
    plan: Plan, configs: Mapping[str, WrittenConfig], facts: Facts
) -> Iterator[tuple[str, Iterable[tuple[object, ...]]]]:
    """The rows of each table of a plan; all that the job table holds."""
    yield "job", _job_rows(plan)
    yield "skip", _skip_rows(plan)
    yield "config", _config_rows(plan, configs)
    yield "results", _results_rows(plan)
    yield "store", _store_rows(plan, configs)
    yield "input", (InputRow(*one) for one in sorted(plan.inputs.items()))
    yield "plan", _fact_rows(facts)


def _fill(connection: sqlite3.Connection, name: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Make a table, and insert its rows."""
    kind, key = _TABLES[name]
    columns = [f"{field} {_TYPES.get(of, 'TEXT')}" for field, of in get_type_hints(kind).items()]
    if key:
        columns.append(f"PRIMARY KEY ({', '.join(key)})")
    end = " WITHOUT ROWID" if key else ""
    connection.execute(f"CREATE TABLE {name} ({', '.join(columns)}){end}")
    marks = ", ".join("?" * len(get_type_hints(kind)))
    connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)


def _job_rows(plan: Plan) -> Iterator[JobRow]:
    """A plan's jobs as the table has them, in the order of its key: SQLite only appends them."""
    for job, number in sorted(
        zip(plan.jobs, range(len(plan.jobs)), strict=True), key=lambda pair: _key(pair[0])
    ):
        yield JobRow(
            job.rule,
            job.record,
            number,
            job.pipeline,
            job.level,
            job.command,
            _json_of_mapping(job.env),
            job.threads,
            _json_of_mapping(job.resources),
            _json_of_list(job.inputs),
            job.log,
            job.flag,
            job.size_gb,
            job.container,
        )


_key: Callable[[Job], tuple[str, str]] = attrgetter("rule", "record")


def _json_of_mapping(values: Mapping[str, object]) -> str:
    """A mapping as `json.dumps` writes it; of texts and whole numbers in a third of its time."""
    items = [f"{_quoted(key)}: {_json_of_value(value)}" for key, value in values.items()]
    return f"{{{', '.join(items)}}}"


def _json_of_value(value: object) -> str:
    if type(value) is str:
        return _quoted(value)
    return str(value) if type(value) is int else json.dumps(value)


def _json_of_list(texts: Iterable[str]) -> str:
    """A list of texts as `json.dumps` writes it, in a third of its time."""
    return f"[{', '.join(map(_quoted, texts))}]"


def _skip_rows(plan: Plan) -> Iterator[SkipRow]:
    for one in plan.skipped:
        yield SkipRow(one.pipeline, one.record, one.reason, one.fault)


def _config_rows(plan: Plan, configs: Mapping[str, WrittenConfig]) -> Iterator[StoredConfig]:
    for rule in plan.rules:
        if rule.config:
            reads = [plan.shown(file.path) for file in rule.reads]
            yield StoredConfig(
                rule.name, *configs[rule.name], json.dumps(rule.after), json.dumps(reads)
            )


def _results_rows(plan: Plan) -> Iterator[ResultsRow]:
    for one in plan.results:
        sources = {pipeline: str(folder) for pipeline, folder in one.sources}
        schemas = {pipeline: str(schema) for pipeline, schema in one.schemas}
        yield ResultsRow(str(one.path), json.dumps(sources), json.dumps(schemas))


def _store_rows(plan: Plan, configs: Mapping[str, WrittenConfig]) -> Iterator[StoreRow]:
    for rule in plan.rules:
        if rule.config:
            schema = rule.interface.output_schema
            yield StoreRow(
                rule=rule.name,
                pipeline=rule.pipeline,
                level=rule.level,
                back_end=rule.config.back_end,
                location=rule.config.location,
                published=rule.config.published,
                schema=str(schema) if schema else None,
                config=configs[rule.name].source,
            )


def _fact_rows(facts: Facts) -> Iterator[FactRow]:
    for field in dataclasses.fields(facts):
        yield FactRow(field.name, json.dumps(getattr(facts, field.name), default=str))


def facts_of(
    plan: Plan,
    places: Iterable[tuple[str, str]],
    refusal: str | None,
    contents: Mapping[str, str],
) -> Facts:
    """The facts of a plan. The other arguments are fields that `Facts` describes."""
    return Facts(
        workdir=plan.workdir,
        rundir=plan.rundir,
        looper_config=plan.looper_config,
        project_name=plan.project_name,
        output_dir=plan.out,
        results_dir=plan.results_dir,
        amendments=plan.amendments,
        pep=plan.pep,
        outputs={rule.name: list(rule.outputs) for rule in plan.rules},
        depends={rule.name: list(rule.depends) for rule in plan.rules if rule.depends},
        after={rule.name: list(rule.after) for rule in plan.rules if rule.after},
        benchmarks={rule.name: rule.benchmark for rule in plan.rules if rule.benchmark},
        record_folders={
            rule.name: str(folder)
            for rule in plan.rules
            for pipeline, folder in (rule.results.sources if rule.results else ())
            if pipeline == rule.pipeline
        },
        warnings=plan.warnings,
        places=tuple(places),
        refusal=refusal,
        contents=dict(contents),
        on_end=plan.on_end,
        lumps={
            rule.name: lump_folder(rule.name, rule.flag)
            for rule in plan.rules
            if rule.level == "sample"
        }
        if plan.lumps
        else {},
        lump_limits=tuple(plan.lumps or ()),
    )

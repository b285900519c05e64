"""Rows of the job table, as values.

The writer makes the table's columns from the fields of these classes, and the reader selects them:
each field is declared here and nowhere else. Fields that hold lists or mappings are JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class JobRow(NamedTuple):
    """One job. `env`, `resources` and `inputs` are JSON."""

    rule: str
    record: str
    number: int
    """Its position among all jobs of the plan."""
    pipeline: str
    level: str
    command: str
    env: str
    threads: int
    resources: str
    inputs: str
    log: str
    flag: str
    size_gb: float
    """The size of its input files, if it limits lumps; else 0."""
    container: str | None


class Brief(NamedTuple):
    """A job's names and files, without what it runs."""

    rule: str
    record: str
    pipeline: str
    level: str
    log: str
    flag: str


def brief_of(row: JobRow) -> Brief:
    """A job's names and files."""
    return Brief(row.rule, row.record, row.pipeline, row.level, row.log, row.flag)


class StoredConfig(NamedTuple):
    """A merged pipestat config, by the rule whose jobs read it."""

    rule: str
    source: str
    """The file that has its content, without secrets."""
    digest: str
    """A digest of that content."""
    path: str
    """The path of the config itself."""
    after: str
    """At project level, the rules that the jobs come after (JSON)."""
    reads: str
    """At project level, the results files that the jobs read (JSON)."""


class ConfigRow(NamedTuple):
    """A merged pipestat config, and the content that it was last written with."""

    rule: str
    source: str
    digest: str
    path: str
    after: str
    reads: str
    last_written: str | None
    """The digest of that content, as this process first found it. It is empty if the config is gone
    or the note is damaged, and None if this package never wrote the config."""


class SkipRow(NamedTuple):
    """A record without a job."""

    pipeline: str
    record: str
    reason: str
    fault: bool


class StoreRow(NamedTuple):
    """The place of the records of a rule's pipeline; `config` is the file with the content of the
    merged pipestat config."""

    rule: str
    pipeline: str
    level: str
    back_end: str
    location: str
    published: str | None
    schema: str | None
    config: str


class InputRow(NamedTuple):
    """A file that the plan looked at, with its size in bytes (-1: missing)."""

    path: str
    size: int


class ResultsRow(NamedTuple):
    """A results file to assemble. `sources` (folders of record files) and `schemas`, each by
    pipeline, are JSON."""

    path: str
    sources: str
    schemas: str


class AssembledFile(NamedTuple):
    """A results file that is assembled from one file per record."""

    path: str
    sources: dict[str, str]
    """The folders of the record files, by pipeline."""
    schemas: dict[str, str]
    """The output schemas, by pipeline."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a plan as a whole."""

    workdir: Path
    """Snakemake's working directory."""
    rundir: Path
    """The folder that commands run in."""
    looper_config: Path
    project_name: str
    output_dir: Path
    results_dir: Path
    """The folder of the samples' own output folders."""
    amendments: tuple[str, ...]
    pep: str
    """The PEP: a path, or its address at PEPhub."""
    outputs: dict[str, list[str]]
    """Outputs besides the flag, by rule."""
    benchmarks: dict[str, str]
    """The benchmark file of a rule's jobs, by rule."""
    depends: dict[str, list[str]]
    """The rules whose job of the same sample comes before, by rule."""
    after: dict[str, list[str]]
    """The rules whose jobs all come before, by rule."""
    record_folders: dict[str, str]
    """For each rule whose jobs report into one file per record, the folder of these files."""
    warnings: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    """Folders of the project, each with the name that it had first; see `places`."""
    refusal: str | None
    """Why the plan can be looked at and not be run; None if it can be run."""
    contents: dict[str, str]
    """Digests of the merged configs' texts, by path."""
    on_end: str = ""
    """The command that gets a summary when a run has ended; "" if there is none."""
    lumps: dict[str, str] = field(default_factory=dict)
    """The folder of a rule's lumps, by rule; empty if each sample is a job of its own."""
    lump_limits: tuple[Any, ...] = ()
    """The fields of `model.LumpLimits`, if there are lumps."""

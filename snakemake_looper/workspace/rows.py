"""Rows of the job table, as values.

The writer makes the table's columns from the fields of these classes, and the reader selects them:
a field is written down here and nowhere else. Fields that hold lists or mappings are JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One job. `env`, `resources` and `inputs` are JSON."""

    rule: str
    record: str
    number: int
    """Its place among all jobs of the plan."""
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


class StoredConfig(NamedTuple):
    """A merged pipestat config: where its content is in the plan, a digest of that, its own path;
    at project level also which rules it comes after and which results files it reads (JSON)."""

    rule: str
    source: str
    digest: str
    path: str
    after: str
    reads: str


class ConfigRow(NamedTuple):
    """A merged pipestat config, and the content that was last written there.

    `written` is a digest as this process first found it: empty if the config is gone or the note
    is damaged, None if this package never wrote it.
    """

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


class ResultsRow(NamedTuple):
    """A results file to assemble. `sources` (folders of record files) and `schemas`, each by
    pipeline, are JSON."""

    path: str
    sources: str
    schemas: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a plan as a whole."""

    workdir: Path
    """Snakemake's working directory."""
    rundir: Path
    """Where commands run."""
    looper_config: Path
    project_name: str
    output_dir: Path
    results_dir: Path
    """Where the samples' own output folders are."""
    amendments: tuple[str, ...]
    outputs: dict[str, list[str]]
    """More outputs than the flag, by rule."""
    record_folders: dict[str, str]
    """For each rule whose jobs report into a file each: the folder of these."""
    warnings: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    """Folders of the project, each with the name that it had first; see `places`."""
    refusal: str | None
    """Why the plan can be looked at and not run."""
    contents: dict[str, str]
    """Digests of the merged configs' texts, by path."""

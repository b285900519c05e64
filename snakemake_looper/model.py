"""The values that travel between the stages, all frozen.

    Options ─> Project ─> Plan ─> Snakefile + job table

`Options` is what was asked for on a command line, `Project` is everything read from files,
`Plan` is everything decided: which rules, which jobs with which commands, which pipestat
configs, who is skipped and why. Nothing here does input or output, and nothing here imports
another module of the package but `errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .errors import Place
from .layout import shown

Level = Literal["sample", "project"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One record of the sample table after all modifiers; attributes are plain values."""

    name: str
    attributes: Mapping[str, Any]
    interfaces: tuple[str, ...] | None
    """The sample's own pipeline interfaces, if it names any."""


@dataclass(frozen=True, slots=True)
class Pep:
    """The samples and the config that peppy reads."""

    name: str
    config: Mapping[str, Any]
    samples: tuple[Sample, ...]
    index: str
    """Name of the attribute that identifies a sample."""
    config_file: Path | None
    files: tuple[Path, ...]
    """Every file that was read for it."""
    volatile: bool
    """Whether the same files may give other samples next time (a glob, a remote source)."""
    refused: frozenset[str] = frozenset()
    """Names in the table that no sample can have. The problem is already named."""


@dataclass(frozen=True, slots=True)
class InputSchema:
    """What eido demands of a sample: JSON schemas, and the attributes that name files."""

    path: Path
    schemas: tuple[Mapping[str, Any], ...]
    """Imported schemas first, the schema itself last."""
    required_files: tuple[str, ...]
    """Attributes whose files must exist (`tangible`, older `required_files`)."""
    sized_files: tuple[str, ...]
    """Attributes whose files count towards the input size (`sizing`, older `files`)."""
    directories: tuple[str, ...]
    """Attributes that name folders, to CWL."""
    files: tuple[Path, ...]
    volatile: bool = False
    """Whether a remote part could not be read, and may be the next time."""


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One row of a size table: the values for inputs of up to `max_gb` (GB, 1024³ bytes)."""

    max_gb: float
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an interface runs before a job is planned; see `hooks`."""

    python_functions: tuple[str, ...] = ()
    """`package.function`, called with the namespaces."""
    command_templates: tuple[str, ...] = ()
    """Shell commands that print JSON: namespace → values."""
    places: tuple[Place, ...] = ()
    """Where each function stands."""
    dynamic_variables: str | None = None
    """A shell command that prints the compute settings as JSON (deprecated by looper)."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One pipeline interface at one level, of either generation."""

    path: Path
    level: Level
    pipeline_name: str
    command_template: str
    data: Mapping[str, Any] = field(repr=False)
    """The `pipeline` namespace: the whole file, for a 1.x interface with its `path` resolved."""
    place: Place
    template_place: Place
    places: Mapping[str, Place] = field(repr=False)
    var_templates: Mapping[str, Any] = field(repr=False)
    inject_env_vars: Mapping[str, str]
    compute: Mapping[str, Any]
    size_table: tuple[SizeRow, ...]
    input_schema: InputSchema | None
    output_schema: Path | None
    output_paths: Mapping[str, str]
    """Paths that an output schema of eido's kind gives; attributes of each sample, filled in."""
    hooks: Hooks
    linked: tuple[Path, ...]
    """`linked_pipeline_interfaces` of a project-level interface."""
    directives: Mapping[str, Any]
    """The `snakemake:` section."""
    files: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        return self.path.parent


BackEnd = Literal["file", "records", "database"]
"""Where a pipeline's results are: one file of all records, a file for each, a database server."""


Published = Literal["sqlite", "pephub"]
"""Where a results file is copied to, by one writer, since jobs cannot report there safely."""


@dataclass(frozen=True, slots=True)
class PipestatConfig:
    """A merged pipestat config: one per interface and level, made fresh for each (quirk 3)."""

    path: Path
    content: Mapping[str, Any]
    """Literal secrets are replaced by references, see `read.secrets`."""
    interface: Interface
    back_end: BackEnd
    location: str
    """The results file, or the pattern of one file per record; empty for a database."""
    published: Published | None = None


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """A user's results file, assembled from one file per record."""

    path: Path
    sources: tuple[tuple[str, Path], ...]
    """Pipelines that report into it, each with its folder of record files."""
    schemas: tuple[tuple[str, Path], ...]
    """Output schema of each pipeline that has one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the Snakefile: one interface at one level."""

    name: str
    interface: Interface
    flag: str
    """Path of the completed flag, relative to the working directory where it is below it;
    sample level: with `{sample}`."""
    log: str
    config: PipestatConfig | None
    results: ResultsFile | None
    """Sample level: the results file that the jobs' records are assembled into."""
    reads: tuple[ResultsFile, ...] = ()
    """Project level: the results files that are complete before."""
    after: tuple[str, ...] = ()
    """Names of rules whose jobs must be done before (project level)."""
    constraint: str | None = None
    """Regular expression for `{sample}`, where the default would match a neighbour's flag."""
    depends: tuple[str, ...] = ()
    """Names of sample-level rules whose job of the same sample comes before (`depends_on`)."""
    outputs: tuple[str, ...] = ()
    """More outputs, with `{sample}` at sample level."""
    benchmark: str | None = None
    in_all: bool = True

    @property
    def pipeline(self) -> str:
        return self.interface.pipeline_name

    @property
    def level(self) -> Level:
        return self.interface.level


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one rule, for a sample or for the project."""

    rule: str
    pipeline: str
    level: Level
    record: str
    command: str
    env: Mapping[str, str]
    threads: int
    resources: Mapping[str, int | str]
    compute: Mapping[str, Any]
    inputs: tuple[str, ...]
    log: str
    flag: str
    lump: str | None = None
    """The group job that it runs in, with `--lump`, `--lump-n` or `--lump-j`."""
    container: str | None = None
    """The image that its compute settings name, see `containers`."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A record for which there is no job."""

    pipeline: str
    record: str
    reason: str
    fault: bool
    """Whether the record itself is at fault (missing file), not the selection."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be run, and everything that will not."""

    workdir: Path
    """Snakemake's working directory; paths in rules and jobs are relative to it."""
    rundir: Path
    """Where commands run; another folder only in modules and generated workflows."""
    looper_config: Path
    project_name: str
    out: Path
    """The output folder."""
    results_dir: Path
    """Where the samples' own output folders are."""
    amendments: tuple[str, ...]
    rules: tuple[Rule, ...]
    jobs: tuple[Job, ...]
    skipped: tuple[Skip, ...]
    configs: tuple[PipestatConfig, ...]
    results: tuple[ResultsFile, ...]
    warnings: tuple[str, ...]
    sources: tuple[Path, ...]
    """Files whose change makes the plan stale."""
    inputs: Mapping[str, int]
    """Input files the plan looked at, with their sizes in bytes, -1 where missing."""
    volatile: bool
    narrowed: bool = False
    """Whether only some of the samples are selected by options."""

    def shown(self, path: Path) -> str:
        """A path as the Snakefile has it, see `shown`."""
        return shown(path, self.workdir, self.looper_config.parent)

    def jobs_of(self, rule: str) -> tuple[Job, ...]:
        return tuple(job for job in self.jobs if job.rule == rule)

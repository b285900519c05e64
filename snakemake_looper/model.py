"""The values that travel between the stages, all frozen.

    Options ─> Project ─> Plan ─> Snakefile + job table

`Options` holds the options of a command line. `Project` holds everything that was read from files.
`Plan` holds everything that was decided: the rules, the jobs with their commands, the merged
pipestat configs, and the skipped records with the reasons. Nothing here does input or output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from .errors import Place
from .layout import shown

Level = Literal["sample", "project"]
"""A pipeline runs once for each sample, or once for the project after all samples."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample after all modifiers of the PEP; attributes are plain values."""

    name: str
    attributes: Mapping[str, Any]
    interfaces: tuple[str, ...] | None
    """The sample's own pipeline interfaces, if it names any."""


@dataclass(frozen=True, slots=True)
class Pep:
    """A PEP as peppy reads it: the samples and the config."""

    name: str
    config: Mapping[str, Any]
    samples: tuple[Sample, ...]
    index: str
    """The name of the attribute that identifies a sample."""
    config_file: Path | None
    table: Path | None
    """The sample table; None if it is no file."""
    files: tuple[Path, ...]
    """All files that were read for it."""
    volatile: bool
    """Whether the same files may give other samples next time (a glob, a remote source)."""
    refused: frozenset[str] = frozenset()
    """Names in the table that no sample can have. Each of them is a problem already."""


@dataclass(frozen=True, slots=True)
class InputSchema:
    """An input schema as eido reads it: JSON schemas, and the attributes that name files."""

    path: Path
    schemas: tuple[Mapping[str, Any], ...]
    """Imported schemas first, the schema itself last."""
    required_files: tuple[str, ...]
    """Attributes whose files must exist (`tangible`, in older schemas `required_files`)."""
    sized_files: tuple[str, ...]
    """Attributes whose files count towards the input size (`sizing`, in older schemas `files`)."""
    directories: tuple[str, ...]
    """Attributes that CWL takes for folders."""
    files: tuple[Path, ...]
    volatile: bool = False
    """Whether a remote part could not be read now. It may be readable the next time."""


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One row of a size table: compute settings for inputs up to a size."""

    max_gb: float
    """The largest total size of a sample's inputs, in GB (1024³ bytes)."""
    values: Mapping[str, Any]
    place: Place
    """Its line in the table."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The `pre_submit` section of an interface, which runs before planning, see `plan.hooks`."""

    python_functions: tuple[str, ...] = ()
    """`package.function`, called with the namespaces."""
    command_templates: tuple[str, ...] = ()
    """Shell commands that print JSON: namespace → values."""
    places: tuple[Place, ...] = ()
    """The place of each function."""
    dynamic_variables: str | None = None
    """A shell command that prints the compute settings as JSON (deprecated by looper)."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One pipeline interface at one level. Files of looper 1.x and 2.x give the same value."""

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
    """Path templates of an output schema of eido's kind; each becomes a sample attribute."""
    hooks: Hooks
    linked: tuple[Path, ...]
    """`linked_pipeline_interfaces` of a project-level interface."""
    directives: Mapping[str, Any]
    """The `snakemake:` section."""
    files: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the interface are relative to."""
        return self.path.parent


BackEnd = Literal["file", "records", "database"]
"""The place of a pipeline's results: one file for all records, one for each, a database server."""


Published = Literal["sqlite", "pephub"]
"""The store that one writer copies a results file to. Jobs cannot report there safely."""


@dataclass(frozen=True, slots=True)
class PipestatConfig:
    """The merged pipestat config of one interface and level.

    Two configs share nothing. (In looper, they share one mutable dict, quirk 3.)
    """

    path: Path
    content: Mapping[str, Any]
    """The config, with references in the place of literal secrets, see `read.secrets`."""
    interface: Interface
    back_end: BackEnd
    location: str
    """The path of the results file, or the pattern of one file per record; empty for a database."""
    published: Published | None = None


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """A user's results file, assembled from one file per record."""

    path: Path
    sources: tuple[tuple[str, Path], ...]
    """The pipelines that report into it, each with its folder of record files."""
    schemas: tuple[tuple[str, Path], ...]
    """The output schema of each pipeline that has one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the Snakefile: one interface at one level."""

    name: str
    interface: Interface
    flag: str
    """The path of the completed flag, as the Snakefile has it; at sample level with `{sample}`."""
    log: str
    config: PipestatConfig | None
    results: ResultsFile | None
    """At sample level, the results file that the jobs' records are assembled into."""
    reads: tuple[ResultsFile, ...] = ()
    """At project level, the results files that are complete before the job starts."""
    after: tuple[str, ...] = ()
    """At project level, the names of the rules whose jobs come before."""
    constraint: str | None = None
    """A regular expression for `{sample}`, if the default would match a flag of another rule."""
    depends: tuple[str, ...] = ()
    """At sample level, the names of the rules whose job of the same sample comes before
    (`depends_on`)."""
    outputs: tuple[str, ...] = ()
    """More outputs than the flag, at sample level with `{sample}`."""
    benchmark: str | None = None
    in_all: bool = True
    """Whether the target `all` runs it."""

    @property
    def pipeline(self) -> str:
        return self.interface.pipeline_name

    @property
    def level(self) -> Level:
        return self.interface.level


@dataclass(frozen=True, slots=True)
class Job:
    """A job: a rule for one sample, or for the project."""

    rule: str
    pipeline: str
    level: Level
    record: str
    command: str
    env: Mapping[str, str]
    threads: int
    resources: Mapping[str, int | str]
    """In the units of Snakemake: MB for memory, minutes for wall time."""
    compute: Mapping[str, Any]
    """The compute settings, as templates see them."""
    inputs: tuple[str, ...]
    log: str
    flag: str
    size_gb: float = 0.0
    """The size of its input files in GB, if it limits lumps; else 0."""
    container: str | None = None
    """The image that its compute settings name, see `plan.images`."""


class LumpLimits(NamedTuple):
    """The limits of lumps. A limit that no option sets is None."""

    size_gb: float | None = None
    """Size of the input files of a lump, in GB (1024³ bytes)."""
    members: int | None = None
    """Number of samples in a lump."""
    lumps: int | None = None
    """Number of lumps for each rule."""
    threads: int | None = None
    """Cores of a lump; without it, those of its widest member."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A record without a job."""

    pipeline: str
    record: str
    reason: str
    fault: bool
    """Whether the record is at fault (a missing file); False if the user deselected it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is decided about a project: its rules and jobs, and the records without one."""

    workdir: Path
    """Snakemake's working directory; relative paths in rules and jobs are relative to it."""
    rundir: Path
    """The folder that commands run in. Only modules and generated workflows have another one."""
    looper_config: Path
    project_name: str
    out: Path
    """The output folder."""
    results_dir: Path
    """The folder of the samples' own output folders."""
    amendments: tuple[str, ...]
    pep: str
    """The PEP: a path, or its address at PEPhub."""
    rules: tuple[Rule, ...]
    jobs: tuple[Job, ...]
    skipped: tuple[Skip, ...]
    configs: tuple[PipestatConfig, ...]
    results: tuple[ResultsFile, ...]
    warnings: tuple[str, ...]
    sources: tuple[Path, ...]
    """The files that make the plan stale if they change."""
    inputs: Mapping[str, int]
    """The input files that the plan looked at, with their sizes in bytes; -1 if missing."""
    volatile: bool
    """Whether the plan is made anew each time, because changes of some sources cannot be seen."""
    narrowed: bool = False
    """Whether options select only some of the samples."""
    on_end: str = ""
    """The command that gets a summary when a run has ended; "" if there is none."""
    lumps: LumpLimits | None = None
    """The limits of lumps; None if each sample is a job of its own."""

    def shown(self, path: Path) -> str:
        """A path in the form that the Snakefile uses, see `layout.shown`."""
        return shown(path, self.workdir, self.looper_config.parent)

    def jobs_of(self, rule: str) -> tuple[Job, ...]:
        """The jobs of a rule, by the rule's name."""
        return tuple(job for job in self.jobs if job.rule == rule)

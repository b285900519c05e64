"""The values that travel between the stages, all frozen.

    Options ─> Project ─> Plan ─> Snakefile + job table

`Options` is what was asked for on a command line, `Project` is everything read from files,
`Plan` is everything decided: which rules, which jobs with which commands, which pipestat
configs, who is skipped and why. Nothing here does input or output, and nothing here imports
another module of the package but `errors`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from .errors import Place

Level = Literal["sample", "project"]

STATUSES = ("waiting", "running", "completed", "failed", "partial")
"""Status words, as in pipestat's status schema."""


_UNSAFE = re.compile(r"[/{}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PATH_VARIABLE = re.compile(r"<[a-z][a-z0-9_]*>")


def is_file_name(text: str) -> bool:
    """Whether a name can be part of an output file's name.

    Braces are wildcards to Snakemake, and `<word>` is a path variable. Characters that nobody sees, line breaks among them, end
    a line of a table, a log or a record where none should end.
    """
    fits = bool(text) and text not in (".", "..")
    return fits and not _UNSAFE.search(text) and not _PATH_VARIABLE.search(text)


def special_to_snakemake(text: str) -> str | None:
    """What Snakemake does not take literally in a path, in words; None if there is nothing."""
    found = _PATH_VARIABLE.search(text)
    if found:
        return f"'{found[0]}', which is a path variable to Snakemake"
    return "a brace, which is a wildcard to Snakemake" if "{" in text or "}" in text else None


def shown_name(text: str) -> str:
    """A name in quotes, as a message has it: on one line, and not too long."""
    seen = "".join(c if c.isprintable() or c in "\xa0\u3000" else ascii(c)[1:-1] for c in text)
    return f"'{seen}'" if len(seen) <= 60 else f"'{seen[:28]}…{seen[-28:]}'"


def shown(path: Path, workdir: Path, root: Path) -> str:
    """A path as the Snakefile has it: relative to the working directory if it is below that or
    inside the project, else absolute."""
    if path.is_relative_to(workdir):
        return str(path.relative_to(workdir))
    return os.path.relpath(path, workdir) if path.is_relative_to(root) else str(path)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; every None means "as the files say".

    Spelling and meaning of each option are looper's, except where a comment says otherwise.
    """

    output_dir: str | None = None
    results_subdir: str | None = None
    submission_subdir: str | None = None
    amend: tuple[str, ...] | None = None
    sel_attr: str | None = None
    sel_incl: tuple[str, ...] | None = None
    sel_excl: tuple[str, ...] | None = None
    sel_flag: tuple[str, ...] | None = None
    exc_flag: tuple[str, ...] | None = None
    limit: str | None = None
    skip: str | None = None
    samples: tuple[str, ...] | None = None  # ours: exact names
    command_extra: str | None = None
    command_extra_override: str | None = None
    skip_file_checks: bool | None = None
    compute: tuple[tuple[str, Any], ...] | None = None
    settings: str | None = None
    package: str | None = None
    divvy: str | None = None
    lump: str | None = None
    """GB of input (1024³ bytes) in one job."""
    lump_n: str | None = None
    lump_j: str | None = None
    pep_config: str | None = None
    sample_pipeline_interfaces: tuple[str, ...] | None = None
    project_pipeline_interfaces: tuple[str, ...] | None = None
    origins: Mapping[str, tuple[Place, str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """For each option that was given: where it was written, and its name as it was written."""

    def asked(self) -> dict[str, Any]:
        """The values of all options by name, without their origins."""
        return {name: getattr(self, name) for name in OPTION_NAMES}

    def origin(self, name: str) -> tuple[Place, str]:
        """Place and key of a message about an option."""
        return self.origins.get(name, (Place(spelled(name)), ""))

    def narrows(self) -> bool:
        """Whether the options choose among the samples."""
        return any(getattr(self, name) is not None for name in NARROWING)


NARROWING = ("sel_incl", "sel_excl", "sel_flag", "exc_flag", "limit", "skip", "samples")
"""Options that choose among the samples."""
OPTION_NAMES = tuple(one.name for one in fields(Options) if one.name != "origins")


def spelled(name: str) -> str:
    """An option as it is typed on the command line of `snakemake-looper`."""
    return f"--{name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class InterfaceSource:
    """A pipeline interface as the looper config names it; no level means all it defines."""

    path: Path
    level: Level | None
    place: Place


@dataclass(frozen=True, slots=True)
class LooperConfig:
    """A looper config with the command line over it. The PEP is still to be read."""

    path: Path
    root: Path
    """Folder of the looper config: where jobs run."""
    pep: str | None
    """Absolute path of the PEP, or a PEPhub registry path; None if it is missing."""
    pep_place: Place
    texts: Mapping[str, str]
    """`output_dir`, `results_subdir` and `submission_subdir` of the file, as far as it has them."""
    places: Mapping[str, Place] = field(repr=False)
    """Where each key of the file stands."""
    refused: frozenset[str]
    """Keys with a value that cannot be used. The problem is already named."""
    interfaces: tuple[InterfaceSource, ...]
    pipestat: Mapping[str, Any] | None
    pipestat_places: Mapping[str, Place] = field(repr=False)
    sample_modifiers: Mapping[str, Any]
    options: Options
    """The command line over `cli: run:`."""
    project_options: Options
    """The command line over `cli: runp:`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The final settings: the command line, the looper config and the PEP, merged."""

    looper_config: Path
    root: Path
    """Folder of the looper config: where jobs run."""
    pep: str
    """Absolute path of the PEP, or a PEPhub registry path."""
    out: Path
    """The output folder."""
    out_text: str
    """The output folder as `{looper.output_dir}` has it: a slash at its end is kept."""
    results_subdir: str
    submission_subdir: str
    interfaces: tuple[InterfaceSource, ...]
    pipestat: Mapping[str, Any] | None
    pipestat_places: Mapping[str, Place] = field(repr=False)
    compute_package: Mapping[str, Any]
    """The divvy compute package: what is below all other compute settings."""
    compute_options: Mapping[Level, Mapping[str, Any]]
    """`--compute` over the file of `--settings`: what is above them."""
    options: Options
    project_options: Options
    """Options of the project level, whose section is `cli: runp:`."""
    files: tuple[Path, ...]
    """Every file that was read for it, the looper config first."""

    def options_of(self, level: Level) -> Options:
        """What a job of this level is rendered with."""
        return self.options if level == "sample" else self.project_options

    @property
    def results_dir(self) -> Path:
        return self.out / self.results_subdir

    @property
    def submission_dir(self) -> Path:
        return self.out / self.submission_subdir


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


@dataclass(frozen=True, slots=True)
class Project:
    """All that was read."""

    settings: Settings
    pep: Pep
    interfaces: tuple[Interface, ...]
    warnings: tuple[str, ...]
    whole: bool = True
    """Whether every interface could be read. Each problem is already named."""

    def sample_interfaces(self, sample: Sample) -> tuple[Interface, ...]:
        """The interfaces of a sample: its own, or those of the looper config."""
        ours = {str(i.path): i for i in self.interfaces if i.level == "sample"}
        if sample.interfaces is not None:
            return tuple(ours[path] for path in sample.interfaces if path in ours)
        named = {str(source.path) for source in self.settings.interfaces}
        return tuple(i for path, i in ours.items() if path in named)


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

"""The options of looper, as one table: they choose samples, and say how jobs run.

Each field of `Options` is one row of the table: the type of its value, its spellings on the command
line, its reader, and its help. The parser of `snakemake-looper`, the readers of `--config` and of
`cli:` sections, and the `config.yaml` of generated workflows iterate `OPTIONS`. To add an option,
add a field here and a row in docs/options.md.

An `Options` value holds the options that were given, the place of each, and the problems of those
that cannot be read. `option_sources` makes such a value for each source. `settings` merges them,
and says which source wins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from ...errors import Place, Problem
from .option_values import count, flag, pairs, ranges, size, statuses, text, words

Group = Literal["samples", "jobs"]
"""Options that choose samples, and options that say how their jobs run."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: a row of the table."""

    name: str
    """Its key in YAML and in `--config`."""
    read: Callable[[Any], Any]
    """The reader of its value: see `option_values`."""
    spellings: tuple[str, ...]
    """Its spellings on the command line, long and short; empty if only files can give it."""
    metavar: str
    help: str
    group: Group
    several: bool
    """Whether it takes several values."""
    path: bool
    """Whether its values are paths. A typed path is relative to the current directory."""
    narrows: bool
    """Whether it chooses among the samples. An empty value is then wrong input."""
    example: str
    """How it may look in YAML; "" if the generated `config.yaml` does not show it."""
    comment: str
    """The explanation beside the example."""


def _option(
    *spellings: str,
    help: str = "",
    metavar: str = "",
    read: Callable[[Any], Any] = text,
    group: Group = "jobs",
    several: bool = False,
    path: bool = False,
    narrows: bool = False,
    example: str = "",
    comment: str = "",
) -> Any:
    """A field with a row of the table. The name of the field becomes the name of the option."""
    row = Option(
        "", read, spellings, metavar, help, group, several, path, narrows, example, comment or help
    )
    return field(default=None, metadata={"row": row})


@dataclass(frozen=True, slots=True)
class Options:
    """The options that were given; None for each that was not.

    Spelling and meaning of each option are looper's, except where a comment says otherwise.
    """

    # --- which samples ---
    limit: str | None = _option(
        "-l", "--limit", metavar="N", read=ranges, narrows=True, group="samples", example='limit: "2:5"',
        help="only these of the selected samples: 3, 2:5, :4 or 6-",
    )  # fmt: skip
    skip: str | None = _option(
        "-k", "--skip", metavar="N", read=ranges, narrows=True, group="samples", example='skip: "3"',
        help="all but these of the selected samples: 3, 2:5, :4 or 6-", comment="all but these",
    )  # fmt: skip
    samples: tuple[str, ...] | None = _option(  # ours: exact names
        "--samples", "--sample", metavar="NAME", read=words, several=True, narrows=True, group="samples",
        help="only samples of these names", example="samples: [a, b]",
    )  # fmt: skip
    sel_attr: str | None = _option(
        "--sel-attr", metavar="ATTR", group="samples", example="sel_attr: protocol",
        help="attribute that --sel-incl and --sel-excl are about (default: toggle)",
        comment="attribute that sel_incl and sel_excl are about",
    )  # fmt: skip
    sel_incl: tuple[str, ...] | None = _option(
        "--sel-incl", metavar="VALUE", read=words, several=True, narrows=True, group="samples",
        help="only samples with these values", example="sel_incl: [RRBS]",
    )  # fmt: skip
    sel_excl: tuple[str, ...] | None = _option(
        "--sel-excl", metavar="VALUE", read=words, several=True, narrows=True, group="samples",
        help="no samples with these values", example="sel_excl: [WGBS]",
    )  # fmt: skip
    sel_flag: tuple[str, ...] | None = _option(
        "--sel-flag", metavar="STATUS", read=statuses, several=True, narrows=True, group="samples",
        help="only samples with one of these statuses, as in failed",
    )  # fmt: skip
    exc_flag: tuple[str, ...] | None = _option(
        "--exc-flag", metavar="STATUS", read=statuses, several=True, narrows=True, group="samples",
        help="no samples with one of these statuses",
    )  # fmt: skip

    # --- how their jobs run ---
    amend: tuple[str, ...] | None = _option(
        "--amend", metavar="NAME", read=words, several=True,
        help="amendments of the PEP to activate",
    )  # fmt: skip
    output_dir: str | None = _option(
        "-o", "--output-dir", metavar="DIR", path=True,
        help="the output folder, instead of the looper config's",
    )  # fmt: skip
    results_subdir: str | None = _option()
    submission_subdir: str | None = _option()
    command_extra: str | None = _option(
        "-x", "--command-extra", metavar="TEXT", example='command_extra: "--fast"',
        help="append to every command", comment="appended to every command",
    )  # fmt: skip
    command_extra_override: str | None = _option(
        "-y", "--command-extra-override", metavar="TEXT",
        help="append to every command, instead of the samples' own command_extra",
    )  # fmt: skip
    skip_file_checks: bool | None = _option(
        "-f", "--skip-file-checks", read=flag, example="skip_file_checks: true",
        help="do not check samples against the input schema",
    )  # fmt: skip
    compute: tuple[tuple[str, Any], ...] | None = _option(
        "--compute", metavar="KEY=VALUE", read=pairs, several=True,
        help="compute settings, over all others",
    )  # fmt: skip
    settings: str | None = _option(
        "--settings", metavar="FILE", path=True, help="compute settings, as a YAML file"
    )
    package: str | None = _option(
        "-p", "--package", metavar="NAME", help="compute package of the divvy config"
    )
    divvy: str | None = _option(
        "--divvy", metavar="FILE", path=True, help="divvy config (default: $DIVCFG)"
    )
    lump: str | None = _option(  # GB are of 1024³ bytes
        "-u",
        "--lump",
        metavar="GB",
        read=size,
        help="run samples in lumps: this much input in each",
    )
    lump_n: str | None = _option(
        "-n",
        "--lump-n",
        metavar="N",
        read=count,
        help="run samples in lumps: this many samples in each",
    )
    lump_j: str | None = _option(
        "-j",
        "--lump-j",
        metavar="N",
        read=count,
        help="run samples in lumps: this many lumps in all",
    )
    lump_threads: str | None = _option(
        "--lump-threads", metavar="N", read=count,
        help="cores of each lump: as many of its samples run at once as these allow",
    )  # fmt: skip
    pep_config: str | None = _option(
        "--pep-config", metavar="PATH", path=True, help="another PEP: a path or a PEPhub one"
    )
    sample_pipeline_interfaces: tuple[str, ...] | None = _option(
        "--spi", "--sample-pipeline-interfaces", metavar="FILE", read=words, several=True,
        path=True, help="other pipeline interfaces, sample level",
    )  # fmt: skip
    project_pipeline_interfaces: tuple[str, ...] | None = _option(
        "--ppi", "--project-pipeline-interfaces", metavar="FILE", read=words, several=True,
        path=True, help="other pipeline interfaces, project level",
    )  # fmt: skip
    on_end: str | None = _option(
        "--on-end", metavar="COMMAND",
        help="a shell command that gets a summary as JSON when a run has ended",
    )  # fmt: skip

    only_samples: bool = False
    """Whether the project level is left out. It is no option: see `run.sample_targets`."""
    origins: Mapping[str, tuple[Place, str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """The place of each option that was given, and its key there."""
    problems: tuple[Problem, ...] = field(default=(), compare=False, repr=False)
    """The problems of the command line. Reading the project reports them with its own problems."""

    def by_name(self) -> dict[str, Any]:
        """The values of all options by name, without their origins."""
        return {name: getattr(self, name) for name in OPTION_NAMES}

    def origin(self, name: str) -> tuple[Place, str]:
        """The place and the key for a message about an option."""
        return self.origins.get(name, (Place(spelled(name)), ""))

    def with_problems(self, problems: Iterable[Problem]) -> Options:
        """These options, with problems for the reader of the project to report."""
        return dataclasses.replace(self, problems=(*self.problems, *problems))

    def narrows(self) -> bool:
        """Whether the options choose among the samples."""
        return any(getattr(self, one.name) is not None for one in OPTIONS if one.narrows)


OPTIONS: tuple[Option, ...] = tuple(
    dataclasses.replace(one.metadata["row"], name=one.name)
    for one in fields(Options)
    if "row" in one.metadata
)
"""All options, in the order in which help and `config.yaml` show them."""
OPTION_NAMES = tuple(one.name for one in OPTIONS)


def typed_by_spelling() -> dict[str, str]:
    """The name of each option by its spellings on the command line."""
    return {spelling: one.name for one in OPTIONS for spelling in one.spellings}


def spelled(name: str) -> str:
    """An option as a message names it: `--sel-incl`."""
    return f"--{name.replace('_', '-')}"


def without_lumps(options: Options) -> Options:
    """The options, with a job for each sample."""
    return dataclasses.replace(options, lump=None, lump_n=None, lump_j=None, lump_threads=None)


def overlay(first: Options, second: Options) -> Options:
    """The options of both. If both have an option, the one of `first` wins."""
    filled = {name: getattr(second, name) for name in OPTION_NAMES if getattr(first, name) is None}
    return dataclasses.replace(
        first,
        **filled,
        origins={**second.origins, **first.origins},
        problems=(*first.problems, *second.problems),
    )

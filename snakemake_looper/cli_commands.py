"""The command line of `snakemake-looper` as a table: commands, and the arguments of each.

`cli_options` makes the parser from it. Looper's own options are in another table,
`read/options/options.py`; every command takes them unless its row says otherwise.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import near
from .results.table_formats import FORMATS
from .status_words import STATUSES

SHELLS = ("bash", "zsh", "fish")
"""The shells that complete our commands."""


class Argument(NamedTuple):
    """The names and the settings of one call of `ArgumentParser.add_argument`."""

    names: tuple[str, ...]
    settings: dict[str, Any]


def _argument(*names: str, **settings: Any) -> Argument:
    return Argument(names, settings)


def _switch(*names: str, help: str) -> Argument:
    return Argument(names, {"action": "store_true", "help": help})


@dataclass(frozen=True, slots=True)
class Command:
    """A command: a module of this name in `commands/` executes it."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    example: str
    takes_options: bool = True
    """Whether it takes the looper config and the options of looper."""


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 3600:
        what = f"'{text}' is no number of seconds; write one from 0.1 to 3600"
        raise argparse.ArgumentTypeError(what)
    return value


def _one_of(text: str, known: tuple[str, ...]) -> str:
    if text.lower() not in known:
        what = f"there is no '{text}'{near(text, known)}; write one of {', '.join(known)}"
        raise argparse.ArgumentTypeError(what)
    return text.lower()


def _shell(text: str) -> str:
    return _one_of(text, SHELLS)


def _status(text: str) -> str:
    return _one_of(text, STATUSES)


def _format(text: str) -> str:
    return _one_of(text, FORMATS)


_FORCE = _switch("--force", help="overwrite files that this command did not write")
_CONFIRM = (
    _switch("-d", "--dry-run", help="list it and stop"),
    _switch("--force", "--force-yes", help="do it without a question"),
)
_DRY_RUN = _switch("-d", "--dry-run", help="list the jobs and run none")
_AS_JSON = "--json"

COMMANDS = (
    Command("run", "run the project (default: on all cores)", (_DRY_RUN,), "run --samples frog_1 --cores 2"),
    Command("rerun", "run what failed, was interrupted, or never began", (_DRY_RUN,), "rerun --dry-run"),
    Command(
        "init",
        "begin a project: from a table, from files, or one to try",
        (
            _argument(
                "table", nargs="?", metavar="TABLE",
                help="the sample table; - for standard input (default: three samples to try)",
            ),
            _argument("--command", dest="template", metavar="TEMPLATE", help="as 'wc -l {sample.file}'"),
            _argument(
                "--files", nargs="+", action="extend", metavar="PATTERN",
                help="instead of a table: a sample for each file, or each pair of reads",
            ),
            _argument(
                "--results", nargs="+", action="extend", metavar="NAME[:TYPE]",
                help="results that the command prints, as lines like 'NAME: 12'",
            ),
            _argument("--name-column", metavar="COLUMN", help="the column with the samples' names"),
            _argument("--pipeline", metavar="NAME", help="the name of the pipeline"),
            _argument("-o", "--output", default=".", metavar="DIR", help="where (default: here)"),
        ),
        "init samples.csv --results lines",
        takes_options=False,
    ),
    Command(
        "schema",
        "print a JSON Schema of a kind of file, for editors",
        (
            _argument("name", nargs="?", metavar="NAME", help="which (default: list the names)"),
            _argument("-o", "--output", metavar="FILE", help="write it to this file or folder"),
        ),
        "schema pipeline_interface",
        takes_options=False,
    ),
    Command(
        "generate",
        "write a workflow in Snakemake's standard layout",
        (
            _argument("-o", "--output", metavar="DIR", help="where (default: here)"),
            _argument(
                "--standalone", nargs="?", const="", metavar="DIR",
                help="one to give away: it needs neither this package nor the project",
            ),
            _switch("--copy-all", help="with --standalone: copy more than 100 MB of the project's files, too"),
            _FORCE,
        ),
        "generate -o workflow_dir",
    ),
    Command(
        "profile",
        "write a Snakemake profile for a cluster",
        (
            _argument(
                "name", nargs="?", metavar="NAME",
                help="a profile of this package: local, slurm, lsf, htcondor, sge, lsf-generic, generic",
            ),
            _argument(
                "-p", "--package", metavar="NAME", help="instead: a package of the divvy config"
            ),
            _argument("--divvy", metavar="FILE", help="the divvy config (default: $DIVCFG)"),
            _argument("-o", "--output", metavar="DIR", help="where (default: profiles/NAME)"),
            _FORCE,
        ),
        "profile slurm",
        takes_options=False,
    ),
    Command(
        "inspect",
        "show the plan: jobs, commands, skipped samples",
        (
            _argument(
                "--sample", "--sample-names", nargs="+", metavar="NAME",
                help="some samples: their commands and namespaces",
            ),
            _switch(_AS_JSON, help="the whole plan as JSON"),
        ),
        "inspect --sample frog_1",
    ),
    Command(
        "check",
        "show the status of the records",
        (
            _switch("--itemized", help="a row for each record"),
            _argument(
                "-f", "--flags", nargs="+", type=_status, metavar="STATUS",
                help="only records with one of these statuses",
            ),
            _switch("--project", help="only the project level"),
            _switch(_AS_JSON, help="all records as JSON"),
            _argument(
                "--watch", nargs="?", type=_seconds, const=2.0, metavar="SECONDS",
                help="look again every 2 (or SECONDS) seconds, until nothing runs or waits",
            ),
            _switch("--describe-codes", help="explain the statuses"),
        ),
        "check --itemized",
    ),
    Command(
        "log",
        "print the log of a record",
        (
            _argument("record", metavar="NAME", help="a sample, or the project's name"),
            _switch("-f", "--follow", help="go on while its job writes"),
            _argument("--pipeline", metavar="NAME", help="only the log of this pipeline"),
        ),
        "log frog_1 --follow",
    ),
    Command(
        "table",
        "write the results as tables",
        (
            _argument("--format", type=_format, metavar="FORMAT", help=f"print one table: {', '.join(FORMATS)}"),
            _argument(
                "--output", metavar="FILE",
                help="write it to this file (format by its ending: .csv, .tsv, .json, .md)",
            ),
            _switch("--with-samples", help="one table, also with the attributes of samples"),
            _switch("--wide", help="one table with a row for each sample, over all pipelines"),
            _switch("--raw", help="leave text that a spreadsheet takes for a formula as it is"),
            _argument(
                "-r", "--report-dir", metavar="DIR", help="where (default: the output folder)"
            ),
        ),
        "table --format csv",
    ),
    Command(
        "report",
        "write the results as web pages",
        (
            _switch("--portable", help="as a zip with all reported files in it"),
            _argument(
                "-r", "--report-dir", metavar="DIR",
                help="where (default: <output folder>/reports)",
            ),
            _argument(
                "--multiqc", nargs="?", const=True, metavar="DIR",
                help="instead: as files for MultiQC (default: into <output folder>/reports_multiqc)",
            ),
            _argument(
                "--watch", nargs="?", type=_seconds, const=5.0, metavar="SECONDS",
                help="write it again every 5 (or SECONDS) seconds, until nothing runs or waits;"
                " open pages show a run as it goes on",
            ),
        ),
        "report --portable",
    ),
    Command(
        "link",
        "link reported files, in a folder for each kind of result",
        (
            _argument(
                "--link-dir", metavar="DIR", help="where (default: <output folder>/links)"
            ),
        ),
        "link --link-dir links",
    ),
    Command(
        "destroy",
        "remove the results, flags, logs and outputs of the selected records",
        (
            _switch("--project", help="only of the project level"),
            _switch("--removed", help="of samples that are no longer in the sample table"),
            *_CONFIRM,
        ),
        "destroy --samples frog_1",
    ),
    Command(
        "completion",
        "print a script with which a shell completes these commands",
        (
            _argument("shell", nargs="?", type=_shell, metavar="SHELL", help=", ".join(SHELLS)),
            _argument("--names", nargs="+", help=argparse.SUPPRESS),  # what such a script calls
        ),
        "completion bash",
        takes_options=False,
    ),
    Command("clean", "run the *_cleanup.sh scripts in the samples' folders", _CONFIRM, "clean --dry-run"),
)  # fmt: skip

RUNS = ("run", "rerun")
"""The commands that start Snakemake. They take targets and hand on options."""


def takes_name(command: str) -> bool:
    """Whether a command takes a word that stands behind no option, as `log NAME`."""
    (found,) = [one for one in COMMANDS if one.name == command]
    return any(not one.names[0].startswith("-") for one in found.arguments)

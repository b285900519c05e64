"""The command line of `snakemake-looper` as a table: commands, and the arguments of each.

`parser` makes argparse's parser from the table here and from the table of looper's options in
`read/options.py`. Every command except `profile` takes looper's options. `options_of` makes
`Options` from the arguments that the parser found.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .errors import Problems
from .read.looper_config import is_registry_path
from .read.option_sources import TYPED, from_config
from .read.option_values import flag, pairs, words
from .read.options import OPTIONS, Group, Option, Options, spelled
from .results.table import FORMATS
from .status_words import STATUSES
from .version import __version__


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
    takes_options: bool = True
    """Whether it takes the looper config and the options of looper."""


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0.1 and 3600 seconds")
    return value


_FORCE = _switch("--force", help="overwrite files that this command did not write")
_CONFIRM = (
    _switch("-d", "--dry-run", help="list it and stop"),
    _switch("--force", "--force-yes", help="do it without a question"),
)
_DRY_RUN = _switch("-d", "--dry-run", help="list the jobs and run none")
_AS_JSON = "--json"

COMMANDS = (
    Command("run", "run the project (default: on all cores)", (_DRY_RUN,)),
    Command("rerun", "run what failed, was interrupted, or never began", (_DRY_RUN,)),
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
                "--files", nargs="+", metavar="PATTERN",
                help="instead of a table: a sample for each file, or each pair of reads",
            ),
            _argument(
                "--results", nargs="+", metavar="NAME[:TYPE]",
                help="results that the command prints, as lines like 'NAME: 12'",
            ),
            _argument("--name-column", metavar="COLUMN", help="the column with the samples' names"),
            _argument("--pipeline", metavar="NAME", help="the name of the pipeline"),
            _argument("-o", "--output", default=".", metavar="DIR", help="where (default: here)"),
        ),
        takes_options=False,
    ),
    Command(
        "generate",
        "write a workflow in Snakemake's standard layout",
        (
            _argument("-o", "--output", default=".", metavar="DIR", help="where (default: here)"),
            _FORCE,
        ),
    ),
    Command(
        "profile",
        "write a Snakemake profile for a cluster",
        (
            _argument(
                "name", nargs="?", metavar="NAME",
                help="a profile of this package: local, slurm, sge, lsf, generic",
            ),
            _argument(
                "-p", "--package", metavar="NAME", help="instead: a package of the divvy config"
            ),
            _argument("--divvy", metavar="FILE", help="the divvy config (default: $DIVCFG)"),
            _argument("-o", "--output", metavar="DIR", help="where (default: profiles/NAME)"),
            _FORCE,
        ),
        takes_options=False,
    ),
    Command(
        "inspect",
        "show the plan: jobs, commands, skipped samples",
        (
            _argument("--sample", metavar="NAME", help="one sample: its commands and namespaces"),
            _switch(_AS_JSON, help="the whole plan as JSON"),
        ),
    ),
    Command(
        "check",
        "show the status of the records",
        (
            _switch("--itemized", help="a row for each record"),
            _argument(
                "--flags", nargs="+", choices=STATUSES, metavar="STATUS",
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
    ),
    Command(
        "log",
        "print the log of a record",
        (
            _argument("record", metavar="NAME", help="a sample, or the project's name"),
            _switch("-f", "--follow", help="go on while its job writes"),
            _argument("--pipeline", metavar="NAME", help="only the log of this pipeline"),
        ),
    ),
    Command(
        "table",
        "write the results as tables",
        (
            _argument("--format", choices=FORMATS, help="print one table, in this format"),
            _argument(
                "--output", metavar="FILE",
                help="write it to this file (format by its ending: .csv, .tsv, .json, .md)",
            ),
            _switch("--raw", help="leave text that a spreadsheet takes for a formula as it is"),
            _argument(
                "-r", "--report-dir", metavar="DIR", help="where (default: the output folder)"
            ),
        ),
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
        ),
    ),
    Command(
        "link",
        "link reported files, in a folder for each kind of result",
        (
            _argument(
                "--link-dir", metavar="DIR", help="where (default: <output folder>/links)"
            ),
        ),
    ),
    Command(
        "destroy",
        "remove the results, flags, logs and outputs of the selected records",
        (
            _switch("--project", help="only of the project level"),
            _switch("--removed", help="of samples that are no longer in the sample table"),
            *_CONFIRM,
        ),
    ),
    Command("clean", "run the *_cleanup.sh scripts in the samples' folders", _CONFIRM),
)  # fmt: skip

_GROUPS: dict[Group, str] = {
    "samples": "options of looper that choose samples",
    "jobs": "options of looper that say how jobs run",
}


# --- table -> parser -----------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, up to a `--`."""
    made = argparse.ArgumentParser(
        prog="snakemake-looper",
        description="Run looper projects on Snakemake.",
        epilog="Everything after '--' goes to Snakemake: snakemake-looper run -- --profile slurm",
    )
    made.add_argument("--version", action="version", version=__version__)
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        added = commands.add_parser(command.name, help=command.help)
        for names, settings in command.arguments:
            added.add_argument(*names, **settings)
        if command.takes_options:
            _add_options(added, {name for one in command.arguments for name in one.names})
    return made


def _add_options(command: argparse.ArgumentParser, taken: set[str]) -> None:
    """Add the looper config and the options of looper.

    Spellings in `taken` are left out: the command has an argument of its own with that name.
    """
    command.add_argument(
        "-c", "--config", dest="looper_config", metavar="PATH",
        help="the looper config (default: the nearest .looper.yaml, here or above)",
    )  # fmt: skip
    groups = {name: command.add_argument_group(title) for name, title in _GROUPS.items()}
    for option in OPTIONS:
        spellings = [one for one in option.spellings if one not in taken]
        if spellings:
            groups[option.group].add_argument(*spellings, **_settings(option))


def _settings(option: Option) -> dict[str, Any]:
    common: dict[str, Any] = {"dest": option.name, "default": None, "help": option.help}
    if option.read is flag:
        return common | {"action": "store_true"}
    several = {"nargs": "+", "action": "extend"} if option.several else {}
    return common | several | {"metavar": option.metavar}


# --- typed arguments -> Options ------------------------------------------------------------------


def options_of(arguments: argparse.Namespace) -> Options:
    """The options of looper that were typed.

    Raises:
        ProjectError: a value cannot be read, or one that chooses samples is empty.
    """
    return from_config(_entries(arguments))


def config_words(arguments: argparse.Namespace) -> list[str]:
    """The options of looper as words for Snakemake's `--config`, from which the plugin reads them.

    Raises:
        ProjectError: an option that chooses samples is empty.
    """
    listed = []
    for name, value in _entries(arguments).items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
        listed.append(f"{name}={text}")
    return listed


def changed(arguments: argparse.Namespace, **values: Any) -> argparse.Namespace:
    """A copy of the arguments with some values replaced."""
    return argparse.Namespace(**{**vars(arguments), **values})


def _entries(arguments: argparse.Namespace) -> dict[str, object]:
    """The options that were typed, and their names under `TYPED`."""
    typed = {}
    problems = Problems()
    for option in OPTIONS:
        value = _typed(option, getattr(arguments, option.name, None))
        if option.narrows and value in ("", []):  # for example, a script's variable is empty
            problems.add(spelled(option.name), "", "is empty; write a value, or leave it out")
        if value is not None:
            typed[option.name] = value
    problems.raise_if_any()
    return {**typed, TYPED: list(typed)} if typed else {}


def _typed(option: Option, value: Any) -> Any:
    """The value of an option: commas separate words, and paths become absolute."""
    # In `pairs` a comma may belong to a value: their reader decides.
    if isinstance(value, list) and option.read is not pairs:
        value = [part for word in value for part in words(word)]
    if not option.path or value is None:
        return value
    return [_absolute(one) for one in value] if isinstance(value, list) else _absolute(value)


def _absolute(path: str) -> str:
    """A typed path, made absolute from the current directory. A slash at its end is kept."""
    if is_registry_path(path, Path.cwd()):
        return path
    found = os.path.abspath(os.path.expanduser(path))
    return f"{found}/" if path.endswith("/") and not found.endswith("/") else found

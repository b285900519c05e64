"""The command line of `snakemake-looper` as a table: commands, and the arguments of each.

`parser` makes argparse's parser from the table here and from the table of looper's options in
`read/options.py`. Every command except `profile` takes looper's options. `options_of` makes
`Options` from the arguments that the parser found.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from .errors import Problems, ProjectError, near
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
        "init samples.csv --command 'wc -l < {sample.file}'",
        takes_options=False,
    ),
    Command(
        "generate",
        "write a workflow in Snakemake's standard layout",
        (
            _argument("-o", "--output", default=".", metavar="DIR", help="where (default: here)"),
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
                help="a profile of this package: local, slurm, sge, lsf, generic",
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
    Command("clean", "run the *_cleanup.sh scripts in the samples' folders", _CONFIRM, "clean --dry-run"),
)  # fmt: skip

RUNS = ("run", "rerun")
"""The commands that start Snakemake. They take targets and hand on options."""
_EXIT_CODES = """\
exit codes:
  0  all is done
  1  a job failed, a sample was skipped since its file is missing or its row is
     wrong, or results could not be assembled or copied
  2  the input is wrong"""
_GROUPS: dict[Group, str] = {
    "samples": "options of looper that choose samples",
    "jobs": "options of looper that say how jobs run",
}


# --- table -> parser -----------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, up to a `--`."""
    return parsers()[0]


def parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """The parser of the whole command line, and that of each command by its name."""
    made = _Parser(
        prog="snakemake-looper",
        description="Run looper projects on Snakemake.",
        epilog=f"example:\n  snakemake-looper run --cores 8\n\n{_EXIT_CODES}",
    )
    made.add_argument("--version", action="version", version=__version__)
    commands = made.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands"
    )
    for command in COMMANDS:
        _add_command(commands, command)
    return made, commands.choices


class _Parser(argparse.ArgumentParser):
    """A parser whose help keeps our lines, and whose errors are problems like all others."""

    def __init__(self, **settings: Any) -> None:
        settings["formatter_class"] = argparse.RawDescriptionHelpFormatter
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise the error of a value.

        Raises:
            ProjectError: always.
        """
        problems = Problems()
        option, _, what = message.removeprefix("argument ").partition(": ")
        problems.add(option.rpartition("/")[2], "", what or "is wrong; see --help")
        raise ProjectError(problems)


def _add_command(commands: Any, command: Command) -> None:
    runs = command.name in RUNS
    words = "[TARGET ...] [options] [options of Snakemake]" if runs else "[options]"
    added = commands.add_parser(
        command.name,
        help=command.help,
        usage=f"snakemake-looper {command.name} {words}",
        description=f"{command.help[0].upper()}{command.help[1:]}.",
        epilog=f"example:\n  snakemake-looper {command.example}\n\n{_EXIT_CODES}",
        add_help=False,
    )
    own = added.add_argument_group(f"options of {command.name}")
    for names, settings in command.arguments:
        own.add_argument(*names, **settings)
    own.add_argument("-h", "--help", action="help", help="show this and stop")
    if command.takes_options:
        _add_options(added, own, {name for one in command.arguments for name in one.names})


def _add_options(command: argparse.ArgumentParser, own: Any, taken: set[str]) -> None:
    """Add the looper config to the `own` options of a command, and groups of looper's options.

    Spellings in `taken` are left out: the command has an argument of its own with that name.
    """
    own.add_argument(
        "-c", "--config", "--looper-config", dest="looper_config", metavar="PATH",
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
    """The options of looper that were typed. Those that cannot be read are problems of theirs."""
    return from_config(_entries(arguments))


def config_words(arguments: argparse.Namespace, without: Collection[str] = ()) -> list[str]:
    """The options of looper as words for Snakemake's `--config`, from which the plugin reads them.

    Args:
        arguments: the arguments of the command.
        without: options that a `--config` for Snakemake has as well. The later word counts.
    """
    listed = []
    entries = {name: value for name, value in _entries(arguments).items() if name not in without}
    if TYPED in entries:
        entries[TYPED] = _as_typed([name for name in entries if name != TYPED], arguments)
    for name, value in entries.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
        listed.append(f"{name}={text}")
    return listed


def changed(arguments: argparse.Namespace, **values: Any) -> argparse.Namespace:
    """A copy of the arguments with some values replaced."""
    return argparse.Namespace(**{**vars(arguments), **values})


def _entries(arguments: argparse.Namespace) -> dict[str, object]:
    """The options that were typed, and their names under `TYPED`."""
    typed = {}
    for option in OPTIONS:
        value = _typed(option, getattr(arguments, option.name, None))
        if value is not None:
            typed[option.name] = value
    return {**typed, TYPED: _as_typed(list(typed), arguments)} if typed else {}


def _as_typed(names: list[str], arguments: argparse.Namespace) -> list[str]:
    """Names of options, each with its spelling if that is another one."""
    typed: dict[str, str] = getattr(arguments, "spellings", {})
    others = {name: typed.get(name, spelled(name)) for name in names}
    return [name if one == spelled(name) else f"{name}:{one}" for name, one in others.items()]


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

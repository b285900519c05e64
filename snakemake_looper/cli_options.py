"""From the tables of commands and options to a parser, and from typed arguments to `Options`.

`parser` makes argparse's parser from the commands in `cli_commands` and from looper's options in
`read/options/options.py`. `options_of` makes `Options` from the arguments that the parser found.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from .cli_commands import COMMANDS, RUNS, Command
from .errors import Problems, ProjectError
from .read.options.option_sources import TYPED, from_config
from .read.options.option_values import flag, pairs, words
from .read.options.options import OPTIONS, Group, Option, Options, spelled
from .version import __version__

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

    example = "run"
    """A command line that is complete."""

    def __init__(self, **settings: Any) -> None:
        settings["formatter_class"] = argparse.RawDescriptionHelpFormatter
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise the error of a value.

        Raises:
            ProjectError: always.
        """
        problems = Problems()
        _, is_missing, missing = message.partition("the following arguments are required: ")
        if is_missing:
            what = f"needs {missing}; write it, as in '{self.example}'"
            problems.add(self.prog.rpartition(" ")[2], "", what)
            raise ProjectError(problems)
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
    added.example = command.example
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
    from .read.looper_config import is_registry_path  # late: `--help` needs no reader of files

    if is_registry_path(path, Path.cwd()):
        return path
    found = os.path.abspath(os.path.expanduser(path))
    return f"{found}/" if path.endswith("/") and not found.endswith("/") else found

"""`snakemake-looper`: the entry point of the command.

Each command is a module in `commands/`. Words after `--` go to Snakemake.

Exit codes:
    0  all is done
    1  a job failed, a sample was skipped for a fault of its own, or results are not where they
       belong
    2  the input is wrong
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile

from .cli_commands import RUNS
from .cli_options import options_of, parsers
from .cli_words import Spellings, find_command, sort_words, spellings_in, spellings_of
from .commands import DONE, FAILED
from .errors import LooperError, Problems, ProjectError
from .messages import complain, note
from .system_errors import explained


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        argv: the words of the command line; by default those of this process.
    """
    arguments = None
    try:
        arguments = arguments_of(list(sys.argv[1:] if argv is None else argv))
        if arguments is None:
            return ProjectError.exit_code
        # Only the module of this command is imported: `check` does not wait for the planner.
        command = import_module(f"{__package__}.commands.{arguments.command}")
        return int(command.execute(arguments))
    except ProjectError as error:
        from .run.from_command_line import print_problems  # late: it is heavy

        print_problems(error, options_of(arguments) if arguments else None)
        return error.exit_code
    except LooperError as error:
        complain(*str(error).split("\n"))
        return FAILED
    except KeyboardInterrupt:  # for example while modules are imported
        note("interrupted")
        return FAILED
    except BrokenPipeError:  # the reader of a pipe has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # for example a full disk, or a folder that may not be written
        complain(explained(error, arguments.command if arguments else "snakemake-looper"))
        return FAILED


def arguments_of(words: list[str]) -> Namespace | None:
    """The arguments of a command line; None for one without a command, after its help.

    Raises:
        ProjectError: a word has no meaning. The error names each of them.
        SystemExit: a help or the version was asked for, and printed.
    """
    position = words.index("--") if "--" in words else len(words)
    ours, for_snakemake = words[:position], words[position + 1 :]
    parser, of_commands = parsers()
    if not ours:
        parser.print_help(sys.stderr)
        return None
    if ours[0] == "help":
        ours = [*(word for word in ours[1:2] if word in of_commands), "--help"]
    if ours[0] in ("-h", "--help", "--version"):
        return parser.parse_args(ours)
    problems = Problems()
    targets = ["project"] if ours[0] == "runp" else []
    command = "run" if targets else find_command(ours, list(of_commands), problems)
    problems.raise_if_any()
    assert command
    of_command = spellings_of(of_commands[command])
    found = sort_words(command, ours[1:], of_command, _of_snakemake, problems)
    if for_snakemake and command not in RUNS:
        problems.add("--", "", f"{command} passes nothing to Snakemake; leave out '--'")
    problems.raise_if_any()
    for line in found.notes:
        note(line)
    names = found.targets if command not in RUNS else []
    arguments = parser.parse_args([command, *names, *found.ours])
    arguments.spellings = spellings_in(found.ours, of_commands[command])
    # Snakemake takes targets only where they stand together.
    behind = list(takewhile(lambda word: not word.startswith("-"), for_snakemake))
    arguments.targets = [*targets, *found.targets, *behind]
    arguments.for_snakemake = [*found.for_snakemake, *for_snakemake[len(behind) :]]
    return arguments


def _of_snakemake() -> Spellings:
    """The options of Snakemake."""
    from .commands.run import parser_of_snakemake

    return spellings_of(parser_of_snakemake())


if __name__ == "__main__":
    sys.exit(main())

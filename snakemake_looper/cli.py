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
from collections.abc import Sequence
from importlib import import_module

from .cli_options import parser
from .commands import DONE, FAILED
from .errors import LooperError, ProjectError
from .messages import complain
from .run.from_command_line import print_problems
from .system_errors import explained


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        argv: the words of the command line; by default those of this process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    ours, for_snakemake = words, []
    if "--" in words:
        position = words.index("--")
        ours, for_snakemake = words[:position], words[position + 1 :]
    arguments = parser().parse_args(ours)
    arguments.for_snakemake = for_snakemake
    if for_snakemake and arguments.command not in ("run", "rerun"):
        parser().error(f"{arguments.command} passes nothing to Snakemake; leave out '--'")
    try:
        # Only the module of this command is imported: `check` does not wait for the planner.
        command = import_module(f"{__package__}.commands.{arguments.command}")
        return int(command.execute(arguments))
    except ProjectError as error:
        print_problems(error)
        return error.exit_code
    except LooperError as error:
        complain(*str(error).split("\n"))
        return FAILED
    except BrokenPipeError:  # the reader of a pipe has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:  # for example a full disk, or a folder that may not be written
        complain(explained(error, arguments.command))
        return FAILED


if __name__ == "__main__":
    sys.exit(main())

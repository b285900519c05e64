"""The commands of `snakemake-looper`: one module each, with a function `execute`.

`execute` takes the parsed arguments and returns an exit code. `cli` imports the module of the
command that was typed, and turns exceptions into messages and exit codes. The arguments of all
commands are declared in `cli_commands`.
"""

DONE, FAILED = 0, 1
"""Exit codes. The third, 2, is that of wrong input: `ProjectError.exit_code`."""

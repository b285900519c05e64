"""`snakemake-looper completion`: a script with which a shell completes our command lines.

shtab makes the script from our parser: commands, options, and the kinds of their values. Names of
samples and pipelines are asked for when a key is pressed: the script calls `completion --names
KIND BEGINNING`, which reads them from the newest plan on disk. Nothing is planned for a key.

A name is text of other people. bash's `compgen -W` and shtab's own `cmd` would execute `$(…)` in
it, so the functions for names are ours.
"""

from __future__ import annotations

import argparse
from argparse import Action, ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from contextlib import suppress

from ..cli_commands import RUNS, SHELLS
from ..cli_options import parsers
from ..errors import LooperError, Problems
from ..messages import show
from ..read.looper_config import locate
from ..results.table_formats import FORMATS
from ..run.targets import targets_of
from ..status_words import STATUSES
from ..workspace.current_plan import last_plan
from ..workspace.job_table import TableError
from . import DONE

_KINDS = ("samples", "records", "pipelines", "targets", "jobs")
"""Kinds of names. `jobs` are rules and samples, as `--forcerun` takes them."""
_ASK = "snakemake-looper completion --names"
_KIND_BY_ARGUMENT: Mapping[tuple[str, str], str] = {
    ("log", "record"): "records", ("log", "pipeline"): "pipelines", ("inspect", "sample"): "samples",
}  # fmt: skip
"""Kinds of names by command and argument."""
_WORDS_BY_METAVAR: Mapping[str, tuple[str, ...]] = {
    "STATUS": STATUSES, "FORMAT": FORMATS, "SHELL": SHELLS,
}  # fmt: skip
_FILES, _FOLDERS = ("FILE", "PATH", "TABLE", "PATTERN"), ("DIR",)
OF_SNAKEMAKE: Mapping[str, tuple[str, str]] = {
    "--cores": ("", "the most cores to use at once"),
    "--jobs": ("", "the most jobs to submit at once"),
    "--keep-going": ("switch", "go on with independent jobs if one fails"),
    "--forceall": ("switch", "run all jobs again"),
    "--forcerun": ("jobs", "run these rules or samples again"),
    "--until": ("jobs", "run up to these rules or samples"),
    "--omit-from": ("jobs", "leave out these rules and all that come after"),
    "--retries": ("", "times that a failed job is tried again"),
    "--profile": ("folder", "a profile, as one of a cluster"),
    "--executor": ("", "how jobs are run, as in slurm"),
    "--printshellcmds": ("switch", "print commands"),
    "--quiet": ("switch", "print less"),
    "--verbose": ("switch", "print more"),
    "--unlock": ("switch", "remove a lock that a killed run left"),
    "--rerun-incomplete": ("switch", "run jobs again that were interrupted"),
}
"""The options of Snakemake that people type most, each with the kind of its value and a help."""
_FUNCTIONS: Mapping[str, str] = {
    "bash": """
_snakemake_looper_names() {
  local name
  while IFS= read -r name; do printf '%q\\n' "$name"; done < <(ASK "$1" "$2" 2> /dev/null)
}
KIND() { _snakemake_looper_names NAME "$1"; }
""",
    "zsh": """
_snakemake_looper_names() {
  local kind=$1; shift
  local -a names; names=(${(f)"$(ASK $kind 2> /dev/null)"})
  compadd "$@" -a names
}
KIND() { _snakemake_looper_names NAME "$@" }
""",
}
"""Functions that offer names; the line with KIND is there for each kind."""
_FISH_BEHIND = """
function _snakemake_looper_behind
  set -l options (string match -- '-*' (commandline -opc))
  set -q options[-1]; and contains -- $options[-1] $argv
end

"""


def execute(arguments: Namespace) -> int:
    """Print the script, or the names that it asks for.

    Raises:
        ProjectError: no shell is named.
    """
    if arguments.names:
        kind, begin = (*arguments.names, "")[:2]
        for name in _names(kind, begin):
            show(name)
        return DONE
    if not arguments.shell:
        problems = Problems()
        problems.add("completion", "", "needs SHELL; write it, as in 'completion bash'")
        problems.raise_if_any()
    show(script(arguments.shell))
    return DONE


def _names(kind: str, begin: str) -> list[str]:
    """The names of a kind that begin with a text; none where there is no project, or no plan."""
    with suppress(LooperError, OSError, TableError):
        folder = last_plan(locate(None))
        if folder is None or kind not in _KINDS:
            return []
        table = folder.jobs()
        try:
            pipelines = table.pipelines() if kind != "samples" else []
            if kind in ("samples", "records"):
                return table.records(begin, "sample" if kind == "samples" else "")
            found = [*(targets_of(folder) if kind != "pipelines" else []), *pipelines]
            found += table.records(begin, "sample") if kind == "jobs" else []
            return [name for name in dict.fromkeys(found) if name.startswith(begin)]
        finally:
            table.close()
    return []


# --- the script -----------------------------------------------------------------------------------


def script(shell: str) -> str:
    """The script for a shell."""
    import shtab

    root, commands = parsers()
    several: dict[str, set[str]] = {}
    for command, parser in commands.items():
        if command in RUNS:
            _add_words_of_snakemake(parser)
        for action in parser._actions:
            kind = _complete(action, command)
            if kind and action.option_strings and action.nargs == "+":
                several.setdefault(kind, set()).update(action.option_strings)
    text = shtab.complete(root, shell, preamble=_functions(shell))
    return f"{text}\n{_fish_several(several)}" if shell == "fish" else text


def _fish_several(several: Mapping[str, Iterable[str]]) -> str:
    """Names behind the first value of an option: shtab's script for fish knows of one."""
    return _FISH_BEHIND + "".join(
        f"complete -c snakemake-looper -n '_snakemake_looper_behind {' '.join(sorted(options))}'"
        f" -ka '({_ASK} {kind})'\n"
        for kind, options in several.items()
    )


def _functions(shell: str) -> str:
    lines = []
    for line in _FUNCTIONS.get(shell, "").replace("ASK", _ASK).strip("\n").split("\n"):
        if line.startswith("KIND"):
            lines += [
                line.replace("KIND", _function(kind)).replace("NAME", kind) for kind in _KINDS
            ]
        else:
            lines.append(line)
    return "\n".join(lines)


def _function(kind: str) -> str:
    return f"_snakemake_looper_{kind}"


def _add_words_of_snakemake(parser: ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="a target")
    for spelling, (kind, help_) in OF_SNAKEMAKE.items():
        if kind == "switch":
            parser.add_argument(spelling, action="store_true", help=help_)
        else:
            nargs = "+" if kind == "jobs" else None
            parser.add_argument(spelling, nargs=nargs, metavar=kind.upper() or "VALUE", help=help_)


def _complete(action: Action, command: str) -> str:
    """Note in an action what its values are, as shtab reads it; returns the kind of names."""
    import shtab

    from ..profiles.profile import BUNDLED

    metavar = action.metavar if isinstance(action.metavar, str) else ""
    kind = _KIND_BY_ARGUMENT.get((command, action.dest), metavar.lower())
    kind = {"samples": "samples", "targets": "targets"}.get(action.dest, kind)
    found: Mapping[str, object]
    if kind in _KINDS:
        found = {"bash": _function(kind), "zsh": _function(kind), "fish": f"({_ASK} {kind})"}
    elif metavar in _FILES:
        found = shtab.FILE
    elif metavar in _FOLDERS or kind == "folder":
        found = shtab.DIRECTORY
    else:
        words = _WORDS_BY_METAVAR.get(metavar, ())
        if (command, action.dest) == ("profile", "name"):
            words = tuple(BUNDLED)
        if words and action.help != argparse.SUPPRESS:
            action.choices = words
        return ""
    action.complete = found  # type: ignore[attr-defined]
    return kind if kind in _KINDS else ""

"""`snakemake-looper run`: the same as `snakemake --use-looper-config`, by default on all cores."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..cli_options import config_words, options_of
from ..errors import ProjectError
from ..read.looper_config import locate
from ..run.from_command_line import Ready, plans_seen
from ..workspace.current_plan import current_plan
from . import DONE, FAILED

_CHOOSES_CORES = (
    "--cores", "-c", "--jobs", "-j", "--profile", "--workflow-profile", "--executor", "-e",
)  # fmt: skip


def execute(arguments: Namespace) -> int:
    """Run the project.

    Raises:
        ProjectError: an option cannot be read.
    """
    looper_config = locate(arguments.looper_config)
    options = options_of(arguments)
    if options.problems:
        current_plan(looper_config, options)  # it reports all that is wrong
    with plans_seen() as plans:
        code = _snakemake(_words_for_snakemake(arguments, looper_config))
    if code != DONE:
        return code
    return FAILED if _any_fault(plans) else DONE


def _words_for_snakemake(arguments: Namespace, looper_config: Path) -> list[str]:
    typed: list[str] = arguments.for_snakemake
    words = ["--use-looper-config", str(looper_config)]
    if arguments.dry_run:
        words.append("--dry-run")
    if not _chooses_cores(typed):
        words += ["--cores", "all"]
    own = {word.partition("=")[0].replace("-", "_") for word in typed if "=" in word}
    return [*words, *arguments.targets, *_with_config(typed, config_words(arguments, own))]


def _chooses_cores(typed: Sequence[str]) -> bool:
    """Whether an option for Snakemake, or a profile, says how many cores to use."""
    if any(word.split("=")[0] in _CHOOSES_CORES or word[:2] in ("-c", "-j") for word in typed):
        return True
    return "SNAKEMAKE_PROFILE" in os.environ or Path("profiles/default").is_dir()


def _with_config(typed: list[str], entries: list[str]) -> list[str]:
    """Words with our entries in their `--config`; Snakemake reads only the last `--config`."""
    if not entries:
        return typed
    for position, word in enumerate(typed):
        if word in ("--config", "-C"):
            return [*typed[: position + 1], *entries, *typed[position + 1 :]]
        if word.startswith("--config="):
            own = word.removeprefix("--config=")
            return [*typed[:position], "--config", *entries, own, *typed[position + 1 :]]
    return [*typed, "--config", *entries]


def parser_of_snakemake() -> ArgumentParser:
    """Snakemake's own parser, which knows its options."""
    from snakemake.cli import get_argument_parser

    parser: ArgumentParser = get_argument_parser()
    return parser


def _snakemake(words: list[str]) -> int:
    from snakemake.cli import main  # not for wrong input: it takes half a second

    from snakemake_logger_plugin_looper.hook import tell_if_passed_by

    code = DONE
    try:
        main(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else FAILED
    except KeyboardInterrupt:  # once more, while Snakemake ends
        code = FAILED
    return ProjectError.exit_code if tell_if_passed_by() else code


def _any_fault(plans: Iterable[Ready]) -> bool:
    """Whether a sample was skipped for a fault of its own."""
    for ready in plans:
        table = ready.folder.jobs()
        try:
            if any(skip.fault for skip in table.skipped()):
                return True
        finally:
            table.close()
    return False

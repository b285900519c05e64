"""From `--use-looper-config` to a Snakefile, between Snakemake's parser and Snakemake.

Only the parser's result can choose a Snakefile, so `parse_known_args` is wrapped, once. Where
the option is absent the result passes through untouched.

Snakemake parses a second time when a profile applies, with the profile's options below those of
the command line. Only then is known what is asked for, `config:` of the profile included. So the
project is planned after the last parsing; before, a Snakefile that has the default profile beside
it stands in for the one that is to come.
"""

from __future__ import annotations

import functools
import os
import sys
from argparse import Namespace
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from snakemake.common.argparse import ArgumentParser

PREFIXED = "logger_looper_use_looper_config"


def install() -> None:
    """Wrap Snakemake's argument parser; does nothing the second time."""
    original = ArgumentParser.parse_known_args
    if getattr(original, "_looper", False):
        return

    @functools.wraps(original)
    def parse_known_args(self: Any, *args: Any, **kwargs: Any) -> tuple[Namespace, list[str]]:
        parsed, rest = original(self, *args, **kwargs)
        # MISSING where the option is absent, None where it is bare, else the path.
        asked = getattr(parsed, "use_looper_config", MISSING)
        setattr(parsed, PREFIXED, None)
        if asked is None or isinstance(asked, str):
            _prepare(parsed, asked or "", bool(getattr(self, "_default_config_files", None)))
        return parsed, rest

    parse_known_args._looper = True  # type: ignore[attr-defined]
    ArgumentParser.parse_known_args = parse_known_args


def _is_parsed_again(parsed: Namespace, stand_in: Path) -> bool:
    """Whether Snakemake will parse once more, now with a profile.

    It does so where a user starts it (its default mode) and a profile applies: one that is named,
    or the workflow's own, beside the Snakefile. See `parse_args` of snakemake.cli (9.14 to 9.27).
    """
    from snakemake_interface_executor_plugins.settings import ExecMode

    if parsed.mode != ExecMode.DEFAULT:
        return False
    given = [parsed.profile] if isinstance(parsed.profile, str) else parsed.profile or []
    if set(given) - {"none"}:
        return True
    name = parsed.workflow_profile or "default"
    places = (Path(), Path("profiles"), stand_in.parent / "profiles")
    return name != "none" and any((place / name).exists() for place in places)


def _prepare(parsed: Namespace, asked: str, has_profile: bool) -> None:
    """Plan the project and point the parsed arguments at it, if nothing is parsed after this."""
    from snakemake_looper.for_snakefiles import module_snakefile

    # The field is stored under its bare name, and read under the prefixed one.
    setattr(parsed, PREFIXED, asked)
    if parsed.snakefile is not None:
        sys.stderr.write("error: --use-looper-config chooses the Snakefile; remove --snakefile\n")
        raise SystemExit(2)
    stand_in = Path(module_snakefile())
    if not has_profile and _is_parsed_again(parsed, stand_in):
        parsed.snakefile = stand_in
    else:
        from snakemake_looper.frontend import prepare

        ready = prepare(asked, parsed.config, parsed.configfile, parsed.directory)
        parsed.snakefile = Path(ready.snakefile)
        parsed.directory = ready.workdir
        parsed.logger = list(dict.fromkeys([*(parsed.logger or []), "looper"]))
    # Scripts of a profile are called by its path, and from the folder that jobs run in.
    if isinstance(parsed.profile, list):
        parsed.profile = [
            os.path.abspath(path) if os.path.exists(path) else path for path in parsed.profile
        ]

"""From `--use-looper-config` to a Snakefile, between Snakemake's parser and Snakemake.

Only the parser's result can choose a Snakefile, so `parse_known_args` is wrapped, once. Where
the option is absent the result passes through untouched.
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
_planned: dict[tuple[Any, ...], Any] = {}


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
            _prepare(parsed, asked or "")
        return parsed, rest

    parse_known_args._looper = True  # type: ignore[attr-defined]
    ArgumentParser.parse_known_args = parse_known_args


def _prepare(parsed: Namespace, asked: str) -> None:
    """Plan the project and point the parsed arguments at it.

    Snakemake parses a second time when a profile applies; the plan is made once.
    """
    from snakemake_looper.frontend import prepare

    # The field is stored under its bare name, and read under the prefixed one.
    setattr(parsed, PREFIXED, asked)
    key = (asked, str(parsed.directory), tuple(parsed.config or ()))
    if key not in _planned:
        if parsed.snakefile is not None:
            sys.stderr.write(
                "error: --use-looper-config chooses the Snakefile; remove --snakefile\n"
            )
            raise SystemExit(2)
        _planned[key] = prepare(asked, parsed.config, parsed.directory)
    ready = _planned[key]
    parsed.snakefile = Path(ready.snakefile)
    parsed.directory = ready.workdir
    parsed.logger = list(dict.fromkeys([*(parsed.logger or []), "looper"]))
    # Scripts of a profile are called by its path, and from the folder that jobs run in.
    if isinstance(parsed.profile, list):
        parsed.profile = [
            os.path.abspath(path) if os.path.exists(path) else path for path in parsed.profile
        ]

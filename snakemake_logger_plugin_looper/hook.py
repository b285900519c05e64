"""From `--use-looper-config` to a Snakefile, between Snakemake's parser and Snakemake.

Only the parser's result can choose a Snakefile, so `parse_known_args` is wrapped, once. Where
the option is absent the result passes through untouched.

Snakemake parses a second time when a profile applies, with the profile's options below those of
the command line. If that is the plan's own profile, nothing that matters here changes: the project
is planned after the first parsing, and the plan is kept for the second. Another profile may have
options of looper under `config:`. Then the project is planned after the second parsing; before, a
Snakefile that has the default profile beside it stands in for the one that is to come.
"""

from __future__ import annotations

import functools
import os
import sys
from argparse import Namespace
from contextvars import ContextVar
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from snakemake.common.argparse import ArgumentParser

PREFIXED = "logger_looper_use_looper_config"
_first: ContextVar[tuple[Any, Any] | None] = ContextVar("_first", default=None)
"""What was asked for at the first parsing, and its plan, for the second one."""


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
    name = parsed.workflow_profile or "default"
    places = (*_USERS, stand_in.parent / "profiles")
    has_own = name != "none" and any((place / name).exists() for place in places)
    return has_own or bool(_named(parsed))


def _has_users_profile(parsed: Namespace) -> bool:
    """Whether a profile of the user applies, and not only that beside the plan."""
    if _named(parsed) or parsed.workflow_profile not in (None, "none"):
        return True
    return any((place / "default").exists() for place in _USERS)


_USERS = (Path(), Path("profiles"))
"""Where Snakemake looks for a workflow's profile before it looks beside the Snakefile."""


def _named(parsed: Namespace) -> set[str]:
    """The profiles that are named by --profile or the environment."""
    given = [parsed.profile] if isinstance(parsed.profile, str) else parsed.profile or []
    return set(given) - {"none"}


def _prepare(parsed: Namespace, asked: str, has_profile: bool) -> None:
    """Point the parsed arguments at the plan of the project, or at a stand-in for it."""
    from snakemake_looper.for_snakefiles import module_snakefile

    # The field is stored under its bare name, and read under the prefixed one.
    setattr(parsed, PREFIXED, asked)
    if parsed.snakefile is not None:
        sys.stderr.write("error: --use-looper-config chooses the Snakefile; remove --snakefile\n")
        raise SystemExit(2)
    stand_in = Path(module_snakefile())
    is_first = not has_profile and _is_parsed_again(parsed, stand_in)
    if is_first and _has_users_profile(parsed):
        parsed.snakefile = stand_in
    else:
        ready = _plan(parsed, asked, is_first)
        parsed.snakefile = Path(ready.snakefile)
        parsed.directory = ready.workdir
        parsed.logger = list(dict.fromkeys([*(parsed.logger or []), "looper"]))
    # Scripts of a profile are called by its path, and from the folder that jobs run in.
    if isinstance(parsed.profile, list):
        parsed.profile = [
            os.path.abspath(path) if os.path.exists(path) else path for path in parsed.profile
        ]


def _plan(parsed: Namespace, asked: str, is_first: bool) -> Any:
    """The plan for what is asked; kept if this is the first of two parsings, then taken."""
    from snakemake_looper.run.from_command_line import plan_of_command_line

    wanted = (asked, parsed.config, parsed.configfile, parsed.directory)
    kept = _first.get()
    _first.set(None)
    if kept is not None and kept[0] == wanted and not is_first:
        return kept[1]
    ready = plan_of_command_line(*wanted)
    if is_first:
        _first.set((wanted, ready))
    return ready

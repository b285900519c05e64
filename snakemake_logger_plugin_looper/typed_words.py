"""The words of Snakemake's command line, where a looper project is run.

`--use-looper-config` and `--logger looper` stand among Snakemake's own options, and people write
them as they come to mind: with options of looper, or with a target behind a list of loggers. This
module is imported only if one of the two options is there.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from snakemake_looper.run.from_command_line import Asked, Ready

_LOGGER = "--logger"
_TAKING_RULES = {"--forcerun": "forcerun", "--until": "until", "--omit-from": "omit_from"}
"""Options that take rules of jobs, each with its attribute in the parsed arguments."""
_PROFILES = Path("profiles")
"""The folder that `snakemake-looper profile` writes to."""


def without_targets(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words without the targets among the loggers, and these targets.

    `--logger` takes all words behind it. Those that name no installed logger are targets, if the
    logger `looper` is among the others.
    """
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

    start = words.index(_LOGGER) + 1
    behind = (place for place in range(start, len(words)) if words[place].startswith("-"))
    end = next(behind, len(words))
    loggers = LoggerPluginRegistry().plugins.keys()
    known = [word for word in words[start:end] if word in loggers]
    others = [word for word in words[start:end] if word not in loggers]
    if "looper" not in known:
        return list(words), []
    return [*words[:start], *known, *words[end:]], others


def refuse_options(parser: Any, words: Iterable[str], unknown: Iterable[str]) -> None:
    """Refuse options of looper, which Snakemake takes as `--config`, and options of nobody.

    Args:
        parser: Snakemake's parser.
        words: all words.
        unknown: the words that the parser did not know.

    Raises:
        SystemExit: there is one. All of them are printed.
    """
    from snakemake_looper.errors import near
    from snakemake_looper.read.options.options import typed_by_spelling

    lines = []
    ours = typed_by_spelling()
    listed = list(words)
    if "--" in listed:
        listed = listed[: listed.index("--")]
    of_snakemake = parser._option_string_actions
    for position, word in enumerate(listed):
        spelling, _, value = word.partition("=")
        option = ours.get(spelling) if spelling.startswith("--") else None
        if option is not None and spelling not in of_snakemake:
            values = [value] if value else _values(listed[position + 1 :])
            text = ",".join(values) or "true"
            lines.append(
                f"{spelling}: Snakemake takes options of looper as --config; write --config"
                f" {option}={text}"
            )
        elif word.startswith("-") and word in unknown:
            lines.append(f"{word}: is no option of Snakemake{near(spelling, of_snakemake)}")
    if lines:
        _refuse(*lines)


def _values(words: Sequence[str]) -> list[str]:
    end = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    return list(words[:end])


def choose(parsed: Namespace, ready: Ready) -> None:
    """Point the parsed arguments at a plan."""
    parsed.snakefile = Path(ready.snakefile)
    parsed.directory = ready.workdir
    parsed.targets = list(ready.targets)
    for option, names in ready.rules:
        setattr(parsed, _TAKING_RULES[option], set(names))
    parsed.logger = list(dict.fromkeys([*(parsed.logger or []), "looper"]))


# --- what is asked of the planner ----------------------------------------------------------------


def asked(parsed: Namespace, path: str, parser: Any, own: Iterable[Path]) -> Asked:
    """All that the command line, and the profiles that were read with it, say about the project.

    Args:
        parsed: what Snakemake's parser found.
        path: the path behind `--use-looper-config`.
        parser: Snakemake's parser.
        own: folders of our own, whose profiles have no options of looper.
    """
    from snakemake_looper.run.from_command_line import Asked
    from snakemake_looper.workspace.remote_answers import answers_for

    by_source = parser.get_source_to_settings_dict()
    files = [source for source in by_source if source.startswith("config_file")]
    of_profile = any("config" in by_source[source] for source in files)
    config = tuple(map(str, parsed.config or ()))
    profiles = map(Path, parser._default_config_files or ())
    return Asked(
        path=path,
        config=() if of_profile else config,
        configfiles=tuple(map(Path, parsed.configfile or ())),
        profiles=tuple(
            one for one in profiles if not any(one.is_relative_to(folder) for folder in own)
        ),
        profile_config=config if of_profile else (),
        directory=str(parsed.directory) if parsed.directory else None,
        targets=tuple(map(str, parsed.targets)),
        rules=tuple(
            (option, tuple(sorted(map(str, getattr(parsed, name)))))
            for option, name in _TAKING_RULES.items()
            if getattr(parsed, name)
        ),
        ask=answers_for(parsed).sizes,
    )


def with_profiles(parsed: Namespace) -> None:
    """Find the named profiles, also in the folder that `snakemake-looper profile` writes to.

    Raises:
        SystemExit: there is no such profile.
    """
    if isinstance(parsed.profile, list):
        parsed.profile = [_profile(str(name)) for name in parsed.profile]
    elif parsed.profile:  # in Snakemake 9.14 there is only one
        parsed.profile = _profile(str(parsed.profile))
    name = parsed.workflow_profile
    # `default` may also stand beside the plan.
    if name not in (None, "none", "default") and not any(
        map(os.path.exists, (name, _PROFILES / name))
    ):
        _refuse(f"--workflow-profile: there is no profile '{name}'; correct the path")


def _profile(name: str) -> str:
    from snakemake.cli import get_profile_dir

    below = _PROFILES / name
    if name == "none" or get_profile_dir(name) is not None:
        return name
    if get_profile_dir(str(below)) is not None:
        return str(below)
    typed = any(word.startswith("--profile") for word in sys.argv)
    where = "--profile" if typed else "SNAKEMAKE_PROFILE"
    own = Path(name).name
    what = f"there is no profile '{name}'; write one with 'snakemake-looper profile {own}'"
    what = f"{where}: {what} and start it with --profile {_PROFILES / own}"
    if os.path.isdir(name):
        what = f"{where}: '{name}' has no config.yaml; write one, or name another profile"
    return _refuse(what)


def _refuse(*lines: str) -> NoReturn:
    from snakemake_looper.messages import complain

    complain(*lines)
    raise SystemExit(2)

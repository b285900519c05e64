"""From `--use-looper-config` to a Snakefile, between Snakemake's parser and Snakemake.

A Snakefile can be chosen only by changing the result of the parser, so `install` wraps
`parse_known_args`. Without the option, the result is not changed.

Snakemake parses twice if a profile applies: the second time with the options of the profile. The
project is planned once:

- Only the plan's own profile applies: after the first parsing. That profile changes no option of
  looper, so the plan is kept for the second parsing.
- A profile of the user applies: after the second parsing, since its `config:` may have options of
  looper. After the first parsing, a Snakefile with the default profile beside it stands in for the
  one that is still to come.

A version of Snakemake may read its command line in another way, and pass this parser by: a command
line made with click has been proposed (Snakemake's pull request 4020). Then the option would have
no effect. A line says so: before the run, if Snakemake hands the option to the logger plugin, else
at the end of the process.
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
from argparse import Namespace
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    from snakemake.common.argparse import ArgumentParser
except ImportError:  # another command line
    ArgumentParser = None

if TYPE_CHECKING:
    from snakemake_looper.run.from_command_line import Asked, Ready

PREFIXED = "logger_looper_use_looper_config"
"""The attribute that Snakemake reads the option from; the parser sets the bare name instead."""
_planned: ContextVar[tuple[Asked, Ready] | None] = ContextVar("_planned", default=None)
"""After the first of two parsings: all that was asked, and the plan."""

_was_called: ContextVar[bool] = ContextVar("_was_called", default=False)
"""Whether Snakemake has used the wrapped parser."""
_has_chosen: ContextVar[bool] = ContextVar("_has_chosen", default=False)
"""Whether a parsing has chosen the Snakefile of a project."""

_OPTION = "--use-looper-config"
_SPELLINGS = (_OPTION, "--logger-looper-use-looper-config")
_PASSED_BY = (
    f"{_OPTION}: this version of Snakemake reads its command line in another way, and the option"
    " has no effect; run 'snakemake-looper generate -o workflow_dir', then 'snakemake --snakefile"
    " workflow_dir/workflow/Snakefile'"
)
_ABOUT_PROFILE = "Using workflow specific profile "
_PROFILE_FOLDERS = (Path(), Path("profiles"))
"""Folders in which Snakemake looks for a workflow's profile before the one beside the Snakefile."""


def install() -> None:
    """Wrap the argument parser of Snakemake. A second call does nothing."""
    if any(word.partition("=")[0] in _SPELLINGS for word in sys.argv[1:]):
        atexit.register(tell_if_passed_by)
    if ArgumentParser is None:
        return
    original = ArgumentParser.parse_known_args
    if getattr(original, "_looper", False):
        return

    @functools.wraps(original)
    def parse_known_args(
        self: Any, args: Any = None, *others: Any, **named: Any
    ) -> tuple[Namespace, list[str]]:
        _was_called.set(True)
        words = sys.argv[1:] if args is None else args
        targets: list[str] = []
        if "--logger" in words and isinstance(words, (list, tuple)):
            from .typed_words import without_targets

            words, targets = without_targets(words)
        _let_bare_option_be_text(self)
        parsed, rest = original(self, words if targets else args, *others, **named)
        if targets:
            parsed.targets = [*parsed.targets, *targets]
        # The path, or an empty text where the option is bare. Snakemake's own sentinel where it is
        # absent: `dataclasses.MISSING`, which Python 3.15 has changed, or another one.
        asked = getattr(parsed, "use_looper_config", None)
        setattr(parsed, PREFIXED, None)
        if isinstance(asked, str):
            from .typed_words import refuse_options

            refuse_options(self, words, rest)
            _choose_snakefile(parsed, asked, self)
        return parsed, rest

    parse_known_args._looper = True  # type: ignore[attr-defined]
    ArgumentParser.parse_known_args = parse_known_args


def _let_bare_option_be_text(parser: Any) -> None:
    """Let the parser say "" where the option has no path. Its own word would be None.

    So no value of the option needs to be compared with the one that stands for its absence.
    """
    option = getattr(parser, "_option_string_actions", {}).get(_OPTION)
    if option is not None and option.const is None:
        option.const = ""


def refuse_if_passed_by() -> None:
    """Refuse a run that was asked for, and whose Snakefile nobody has chosen.

    Raises:
        SystemExit: with 2; the reason is printed.
    """
    if not _has_chosen.get():
        from snakemake_looper.messages import complain

        _was_called.set(True)  # once is enough
        complain(_PASSED_BY)
        raise SystemExit(2)


def tell_if_passed_by() -> bool:
    """Say so if Snakemake has not used the wrapped parser. Returns whether that is so."""
    if _was_called.get():
        return False
    from snakemake_looper.messages import complain

    complain(_PASSED_BY)
    return True


def _is_parsed_again(parsed: Namespace, stand_in: Path) -> bool:
    """Whether Snakemake will parse once more, now with a profile.

    It does so if a user started it (its default mode) and a profile applies: a named one, or the
    workflow's own, beside the Snakefile. See `parse_args` in snakemake.cli (9.14 to 9.27).
    """
    from snakemake_interface_executor_plugins.settings import ExecMode

    if parsed.mode != ExecMode.DEFAULT:
        return False
    name = parsed.workflow_profile or "default"
    places = (*_PROFILE_FOLDERS, stand_in.parent / "profiles")
    has_own = name != "none" and any((place / name).exists() for place in places)
    return has_own or bool(_named(parsed))


def _has_users_profile(parsed: Namespace) -> bool:
    """Whether a profile of the user applies, and not only the one beside the plan."""
    if _named(parsed) or parsed.workflow_profile not in (None, "none"):
        return True
    return any((place / "default").exists() for place in _PROFILE_FOLDERS)


def _named(parsed: Namespace) -> set[str]:
    """The profiles that --profile or the environment names."""
    given = [parsed.profile] if isinstance(parsed.profile, str) else parsed.profile or []
    return set(given) - {"none"}


def _choose_snakefile(parsed: Namespace, path: str, parser: Any) -> None:
    """Point the parsed arguments at the plan of the project, or at a stand-in for it."""
    from snakemake_looper.for_snakefiles import module_snakefile

    from .typed_words import asked, choose, users_loggers, with_profiles

    setattr(parsed, PREFIXED, path)
    if parsed.snakefile is not None:
        sys.stderr.write("error: --use-looper-config chooses the Snakefile; remove --snakefile\n")
        raise SystemExit(2)
    has_profile = bool(getattr(parser, "_default_config_files", None))
    stand_in = Path(module_snakefile())
    if not has_profile:
        with_profiles(parsed)
    is_first = not has_profile and _is_parsed_again(parsed, stand_in)
    _has_chosen.set(True)
    if is_first and _has_users_profile(parsed):
        parsed.snakefile = stand_in
    else:
        kept = _planned.get()
        own = [stand_in.parent, *([kept[1].folder.path] if kept else [])]
        _refuse_unshared_files(parsed)
        parsed.logger = [*users_loggers(parser, own), *(parsed.logger or [])]
        choose(parsed, _plan(asked(parsed, path, parser, own), is_first, has_profile))
        _hush(parsed)
    # Scripts of a profile are called by its path, and from the folder that jobs run in.
    if isinstance(parsed.profile, list):
        parsed.profile = [
            os.path.abspath(path) if os.path.exists(path) else path for path in parsed.profile
        ]


def _refuse_unshared_files(parsed: Namespace) -> None:
    """Refuse an executor whose jobs would not see the project's files.

    Snakemake itself would ask for a storage of all files, which does not help.

    Raises:
        SystemExit: with 2; the reason is printed.
    """
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

    from snakemake_looper.messages import complain
    from snakemake_looper.run.shared_files import why_not_shared

    plugins = ExecutorPluginRegistry()
    name = str(parsed.executor or "")
    if name not in plugins.get_registered_plugins():
        return  # jobs run on this machine, or Snakemake says that there is no such executor
    has_none = plugins.get_plugin(name).common_settings.implies_no_shared_fs
    shared = () if has_none else [one.item_to_choice() for one in parsed.shared_fs_usage]
    why = why_not_shared(shared, executor=name if has_none else "")
    if why:
        complain(why)
        raise SystemExit(2)


def _plan(wanted: Asked, is_first: bool, is_second: bool) -> Ready:
    """The plan of the project. The first of two parsings keeps it for the second.

    A plan that was kept by a call of Snakemake which ended in between is never taken.
    """
    from snakemake_looper.run.from_command_line import plan_of_command_line

    kept = _planned.get()
    _planned.set(None)
    if kept is not None and kept[0] == wanted and is_second:
        return kept[1]
    ready = plan_of_command_line(wanted)
    if is_first:
        _planned.set((wanted, ready))
    return ready


def _hush(parsed: Namespace) -> None:
    """Let Snakemake say nothing of the profile beside the plan, unless details are asked for.

    Snakemake prints "Using workflow specific profile …" between its two parsings, with `print`. A
    profile of the user is named as ever: then no plan is kept between the two.
    """
    import snakemake.cli

    vars(snakemake.cli)["print"] = print if parsed.verbose else _print


def _print(*values: Any, **named: Any) -> None:
    is_own = _planned.get() is not None
    if not is_own or not "".join(map(str, values)).startswith(_ABOUT_PROFILE):
        print(*values, **named)

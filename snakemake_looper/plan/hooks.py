"""Hooks: code of the project that runs before a job is planned, and may change its namespaces.

Follows looper's "Pre-submission hooks": Python functions first, then command templates, each kind
in the order of the interface; a function is called with all namespaces and returns those values
that it changes, a command prints them as JSON. They run once for each job that is planned (not
for skipped samples, quirk 16), whenever a plan is made, also for a dry run; where nothing has
changed no plan is made, and no hook runs.

Functions run one after another, since nobody wrote them to share a process with themselves.
Commands of different jobs run side by side.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..errors import near
from ..read.templates import TemplateError, template
from .looper_hooks import SHIPPED, Namespace

Namespaces = dict[str, Any]
Hook = Callable[[Namespaces], Any]
_SHOWN = 5
"""Lines of a failed command's output that a message repeats."""


class HookError(Exception):
    """A hook failed, or returned what cannot be used; `key` says which in the interface."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def find_function(name: str) -> Hook:
    """The function that `package.function` names; those that looper ships are our own.

    Raises:
        HookError: there is no such package or function.
    """
    key = "pre_submit.python_functions"
    if name in SHIPPED:
        return SHIPPED[name]
    package, _, attribute = name.rpartition(".")
    if package == "looper":
        known = near(attribute, [one.partition(".")[2] for one in SHIPPED])
        raise HookError(key, f"looper ships no '{attribute}'{known}")
    try:
        function = getattr(importlib.import_module(package), attribute)
    except AttributeError:
        raise HookError(key, f"'{package}' has no function '{attribute}'") from None
    except Exception as error:  # an import can fail in any way
        raise HookError(
            key,
            f"'{package}' cannot be imported: {error}; install it where snakemake-looper is",
        ) from None
    if not callable(function):
        raise HookError(key, f"'{name}' is no function; write 'package.function'")
    found: Hook = function
    return found


def source_of(name: str) -> Path | None:
    """The file of a function's package: a plan is made anew when it changes."""
    if name in SHIPPED:
        return None
    module = sys.modules.get(name.rpartition(".")[0])
    path = getattr(module, "__file__", None)
    return Path(path) if path else None


def own_copy(namespaces: Mapping[str, Any]) -> Namespaces:
    """Namespaces that hooks of one job may change: attributes can be read and set with a dot."""
    return {
        name: Namespace(copy.deepcopy(value)) if isinstance(value, Mapping) else value
        for name, value in namespaces.items()
    }


def call_functions(names: Sequence[str], namespaces: Namespaces, folder: Path) -> None:
    """Call Python functions in a job's namespaces, in the folder where commands run.

    Raises:
        HookError: one of them raised an error, or returned no namespaces.
    """
    key = "pre_submit.python_functions"
    for name in names:
        function = find_function(name)
        try:
            with contextlib.chdir(folder), contextlib.redirect_stdout(sys.stderr):
                returned = function(namespaces)
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}: {error}".rstrip(": ") + _where(error)
            if name in SHIPPED and isinstance(error, ValueError):
                what = str(error)
            raise HookError(key, f"{name} failed: {what}; correct it") from None
        _update(namespaces, returned, key, name)


def run_commands(
    jobs: Sequence[tuple[Sequence[str], Namespaces]], folder: Path
) -> list[HookError | None]:
    """Run the commands of several jobs, each job's in order; for each its error, if there is."""

    def run(job: tuple[Sequence[str], Namespaces]) -> HookError | None:
        key = "pre_submit.command_templates"
        texts, namespaces = job
        try:
            for text in texts:
                command = template(text).render(namespaces)
                _update(namespaces, json_of(command, folder, key), key, command)
        except HookError as error:
            return error
        except TemplateError as error:
            return HookError(key, str(error))
        return None

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(run, jobs))


def json_of(command: str, folder: Path, key: str) -> Any:
    """What a shell command prints, read as JSON.

    Raises:
        HookError: it exited with another code than 0, or printed something else.
    """
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        output = _last_lines(done.stderr or done.stdout)
        raise HookError(
            key, f"'{command}' exited with {done.returncode}{output}; correct the command"
        )
    try:
        return json.loads(done.stdout)
    except ValueError:
        output = _last_lines(done.stdout) or ", it printed nothing"
        raise HookError(
            key, f"'{command}' did not print JSON{output}; print at least '{{}}'"
        ) from None


def _update(namespaces: Namespaces, returned: Any, key: str, who: str) -> None:
    """Lay what a hook returned over the namespaces, as looper does."""
    if not returned:
        return
    if not isinstance(returned, Mapping):
        raise HookError(
            key, f"{who} returned {_kind(returned)}; return a mapping: namespace to values"
        )
    for name, values in returned.items():
        if name not in namespaces:
            known = near(str(name), namespaces)
            raise HookError(
                key,
                f"{who} returned '{name}', which is no namespace{known}; there are"
                f" {', '.join(namespaces)}",
            )
        if values is namespaces[name]:
            continue
        if not isinstance(values, Mapping) or not isinstance(namespaces[name], dict):
            raise HookError(
                key, f"{who} returned {_kind(values)} for '{name}'; return a mapping of values"
            )
        namespaces[name].update(values)


def _kind(value: Any) -> str:
    return f"{type(value).__name__} '{value}'"


def _where(error: BaseException) -> str:
    """The line that raised, if it is in the hook's own code."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def _last_lines(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f": {' / '.join(lines[-_SHOWN:])}" if lines else ""

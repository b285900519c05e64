"""Hooks: code of the project that runs before a job is planned, and may change its namespaces.

There are two kinds. A Python function is called with all namespaces and returns the values that
it changes; a command prints them as JSON. looper calls them "pre-submission hooks", and this
module follows its documentation of them. `pre_submit` says when they run.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.util
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..errors import near
from ..model import Interface
from ..read.templates.template_checks import command_hook_paths
from ..read.templates.templates import TemplateError, template
from .failures import JobError
from .fault_places import at_text, template_error
from .looper_hooks import SHIPPED, Namespace

OwnNamespaces = dict[str, Any]
"""The namespaces of one job, which its hooks may change."""
Hook = Callable[[OwnNamespaces], Any]
_FUNCTIONS = "pre_submit.python_functions"
_COMMANDS = "pre_submit.command_templates"
_LINES_SHOWN = 5
"""The number of lines of a failed command's output that a message repeats."""
_log = logging.getLogger(__name__)


def find_function(name: str) -> Hook:
    """The function that `package.function` names.

    For the functions that looper ships, this package has its own.

    Raises:
        JobError: there is no such package or function.
    """
    if name in SHIPPED:
        return SHIPPED[name]
    package, _, attribute = name.rpartition(".")
    if package == "looper":
        known = near(attribute, [one.partition(".")[2] for one in SHIPPED])
        raise JobError(_FUNCTIONS, f"looper ships no '{attribute}'{known}")
    try:
        function = getattr(importlib.import_module(package), attribute)
    except AttributeError:
        raise JobError(_FUNCTIONS, f"'{package}' has no function '{attribute}'") from None
    except ModuleNotFoundError as error:
        raise JobError(_FUNCTIONS, _no_module(package, error.name or package)) from None
    except Exception as error:  # importing runs the project's code, which can raise any error
        _log.debug("import of %s failed", package, exc_info=True)
        raise JobError(
            _FUNCTIONS,
            f"'{package}' cannot be imported: {error}; install it where snakemake-looper is",
        ) from error
    if not callable(function):
        raise JobError(_FUNCTIONS, f"'{name}' is no function; write 'package.function'")
    found: Hook = function
    return found


def check_package(name: str) -> None:
    """Find the package of a function without running its code.

    Raises:
        JobError: there is no such package.
    """
    first = name.partition(".")[0]
    if name in SHIPPED or first in sys.modules:
        return
    if importlib.util.find_spec(first) is None:
        raise JobError(_FUNCTIONS, _no_module(name.rpartition(".")[0], first))


def _no_module(package: str, missing: str) -> str:
    where = "where snakemake-looper is"
    if package == missing or package.startswith(f"{missing}."):
        return f"there is no module '{missing}'; correct the name, or install it {where}"
    return f"'{package}' imports '{missing}', and there is no such module; install it {where}"


def source_of(name: str) -> Path | None:
    """The file of a function's package. A new plan is made when the file changes."""
    if name in SHIPPED:
        return None
    module = sys.modules.get(name.rpartition(".")[0])
    path = getattr(module, "__file__", None)
    return Path(path) if path else None


def own_copy(namespaces: Mapping[str, Any]) -> OwnNamespaces:
    """A copy for the hooks of one job. Hooks can read and set its values also as attributes."""
    return {
        name: Namespace(copy.deepcopy(value)) if isinstance(value, Mapping) else value
        for name, value in namespaces.items()
    }


def call_functions(names: Sequence[str], namespaces: OwnNamespaces, folder: Path) -> None:
    """Call Python functions with a job's namespaces, in the folder where commands run.

    The namespaces are changed in place.

    Raises:
        JobError: a function raised an error, or did not return namespaces.
    """
    for name in names:
        function = find_function(name)
        try:
            with contextlib.chdir(folder), contextlib.redirect_stdout(sys.stderr):
                returned = function(namespaces)
        # The function is the project's code: it can raise any error, and may call `sys.exit`.
        except (Exception, SystemExit) as error:
            _log.debug("hook %s failed", name, exc_info=True)
            what = f"{type(error).__name__}: {error}".rstrip(": ") + _where(error)
            if name in SHIPPED and isinstance(error, ValueError):
                what = str(error)
            raise JobError(_FUNCTIONS, f"{name} failed: {what}; correct it") from error
        _update(namespaces, returned, _FUNCTIONS, name)


def run_commands(
    jobs: Sequence[tuple[Interface, OwnNamespaces]], folder: Path
) -> list[JobError | None]:
    """Run the commands of several jobs side by side, those of one job in their order.

    The namespaces of each job are changed in place.

    Returns:
        For each job, its error, or None if it has none.
    """

    def run(job: tuple[Interface, OwnNamespaces]) -> JobError | None:
        interface, namespaces = job
        for index, text in enumerate(interface.hooks.command_templates):
            paths = command_hook_paths(index)
            try:
                command = template(text).render(namespaces)
                _update(namespaces, json_of(command, folder, _COMMANDS), _COMMANDS, command)
            except JobError as error:
                return at_text(error, _COMMANDS, interface, paths)
            except TemplateError as error:
                return template_error(error, _COMMANDS, interface, paths, namespaces)
        return None

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(run, jobs))


def check_command(interface: Interface, namespaces: Mapping[str, Any]) -> JobError | None:
    """The fault of the first command of a job, which is not run; None if it has none."""
    texts = interface.hooks.command_templates
    try:
        for text in texts[:1]:
            template(text).render(namespaces)
    except TemplateError as error:
        return template_error(error, _COMMANDS, interface, command_hook_paths(0), namespaces)
    return None


def json_of(command: str, folder: Path, key: str) -> Any:
    """Run a shell command in a folder and read its output as JSON.

    Raises:
        JobError: the command failed, or did not print JSON. The error is about `key`.
    """
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        output = _last_lines(done.stderr or done.stdout)
        raise JobError(
            key, f"'{command}' exited with {done.returncode}{output}; correct the command"
        )
    try:
        return json.loads(done.stdout)
    except ValueError:
        output = _last_lines(done.stdout) or ", it printed nothing"
        raise JobError(
            key, f"'{command}' did not print JSON{output}; print at least '{{}}'"
        ) from None


def _update(namespaces: OwnNamespaces, returned: Any, key: str, who: str) -> None:
    """Update the namespaces with the values that a hook returned, as looper does."""
    if not returned:
        return
    if not isinstance(returned, Mapping):
        raise JobError(
            key, f"{who} returned {_kind(returned)}; return a mapping: namespace to values"
        )
    for name, values in returned.items():
        if name not in namespaces:
            known = near(str(name), namespaces)
            raise JobError(
                key,
                f"{who} returned '{name}', which is no namespace{known}; there are"
                f" {', '.join(namespaces)}",
            )
        if values is namespaces[name]:
            continue
        if not isinstance(values, Mapping) or not isinstance(namespaces[name], dict):
            raise JobError(
                key, f"{who} returned {_kind(values)} for '{name}'; return a mapping of values"
            )
        namespaces[name].update(values)


def _kind(value: Any) -> str:
    return f"{type(value).__name__} '{value}'"


def _where(error: BaseException) -> str:
    """The line of the hook's code that raised the error; empty if the hook has no such line."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def _last_lines(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f": {' / '.join(lines[-_LINES_SHOWN:])}" if lines else ""

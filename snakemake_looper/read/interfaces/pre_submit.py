"""The `pre_submit:` section of a pipeline interface: hooks, which run before a job is planned.

A hook is a Python function or a shell command that changes the namespaces of one job. A command
under `compute: dynamic_variables_command_template` is the setting that hooks replaced in looper;
it is read too.
"""

from __future__ import annotations

import re
from typing import Any

from ...errors import Problems, near
from ...model import Hooks
from ..documents.yaml_lines import Document, section

_KEY = "pre_submit"
_KINDS = ("python_functions", "command_templates")
_FUNCTION = re.compile(r"\w+(\.\w+)+")


def read_hooks(document: Document, problems: Problems) -> Hooks:
    """The hooks of an interface, in the order in which they run."""
    for name in section(document, problems, _KEY) or ():
        if name not in _KINDS:
            problems.add(
                document.place(_KEY, name),
                f"{_KEY}.{name}",
                f"unknown{near(str(name), _KINDS)}; write 'python_functions' or"
                " 'command_templates'",
            )
    functions = _functions(document, problems)
    commands = _texts(document, problems, "command_templates")
    dynamic = _dynamic_variables(document, problems)
    places = (document.place(_KEY, "python_functions", index) for index in range(len(functions)))
    return Hooks(functions, commands, tuple(places), dynamic)


def _functions(document: Document, problems: Problems) -> tuple[str, ...]:
    functions = _texts(document, problems, "python_functions")
    for index, name in enumerate(functions):
        if not _FUNCTION.fullmatch(name):
            problems.add(
                document.place(_KEY, "python_functions", index),
                f"{_KEY}.python_functions",
                f"'{name}' is no function; write 'package.function'",
            )
    return functions


def _dynamic_variables(document: Document, problems: Problems) -> str | None:
    """The shell command of looper's older setting, if there is one; its use is a warning."""
    compute = document.data.get("compute")
    settings = compute if isinstance(compute, dict) else {}
    key = "dynamic_variables_script_path"
    if key in settings:
        what = "is not read any more; write 'pre_submit: command_templates:'"
        problems.warn(document.place("compute", key), f"compute.{key}", what)
    key = "dynamic_variables_command_template"
    command = settings.get(key)
    if command is None:
        return None
    what = "is deprecated by looper; write the command under 'pre_submit: command_templates'"
    problems.warn(document.place("compute", key), f"compute.{key}", what)
    return str(command)


def _texts(document: Document, problems: Problems, kind: str) -> tuple[str, ...]:
    """The hooks of a kind: a list of texts, or one text."""
    hooks = document.data.get(_KEY)
    value: Any = hooks.get(kind) if isinstance(hooks, dict) else None
    values = value if isinstance(value, list) else [] if value is None else [value]
    for index, one in enumerate(values):
        if not isinstance(one, str):
            problems.add(
                document.place(_KEY, kind, index),
                f"{_KEY}.{kind}",
                f"must be a list of texts, not '{one}'; correct it",
            )
    return tuple(one for one in values if isinstance(one, str))

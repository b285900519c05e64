"""The `pre_submit:` section of a pipeline interface: hooks, which run before a job is planned.

A hook is a Python function or a shell command that changes the namespaces of one job. A command
under `compute: dynamic_variables_command_template` is the setting that hooks replaced in looper;
it is read too.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from ...errors import Problems, near
from ...model import Hooks
from ..documents.yaml_lines import Document, section
from ..keys.of_interface import PRE_SUBMIT

_KEY = "pre_submit"
_KINDS = tuple(key.name for key in PRE_SUBMIT)
_FUNCTION = re.compile(r"\w+(\.\w+)+")


def read_hooks(document: Document, problems: Problems) -> Hooks:
    """The hooks of an interface, in the order in which they run."""
    known = section(document, problems, _KEY) or {}
    for name in known:
        if name not in _KINDS:
            problems.add(
                document.place(_KEY, name),
                f"{_KEY}.{name}",
                f"unknown{near(str(name), _KINDS)}; write 'python_functions' or"
                " 'command_templates'",
            )
    spelled = _spelled(known, "python_functions")
    functions = _functions(document, problems, spelled)
    commands = _texts(document, problems, _spelled(known, "command_templates"))
    dynamic = _dynamic_variables(document, problems)
    places = (document.place(_KEY, spelled, index) for index in range(len(functions)))
    return Hooks(functions, commands, tuple(places), dynamic)


def _spelled(known: Collection[str], kind: str) -> str:
    """The key of a kind, or the unknown key that is meant: it does not hide other faults."""
    meant = (one for one in known if near(str(one), _KINDS) == near(kind, _KINDS))
    return kind if kind in known else next(meant, kind)


def _functions(document: Document, problems: Problems, key: str) -> tuple[str, ...]:
    functions = _texts(document, problems, key)
    for index, name in enumerate(functions):
        if not is_function(name):
            problems.add(
                document.place(_KEY, key, index),
                f"{_KEY}.{key}",
                f"'{name}' is no function; write 'package.function'",
            )
    return functions


def is_function(name: str) -> bool:
    """Whether a name has the form `package.function`."""
    return bool(_FUNCTION.fullmatch(name))


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

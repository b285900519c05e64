"""Which tests start programs or need a server: the marks `runs` and `servers`.

A test has `runs` if its code, or that of a fixture or helper it uses, names a function that starts
a process. So nobody has to remember the mark, and `pytest -m "not runs and not servers"` is quick.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from support import running
from support.http_server import FileServer
from support.pephub_server import PephubServer
from support.postgres import Server
from support.s3_server import S3Server
from support.slurm import Slurm

_TESTS = Path(__file__).resolve().parent.parent
_PROGRAMS = (
    *(running.run, running.program, running.snakemake, running.use_looper, running.cli),
    *(
        running.inspect_json,
        running.python,
        subprocess.run,
        subprocess.Popen,
        subprocess.check_output,
    ),
)
_SERVERS = (FileServer, PephubServer, S3Server, Server, Slurm)
_WANTED = (*((one, "runs") for one in _PROGRAMS), *((one, "servers") for one in _SERVERS))


def mark(item: pytest.Item) -> None:
    """Mark a test by its folder, and by all that its code, fixtures and parameters can reach."""
    assert isinstance(item, pytest.Function)
    fixtures = [one.func for many in item._fixtureinfo.name2fixturedefs.values() for one in many]
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    marks = {item.path.relative_to(_TESTS).parts[0]} & {"runs", "servers"}
    for one in (item.function, *fixtures, *filter(callable, parameters)):
        marks |= _marks_of(one)
    for name in sorted(marks):
        item.add_marker(name)


@cache
def _marks_of(start: Any) -> frozenset[str]:
    """The marks that a function or a class asks for, with all that it names."""
    waiting: list[Any] = [start]
    seen: set[int] = set()
    marks: set[str] = set()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            marks |= {name for wanted, name in _WANTED if one is wanted}
            waiting += _named(one)
    return frozenset(marks)


def _named(one: Any) -> list[Any]:
    """The objects that a function or a class of the tests names."""
    if isinstance(one, type) and _is_of_the_tests(one):
        members = [getattr(member, "func", member) for member in vars(one).values()]
        return [getattr(member, "fget", member) for member in members]
    function = inspect.unwrap(one) if callable(one) else one
    if not isinstance(function, FunctionType) or not _is_of_the_tests(function):
        return []
    found = []
    names = _names(function.__code__)
    for name in names & function.__globals__.keys():
        value = function.__globals__[name]
        if isinstance(value, ModuleType):  # `subprocess.run`, but not every attribute
            found += [getattr(value, attribute, None) for attribute in names]
        else:
            found.append(value)
    return found


def _is_of_the_tests(one: Any) -> bool:
    return _is_test_module(getattr(one, "__module__", None) or "")


@cache
def _is_test_module(name: str) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and _TESTS in Path(file).resolve().parents


@cache
def _names(code: CodeType) -> set[str]:
    """Names in a function's code, and in that of functions within."""
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)

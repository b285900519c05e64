"""Tests with the plugins and programs of `tests/beside.txt`, in an environment that has them.

Where one is missing, each test here is skipped, and the reason says what to install.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
_LIST = _HERE.parent / "beside.txt"
_HOW = "install tests/beside.txt into an environment of its own, as .ci/run does"


def missing() -> list[str]:
    """The distributions of the list that this environment does not have."""
    lines = (line.partition("#")[0].strip() for line in _LIST.read_text().splitlines())
    names = [re.split(r"[\[<>=~! ]", line)[0] for line in lines if line]
    return [name for name in names if not _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder where a distribution is missing."""
    here = [item for item in items if item.path.is_relative_to(_HERE)]
    if here and (names := missing()):
        reason = f"{', '.join(names)}: not here; {_HOW}"
        for item in here:
            item.add_marker(pytest.mark.skip(reason=reason))

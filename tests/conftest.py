"""Fixtures of all tests, their marks, and how hypothesis looks for examples."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from support.marks import mark
from support.postgres import postgres
from support.projects import TOUCH, write
from support.running import EXAMPLES, preloaded

__all__ = ["postgres"]  # a fixture, for all tests


# Each run tries the same examples. `benchmarks/soak.py` searches at random.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.register_profile("soak", derandomize=False, database=None, deadline=None, print_blob=True)
settings.load_profile("fixed")


def pytest_configure() -> None:
    """Let signals end what tests start, also below `nohup` or in the background of a script.

    Children inherit that a signal is ignored, and do not inherit a handler.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start programs or need a server, before `-m` chooses."""
    for item in items:
        mark(item)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Give all tests of a file to one process, where they look at runs that it starts once.

    The mark `xdist_group` is for that, and has no effect with pytest 9.2 and pytest-xdist 3.8.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            together = file.endswith("/test_slurm.py") or "beside/" in file
            return file if together else nodeid

    return ByFile(config, log)


def pytest_unconfigure() -> None:
    """End the server that runs the tests' programs, before Python looks for what is left open."""
    if preloaded.cache_info().currsize:
        preloaded().close()


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write files of a project into a folder of its own: `project({name: text})`."""

    def make(files: Mapping[str, str], name: str = "project") -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return write(folder, files)

    return make


@pytest.fixture
def example(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of one of the examples."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        ignore = shutil.ignore_patterns("results", ".snakemake")
        shutil.copytree(EXAMPLES / name, target, ignore=ignore)
        return target

    return copy


@pytest.fixture
def touch(project: Callable[..., Path]) -> Path:
    return project(TOUCH)

"""Snakemake's `workflow` object, where a run has to do with it: when it begins and ends.

Snakemake 9.27 calls the `onstart`, `onsuccess` and `onerror` of the main Snakefile only; 9.14 takes
the last ones that it reads, also those of a module. A project that is used as a module is
therefore added to the handlers of the workflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Action = Callable[[], None]


def is_main(workflow: Any) -> bool:
    """Whether this process is the one that was started, not one of its jobs."""
    return bool(workflow.is_main_process)


def is_dry_run(workflow: Any) -> bool:
    """Whether nothing will be run; known before the executor is."""
    return bool(workflow.output_settings is not None and workflow.output_settings.dryrun)


def is_done(workflow: Any) -> bool:
    """Whether no job is left to be run."""
    return not any(workflow.dag.needrun_jobs())


def is_module(workflow: Any) -> bool:
    """Whether the Snakefile that is being read is a module of another one."""
    return workflow.modifier.namespace is not None


def add_handlers(workflow: Any, start: Action, success: Action, error: Action) -> None:
    """Call these when the workflow begins and ends, beside the workflow's own handlers."""
    for name, action in (("onstart", start), ("onsuccess", success), ("onerror", error)):
        _add(workflow, name, action)


def _add(workflow: Any, name: str, action: Action) -> None:
    """Add an action to a handler that is there, or that will be registered later."""
    place = f"_{name}"
    register = getattr(workflow, name)

    def both() -> None:
        first = getattr(workflow, place)

        def call(log: Any) -> None:
            try:
                action()
            except BaseException:
                if name != "onstart":  # where one project ends badly, the others end all the same
                    first(log)
                raise
            first(log)

        setattr(workflow, place, call)

    def registering(function: Any) -> None:
        first = getattr(workflow, place)
        register(function)
        if is_module(workflow):
            setattr(workflow, place, first)
        else:
            both()

    both()
    setattr(workflow, name, registering)


def log_handlers(workflow: Any) -> Iterator[Any]:
    """The handlers of logger plugins."""
    manager = getattr(workflow, "logger_manager", None)
    if manager is None:  # in 9.14 the whole process has one
        from snakemake import logging

        manager = logging.logger_manager
    listener = getattr(manager, "queue_listener", None)
    yield from getattr(listener, "handlers", ())


def explain_lock(why: Callable[[Path], str | None]) -> None:
    """Let Snakemake say `why` a folder is locked, in the place of its advice to unlock it.

    Snakemake looks its exception up when it raises it, and knows no other way to say more. Where
    there is no answer, as for the lock of somebody else, its own words stay.
    """
    from snakemake import exceptions

    original: Any = exceptions.LockException
    if getattr(original, "explained", False):
        return

    class LockException(original):  # type: ignore[misc]
        explained = True

        def __init__(self) -> None:
            super().__init__()
            answer = why(Path.cwd())
            if answer:
                self.args = (answer,)

    exceptions.LockException = LockException

"""The stage of planning at which the hooks of all jobs run.

Hooks run once for each planned job, and not for skipped samples (quirk 16). They run whenever a
plan is made, also for a dry run. If no file has changed, no plan is made and no hook runs. If there
is a problem with any job, no hook runs either.

For each job, Python functions run first and commands follow, both in the order of the interface.
The functions of all jobs run one after another: they may not be safe in several threads. The
commands of different jobs run side by side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from ..errors import Place, Problems
from ..model import Hooks, Interface
from ..read.interfaces.pre_submit import is_function
from .context import PlanContext
from .drafts import Draft
from .failures import Failures, JobError
from .hooks import (
    OwnNamespaces,
    call_functions,
    check_command,
    check_package,
    find_function,
    own_copy,
    run_commands,
)


def after_hooks(
    drafts: Sequence[Draft], context: PlanContext, problems: Problems, failures: Failures
) -> list[Draft]:
    """The drafts with namespaces as their hooks changed them, without drafts whose hook failed."""
    hooked = [draft for draft in drafts if has_hooks(draft.interface.hooks)]
    if not hooked:
        return list(drafts)
    check = check_package if problems else find_function
    _check_functions({id(one.interface): one.interface for one in hooked}.values(), check, problems)
    changed: dict[Draft, Draft] = {}
    if not (problems or failures):
        changed = _run_hooks(hooked, context, failures)
    else:
        _check_commands(hooked, failures)
    left_out = set(hooked).difference(changed)
    return [changed.get(draft, draft) for draft in drafts if draft not in left_out]


def has_hooks(hooks: Hooks) -> bool:
    """Whether code of the project may change the namespaces of a job."""
    return bool(hooks.python_functions or hooks.command_templates)


def _check_functions(
    interfaces: Iterable[Interface], check: Callable[[str], object], problems: Problems
) -> None:
    """Find all functions before the first one is called; a missing function is a problem."""
    for interface in interfaces:
        hooks = interface.hooks
        for name, place in zip(hooks.python_functions, hooks.places, strict=True):
            try:
                if is_function(name):  # else it is a problem already
                    check(name)
            except JobError as error:
                problems.add(place, error.key, str(error))


def _check_commands(drafts: Iterable[Draft], failures: Failures) -> None:
    """Find variables that are undefined in commands, which do not run.

    A function or an earlier command may define a variable, so only a first command is tried.
    """
    for draft in drafts:
        if not draft.interface.hooks.python_functions:
            failed = check_command(draft.interface, draft.namespaces)
            if failed:
                failures.add(draft.interface, draft.record, failed)


def _call_functions(hooks: Hooks, own: OwnNamespaces, context: PlanContext) -> JobError | None:
    """Call the functions of a job; the error of the first one that fails, with its line."""
    for name, place in zip(hooks.python_functions, hooks.places, strict=True):
        try:
            call_functions([name], own, context.rundir)
        except JobError as error:
            error.where = partial(_where, place, error.key)
            return error
    return None


def _where(place: Place, key: str) -> tuple[Place, str]:
    return place, key


def _run_hooks(
    drafts: Sequence[Draft], context: PlanContext, failures: Failures
) -> dict[Draft, Draft]:
    """Each draft whose hooks succeeded, with its new draft, which has the changed namespaces."""
    called: dict[Draft, OwnNamespaces] = {}
    for draft in drafts:
        own = own_copy(draft.namespaces)
        failed = _call_functions(draft.interface.hooks, own, context)
        if failed:
            failures.add(draft.interface, draft.record, failed)
        else:
            called[draft] = own
    requests = [(one.interface, own) for one, own in called.items()]
    errors = run_commands(requests, context.rundir)
    done: dict[Draft, Draft] = {}
    for (draft, own), failed in zip(called.items(), errors, strict=True):
        if failed:
            failures.add(draft.interface, draft.record, failed)
        else:
            done[draft] = dataclasses.replace(draft, namespaces=own)
    return done

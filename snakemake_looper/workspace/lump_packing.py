"""Packing: the records that are due, in lumps.

Only records that are due are in lumps, in the order of the table. So after a run of 100,000 with 50
failures, `--lump-n 100` makes one lump of 50. The members of a lump have the same image, and as
many due jobs in a row before them: no lump waits for itself, or for one that waits for it.

A lump has threads for its widest member, or those of `--lump-threads`; so several members may run
at once. Memory, disk and other numbers of a lump are the sum of as many members as can run at once,
the largest ones. Its run time is that of all members, divided by this number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import count as counted_from
from typing import Any, NamedTuple

from ..formula import Formula, resource
from ..model import LumpLimits
from ..plan.lumps import lump_numbers
from .job_table import JobTable
from .lumps import Cause, Lump, Needs, Packed
from .rows import Brief, JobRow, brief_of

_TIME = "runtime"
_OF_A_LUMP = frozenset(
    ("nodes", "tasks", "cpus_per_task", "tasks_per_node", "tasks_per_gpu", "cpus_per_gpu", "mpi")
)
"""Resources that are not added up: they are about the layout of a job."""


class _Member(NamedTuple):
    """The facts about a member that packing needs."""

    brief: Brief
    number: int
    threads: int
    resources: str
    inputs: str
    size_gb: float
    container: str | None
    depth: int


def pack(
    table: JobTable,
    due: Mapping[tuple[str, str], Cause],
    run: str,
    arrays: Collection[str] = (),
) -> Packed:
    """The lumps of a run.

    Args:
        table: the job table.
        due: the members that are due, by rule and record.
        run: the name of the run.
        arrays: the rules whose lumps all ask for the same, as tasks of one array; `all` means any.
    """
    facts, limits = table.facts, LumpLimits(*table.facts.lump_limits)
    numbers = counted_from(1)
    packed = [
        (_lump(rule, facts.lumps[rule], f"{run}-{next(numbers)}", members), members)
        for rule, found in _by_rule(table, due).items()
        for members in _groups(found, limits)
    ]
    markers = {
        path: lump.marker
        for lump, _ in packed
        for one in lump.members
        for path in _made(one, facts.outputs)
    }
    before = _Before(table, markers)
    lumps = {
        (lump.rule, lump.name): replace(lump, needs=_needs(members, limits, before))
        for lump, members in packed
    }
    for rule in facts.lumps:
        if rule in arrays or "all" in arrays:
            lumps |= _alike({key: lump for key, lump in lumps.items() if lump.rule == rule})
    causes = {one.flag: due[one.rule, one.record] for lump, _ in packed for one in lump.members}
    return Packed(lumps, causes, markers, {one.marker: one for one in lumps.values()})


def _by_rule(table: JobTable, due: Mapping[tuple[str, str], Cause]) -> dict[str, list[_Member]]:
    """The members that are due, by rule, in the order of the table."""
    found: dict[str, list[_Member]] = {rule: [] for rule in table.facts.lumps}
    for row in table.rows() if due else ():
        cause = due.get((row.rule, row.record))
        if cause is not None and row.rule in found:
            found[row.rule].append(_member(row, cause))
    return found


def _lump(rule: str, folder: str, name: str, members: Sequence[_Member]) -> Lump:
    return Lump(rule, folder, name, tuple(one.brief for one in members), _NO_NEEDS)


def _made(brief: Brief, outputs: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """The flag of a member, and its declared outputs."""
    yield brief.flag
    for path in outputs.get(brief.rule, ()):
        yield path.replace("{sample}", brief.record)


_NO_NEEDS = Needs([], 1, {}, None, 0)


def _member(row: JobRow, cause: Cause) -> _Member:
    return _Member(
        brief_of(row), row.number, row.threads, row.resources, row.inputs, row.size_gb,
        row.container, cause.depth,
    )  # fmt: skip


def _groups(members: Sequence[_Member], limits: LumpLimits) -> list[list[_Member]]:
    """The members of each lump of a rule."""
    alike: dict[tuple[object, ...], list[_Member]] = {}
    for one in members:
        key = (one.container, one.depth, _words(one.resources))
        alike.setdefault(key, []).append(one)
    most = limits.members
    if limits.lumps:
        most = -(-len(members) // limits.lumps)
    lumps: list[list[_Member]] = []
    for same in alike.values():
        numbers = lump_numbers([one.size_gb for one in same], limits.size_gb, most)
        found: list[list[_Member]] = [[] for _ in range(numbers[-1])]
        for one, number in zip(same, numbers, strict=True):
            found[number - 1].append(one)
        lumps += found
    return sorted(lumps, key=lambda lump: lump[0].number)


class _Before:
    """Finds the files that have to be there before a member begins."""

    def __init__(self, table: JobTable, markers: Mapping[str, str]) -> None:
        self._table = table
        self._markers = markers
        self._depends = table.facts.depends

    def of(self, member: _Member) -> Iterable[str]:
        """Its input files, and the markers of lumps that have jobs before it."""
        if member.inputs != "[]":
            for path in json.loads(member.inputs):
                yield self._markers.get(path, path)
        rules = self._depends.get(member.brief.rule)
        if rules:
            for flag in self._table.flags(rules, member.brief.record):
                if flag in self._markers:
                    yield self._markers[flag]


def _alike(lumps: Mapping[tuple[str, str], Lump]) -> dict[tuple[str, str], Lump]:
    """The lumps of one rule; each asks for what the largest of them needs.

    Resources that are words stay as they are: a run refuses an array of such lumps.
    """
    every = [lump.needs for lump in lumps.values()]
    threads = max((one.threads for one in every), default=1)
    largest: dict[str, int | str] = {}
    for name in {name for one in every for name in one.resources}:
        values = list(dict.fromkeys(one.resources.get(name, 0) for one in every))
        if all(isinstance(one, int) for one in values):
            largest[name] = max(int(one) for one in values)
        elif all(isinstance(resource(str(one)), Formula) for one in values):
            largest[name] = f"max({', '.join(f'({one})' for one in values)}, 0)"
    return {
        key: replace(
            lump,
            needs=lump.needs._replace(
                threads=threads, resources={**lump.needs.resources, **largest}
            ),
        )
        for key, lump in lumps.items()
    }


# --- what a lump needs ----------------------------------------------------------------------------


def _needs(members: Sequence[_Member], limits: LumpLimits, before: _Before) -> Needs:
    widths = sorted(one.threads for one in members)
    threads = limits.threads or widths[-1]
    at_once = _at_once(widths, threads)
    inputs = dict.fromkeys(path for one in members for path in before.of(one))
    each = Counter(one.resources for one in members)
    first = members[0]
    return Needs(list(inputs), threads, _resources(each, at_once), first.container, first.number)


def _at_once(widths: Sequence[int], threads: int) -> int:
    """The number of members that can run at once; `widths` are their threads, least first."""
    free = threads
    for count, width in enumerate(widths):
        free -= width
        if free < 0:
            return max(count, 1)
    return len(widths)


def _resources(each: Mapping[str, int], at_once: int) -> dict[str, int | str]:
    """The resources of a lump.

    Args:
        each: the resources of members, as JSON, with the number of members that have them.
        at_once: the number of members that can run at once.
    """
    found: dict[str, Counter[Any]] = {}
    for text, members in each.items():
        for name, value in _parsed(text).items():
            found.setdefault(name, Counter())[value] += members
    return {name: _combined(name, values, at_once) for name, values in found.items()}


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[tuple[str, str], ...]:
    """The resources that are words, as a partition. They are the same for all of a lump."""
    return tuple(
        sorted(
            (name, value)
            for name, value in _parsed(text).items()
            if isinstance(value, str) and not isinstance(resource(value), Formula)
        )
    )


@lru_cache(maxsize=1024)
def _parsed(text: str) -> dict[str, int | str]:
    found: dict[str, int | str] = json.loads(text)
    return found


def _combined(name: str, values: Mapping[Any, int], at_once: int) -> int | str:
    """One resource of a lump, from the values of members and the number of members with each."""
    if all(isinstance(one, int) for one in values):
        return _number(name, values, at_once)
    text = str(next(iter(values)))
    if len(values) == 1 and not isinstance(resource(text), Formula):
        return text
    return _formula(name, {str(one): count for one, count in values.items()}, at_once)


def _number(name: str, values: Mapping[int, int], at_once: int) -> int:
    largest = max(values)
    if name in _OF_A_LUMP:
        return largest
    if name == _TIME:
        total = sum(value * count for value, count in values.items())
        return max(largest, -(-total // at_once))
    left, total = at_once, 0
    for value in sorted(values, reverse=True):
        taken = min(left, values[value])
        total, left = total + taken * value, left - taken
    return total


def _formula(name: str, values: Mapping[str, int], at_once: int) -> str:
    """A formula for a lump from those of its members. Memory may be more than the exact sum."""
    largest = ", ".join(f"({one})" for one in values)
    largest = f"max({largest})" if len(values) > 1 else largest
    if name == _TIME:
        total = " + ".join(f"{count} * ({one})" for one, count in values.items())
        return f"max({largest}, -(-({total}) // {at_once}))"
    if name in _OF_A_LUMP or at_once == 1:
        return largest
    count = min(at_once, sum(values.values()))
    return f"{count} * {largest}"

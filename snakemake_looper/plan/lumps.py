"""Lumps: many short samples in one Snakemake job.

This follows looper's `--lump` (GB of input in one lump), `--lump-n` (samples in one lump) and
`--lump-j` (number of lumps): samples are added to a lump in the order of the table until the lump
is full. Each member keeps its own command, environment, folder, log and flag (quirk 15), and runs
again only if it has changed itself.

Samples that are not completed come first, so that the first lumps are full of work.
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import Problems
from ..model import Job
from ..read.options.option_values import count, size
from ..read.options.options import Options
from ..status.flags import Flags
from .render import RenderedJob


def lumps_wanted(options: Options) -> bool:
    """Whether an option asks for lumps."""
    return any(value is not None for value in (options.lump, options.lump_n, options.lump_j))


def lumped(
    rendered: Sequence[RenderedJob], options: Options, flags: Flags, problems: Problems
) -> list[Job]:
    """The jobs. If the options ask for lumps, those of the sample level have their lumps.

    Args:
        rendered: all jobs of the plan, in the order of the sample table.
        options: the options, with the limits of a lump.
        flags: tells which jobs are completed.
        problems: gets limits that are wrong.
    """
    jobs = [one.job for one in rendered]
    if not lumps_wanted(options):
        return jobs
    limits = lump_limits(options, problems)
    by_rule: dict[str, list[int]] = defaultdict(list)
    for position, job in enumerate(jobs):
        if job.level == "sample":
            by_rule[job.rule].append(position)
    for rule, positions in by_rule.items():
        numbers = lump_numbers(
            [rendered[one].size_gb for one in positions],
            [flags.word(jobs[one].flag) == "completed" for one in positions],
            limits.size_gb,
            limits.members,
            limits.lumps,
        )
        for position, number in zip(positions, numbers, strict=True):
            lump = f"{rule}_lump_{number}"
            jobs[position] = dataclasses.replace(jobs[position], lump=lump)
    return jobs


class LumpLimits(NamedTuple):
    """The limits of lumps. A limit that no option sets is None."""

    size_gb: float | None
    """Size of the input files of a lump, in GB (1024³ bytes)."""
    members: int | None
    """Number of samples in a lump."""
    lumps: int | None
    """Number of lumps for each rule."""


def lump_limits(options: Options, problems: Problems) -> LumpLimits:
    """The limits that the options set. `problems` gets limits that are wrong."""
    gb = _read("lump", options, problems)
    members = _read("lump_n", options, problems)
    lumps = _read("lump_j", options, problems)
    if options.lump_j and options.lump_n:
        what = "cannot be combined with --lump-j; choose one"
        problems.add(*options.origin("lump_n"), what)
    return LumpLimits(
        None if gb is None else float(gb),
        None if members is None else int(members),
        None if lumps is None else int(lumps),
    )


def lump_numbers(
    sizes: Sequence[float],
    done: Sequence[bool],
    size_limit: float | None,
    count_limit: int | None,
    lumps: int | None = None,
) -> list[int]:
    """The number, from 1, of each sample's lump.

    Args:
        sizes: input sizes in GB, in the order of the sample table.
        done: whether each sample is completed already; these come last.
        size_limit: a lump that has reached this many GB is full.
        count_limit: a lump that has reached this many samples is full.
        lumps: the number of lumps; it replaces `count_limit`.
    """
    if lumps:
        count_limit = math.ceil(len(sizes) / lumps)
    numbers = [0] * len(sizes)
    lump, members, size = 1, 0, 0.0
    for index in sorted(range(len(sizes)), key=lambda one: done[one]):
        numbers[index] = lump
        members += 1
        size += sizes[index]
        if (count_limit and members >= count_limit) or (
            size_limit is not None and size >= size_limit
        ):
            lump, members, size = lump + 1, 0, 0.0
    return numbers


def _read(name: str, options: Options, problems: Problems) -> str | None:
    """The number that an option sets; None if it is not given, or is wrong."""
    text: str | None = getattr(options, name)
    if text is None:
        return None
    try:
        return size(text) if name == "lump" else count(text)
    except ValueError as error:
        problems.add(*options.origin(name), str(error))
        return None

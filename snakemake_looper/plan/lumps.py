"""Lumps: many short samples in one Snakemake job.

This follows looper's `--lump` (GB of input in one lump), `--lump-n` (samples in one lump) and
`--lump-j` (number of lumps): samples are added to a lump in the order of the table until the lump
is full. Each member keeps its own command, environment, folder, log and flag (quirk 15), and runs
again only if it has changed itself.

A plan has the limits only. Each run packs those samples into lumps that are due, see
`workspace.lump_packing`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from ..errors import Problems
from ..model import Job, LumpLimits, Rule
from ..read.options.option_values import count, size
from ..read.options.options import Options
from .render import RenderedJob


def lumps_wanted(options: Options) -> bool:
    """Whether an option asks for lumps."""
    return any(value is not None for value in (options.lump, options.lump_n, options.lump_j))


def lump_limits(options: Options, problems: Problems) -> LumpLimits | None:
    """The limits that the options set; None if they ask for no lumps.

    `problems` gets limits that are wrong.
    """
    threads = _read("lump_threads", options, problems)
    if not lumps_wanted(options):
        if options.lump_threads is not None:
            what = "has no effect without lumps; add --lump-n, or leave it out"
            problems.warn(*options.origin("lump_threads"), what)
        return None
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
        None if threads is None else int(threads),
    )


def with_sizes(rendered: Sequence[RenderedJob], limits: LumpLimits | None) -> list[Job]:
    """The jobs; with the sizes of their input files, if these limit lumps."""
    if limits is None or limits.size_gb is None:
        return [one.job for one in rendered]
    return [dataclasses.replace(one.job, size_gb=one.size_gb) for one in rendered]


def warn_of_benchmarks(
    rules: Iterable[Rule], options: Options, limits: LumpLimits | None, problems: Problems
) -> None:
    """Say that Snakemake measures whole lumps, and not their members."""
    names = [rule.name for rule in rules if rule.level == "sample" and rule.benchmark]
    if limits is None or not names:
        return
    given = next(one for one in ("lump_n", "lump_j", "lump") if getattr(options, one) is not None)
    what = (
        f"no benchmarks are written for {', '.join(names)}: Snakemake cannot measure the samples"
        " of a lump; run without lumps to have them"
    )
    problems.warn(*options.origin(given), what)


def lump_numbers(
    sizes: Sequence[float],
    size_limit: float | None,
    count_limit: int | None,
    lumps: int | None = None,
) -> list[int]:
    """The number, from 1, of each sample's lump.

    Args:
        sizes: input sizes in GB, in the order of the sample table.
        size_limit: a lump that has reached this many GB is full.
        count_limit: a lump that has reached this many samples is full.
        lumps: the number of lumps; it replaces `count_limit`.
    """
    if lumps:
        count_limit = math.ceil(len(sizes) / lumps)
    numbers = []
    lump, members, total = 1, 0, 0.0
    for one in sizes:
        numbers.append(lump)
        members += 1
        total += one
        if (count_limit and members >= count_limit) or (
            size_limit is not None and total >= size_limit
        ):
            lump, members, total = lump + 1, 0, 0.0
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

"""Lumps: many short samples in one job.

Follows looper's `--lump` (GB of input in one job), `--lump-n` (samples in one job) and `--lump-j`
(number of jobs): samples are pooled in the order of the table until the pool is full. A lump is
a Snakemake group job. So each member keeps its own command, environment, folder, log and flag
(quirk 15), and what is run again is decided for each member by itself.

Samples that are still to be run come first, so that they fill lumps of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import Place, Problems
from ..read.options import Options


def lump_limits(options: Options, problems: Problems) -> tuple[float | None, int | None]:
    """The limits that the options set: GB of input (1024³ bytes) and number of samples.

    `--lump-j` is left for `lump_numbers`, which knows how many samples there are.
    """
    size = _number("lump", options.lump, float, 0, problems)
    count = _number("lump-n", options.lump_n, int, 1, problems)
    _number("lump-j", options.lump_j, int, 1, problems)
    if options.lump_j and options.lump_n:
        problems.add(Place("--lump-n"), "", "cannot be combined with --lump-j; choose one")
    return size, None if count is None else int(count)


def lumps_wanted(options: Options) -> bool:
    return any(value is not None for value in (options.lump, options.lump_n, options.lump_j))


def lump_numbers(
    sizes: Sequence[float],
    done: Sequence[bool],
    size_limit: float | None,
    count_limit: int | None,
    jobs: int | None = None,
) -> list[int]:
    """The number, from 1, of each sample's lump.

    Args:
        sizes: input sizes in GB, in the order of the sample table.
        done: which samples are completed already: they come last.
        size_limit: a lump that has reached this many GB is full.
        count_limit: a lump that has reached this many samples is full.
        jobs: the number of lumps, instead of `count_limit`.
    """
    if jobs:
        count_limit = math.ceil(len(sizes) / jobs)
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


def _number(
    option: str, text: str | None, kind: type[int] | type[float], least: int, problems: Problems
) -> float | None:
    if text is None:
        return None
    try:
        value = kind(text)
    except ValueError:
        value = -1
    if not (least <= value < math.inf):
        what = "a number of GB" if kind is float else f"a whole number of at least {least}"
        problems.add(Place(f"--{option}"), "", f"'{text}' is not {what}; correct it")
        return None
    return value

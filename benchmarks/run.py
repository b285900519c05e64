"""Measure the speed that the project promises, as ratios of two commands that run in turn.

`README.md` beside this file says how to read the table. `budgets.py` has its rows, `rows.py`
measures them, `scale.py` measures one sample's cost at three sizes, `peers.py` has the commands.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import scale
from budgets import BY_NAME, GROUPS, ONLY_BY_NAME, ROWS, Line
from measuring import Measured
from rows import MEASURE, REPOSITORY, Bench
from written import Figures, row, scale_table

HERE = Path(__file__).resolve().parent


def arguments() -> argparse.Namespace:
    names = (*GROUPS, "scale")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*names, []],
        help=f"{', '.join(names)}; default: all but {', '.join(ONLY_BY_NAME)}",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--quick", action="store_true", help="tiny projects, one round: does each benchmark work?"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the tables into results.md and the README"
    )
    parser.add_argument("--list", action="store_true", help="print the budgets, measure nothing")
    parser.add_argument("--folder", type=Path, help="make the projects here, and keep them")
    parser.add_argument(
        "--largest", type=int, default=max(scale.SIZES), help="the last column of `scale`"
    )
    parser.add_argument(
        "--run", action="store_true", help="`scale` also runs all jobs, in lumps of 500"
    )
    asked = parser.parse_args()
    if asked.quick and asked.write:
        parser.error("--quick measures nothing that could be written")
    return asked


@contextlib.contextmanager
def folder_of(asked: argparse.Namespace) -> Iterator[Path]:
    """The folder of the projects; a temporary one if none was asked for."""
    if asked.folder:
        asked.folder.mkdir(parents=True, exist_ok=True)
        yield asked.folder.resolve()
        return
    with tempfile.TemporaryDirectory() as base:
        yield Path(base)


def scaled(bench: Bench, asked: argparse.Namespace, figures: Figures) -> None:
    """Measure and print the table of sizes."""
    found: dict[int, dict[str, Measured]] = {}
    for samples in (size for size in scale.SIZES if size <= asked.largest):
        found[samples] = scale.measured(bench, samples, asked.run)
        figures.add_scale(samples, found[samples])
        print(scale_table(found), flush=True)


def main() -> int:
    asked = arguments()
    if asked.list:
        print(*(f"{one.name}\t{one.group}\t{one.what}\t{one.must_be}" for one in ROWS), sep="\n")
        return 0
    figures = Figures(HERE / "results.json")
    lines: list[Line] = []
    with folder_of(asked) as base:
        bench = Bench(base, 1 if asked.quick else asked.rounds, asked.quick)
        for name in asked.names or [one for one in GROUPS if one not in ONLY_BY_NAME]:
            if name == "scale":
                scaled(bench, asked, figures)
                continue
            for line in MEASURE[name](bench):
                print(row(line, judged=not asked.quick), flush=True)
                lines.append(line)
            if asked.write:  # a later benchmark may fail
                figures.add(lines, REPOSITORY)
                figures.write(REPOSITORY / "README.md")
    if asked.write:
        figures.write(REPOSITORY / "README.md")
    return 0 if asked.quick or all(BY_NAME[one.name].is_met(one.value) for one in lines) else 1


if __name__ == "__main__":
    sys.exit(main())

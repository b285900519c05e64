"""The cost of one sample at 1,000, 10,000 and 100,000 samples, side by side.

Nothing may grow faster than the number of samples. So the seconds per 1,000 samples must not grow
from left to right, apart from what a program takes to start.
"""

from __future__ import annotations

import shutil

from measuring import Measured, measure
from peers import ASSEMBLE, PARSE, PEPPY, PLAN, by_hand, ours
from projects import RECORDS, completed, names_of, reported
from rows import PLANS, TWO_CORES, Bench

SIZES = (1_000, 10_000, 100_000)
Cells = dict[str, Measured]


def measured(bench: Bench, samples: int, run: bool = False) -> Cells:
    """Measure each line of the table for one number of samples; `run` runs all jobs, too."""
    folder, size = bench.folder(samples), bench.size(samples)
    lump = bench.size(100)
    lumps = ("--config", f"lump_n={lump}")
    hand = ("-n", "--config", f"size={lump}")
    found: Cells = {}

    def note(what: str, *words: str, clean: tuple[str, ...] = ()) -> None:
        found[what] = measure(folder, *words, clean=clean)

    shutil.rmtree(folder / "results", ignore_errors=True)
    note("peppy's import and load", *PEPPY)
    note("planning", *PLAN, clean=PLANS)
    measure(folder, *ours("-n", *lumps), clean=PLANS)
    note("dry run with `--lump-n 100`, plan there", *ours("-n", *lumps))
    note("the same by hand, one rule", *by_hand(*hand, file="lumps_one_rule.smk"))
    note("the same by hand, a rule for each lump", *by_hand(*hand, file="lumps_many_rules.smk"))
    measure(folder, "snakemake-looper", "check", clean=PLANS)  # makes the plan
    note("dry run, plan there", *ours("-n"))
    note("the same by hand", *by_hand("-n"))
    if run:
        large = ("--config", f"lump_n={bench.size(500)}")
        measure(folder, *ours("-n", *large))
        note("run with `--lump-n 500`, 2 cores, plan there", *ours(*large, *TWO_CORES))
    completed(folder, size)
    note("`check`", "snakemake-looper", "check")
    reported(folder, size)
    note("parsing all records", *PARSE)
    note("assembly", *ASSEMBLE)
    path = folder / RECORDS / f"{names_of(size)[1]}.yaml"
    path.write_text(path.read_text().replace("n: 1\n", "n: -1\n"))
    note("assembly after an edit of one record", *ASSEMBLE)
    note("`table`", "snakemake-looper", "table")
    shutil.rmtree(folder / "results")
    return found

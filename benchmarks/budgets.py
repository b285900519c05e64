"""The budgets of the project: one row for each, with its name, words and limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from measuring import Compared, Measured

FASTER = "× faster"


@dataclass(frozen=True)
class Row:
    """A budget. `unit` is `×`, `× faster` (at least), or a unit of time or memory (at most)."""

    name: str
    what: str
    limit: float
    unit: str
    group: str
    """The function of `rows.py` that measures it."""

    @property
    def must_be(self) -> str:
        return f"{'≥' if self.unit == FASTER else '≤'} {self.limit:g} {self.unit}"

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.unit == FASTER else value <= self.limit


@dataclass(frozen=True)
class Line:
    """A measured budget."""

    name: str
    value: float
    """In the row's unit."""
    processor: float | None = None
    """The same, in processor time."""
    ours: float | None = None
    """Seconds."""
    theirs: float | None = None
    rounds: str = ""
    """The raw figures."""


ROWS = (
    Row("jobs", "1,000 trivial jobs, 2 cores, plan there, against a Snakefile by hand", 1.05, "×", "jobs"),
    Row("jobs-cold", "the same, nothing cached", 1.15, "×", "jobs"),
    Row("jobs-looper", "the same, nothing cached, against looper", 2.2, FASTER, "jobs"),
    Row("lump-jobs", "1,000 trivial jobs, 2 cores, `--lump-n 50`, plan there, against Snakemake's start and `xargs -P2`", 2, "×", "lump_jobs"),
    Row("dry", "dry run of 10,000 samples, plan there, against a Snakefile by hand", 1.1, "×", "dry"),
    Row("lump-dry", "dry run of 100,000 samples with `--lump-n 100`, plan there", 20, "s", "lump_dry"),
    Row("lump-dry-memory", "its memory", 0.6, "GB", "lump_dry"),
    Row("plan-10k", "planning 10,000 samples, against peppy's import and load", 1.3, "×", "planning"),
    Row("plan-100k", "planning 100,000 samples, against peppy's import and load", 1.3, "×", "planning"),
    Row("plan-memory", "memory of a further sample above 10,000, against one below", 1.1, "×", "planning"),
    Row("plan-rich", "planning 10,000 samples with size table, derived attributes and schema, against without", 1.25, "×", "rich"),
    Row("looper-dry", "dry run of 1,000 samples, nothing cached, against `looper run --dry-run`", 10, FASTER, "looper_dry"),
    Row("nothing", "nothing to be done, 10 samples, plan there, against a Snakefile by hand", 1.15, "×", "nothing"),
    Row("child", "one job as a process of its own, of 10,000 samples against 10", 1.05, "×", "child"),
    Row("check-10k", "`check` of 10,000 records, plan there", 0.5, "s", "check"),
    Row("check-100k", "`check` of 100,000 records, plan there", 3, "s", "check"),
    Row("check-failed", "`check --itemized` of 10,000 records, half of them failed, with reasons", 2, "s", "check"),
    Row("assembly", "assembly of 100,000 records, against parsing the same YAML once", 1.5, "×", "results"),
    Row("table", "`table` of 100,000 records, against parsing the same YAML once", 1.5, "×", "results"),
    Row("plugin", "import of the plugin package", 5, "ms", "plugin"),
    Row("overhead", "1,000 trivial jobs, 2 cores, with the logger plugin against without", 1.05, "×", "overhead"),
    Row("suite", "all tests, two at a time", 12, "min", "suite"),
)  # fmt: skip
BY_NAME: Mapping[str, Row] = {row.name: row for row in ROWS}
GROUPS = tuple(dict.fromkeys(row.group for row in ROWS))
ONLY_BY_NAME = ("suite", "scale")
"""These take many minutes, and are measured only if they are named."""


def ratio(name: str, one: Compared) -> Line:
    """The line of two commands that were compared."""
    faster = BY_NAME[name].unit == FASTER
    wall, cpu = (1 / one.wall, 1 / one.cpu) if faster else (one.wall, one.cpu)
    raw = ", ".join(f"{a.wall:.2f}/{b.wall:.2f}" for a, b in one.pairs)
    raw += "; processor " + ", ".join(f"{a.cpu:.2f}/{b.cpu:.2f}" for a, b in one.pairs)
    return Line(name, wall, cpu, one.ours.wall, one.theirs.wall, raw)


def seconds(name: str, one: Measured) -> Line:
    """The line of a command that has its budget in seconds."""
    return Line(name, one.wall, one.cpu, one.wall)

"""Measure the budgets: one function for each group of rows."""

from __future__ import annotations

import shutil
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from budgets import BY_NAME, Line, ratio, seconds
from measuring import Command, Measured, compared, in_turn, measure, median
from peers import (
    AS_OURS,
    ASSEMBLE,
    LOOPER,
    PARSE,
    PEPPY,
    PLAN,
    PLUGIN,
    TESTS,
    by_hand,
    ours,
    python,
)
from projects import RESULTS, SMALLER, completed, project, reported, rich_and_plain

REPOSITORY = Path(__file__).resolve().parent.parent
PLANS = (".snakemake", "results")
TWO_CORES = ("--cores", "2")


@dataclass(frozen=True)
class Bench:
    """Where the projects are, and how much is measured."""

    base: Path
    rounds: int
    quick: bool

    def size(self, samples: int) -> int:
        return SMALLER[samples] if self.quick else samples

    def folder(self, samples: int, purpose: str = "") -> Path:
        """A project of its own for each purpose; made once."""
        path = self.base / f"{purpose or 'p'}{samples}"
        return path if path.exists() else project(path, self.size(samples))


def with_plan(folder: Path, *words: str) -> Callable[[], None]:
    """Plan a project afresh. Returns a function that removes all that later runs leave."""
    for name in (*PLANS, "by_hand"):
        shutil.rmtree(folder / name, ignore_errors=True)
    measure(folder, *ours("-n", *words))
    places = (folder / ".snakemake", folder / ".snakemake/looper")
    kept = {path for place in places for path in place.iterdir()}

    def clean() -> None:
        for name in ("results", "by_hand"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for place in places:
            for path in set(place.iterdir()) - kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name in ("metadata", "incomplete", "locks"):
            shutil.rmtree(folder / ".snakemake" / name, ignore_errors=True)

    return clean


def after(clean: Callable[[], None], folder: Path, *words: str) -> Command:
    """A command that is measured after a function was called."""

    def command() -> Measured:
        clean()
        return measure(folder, *words)

    return command


def jobs(bench: Bench) -> list[Line]:
    planned, cold = bench.folder(1_000), bench.folder(1_000, "cold")
    clean = with_plan(planned)
    here, by, anew, looper = in_turn(
        bench.rounds,
        after(clean, planned, *ours(*TWO_CORES)),
        after(clean, planned, *by_hand(*TWO_CORES)),
        lambda: measure(cold, *ours(*TWO_CORES), clean=PLANS),
        lambda: measure(cold, *LOOPER, clean=PLANS),
    )
    return [
        ratio("jobs", compared(here, by)),
        ratio("jobs-cold", compared(anew, by)),
        ratio("jobs-looper", compared(anew, looper)),
    ]


def lump_jobs(bench: Bench) -> list[Line]:
    folder = bench.folder(1_000, "lumps")
    lumps = ("--config", f"lump_n={bench.size(50)}")
    clean = with_plan(folder, *lumps)
    one, other = in_turn(
        bench.rounds,
        after(clean, folder, *ours(*TWO_CORES, *lumps)),
        after(clean, folder, *by_hand(*TWO_CORES, file="xargs.smk")),
    )
    return [ratio("lump-jobs", compared(one, other))]


def dry(bench: Bench) -> list[Line]:
    folder = bench.folder(10_000)
    with_plan(folder)
    one, other = in_turn(
        bench.rounds,
        lambda: measure(folder, *ours("-n")),
        lambda: measure(folder, *by_hand("-n")),
    )
    return [ratio("dry", compared(one, other))]


def lump_dry(bench: Bench) -> list[Line]:
    folder = bench.folder(100_000)
    words = ours("-n", "--config", f"lump_n={bench.size(100)}")
    measure(folder, *words, clean=PLANS)
    found = median([measure(folder, *words) for _ in range(1 if bench.rounds < 4 else 3)])
    return [seconds("lump-dry", found), Line("lump-dry-memory", found.memory, ours=found.wall)]


def planning(bench: Bench) -> list[Line]:
    lines = []
    memory: dict[int, float] = {}
    for samples, rounds in ((1_000, 1), (10_000, bench.rounds), (100_000, min(bench.rounds, 2))):
        folder = bench.folder(samples)
        one, other = in_turn(
            rounds,
            lambda folder=folder: measure(folder, *PLAN, clean=PLANS),
            lambda folder=folder: measure(folder, *PEPPY),
        )
        memory[samples] = median(one).memory
        if samples > 1_000:
            lines.append(ratio(f"plan-{samples // 1_000}k", compared(one, other)))
    below = (memory[10_000] - memory[1_000]) / 9_000
    above = (memory[100_000] - memory[10_000]) / 90_000
    if not bench.quick:
        raw = ", ".join(f"{n}: {gb * 1000:.0f} MB" for n, gb in memory.items())
        lines.append(Line("plan-memory", above / below, rounds=raw))
    return lines


def rich(bench: Bench) -> list[Line]:
    samples = bench.size(10_000)
    one, plain = rich_and_plain(bench.base / "planning", samples)
    stat = python(f"import os; [os.stat('data/s%05d.txt' % n) for n in range({samples})]")
    nothing = measure(one, *python("import os"))
    stats = measure(one, *stat)

    def without_stats() -> Measured:
        """The input files have to be looked at, and that is the file system's speed."""
        found = measure(one, *PLAN, clean=PLANS)
        wall, cpu = max(0.0, stats.wall - nothing.wall), max(0.0, stats.cpu - nothing.cpu)
        return Measured(found.wall - wall, found.cpu - cpu, found.memory)

    ours_, theirs = in_turn(bench.rounds, without_stats, lambda: measure(plain, *PLAN, clean=PLANS))
    return [ratio("plan-rich", compared(ours_, theirs))]


def looper_dry(bench: Bench) -> list[Line]:
    folder = bench.folder(1_000, "cold")
    one, other = in_turn(
        bench.rounds,
        lambda: measure(folder, *ours("-n"), clean=PLANS),
        lambda: measure(folder, *LOOPER, "--dry-run", clean=PLANS),
    )
    return [ratio("looper-dry", compared(one, other))]


def nothing(bench: Bench) -> list[Line]:
    folder = bench.folder(10)
    with_plan(folder)()
    measure(folder, *ours(*TWO_CORES))
    measure(folder, *by_hand(*TWO_CORES))
    one, other = in_turn(
        3 * bench.rounds,
        lambda: measure(folder, *ours("-n")),
        lambda: measure(folder, *by_hand("-n")),
    )
    return [ratio("nothing", compared(one, other))]


def child(bench: Bench) -> list[Line]:
    def job(samples: int) -> Measured:
        folder = bench.folder(samples, "child")
        (path,) = folder.glob(".snakemake/looper/*/Snakefile")
        words = ("--target-jobs", "trivial_sample:sample=s00003", "--mode", "subprocess",
                 "--allowed-rules", "trivial_sample", "--nolock", "--force", "--cores", "1")  # fmt: skip
        return measure(folder, "snakemake", "--snakefile", str(path), *words)

    for samples in (10_000, 10):
        folder = bench.folder(samples, "child")
        words = ours("--cores", "1", "results/pipestat_config_trivial.yaml")
        measure(folder, *words, clean=PLANS)
    one, other = in_turn(3 * bench.rounds, lambda: job(10_000), lambda: job(10))
    return [ratio("child", compared(one, other))]


def check(bench: Bench) -> list[Line]:
    lines = []
    for name, samples, failed, words in (
        ("check-10k", 10_000, False, ()),
        ("check-100k", 100_000, False, ()),
        ("check-failed", 10_000, True, ("--itemized",)),
    ):
        folder = completed(bench.folder(samples), bench.size(samples), failed)
        command = ("snakemake-looper", "check", *words)
        measure(folder, *command, code=int(failed))  # makes the plan, if there is none
        found = [measure(folder, *command, code=int(failed)) for _ in range(3 * bench.rounds)]
        lines.append(seconds(name, median(found)))
        shutil.rmtree(folder / "results")
    return lines


def results(bench: Bench) -> list[Line]:
    folder = reported(bench.folder(100_000), bench.size(100_000))
    rounds = min(bench.rounds, 2)
    settled = ".snakemake/looper/settled"
    measure(folder, "snakemake-looper", "check")  # makes the plan, if there is none

    def assemble() -> Measured:
        (folder / RESULTS).unlink(missing_ok=True)
        return measure(folder, *ASSEMBLE, clean=[settled])

    assembled, parsed, table = in_turn(
        rounds,
        assemble,
        lambda: measure(folder, *PARSE),
        lambda: measure(folder, "snakemake-looper", "table"),
    )
    if (folder / RESULTS).read_text().count("\n      n: ") != bench.size(100_000):
        raise SystemExit(f"{folder / RESULTS} lacks records")
    shutil.rmtree(folder / "results")
    return [
        ratio("assembly", compared(assembled, parsed)),
        ratio("table", compared(table, parsed)),
    ]


def plugin(bench: Bench) -> list[Line]:
    times = [
        float(subprocess.check_output(PLUGIN, text=True, cwd=bench.base))
        for _ in range(3 * bench.rounds)
    ]
    value = statistics.median(times)
    return [Line("plugin", value * 1000, ours=value)]


def overhead(bench: Bench) -> list[Line]:
    """Run the same Snakefile with and without the logger plugin."""
    folder = bench.folder(1_000)
    clean = with_plan(folder)
    (path,) = folder.glob(".snakemake/looper/*/Snakefile")
    words = (
        "snakemake",
        "--snakefile",
        str(path),
        "--workflow-profile",
        "none",
        *AS_OURS,
        *TWO_CORES,
    )
    one, other = in_turn(
        bench.rounds,
        after(clean, folder, *words, "--logger", "looper"),
        after(clean, folder, *words),
    )
    return [ratio("overhead", compared(one, other))]


def suite(bench: Bench) -> list[Line]:
    words = (*TESTS, "tests/test_quantities.py") if bench.quick else TESTS
    found = measure(REPOSITORY, *words)
    return [Line("suite", found.wall / 60, found.cpu / 60, found.wall)]


MEASURE: Mapping[str, Callable[[Bench], list[Line]]] = {
    one.__name__: one
    for one in (
        jobs, lump_jobs, dry, lump_dry, planning, rich, looper_dry, nothing, child, check, results,
        plugin, overhead, suite,
    )
}  # fmt: skip
assert {row.group for row in BY_NAME.values()} == set(MEASURE)

"""Measure the speed that the project promises, as ratios of two commands that run in turn.

`README.md` beside this file says how to read the table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
SAME_SCHEDULER = ("--scheduler", "greedy", "--scheduler-subsample", "200", "--keep-going")
START, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    what: str
    budget: str
    ratio: float
    unit: str
    ours: float
    theirs: float | None
    met: bool

    def row(self) -> str:
        theirs = "" if self.theirs is None else f"{self.theirs:.2f} s"
        met = "" if self.met else " **missed**"
        return (
            f"| {self.what} | {self.budget} | {self.ratio:.2f} {self.unit}{met}"
            f" | {self.ours:.2f} s | {theirs} |"
        )


def project(folder: Path, samples: int) -> Path:
    """Write a project of trivial jobs, with pipestat and an input schema."""
    (folder / "data").mkdir(parents=True)
    rows = [f"s{number:05d},data/s{number:05d}.txt\n" for number in range(samples)]
    for number in range(samples):
        (folder / f"data/s{number:05d}.txt").write_text("x\n")
    files = {
        ".looper.yaml": "pep_config: pep.yaml\noutput_dir: results\npipeline_interfaces: [trivial.yaml]\n"
        "pipestat:\n  project_name: bench\n  results_file_path: results.yaml\n  flag_file_dir: results/flags\n",
        "pep.yaml": "pep_version: 2.1.0\nname: bench\nsample_table: samples.csv\n",
        "samples.csv": "sample_name,file\n" + "".join(rows),
        "trivial.yaml": "pipeline_name: trivial\ninput_schema: in.yaml\noutput_schema: out.yaml\n"
        "pipestat_config_required: false\n"
        "sample_interface:\n  command_template: true {sample.sample_name}\n",
        "in.yaml": "properties:\n  samples:\n    type: array\n    items:\n      type: object\n"
        "      properties:\n        file: {type: string}\n      required: [file]\n      tangible: [file]\n",
        "out.yaml": "pipeline_name: trivial\nsamples:\n  n: {type: integer, description: n}\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    shutil.copy(HERE / "hand.smk", folder)
    return folder


def rich_and_plain(base: Path, samples: int) -> tuple[Path, Path]:
    """Write two projects of the same samples; the first has everything that planning looks at."""
    rich, plain = project(base / "rich", samples), base / "plain"
    plain.mkdir()
    (rich / "data").rename(base / "data")
    for folder in (rich, plain):
        (folder / "data").symlink_to("../data")
    common = {
        ".looper.yaml": "pep_config: pep.yaml\noutput_dir: results\npipeline_interfaces: [p.yaml]\n",
        "pep.yaml": "pep_version: 2.1.0\nname: bench\nsample_table: samples.csv\n",
        "p.yaml": "pipeline_name: p\nsample_interface:\n"
        "  command_template: run {sample.file} {sample.kind} {sample.genome}\n",
    }
    for folder in (rich, plain):
        for name, text in common.items():
            (folder / name).write_text(text)
    names = [f"s{number:05d}" for number in range(samples)]
    (plain / "samples.csv").write_text(
        "sample_name,file,kind,genome\n"
        + "".join(f"{name},data/{name}.txt,x,hg38\n" for name in names)
    )
    (rich / "samples.csv").write_text(
        "sample_name,file,kind\n" + "".join(f"{name},place,x\n" for name in names)
    )
    with (rich / "pep.yaml").open("a") as file:
        file.write(
            "sample_modifiers:\n  append: {genome: hg38}\n"
            "  derive: {attributes: [file], sources: {place: 'data/{sample_name}.txt'}}\n"
        )
    with (rich / "p.yaml").open("a") as file:
        file.write("input_schema: in.yaml\ncompute: {size_dependent_variables: sizes.tsv}\n")
    (rich / "sizes.tsv").write_text(
        "max_file_size\tcores\tmem\ttime\n"
        + "".join(f"{gb}\t{gb}\t{gb}G\t1:00:00\n" for gb in (1, 2, 4, 8))
        + "NaN\t16\t64G\t8:00:00\n"
    )
    return rich, plain


def timed(folder: Path, *words: str, clean: tuple[str, ...] = ()) -> float:
    """The seconds that a command takes, after the folders `clean` were removed."""
    for name in clean:
        shutil.rmtree(folder / name, ignore_errors=True)
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    start = time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds


def pairs(
    rounds: int, a: Callable[[], float], b: Callable[[], float]
) -> tuple[float, float, float]:
    """The pair whose ratio a/b is the median: that ratio, and both in seconds."""
    measured = sorted(((a(), b()) for _ in range(rounds)), key=lambda pair: pair[0] / pair[1])
    mine, theirs = measured[len(measured) // 2]
    return mine / theirs, mine, theirs


def ours(*words: str) -> tuple[str, ...]:
    return ("snakemake", "--use-looper-config", *words)


def by_hand(*words: str) -> tuple[str, ...]:
    return ("snakemake", "--snakefile", "hand.smk", *SAME_SCHEDULER, *words)


class Bench:
    """The benchmarks, each a method; their projects are below one folder and are made once."""

    def __init__(self, base: Path, rounds: int) -> None:
        self.base, self.rounds = base, rounds

    def folder(self, samples: int) -> Path:
        path = self.base / f"p{samples}"
        return path if path.exists() else project(path, samples)

    def dry(self) -> list[Line]:
        folder = self.folder(10_000)
        timed(folder, *ours("-n"))
        ratio, a, b = pairs(
            self.rounds,
            lambda: timed(folder, *ours("-n")),
            lambda: timed(folder, *by_hand("-n")),
        )
        what = "dry run of 10,000 samples against a Snakefile by hand"
        return [Line(what, "≤ 1.25 ×", ratio, "×", a, b, ratio <= 1.25)]

    def planning(self) -> list[Line]:
        rich, plain = rich_and_plain(self.base / "planning", 10_000)
        code = (
            "from pathlib import Path; from snakemake_looper import make_plan, read_project;"
            "make_plan(read_project(Path('.looper.yaml')))"
        )
        plan = (sys.executable, "-c", code)
        code = "import os; [os.stat(f'data/s{n:05d}.txt') for n in range(10_000)]"
        nothing = timed(rich, sys.executable, "-c", "import os")
        stats = max(0.0, timed(rich, sys.executable, "-c", code) - nothing)
        ratio, a, b = pairs(
            self.rounds, lambda: timed(rich, *plan) - stats, lambda: timed(plain, *plan)
        )
        what = "planning 10,000 samples with size table, derived attributes and schema, against without"
        return [Line(what, "≤ 1.25 ×", ratio, "×", a, b, ratio <= 1.25)]

    def looper_dry(self) -> list[Line]:
        folder = self.folder(1_000)
        clean = (".snakemake", "results")
        ratio, a, b = pairs(
            self.rounds,
            lambda: timed(folder, *ours("-n"), clean=clean),
            lambda: timed(folder, "looper", "run", "--dry-run", clean=clean),
        )
        what = "dry run of 1,000 samples, nothing cached, against looper"
        return [Line(what, "≥ 10 × faster", 1 / ratio, "× faster", a, b, 1 / ratio >= 10)]

    def jobs(self) -> list[Line]:
        folder = self.folder(1_000)
        clean = (".snakemake", "results", "by_hand")
        mine: list[float] = []

        def run() -> float:
            mine.append(timed(folder, *ours("--cores", "2"), clean=clean))
            return mine[-1]

        ratio, a, b = pairs(
            self.rounds, run, lambda: timed(folder, *by_hand("--cores", "2"), clean=clean)
        )
        theirs = timed(folder, "looper", "run", clean=clean)
        faster = theirs / statistics.median(mine)
        return [
            Line("1,000 trivial jobs, 2 cores, against a Snakefile by hand", "≤ 1.15 ×", ratio, "×", a, b, ratio <= 1.15),
            Line("the same against looper", "≥ 2 × faster", faster, "× faster", a, theirs, faster >= 2),
        ]  # fmt: skip

    def overhead(self) -> list[Line]:
        """Run the same Snakefile with and without the logger plugin."""
        folder = self.folder(1_000)
        timed(folder, *ours("-n"), clean=(".snakemake", "results"))
        (path,) = folder.glob(".snakemake/looper/*/Snakefile")
        clean = (".snakemake/metadata", ".snakemake/looper/written", "results")

        def run(*words: str) -> float:
            common = ("--snakefile", str(path), "--workflow-profile", "none", *SAME_SCHEDULER)
            return timed(folder, "snakemake", *common, "--cores", "2", *words, clean=clean)

        ratio, a, b = pairs(self.rounds, lambda: run("--logger", "looper"), run)
        what = "1,000 trivial jobs, 2 cores, with the logger plugin against without"
        return [Line(what, "≤ 1.05 ×", ratio, "×", a, b, ratio <= 1.05)]

    def child(self) -> list[Line]:
        def job(samples: int) -> float:
            folder = self.folder(samples)
            (path,) = folder.glob(".snakemake/looper/*/Snakefile")
            words = ("--target-jobs", "trivial_sample:sample=s00003", "--mode", "subprocess",
                     "--allowed-rules", "trivial_sample", "--nolock", "--force", "--cores", "1")  # fmt: skip
            return timed(folder, "snakemake", "--snakefile", str(path), *words)

        for samples in (10_000, 10):
            shutil.rmtree(self.folder(samples) / ".snakemake", ignore_errors=True)
            timed(
                self.folder(samples), *ours("--cores", "1", "results/pipestat_config_trivial.yaml")
            )
        ratio, a, b = pairs(3 * self.rounds, lambda: job(10_000), lambda: job(10))
        what = "one job as a process of its own, of 10,000 samples against 10"
        return [Line(what, "≤ 1.1 ×", ratio, "×", a, b, ratio <= 1.1)]

    def check(self) -> list[Line]:
        folder = self.folder(10_000)
        flags = folder / "results/flags"
        flags.mkdir(parents=True, exist_ok=True)
        for number in range(10_000):
            (flags / f"trivial_s{number:05d}_completed.flag").write_text("completed")
        timed(folder, "snakemake-looper", "check")
        times = [timed(folder, "snakemake-looper", "check") for _ in range(3 * self.rounds)]
        shutil.rmtree(flags)
        seconds = statistics.median(times)
        return [
            Line("`check` of 10,000 records", "< 1 s", seconds, "s", seconds, None, seconds < 1)
        ]

    def table(self) -> list[Line]:
        folder = self.folder(10_000)
        path = folder / "results/trivial/results.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        records = "".join(
            f"    s{number:05d}: {{n: {number}, meta: {{pipestat_created_time: now, history: {{}}}}}}\n"
            for number in range(10_000)
        )
        path.write_text(f"trivial:\n  project: {{}}\n  sample:\n{records}")
        timed(folder, "snakemake-looper", "table")
        times = [timed(folder, "snakemake-looper", "table") for _ in range(self.rounds)]
        shutil.rmtree(folder / "results")
        seconds = statistics.median(times)
        return [
            Line("`table` of 10,000 records", "< 5 s", seconds, "s", seconds, None, seconds < 5)
        ]

    def plugin(self) -> list[Line]:
        code = (
            "import time, snakemake.cli; start = time.perf_counter();"
            "import snakemake_logger_plugin_looper; print(time.perf_counter() - start)"
        )
        times = [
            float(subprocess.check_output([sys.executable, "-c", code], text=True))
            for _ in range(3 * self.rounds)
        ]
        seconds = statistics.median(times)
        what = "import of the plugin package"
        return [Line(what, "< 20 ms", seconds * 1000, "ms", seconds, None, seconds < 0.02)]


NAMES = (
    "dry", "planning", "looper_dry", "jobs", "overhead", "child", "check", "table", "plugin",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--write", action="store_true", help="write the table into results.md and the README"
    )
    arguments = parser.parse_args()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as base:
        bench = Bench(Path(base), arguments.rounds)
        for name in arguments.names or NAMES:
            for line in getattr(bench, name)():
                print(line.row(), flush=True)
                lines.append(line)
    table = "\n".join(
        [
            "| what | must be | is | ours | theirs |",
            "|---|---|---|---|---|",
            *(line.row() for line in lines),
        ]
    )
    if arguments.write:
        (HERE / "results.md").write_text(f"# Results\n\n{table}\n")
        readme = HERE.parent / "README.md"
        text = readme.read_text()
        before, after = text.split(START)[0], text.split(END)[1]
        readme.write_text(f"{before}{START}\n{table}\n{END}{after}")
    return 0 if all(line.met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())

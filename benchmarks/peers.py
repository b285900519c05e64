"""The commands that are measured: ours, and those that they are compared with."""

from __future__ import annotations

import sys

from projects import RECORDS, RESULTS

# The options of a project's default profile, for Snakefiles by hand.
AS_OURS = (
    "--scheduler", "greedy", "--scheduler-subsample", "200", "--keep-going", "--rerun-incomplete",
    "--rerun-triggers", "mtime", "params", "input", "software-env",
)  # fmt: skip
LOOPER = ("looper", "run")
TESTS = (sys.executable, "-m", "pytest", "-q", "-n", "2")


def ours(*words: str) -> tuple[str, ...]:
    return ("snakemake", "--use-looper-config", *words)


def by_hand(*words: str, file: str = "hand.smk") -> tuple[str, ...]:
    return ("snakemake", "--snakefile", file, *AS_OURS, *words)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


PLAN = python(
    "from pathlib import Path; from snakemake_looper import make_plan, read_project, write_plan;"
    "write_plan(make_plan(read_project(Path('.looper.yaml'))))"
)
PEPPY = python("import peppy; len(peppy.Project('pep.yaml').samples)")

# The script of the rule that assembles results, without Snakemake around it.
ASSEMBLE = python(f"""
import os
from types import SimpleNamespace as Some
from snakemake_looper.for_snakefiles import assemble_results
assemble_results(Some(
    input=Some(samples=[entry.path for entry in os.scandir("results/flags")]),
    output=Some(results={RESULTS!r}),
    params=Some(records={{"trivial": {RECORDS!r}}}, schemas={{"trivial": "out.yaml"}}),
    log=["assembly.log"],
))
""")
PARSE = python(f"""
import os, yaml
parsed = {{}}
for entry in os.scandir({RECORDS!r}):
    with open(entry.path) as file:
        parsed[entry.name] = yaml.load(file, yaml.CSafeLoader)
""")
PLUGIN = python(
    "import time, snakemake.cli; start = time.perf_counter();"
    "import snakemake_logger_plugin_looper; print(time.perf_counter() - start)"
)

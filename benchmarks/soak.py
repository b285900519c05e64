"""Search for faults with random examples, for a number of minutes.

    python benchmarks/soak.py --minutes 10
    python benchmarks/soak.py --seed 4711 --only files

Three searches take turns, each time with another seed:

- `properties` runs the property tests of `tests/` with new examples. In the tests themselves they
  try the same examples each time. Some of them compare with looper itself.
- `files` damages files of small projects and plans the projects. Planning has to succeed, or to end
  in errors of one line each. Any other exception is a fault, and so is a minute without an end.
- `commands` damages a finished project: files that users write, files that jobs leave (records,
  flags, logs), and files of this package (plans, journals). Then it runs commands. A fault is a
  traceback, a line that another library wrote, five seconds of work, or a write elsewhere.

Each fault is printed with its seed and its smallest known example; at the end, the number of
projects and commands that were tried. The exit code is 1 if there was a fault. `--seed` repeats a
search.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

Files = dict[str, bytes]
Damage = Callable[[random.Random, Files], str]
SECONDS = 60
PROJECTS_EACH = 100
COMMANDS_EACH = 7
"""Commands that are run on each damaged copy of a finished project."""
tried = Counter[str]()
"""How many projects were planned, and how many commands were run."""


# --- property tests ----------------------------------------------------------------------------


def properties(seed: int) -> dict[str, str]:
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider"),
        *("-m", "hypothesis", "--hypothesis-profile=soak", f"--hypothesis-seed={seed}"),
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    failed = " ".join(line for line in done.stdout.splitlines() if line.startswith("FAILED"))
    return {failed: done.stdout[-8000:] + done.stderr[-2000:]} if done.returncode else {}


# --- damaged files -----------------------------------------------------------------------------

WORDS = [
    "", "null", "~", "[]", "{}", "0", "-1", "3", "1.5", ".inf", "1e999", "true", "no", "2026-01-01",
    "{", "}", "{sample.nope}", "{looper.nope}", "{% for s in", "{{", "$NOPE", "${NOPE}", "$(", "a: b",
    "\t", "- ", "é\u2028x", "\x00", "\x7f", "\ufeff", "'", '"', "\\", "../..", "/", ".", "*x", "&a ",
    "!!python/object:x", "!!binary x", "<<: x", "? x", "|", ">", "#", "%", ",", "a,b", "x" * 300,
    "[a, [b]]", "{a: {b: c}}", "sample", "project", "all", "attempt", "__builtins__",
]  # fmt: skip


def _lines(files: Files, name: str) -> list[bytes]:
    return files[name].splitlines(keepends=True)


def _remove_line(chance: random.Random, files: Files) -> str:
    name = chance.choice(sorted(files))
    lines = _lines(files, name)
    if not lines:
        return f"{name}: nothing"
    line = lines.pop(chance.randrange(len(lines)))
    files[name] = b"".join(lines)
    return f"{name}: without {line!r}"


def _double_line(chance: random.Random, files: Files) -> str:
    name = chance.choice(sorted(files))
    lines = _lines(files, name) or [b"\n"]
    line = chance.choice(lines)
    lines.insert(chance.randrange(len(lines)), line)
    files[name] = b"".join(lines)
    return f"{name}: {line!r} twice"


def _indent_line(chance: random.Random, files: Files) -> str:
    name = chance.choice(sorted(files))
    lines = _lines(files, name) or [b"\n"]
    number = chance.randrange(len(lines))
    old = lines[number]
    lines[number] = chance.choice([b"  " + old, old.lstrip(b" "), b"\t" + old])
    files[name] = b"".join(lines)
    return f"{name}: {old!r} is {lines[number]!r}"


def _other_value(chance: random.Random, files: Files) -> str:
    name = chance.choice(sorted(files))
    lines = _lines(files, name) or [b"\n"]
    number = chance.randrange(len(lines))
    old = lines[number]
    separator = b"," if name.endswith((".csv", ".tsv")) else b":"
    parts = old.rstrip(b"\n").split(separator)
    place = chance.randrange(len(parts))
    gap = b" " if separator == b":" and place else b""
    parts[place] = gap + chance.choice(WORDS).encode()
    lines[number] = separator.join(parts) + b"\n"
    files[name] = b"".join(lines)
    return f"{name}: {old!r} is {lines[number]!r}"


def _insert(chance: random.Random, files: Files) -> str:
    name = chance.choice(sorted(files))
    at = chance.randrange(len(files[name]) + 1)
    word = chance.choice(WORDS).encode() or bytes([chance.randrange(256)])
    files[name] = files[name][:at] + word + files[name][at:]
    return f"{name}: {word!r} at {at}"


def _cut(chance: random.Random, files: Files) -> str:
    name = chance.choice(sorted(files))
    at = chance.randrange(len(files[name]) + 1)
    files[name] = files[name][:at]
    return f"{name}: cut at {at}"


def _swap(chance: random.Random, files: Files) -> str:
    one, other = chance.choice(sorted(files)), chance.choice(sorted(files))
    files[one], files[other] = files[other], files[one]
    return f"{one} and {other} swapped"


def _remove(chance: random.Random, files: Files) -> str:
    name = chance.choice(sorted(files))
    del files[name]
    return f"{name}: removed"


DAMAGES: Sequence[Damage] = (
    *(_other_value,) * 4, *(_insert,) * 2, _remove_line, _double_line, _indent_line, _cut, _swap,
    _remove,
)  # fmt: skip


def projects() -> dict[str, Files]:
    """Small projects, by name."""
    from textwrap import dedent

    from plan.test_input_files import CHAIN
    from runs.test_lumps import PROJECT as LUMPS
    from support.projects import TOUCH
    from support.running import EXAMPLES
    from workspace.test_snakefile import RICH

    def text(files: Mapping[str, str]) -> Files:
        return {n: dedent(t).removeprefix("\n").encode() for n, t in files.items()}

    found = {"touch": text(TOUCH), "rich": text(RICH), "chain": text(CHAIN), "lumps": text(LUMPS)}
    found["lumps"][".looper.yaml"] += b"cli: {run: {lump_n: 3}}\n"
    for example in sorted(EXAMPLES.iterdir()):
        paths = [p for p in example.rglob("*") if p.is_file() and "results" not in p.parts]
        kept = [p for p in paths if ".snakemake" not in p.parts and p.suffix in (".yaml", ".csv")]
        found[example.name] = {str(p.relative_to(example)): p.read_bytes() for p in kept}
    return found


def files_of(base: Files, seeds: Sequence[int]) -> tuple[Files, list[str]]:
    """A damaged copy of a project, and a line about each damage; each seed makes one."""
    files, said = dict(base), []
    for seed in seeds:
        chance = random.Random(seed)
        if files:
            said.append(chance.choice(DAMAGES)(chance, files))
    return files, said


def fault_of(files: Files) -> str:
    """The fault that planning a project shows: a text, empty if there is none."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    report = folder.with_suffix(".fault")
    try:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # warnings of pandas
            # Whatever is raised, the child must not return into its parent's loop.
            with contextlib.suppress(BaseException):
                report.write_text(_plan(folder))
                os._exit(0)
            os._exit(1)
        status = os.waitpid(child, 0)[1]
        if status:
            return f"died or took {SECONDS} seconds: {os.waitstatus_to_exitcode(status)}"
        return report.read_text().replace(str(folder), ".")
    finally:
        report.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _plan(folder: Path) -> str:
    from snakemake_looper.errors import ProjectError
    from snakemake_looper.plan.planner import plan_project
    from snakemake_looper.show.json_forms import plan_json
    from snakemake_looper.show.plans import plan_text
    from snakemake_looper.workspace.plan_folder_writer import write_plan
    from snakemake_looper.workspace.snakefile import snakefile
    from snakemake_looper.workspace.structure import structure_of

    os.chdir(folder)
    try:
        plan = plan_project(folder / ".looper.yaml")
        plan_text(plan), plan_json(plan)
        snakefile(structure_of(plan), "scripts", "scripts/job.sh")
        write_plan(plan)
    except ProjectError as error:
        texts = [str(problem) for problem in error.problems]
        wrong = [text for text in texts if not text or not text.isprintable()]
        return f"no message of one line: {wrong}" if wrong or not texts else ""
    except BaseException:  # any exception but a `ProjectError` is the fault that is searched for
        return traceback.format_exc()
    return ""


def damaged(seed: int) -> dict[str, str]:
    # Imported here once, and not in each process that plans.
    import peppy  # noqa: F401

    import snakemake_looper.workspace.plan_folder_writer  # noqa: F401

    chance = random.Random(seed)
    bases = projects()
    found: dict[str, str] = {}
    for _ in range(PROJECTS_EACH):
        name = chance.choice(sorted(bases))
        seeds = [chance.randrange(2**32) for _ in range(chance.randint(1, 3))]
        fault = fault_of(files_of(bases[name], seeds)[0])
        tried["projects"] += 1
        if not fault:
            continue
        for one in list(seeds):  # leave out each damage that the fault does not need
            fewer = [other for other in seeds if other != one]
            if fewer and (again := fault_of(files_of(bases[name], fewer)[0])):
                seeds, fault = fewer, again
        where = "".join(fault.strip().splitlines()[-3:])
        said = "\n".join(files_of(bases[name], seeds)[1])
        found.setdefault(where, f"project {name}, damaged by {seeds}:\n{said}\n{fault}")
    return found


# --- commands ----------------------------------------------------------------------------------


def commands(seed: int) -> dict[str, str]:
    from support import hostile

    hostile.preload()
    chance = random.Random(seed)
    outside = Path(tempfile.mkdtemp(prefix="soak-"))
    files = hostile.finished(outside / "project")
    found: dict[str, str] = {}
    for _ in range(PROJECTS_EACH):
        chosen = chance.sample(hostile.COMMANDS, COMMANDS_EACH)
        number, faults = hostile.search(files, chance.randrange(2**32), chosen, outside)
        tried["commands"] += number
        found = faults | found
    return found


# --- in turn -----------------------------------------------------------------------------------

SEARCHES: Mapping[str, Callable[[int], dict[str, str]]] = {
    "files": damaged,
    "commands": commands,
    "properties": properties,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="repeat the search with this seed, once")
    parser.add_argument("--only", choices=SEARCHES, help="one of the searches")
    asked = parser.parse_args()
    searches = [asked.only] if asked.only else list(SEARCHES)
    end = time.monotonic() + 60 * asked.minutes
    turn, known = 0, set[str]()
    while True:
        name = searches[turn % len(searches)]
        seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(2**32)
        faults = SEARCHES[name](seed)
        print(f"{name}, seed {seed}: {len(faults)} faults", flush=True)
        for where, fault in faults.items():
            if where not in known:  # print each fault once
                print(f"--- {name}, seed {seed}\n{fault}", flush=True)
        known |= set(faults)
        turn += 1
        over = turn >= len(searches) if asked.seed is not None else time.monotonic() > end
        if over:
            counts = ", ".join(f"{number} {what}" for what, number in tried.items())
            print(f"{len(known)} faults; tried: {counts or 'properties only'}", flush=True)
            return int(bool(known))


if __name__ == "__main__":
    sys.exit(main())

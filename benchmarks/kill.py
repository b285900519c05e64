"""Kill a random process of a run at a random time, again and again, and see what is left.

    python benchmarks/kill.py --kills 300

A project of eight samples and a project level is run, and one of the run's processes (Snakemake
itself, a job's shell, the command, a script of Snakemake's) gets SIGKILL at a random moment. It is
started again at once, while jobs of the killed run may still be there, and killed again; after up
to three kills it is left in peace, and has to complete. What must hold is asked after each kill:

- no record has two flags, and none is called completed whose command did not get to its end;
- no command ever ran twice at the same time;
- `check` shows nothing as running or waiting that is not there;
- nothing has written a traceback;

and at the end every record has exactly one flag, `completed`, and the results file has them all.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

BIN = Path(sys.executable).parent
SAMPLES = [f"s{number}" for number in range(8)]
# Each command is one that nobody else may run at the same time. It reports first, and says last
# that it is done; in between it can be killed.
FILES = {
    ".looper.yaml": """
pep_config: project.yaml
output_dir: results
pipeline_interfaces: [kill.yaml]
pipestat: {results_file_path: results.yaml, flag_file_dir: results/flags}
""",
    "project.yaml": "pep_version: 2.1.0\nname: all\nsample_table: samples.csv\n",
    "samples.csv": "sample_name,tenth\n"
    + "".join(f"{s},{2 + n % 4}\n" for n, s in enumerate(SAMPLES)),
    "kill.yaml": """
pipeline_name: kill
output_schema: schema.yaml
pipestat_config_required: false
sample_interface:
  command_template: >
    exec 8> locks/{sample.sample_name}; flock --nonblock 8 ||
    (echo {sample.sample_name} >> violations; exit 9);
    mkdir -p results/kill/results_records;
    printf 'kill:\\n  project:\\n  sample:\\n    {sample.sample_name}:\\n      n: 1\\n'
    > {pipestat.results_file};
    for i in 1 2 3 4 5; do sleep 0.0{sample.tenth}; done; touch done/{sample.sample_name}
project_interface:
  command_template: >
    exec 8> locks/all; flock --nonblock 8 || (echo all >> violations; exit 9);
    sleep 0.1; touch done/all
""",
    "schema.yaml": "pipeline_name: kill\nsamples:\n  n: {type: integer, description: n}\n",
}


@dataclass
class Outcome:
    """What a round of kills came to."""

    killed: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def project(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for name in ("locks", "done"):
        (folder / name).mkdir()


def start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with log.open("wb") as output:
        return subprocess.Popen(
            ["snakemake", "--use-looper-config", "--cores", "3"],
            cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def processes_of(session: int) -> list[int]:
    """The processes that a run has started, also those whose parent is gone."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.getsid(int(name)) == session:
                    found.append(int(name))
    return found


def kind_of(pid: int, main: int) -> str:
    if pid == main:
        return "snakemake"
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return Path(words[0].decode()).name or "?"
    return "?"


def kill_one(process: subprocess.Popen[bytes], chance: random.Random, longest: float) -> str | None:
    """Wait a random time, then kill a random process of the run; its kind, None if it was over."""
    time.sleep(chance.uniform(0, longest))
    pids = processes_of(process.pid)
    if process.poll() is not None or not pids:
        return None
    # Often the main process: there are many others.
    pid = process.pid if chance.random() < 0.35 else chance.choice(pids)
    kind = kind_of(pid, process.pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    process.wait(timeout=120)
    return kind


def look(folder: Path, when: str) -> list[str]:
    """What does not hold after a kill."""
    found = []
    flags = Counter(
        name.removeprefix("kill_").rsplit("_", 1)[0]
        for name in os.listdir(folder / "results/flags")
    ) if (folder / "results/flags").is_dir() else Counter()  # fmt: skip
    found += [f"{when}: {record} has {n} flags" for record, n in flags.items() if n > 1]
    for record in [*SAMPLES, "all"]:
        completed = folder / f"results/flags/kill_{record}_completed.flag"
        if completed.exists() and not (folder / "done" / record).exists():
            found.append(f"{when}: {record} is called completed, and is not")
    if (folder / "violations").exists():
        found.append(f"{when}: twice at the same time: {(folder / 'violations').read_text()}")
    return found


def statuses(folder: Path) -> dict[str, str]:
    done = subprocess.run(
        [str(BIN / "snakemake-looper"), "check", "--json"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    return {one["record"]: one["status"] for one in json.loads(done.stdout)["records"]}


def check(folder: Path, session: int, when: str) -> list[str]:
    """Whether `check` tells the truth. Jobs of a killed run may be there: then they run."""
    if processes_of(session):
        return []
    return [
        f"{when}: check says that {record} is {status}, and nothing is there"
        for record, status in statuses(folder).items()
        if status in ("running", "waiting")
    ]


def complete(folder: Path, log: Path) -> list[str]:
    """One more run, left in peace: it has to complete everything."""
    code = start(folder, log).wait(timeout=300)
    if code:
        return [f"the last run exits with {code}:\n{log.read_text()[-1500:]}"]
    found = look(folder, "at the end")
    wanted = sorted(f"kill_{record}_completed.flag" for record in [*SAMPLES, "all"])
    flags = sorted(os.listdir(folder / "results/flags"))
    if flags != wanted:
        found.append(f"flags at the end: {flags}")
    contents = {(folder / "results/flags" / name).read_text() for name in flags}
    if contents != {"completed"}:
        found.append(f"contents of flags: {contents}")
    results = yaml.safe_load((folder / "results/kill/results.yaml").read_text())
    if sorted(results["kill"]["sample"]) != SAMPLES:
        found.append(f"records at the end: {results}")
    return found


def one_round(seed: int, kills: int, longest: float) -> Outcome:
    chance = random.Random(seed)
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        folder = Path(name) / "project"
        folder.mkdir()
        project(folder)
        for number in range(kills):
            log = Path(name) / f"run{number}.txt"
            process = start(folder, log)
            kind = kill_one(process, chance, longest)
            when = f"round {seed}, run {number} ({kind} killed)"
            outcome.killed[kind or "(over already)"] += 1
            outcome.violations += look(folder, when)
            outcome.violations += check(folder, process.pid, when) if kind else []
            process.wait(timeout=300)
        log = Path(name) / "last.txt"
        outcome.violations += [f"round {seed}: {text}" for text in complete(folder, log)]
        for log in Path(name).glob("*.txt"):
            text = log.read_text()
            for word in ("Traceback", "Logging error", "error in the looper"):
                if word in text:
                    outcome.violations.append(
                        f"round {seed}: {word} in {log.name}:\n{text[-1500:]}"
                    )
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300, help="how many processes are killed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds before a kill at most")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    killed: Counter[str] = Counter()
    violations: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(arguments.workers) as pool:
        pending = set()
        seed = arguments.seed
        while sum(n for kind, n in killed.items() if kind[0] != "(") < arguments.kills or pending:
            while len(pending) < arguments.workers and (
                sum(n for kind, n in killed.items() if kind[0] != "(") < arguments.kills
            ):
                kills = 1 + seed % 3
                pending.add(pool.submit(one_round, seed, kills, arguments.longest))
                seed += 1
            done, pending = concurrent.futures.wait(
                pending, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                outcome = future.result()
                killed += outcome.killed
                violations += outcome.violations
                print(*outcome.violations, sep="\n", end="\n" if outcome.violations else "")
    total = sum(n for kind, n in killed.items() if kind[0] != "(")
    kinds = ", ".join(f"{kind} {n}" for kind, n in killed.most_common())
    print(
        f"{total} kills in {seed - arguments.seed} rounds ({kinds}): {len(violations)} violations"
    )
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

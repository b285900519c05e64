"""Send signals to the processes of runs at random times, and check what snakemake-looper promises.

    python benchmarks/kill.py --rounds 300

Each round runs a project of eight samples and a project level. At a random moment a signal goes to
one of the run's processes: Snakemake's main process, its process group, a job's shell, a command,
or any other. Often a second signal follows within 50 ms, the same or another one. The next run
starts at once, while jobs of the last one may still be there, and gets signals as well. After up to
three such runs, one more run gets no signal and has to complete. These promises are checked after
each attack:

- no record has two flags, and no record is `completed` whose command did not reach its end;
- no command ever ran twice at the same time;
- nothing hangs;
- once no process is left, every record whose command began has exactly one flag, and `check` shows
  no record as running or waiting;
- no traceback leads through this package.

At the end every record has exactly one flag, `completed`, and the results file has all records.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import random
import shutil
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
# Each command is one that nobody else may run at the same time: `flock` exits with 1 if somebody
# does, and with another code if it was itself killed. The command reports first, and says last that
# it is done; in between it can be killed.
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
    (test $? != 1 || echo {sample.sample_name} >> violations; exit 9);
    rm -f done/{sample.sample_name}; touch begun/{sample.sample_name}; mkdir -p results/kill/results_records;
    printf 'kill:\\n  project:\\n  sample:\\n    {sample.sample_name}:\\n      n: 1\\n'
    > {pipestat.results_file};
    for i in 1 2 3 4 5; do sleep 0.0{sample.tenth}; done; touch done/{sample.sample_name}
project_interface:
  command_template: >
    exec 8> locks/all; flock --nonblock 8 ||
    (test $? != 1 || echo all >> violations; exit 9);
    rm -f done/all; touch begun/all; sleep 0.1; touch done/all
""",
    "schema.yaml": "pipeline_name: kill\nsamples:\n  n: {type: integer, description: n}\n",
}


SIGNALS = [
    signal.Signals[f"SIG{name}"]
    for name in (
        *("HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "ALRM", "PIPE", "XCPU", "XFSZ"),
        *("VTALRM", "PROF", "ABRT", "SEGV", "BUS", "SYS", "IO", "PWR", "STKFLT"),
    )
    if f"SIG{name}" in signal.Signals.__members__
]
TARGETS = ("main", "group", "shell", "command", "any")
PATIENCE = 300.0
"""Seconds after which a run counts as one that hangs."""


@dataclass
class Outcome:
    """The attacks of some rounds, and the promises that did not hold."""

    attacks: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def project(folder: Path) -> None:
    """Write the project."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for name in ("locks", "begun", "done"):
        (folder / name).mkdir()


def start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with log.open("wb") as output:
        return subprocess.Popen(
            ["snakemake", "--use-looper-config", "--cores", "3"],
            cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=_as_in_a_terminal,
        )  # fmt: skip


def _as_in_a_terminal() -> None:
    """Restore the signals that this process ignores: a run in a terminal ignores none."""
    for one in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(one, signal.SIG_DFL)


def processes_of(session: int) -> list[int]:
    """The processes of a run's session, also those whose parent has ended."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.getsid(int(name)) == session:
                    found.append(int(name))
    return found


def words_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    return ""


def parent_of(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def choose(process: subprocess.Popen[bytes], target: str, chance: random.Random) -> int | None:
    """Choose a process of a run: its number, negative for a process group, or None."""
    if target in ("main", "group"):
        return process.pid if target == "main" else -process.pid
    pids = processes_of(process.pid)
    # A subshell has the same command line as its shell.
    shells = [pid for pid in pids if "scripts/job.sh" in words_of(pid)]
    if target == "shell":
        pids = [pid for pid in shells if parent_of(pid) not in shells]
    elif target == "command":
        pids = [pid for pid in pids if parent_of(pid) in shells]
    return chance.choice(pids) if pids else None


def attack(process: subprocess.Popen[bytes], folder: Path, chance: random.Random) -> str | None:
    """Wait a random time, then send up to three signals.

    Returns the signals in words; None if the run was over before.
    """
    target = chance.choice(TARGETS)
    if target in ("shell", "command") or chance.random() < 0.6:
        _wait_for_a_job(process, folder)
        time.sleep(chance.uniform(0, 0.8))
    else:
        time.sleep(chance.uniform(0, 4))
    sent: list[tuple[str, signal.Signals]] = []
    for _ in range(chance.choice([1, 2, 2, 3])):
        if sent:
            time.sleep(chance.choice([0.0, chance.uniform(0, 0.05)]))
        pid = choose(process, target, chance)
        if pid is None or process.poll() is not None:
            break
        word = sent[-1][1] if sent and chance.random() < 0.5 else chance.choice(SIGNALS)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, word) if pid > 0 else os.killpg(-pid, word)
            sent.append((target, word))
        if chance.random() < 0.3:
            target = chance.choice(TARGETS)
    return ", ".join(f"{word.name} to {target}" for target, word in sent) or None


def _wait_for_a_job(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until a command runs, or the run is over."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        pids = processes_of(process.pid)
        if any("scripts/job.sh" in words_of(pid) for pid in pids):
            return
        time.sleep(0.05)


def ended(process: subprocess.Popen[bytes], when: str) -> list[str]:
    """Wait for the end of a run; kill one that hangs, and return a line about it."""
    try:
        process.wait(timeout=PATIENCE)
        return []
    except subprocess.TimeoutExpired:
        left = [f"{pid}: {words_of(pid)[:200]}" for pid in processes_of(process.pid)]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return [f"{when}: hangs, with {left}"]


def look(folder: Path, when: str) -> list[str]:
    """The promises that do not hold after an attack."""
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


def check(folder: Path, sessions: list[int], when: str) -> list[str]:
    """The records about which `check` is wrong, and those that began and have no flag.

    Nothing is checked while jobs of killed runs are still there: their records do run.
    """
    if any(map(processes_of, sessions)):
        return []
    found = [
        f"{when}: check says that {record} is {status}, and nothing is there"
        for record, status in statuses(folder).items()
        if status in ("running", "waiting")
    ]
    names = os.listdir(folder / "results/flags") if (folder / "results/flags").is_dir() else []
    with_flags = {name.removeprefix("kill_").rsplit("_", 1)[0] for name in names}
    begun = set(os.listdir(folder / "begun"))
    found += [f"{when}: {record} was begun and has no flag" for record in begun - with_flags]
    return found


def tracebacks(text: str) -> list[str]:
    """The tracebacks that lead through this package, and errors of its logger plugin.

    A `KeyboardInterrupt` is no fault: Python prints one if SIGINT meets a script of the Snakefile.
    """
    found = []
    for part in text.split("Traceback (most recent call last)")[1:]:
        head = part[:4000]
        last = next((line for line in head.splitlines()[1:] if line[:1] not in ("", " ")), "")
        if last.startswith("KeyboardInterrupt"):
            continue
        if "snakemake_looper/" in head or "snakemake_logger_plugin_looper" in head:
            found.append(head)
    found += [word for word in ("Logging error", "error in the looper") if word in text]
    return found


def complete(folder: Path, log: Path) -> list[str]:
    """Start one more run, without signals: it has to complete everything."""
    process = start(folder, log)
    if hangs := ended(process, "the last run"):
        return [*hangs, log.read_text()[-1500:]]
    code = process.returncode
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
    assembled = folder / "results/kill/results.yaml"
    results = yaml.safe_load(assembled.read_text()) if assembled.exists() else None
    records = sorted(results["kill"]["sample"]) if results else []
    if records != SAMPLES:
        found.append(f"records at the end: {records}\n{log.read_text()[-1500:]}")
    return found


def one_round(seed: int) -> Outcome:
    chance = random.Random(seed)
    outcome = Outcome()
    name = tempfile.mkdtemp(prefix=f"kill-{seed}-")
    folder = Path(name) / "project"
    folder.mkdir()
    project(folder)
    sessions: list[int] = []
    for number in range(1 + seed % 3):
        log = Path(name) / f"run{number}.txt"
        process = start(folder, log)
        sessions.append(process.pid)
        sent = attack(process, folder, chance)
        when = f"round {seed}, run {number} ({sent or 'over already'})"
        outcome.attacks[sent.partition(" to ")[0] if sent else "none"] += 1
        outcome.violations += ended(process, when)
        outcome.violations += look(folder, when)
        outcome.violations += check(folder, sessions, when)
    log = Path(name) / "last.txt"
    outcome.violations += [f"round {seed}: {text}" for text in complete(folder, log)]
    for log in Path(name).glob("*.txt"):
        outcome.violations += [
            f"round {seed}: in {log.name}: {text}" for text in tracebacks(log.read_text())
        ]
    for pid in [pid for session in sessions for pid in processes_of(session)]:
        outcome.violations.append(f"round {seed}: left behind: {words_of(pid)[:200]}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if outcome.violations:
        outcome.violations.append(f"round {seed}: see {name}")
    else:
        shutil.rmtree(name, ignore_errors=True)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first round")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    attacks: Counter[str] = Counter()
    violations: list[str] = []
    seeds = range(arguments.seed, arguments.seed + arguments.rounds)
    with concurrent.futures.ThreadPoolExecutor(arguments.workers) as pool:
        for outcome in pool.map(one_round, seeds):
            attacks += outcome.attacks
            violations += outcome.violations
            if outcome.violations:
                print(*outcome.violations, sep="\n", flush=True)
    kinds = ", ".join(f"{kind} {n}" for kind, n in attacks.most_common())
    print(f"{len(seeds)} rounds, {attacks.total()} attacks ({kinds}): {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

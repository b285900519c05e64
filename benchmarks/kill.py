"""Send signals to the processes of runs at random times, and check what snakemake-looper promises.

    python benchmarks/kill.py --rounds 300
    python benchmarks/kill.py --rounds 100 --lumps

Each round runs a project of eight samples and a project level. At a random moment a signal goes to
one of the run's processes: Snakemake's main process, its process group, a job's shell, a command,
or any other. Often a second signal follows within 50 ms, the same or another one. The next run
starts at once, while jobs of the last one may still be there, and gets signals as well. After up to
three such runs, one more run gets no signal and has to complete. These promises are checked after
each attack:

- no record has two flags, and no record is `completed` whose command did not reach its end;
- no command ever ran twice at the same time;
- nothing hangs;
- a sample that was completed before a run does not begin again in it;
- if signals went to jobs only, all other jobs are completed;
- once no process is left, every record whose command began has exactly one flag, and `check` shows
  no record as running or waiting;
- no traceback leads through this package.

At the end every record has exactly one flag, `completed`, and the results file has all records.

With `--lumps` each run has its samples in lumps of up to five. Signals go to the shell of a lump,
and to that of a member of it, as well. The promises then hold for each member, and one more does:
no sample that is completed loses its flag, not for a moment, whatever happens to its neighbours.
In some rounds the last run is one without lumps: it runs only what is left, too.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from kill_project import Project
from promises import (
    BIN,
    FlagsStay,
    OnlyWhatIsLeft,
    of_check,
    of_flags,
    of_neighbours,
    of_the_end,
    of_tracebacks,
)

from snakemake_looper.read.options.options import OPTION_NAMES

SIGNALS = [
    signal.Signals[f"SIG{name}"]
    for name in (
        *("HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "ALRM", "PIPE", "XCPU", "XFSZ"),
        *("VTALRM", "PROF", "ABRT", "SEGV", "BUS", "SYS", "IO", "PWR", "STKFLT"),
    )
    if f"SIG{name}" in signal.Signals.__members__
]
TARGETS = ("main", "group", "shell", "command", "any")
TARGETS_OF_LUMPS = ("main", "group", "lump", "member", "command", "any")
OF_ONE_SAMPLE = ("shell", "member", "command")
"""A signal to one of these is for one sample or the project level, and for no other job."""
PATIENCE = 300.0
"""Seconds after which a run counts as one that hangs."""
_END = 10.0
"""Seconds within which a process that is about to end has ended."""


@dataclass
class Outcome:
    """The attacks of some rounds, and the promises that did not hold."""

    attacks: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    """The sessions of the runs' processes."""


def start(project: Project, log: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with log.open("wb") as output:
        return subprocess.Popen(
            ["snakemake", "--use-looper-config", "--cores", "3", *project.options],
            cwd=project.folder, env=env, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=_as_in_a_terminal,
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


def is_a_shell(pid: int) -> bool:
    """Whether a process is the shell of a job or of a lump, or a subshell of one."""
    words = words_of(pid)
    return "scripts/job.sh" in words or "scripts/lump.sh" in words


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
    shells = [pid for pid in pids if is_a_shell(pid)]
    if target in ("shell", "lump"):
        pids = [pid for pid in shells if parent_of(pid) not in shells]
    elif target == "member":
        pids = [pid for pid in shells if parent_of(pid) in shells]
    elif target == "command":
        pids = [pid for pid in pids if parent_of(pid) in shells]
    return chance.choice(pids) if pids else None


@dataclass
class Attack:
    """The signals that were sent to a run."""

    sent: list[tuple[str, signal.Signals]] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join(f"{word.name} to {target}" for target, word in self.sent) or "none"

    @property
    def kind(self) -> str:
        return self.sent[0][1].name if self.sent else "none"

    @property
    def victims(self) -> int | None:
        """How many samples it can have stopped at most; None if it can be any number."""
        alone = all(target in OF_ONE_SAMPLE for target, _ in self.sent)
        return len(self.sent) if alone else None


def attack(process: subprocess.Popen[bytes], lumps: bool, chance: random.Random) -> Attack:
    """Wait a random time, then send up to three signals; none if the run is over before."""
    targets = TARGETS_OF_LUMPS if lumps else TARGETS
    target = chance.choice(targets)
    if target not in ("main", "group", "any") or chance.random() < 0.6:
        _wait_for_a_job(process)
        time.sleep(chance.uniform(0, 0.8))
    else:
        time.sleep(chance.uniform(0, 4))
    sent = (found := Attack()).sent
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
            target = chance.choice(targets)
    return found


def _wait_for_a_job(process: subprocess.Popen[bytes]) -> None:
    """Wait until a command runs, or the run is over."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if any(map(is_a_shell, processes_of(process.pid))):
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


def project_of(folder: Path, lumps: bool, chance: random.Random) -> Project:
    if not lumps:
        return Project(folder, tuple(f"s{number}" for number in range(8)))
    samples = tuple(f"s{number:02}" for number in range(12))
    threads = chance.choice([0, 0, 2, 3]) if "lump_threads" in OPTION_NAMES else 0
    return Project(folder, samples, chance.choice([2, 5, 5]), threads)


def attacks(project: Project, base: Path, runs: int, chance: random.Random) -> Outcome:
    """Start runs and attack them. Returns what did not hold."""
    outcome = Outcome()
    violations, sessions = outcome.violations, outcome.sessions
    for number in range(runs):
        left = OnlyWhatIsLeft(project)
        process = start(project, base / f"run{number}.txt")
        sessions.append(process.pid)
        sent = attack(process, project.lump > 0, chance)
        when = f"run {number} ({sent})"
        outcome.attacks[sent.kind] += 1
        violations += ended(process, when)
        violations += of_flags(project, when) + left.broken(when)
        if sent.victims is not None:
            violations += of_neighbours(project, sent.victims, when)
        if not any(map(processes_of, sessions)):  # else records do run
            violations += of_check(project, when)
    return outcome


def left_behind(sessions: list[int]) -> list[str]:
    """The processes that are left of all runs; they are killed.

    A process that is about to end, as the one that renames flags of a lump whose shell has ended, is
    none of them.
    """
    end = time.monotonic() + _END
    while any(map(processes_of, sessions)) and time.monotonic() < end:
        time.sleep(0.05)
    found = []
    for pid in [pid for session in sessions for pid in processes_of(session)]:
        found.append(f"left behind: {words_of(pid)[:200]}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return found


def complete(project: Project, log: Path, sessions: list[int]) -> list[str]:
    """Start one more run, without signals: it has to complete everything."""
    left = OnlyWhatIsLeft(project)
    process = start(project, log)
    sessions.append(process.pid)
    if hangs := ended(process, "the last run"):
        return [*hangs, log.read_text()[-1500:]]
    if process.returncode:
        return [f"the last run exits with {process.returncode}:\n{log.read_text()[-1500:]}"]
    return of_the_end(project, log.read_text()) + left.broken("the last run")


def one_round(seed: int, lumps: bool) -> Outcome:
    chance = random.Random(seed)
    base = Path(tempfile.mkdtemp(prefix=f"kill-{seed}-"))
    project = project_of(base / "project", lumps, chance)
    project.write()
    last = replace(project, lump=0) if chance.random() < 0.25 else project
    with FlagsStay(project) as stay:
        outcome = attacks(project, base, 1 + seed % 3, chance)
        if not last.lump:
            stay.look_no_more()
        found = outcome.violations + complete(last, base / "last.txt", outcome.sessions)
    found += left_behind(outcome.sessions) + stay.broken("at some time")
    for log in base.glob("*.txt"):
        found += [f"in {log.name}: {text}" for text in of_tracebacks(log.read_text())]
    if found:
        found.append(f"see {base}")
    else:
        shutil.rmtree(base, ignore_errors=True)
    return Outcome(outcome.attacks, [f"round {seed}: {text}" for text in found])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first round")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lumps", action="store_true", help="run the samples in lumps")
    arguments = parser.parse_args()
    sent: Counter[str] = Counter()
    violations: list[str] = []
    seeds = range(arguments.seed, arguments.seed + arguments.rounds)
    with concurrent.futures.ThreadPoolExecutor(arguments.workers) as pool:
        for outcome in pool.map(lambda seed: one_round(seed, arguments.lumps), seeds):
            sent += outcome.attacks
            violations += outcome.violations
            if outcome.violations:
                print(*outcome.violations, sep="\n", flush=True)
    kinds = ", ".join(f"{kind} {n}" for kind, n in sent.most_common())
    print(f"{len(seeds)} rounds, {sent.total()} attacks ({kinds}): {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

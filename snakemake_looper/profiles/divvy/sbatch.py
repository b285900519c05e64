"""A SLURM package as settings of Snakemake's slurm executor.

The executor writes the sbatch call itself. It takes names of jobs, log files, memory, cores, time,
partition and account from a job's resources, and refuses these options anywhere else. Other
requests of a template are the same for all jobs and become default resources. Options that the
executor has no name for go into `slurm_extra`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import Place, Problems
from ...plan.resources import UnitError, memory_mb, runtime_minutes, threads_of
from .package import Line, Package, options_of, placeholders

_LONG = {
    "A": "account", "C": "constraint", "D": "chdir", "G": "gpus", "H": "hold", "J": "job-name",
    "L": "licenses", "M": "clusters", "N": "nodes", "O": "overcommit", "W": "wait", "a": "array",
    "b": "begin", "c": "cpus-per-task", "d": "dependency", "e": "error", "i": "input",
    "k": "no-kill", "m": "distribution", "n": "ntasks", "o": "output", "p": "partition",
    "q": "qos", "s": "oversubscribe", "t": "time", "w": "nodelist", "x": "exclude",
}  # fmt: skip
_BARE = frozenset({
    "exclusive", "requeue", "no-requeue", "hold", "overcommit", "contiguous", "spread-job",
    "use-min-nodes", "reboot", "wait", "parsable", "oversubscribe", "no-kill", "quiet",
    "verbose",
})  # fmt: skip
_OF_JOBS = {
    "job-name": "looper.job_name",
    "output": "looper.log_file",
    "error": "looper.log_file",
    "mem": "compute.mem",
    "cpus-per-task": "compute.cores",
    "ntasks": "compute.cores",
    "time": "compute.time",
    "partition": "compute.partition",
    "account": "compute.account",
}
"""Options that the executor fills in for each job, and the values that it fills in."""
_RESOURCES: Mapping[str, tuple[str, Callable[[str], int | str]]] = {
    "mem": ("mem_mb", memory_mb),
    "mem-per-cpu": ("mem_mb_per_cpu", memory_mb),
    "time": ("runtime", runtime_minutes),
    "partition": ("slurm_partition", str),
    "account": ("slurm_account", str),
    "constraint": ("constraint", str),
    "qos": ("qos", str),
    "nodes": ("nodes", threads_of),
    "ntasks": ("tasks", threads_of),
    "clusters": ("clusters", str),
    "gres": ("gres", str),
}
_SETTINGS = {
    "reservation": "slurm-reservation",
    "exclude": "slurm-exclude-failed-nodes",
    "requeue": "slurm-requeue",
    "no-requeue": "slurm-no-requeue",
}
_MANAGED = {
    "job-name": "the executor names jobs after the run; 'slurm-jobname-prefix' goes before that",
    "output": "the executor has logs of its own; 'slurm-logdir' is their folder",
    "error": "the executor has logs of its own; 'slurm-logdir' is their folder",
    "export": "the executor hands on all variables; leave it out",
    "comment": "the executor writes rule and sample there; leave it out",
    "chdir": "jobs run in the looper config's folder; begin the command_template with 'cd … &&'",
    "array": "a job is one job; see 'slurm-array-jobs' in docs/clusters.md",
    "dependency": "Snakemake orders the jobs; leave it out",
    "wait": "Snakemake waits for the jobs; leave it out",
    "hold": "Snakemake waits for the jobs; leave it out",
    "cpus-per-task": "cores are a job's own; write 'compute: cores:' in the pipeline interface",
    "cpus-per-gpu": "cores are a job's own; write 'compute: cores:' in the pipeline interface",
    "ntasks-per-gpu": "tasks are a job's own; write 'snakemake: resources: tasks:'",
}


@dataclass(slots=True)
class Slurm:
    """A SLURM package in Snakemake's terms."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Options of the profile."""
    defaults: dict[str, int | str] = field(default_factory=dict)
    """Resources of jobs without a value of their own."""
    extra: list[str] = field(default_factory=list)
    """Options of sbatch that the executor has no name for."""


def slurm_settings(package: Package, problems: Problems) -> Slurm:
    """The options of sbatch in a package's command and template, in Snakemake's terms.

    Options without a counterpart become warnings in `problems`.
    """
    found = Slurm()
    words = package.command.text.split(maxsplit=1)[1:]
    lines = [*(Line(text, package.command.place) for text in words), *package.directives]
    for line in lines:
        filled = Line(package.fill(line.text), line.place)
        for name, value in _options(options_of(filled, problems)):
            try:
                _take(found, package, name, value, line.place, problems)
            except UnitError as error:
                problems.add(line.place, f"--{name}", str(error))
    if found.extra:
        found.defaults["slurm_extra"] = " ".join(found.extra)
    return found


def _options(given: list[str]) -> Iterator[tuple[str, str]]:
    """Options of sbatch by their long names, with their values; `""` for an option without one."""
    words = iter(given)
    for word in words:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
        else:
            name, value = _LONG.get(word[1:2], word[1:2]), word[2:].removeprefix("=")
            equals = value
        if not equals and name not in _BARE:
            value = next(words, "")
        yield name, value


def _take(
    found: Slurm, package: Package, name: str, value: str, place: Place, problems: Problems
) -> None:
    names = placeholders(value)
    if names:
        _take_of_job(package, name, value, names, place, problems)
    elif (name, value) in (("ntasks", "1"), ("nodes", "1"), ("parsable", "")):
        pass  # every job of the executor has these
    elif name in _RESOURCES:
        resource, read = _RESOURCES[name]
        found.defaults[resource] = read(value)
    elif name in ("gpus", "gpus-per-task"):
        model, _, count = value.rpartition(":")
        found.defaults |= {"gpu": threads_of(count)} | ({"gpu_model": model} if model else {})
    elif name in _SETTINGS:
        found.settings[_SETTINGS[name]] = value or True
    elif name in _MANAGED:
        problems.warn(place, f"--{name}", _MANAGED[name])
    else:
        found.extra.append(f"--{name}={shlex.quote(value)}" if value else f"--{name}")


def _take_of_job(
    package: Package, name: str, value: str, names: list[str], place: Place, problems: Problems
) -> None:
    """Warn of an option whose value belongs to a job, unless the executor fills it in."""
    meaning = package.meaning(names[0])
    unit = value.replace(f"{{{names[0]}}}", "", 1)
    if _OF_JOBS.get(name) == meaning and (not unit or not name.startswith("mem")):
        return
    if name == "mem" and meaning == "compute.mem":
        problems.warn(
            place,
            "--mem",
            f"'{value}' counts memory in {unit}, but here a bare number is MB; write the unit with"
            f" the amount, as in 'mem: 8{unit[:1].upper()}'",
        )
        return
    if name == "mem-per-cpu" and meaning == "compute.mem":
        problems.warn(
            place,
            "--mem-per-cpu",
            "here, memory is that of the whole job; write the sum of all its cores",
        )
        return
    key = meaning.rpartition(".")[2]
    problems.warn(
        place,
        f"--{name}",
        f"no setting passes a job's '{key}' on; write 'snakemake: resources:"
        f" {_RESOURCES[name][0] if name in _RESOURCES else 'slurm_extra'}:' in the pipeline interface",
    )

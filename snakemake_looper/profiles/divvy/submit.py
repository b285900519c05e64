"""The submit command of a cluster other than SLURM, for Snakemake's cluster-generic executor.

The command has the options from the template's directive lines (`#$`, `#PBS`, `#BSUB`). Snakemake
fills in the values of a job, in the unit that the system wants: `{threads}`, `{resources.mem_mb}`,
`{resources.runtime}` (minutes). The template's shell becomes a jobscript around Snakemake's own
command.

Snakemake expands the values of a profile when it starts. A `$` that is for the cluster is
therefore hidden between quotes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

from ...errors import Problems
from .package import Line, Package, System, options_of, placeholders

LOGS = ".snakemake/cluster_logs"
CANCEL: Mapping[System, str] = {"sge": "qdel", "pbs": "qdel", "lsf": "bkill"}
JOB_ID: Mapping[System, str] = {"sge": "JOB_ID", "pbs": "PBS_JOBID", "lsf": "LSB_JOBID"}
STATUS_SCRIPT_OF: Mapping[System, str] = {"sge": "sge", "pbs": "generic", "lsf": "lsf-generic"}
"""The bundled profile whose `status.sh` asks this system."""
_SECONDS = "$(({resources.runtime} * 60))"
_MEGABYTES: Mapping[System, str] = {"sge": "M", "pbs": "mb", "lsf": "MB", "other": "M"}
_FIELD = re.compile(r"(\$\(\([^)]*\)\)|\$\(pwd\))")
_PLAIN = re.compile(r"[\w@%+=:,./{}-]+")
_UNIT = re.compile(r"\{(\w+)\}([KMGTkmgt][Bb]?)")


def submit_command(package: Package, problems: Problems) -> list[str]:
    """The parts of the command, options in the order of the template."""
    parts = [f"mkdir -p {LOGS} &&", _program(package)]
    for line in (*_own_options(package), *package.directives):
        filled = Line(package.fill(line.text), line.place)
        part = _option(package, filled, problems)
        if part:
            parts.append(part)
    return parts


def _program(package: Package) -> str:
    """The program that submits. It must print the job's number only, and bsub prints more."""
    if package.system == "other":
        return package.command.text
    program = package.command.text.split()[0]
    if package.system == "sge":
        return f"{program} -terse -S /bin/bash"
    if package.system == "lsf":
        return (
            f"""sh -c 'said=$({program} "$@") && expr "$said" : "Job <\\([0-9]*\\)>"' {program}"""
        )
    return program


def _own_options(package: Package) -> list[Line]:
    """The options of the submission command itself, each as a line."""
    if package.system == "other":
        return []
    _, *rest = package.command.text.split(maxsplit=1)
    options = re.split(r"\s+(?=-)", rest[0]) if rest else []
    return [Line(text, package.command.place) for text in options if text != "-terse"]


def _option(package: Package, line: Line, problems: Problems) -> str:
    """The options of one line, with fields for the values of a job."""
    words: list[str] = []
    for word in options_of(line, problems):
        told = _word(package, Line(word, line.place), problems)
        if told is None:
            if words and words[-1].startswith("-"):
                words.pop()  # the option that this would be the value of
            continue
        words.append(told)
    return " ".join(words)


def _word(package: Package, word: Line, problems: Problems) -> str | None:
    """A word for the shell; None if it has a value that Snakemake cannot fill in."""
    text = word.text.replace("{", "{{").replace("}", "}}")
    for name in placeholders(word.text):
        meaning = package.meaning(name)
        fill = _FIELDS.get(meaning)
        field = fill(package, word, problems) if fill else None
        if field is None:
            if fill is None:
                _not_filled(word, meaning, problems)
            return None
        unit = _UNIT.search(word.text)
        suffix = unit[2] if unit and meaning == "compute.mem" and unit[1] == name else ""
        if suffix:
            problems.warn(
                word.place,
                "",
                f"'{word.text}' counts memory in {suffix}, but here a bare number is MB; write the"
                f" unit with the amount, as in 'mem: 8{suffix[:1].upper()}'",
            )
        text = text.replace(f"{{{{{name}}}}}{suffix}", field)
    return _quoted(text)


def _not_filled(word: Line, meaning: str, problems: Problems) -> None:
    key = meaning.rpartition(".")[2]
    problems.warn(
        word.place,
        "",
        f"'{word.text}': no setting passes a job's '{key}' on; write it under 'snakemake:"
        f" resources:' in the pipeline interface, and {{resources.{key}}} into the submit command",
    )


def _memory(package: Package, word: Line, problems: Problems) -> str | None:
    return "{resources.mem_mb}" + _MEGABYTES.get(package.system, "M")


def _time(package: Package, word: Line, problems: Problems) -> str | None:
    if package.system == "other":
        problems.warn(word.place, "", f"'{word.text}' gets minutes; check that it expects them")
    return _SECONDS if package.system in ("sge", "pbs") else "{resources.runtime}"


def _with_default(key: str, resource: str) -> Callable[[Package, Line, Problems], str | None]:
    """The field of a setting, if the package has a default for jobs without a value."""

    def field(package: Package, word: Line, problems: Problems) -> str | None:
        if package.settings.get(key):
            return f"{{resources.{resource}}}"
        problems.warn(
            word.place,
            "",
            f"'{word.text}': the package has no {key} for jobs without one of their own; write"
            f" '{resource}' under 'default-resources', and {{resources.{resource}}} into the"
            " submit command",
        )
        return None

    return field


_FIELDS: Mapping[str, Callable[[Package, Line, Problems], str | None]] = {
    "compute.cores": lambda package, word, problems: "{threads}",
    "compute.mem": _memory,
    "compute.time": _time,
    "compute.partition": _with_default("partition", "slurm_partition"),
    "compute.account": _with_default("account", "slurm_account"),
    "looper.job_name": lambda package, word, problems: (
        "looper.{jobid}" if package.system == "pbs" else "{name}.{jobid}"  # PBS wants short ones
    ),
    "looper.log_file": lambda package, word, problems: f"$(pwd)/{LOGS}/{{name}}.{{jobid}}.log",
}


def _quoted(text: str) -> str:
    """A word in quotes, if it needs them; text that the shell computes stays outside of them."""
    quoted = ""
    for part in _FIELD.split(text):
        if _FIELD.fullmatch(part):
            quoted += f'"{part}"' if part == "$(pwd)" else part
        elif _PLAIN.fullmatch(part):
            quoted += part
        elif part:
            quoted += "'$'".join(shlex.quote(piece) if piece else "" for piece in part.split("$"))
    return quoted


def job_script(package: Package) -> str:
    """The jobscript: the template's shell around Snakemake's command.

    It leaves the command's exit code in a file for `status.sh`.
    """
    name = JOB_ID.get(package.system)
    end = [line.text for line in package.after]
    if name:
        end = ["code=$?", *end, f'echo $code > "{LOGS}/${name}.exit"']
    lines = ["#!/bin/bash", "# Snakemake's own command, with the template's shell around it."]
    if end:
        lines += ["end() {", *(f"    {line}" for line in end), "}", "trap end EXIT"]
        lines.append("trap 'exit 143' HUP INT TERM USR1 USR2 XCPU # else the exit code would be 0")
    lines += [line.text for line in package.before]
    text = "\n".join(lines).replace("{", "{{").replace("}", "}}")
    return f"{text}\n{{exec_job}}\n"

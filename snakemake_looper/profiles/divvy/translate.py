"""From a compute package of divvy to a Snakemake profile.

A profile holds the decisions of the site: how jobs are submitted, queue and account, options of
the containers. The needs of a job stay in the rules. A setting without a counterpart becomes a
warning that says what to do instead, and a comment in the profile.

Another program may run the command of a template (`srun`, `docker run`, `apptainer exec`, bulker),
and shell may stand before and after it. On SLURM, the lines before the command become
`precommand`. On other clusters, all these lines are in the jobscript. On one machine, the user
runs them in the shell that starts Snakemake.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import Place, Problems
from ...plan.images import CRATE, IMAGES, NO_BULKER
from ...plan.resources import UnitError, to_snakemake
from .apptainer import ANOTHER_FOLDER, HERE, from_apptainer, from_docker, words
from .package import COMMAND, Line, Package, placeholders
from .sbatch import slurm_settings
from .submit import CANCEL, STATUS_SCRIPT_OF, job_script, submit_command

_DEFAULTS: Mapping[str, int | str] = {"mem_mb": 4000, "runtime": 120}
"""Default resources (MB, minutes) where the submit command always asks for them."""
_HANDLED = frozenset({
    "submission_template", "submission_command", "adapters", "partition", "account", "mem", "time",
    "pre_command", "post_command", "docker_args", "apptainer_args", "singularity_args",
})  # fmt: skip
_INSTANCE = re.compile(r"^(?:srun\s+)?(apptainer|singularity)\s+(instance|build|pull)\b")
_TO_LOG = re.compile(r"['\"]?(\s*(2>&1|&?>>?\s*\S+|\|&?\s*tee\b[^|;&]*))*")
_AT_RUN = "or give --divvy and --package to the run, too"


@dataclass(slots=True)
class Profile:
    """A profile that is to be written."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Options of Snakemake."""
    defaults: dict[str, int | str] = field(default_factory=dict)
    """Default resources of jobs."""
    scripts: dict[str, str] = field(default_factory=dict)
    """Texts of the files beside the options, by name."""
    scripts_of: str | None = None
    """The bundled profile whose scripts are put beside this one."""


def translate(package: Package, problems: Problems) -> Profile:
    """A profile that submits as a package does.

    Settings without a counterpart become warnings in `problems`.
    """
    package, container = _unwrapped(package, problems)
    package = _without_unfilled(package, problems)
    profile = Profile()
    if package.system == "local":
        _local(profile, package, problems)
    elif package.system == "slurm":
        _slurm(profile, package, problems)
    else:
        _generic(profile, package, problems)
    if container is not None:
        profile.settings["software-deployment-method"] = "apptainer"
        if container:
            profile.settings["apptainer-args"] = " ".join(dict.fromkeys(_joined(container)))
    _other_settings(package, problems)
    return profile


def _joined(options: list[str]) -> list[str]:
    """Each option with its value as one text, so that repeated options can be found."""
    joined: list[str] = []
    for word in options:
        if word.startswith("-") or not joined:
            joined.append(word)
        else:
            joined[-1] += f" {word}"
    return joined


# --- around the command ------------------------------------------------------------------------


def _unwrapped(package: Package, problems: Problems) -> tuple[Package, list[str] | None]:
    """The package without its containers, and their options; None if it has no containers."""
    container: list[str] | None = None
    kept: dict[str, list[Line]] = {"before": [], "after": []}
    for part, lines in (("before", package.before), ("after", package.after)):
        for line in lines:
            if _INSTANCE.match(line.text):
                container = [*(container or []), *_instance(line, package, problems)]
            elif "bulker" in line.text:
                problems.warn(line.place, "bulker", NO_BULKER)
                container = container or []
            else:
                kept[part].append(line)
    options = _command_options(package, problems)
    if options is not None:
        container = [*(container or []), *options]
    before, after = tuple(kept["before"]), tuple(kept["after"])
    return dataclasses.replace(package, before=before, after=after), container


def _instance(line: Line, package: Package, problems: Problems) -> list[str]:
    match = re.search(r"\binstance[ .]start\s+(.*)", line.text)
    if not match:
        return []
    place = _args_place(package, line, "apptainer_args", "singularity_args")
    return from_apptainer(words(match[1]), place, problems)


def _args_place(package: Package, line: Line, *keys: str) -> Place:
    return next((package.places[key] for key in keys if package.settings.get(key)), line.place)


def _command_options(package: Package, problems: Problems) -> list[str] | None:
    """Options of the container in the command's own line; None if it has no container."""
    line = Line(package.fill(package.code.text), package.code.place)
    names = [name for name in placeholders(line.text) if package.meaning(name) == COMMAND]
    head, _, tail = line.text.partition(f"{{{names[0]}}}")
    around = words(head.rstrip("'\""))
    if around[:1] == ["srun"]:
        around = around[1:]
        while around and around[0].startswith("-"):
            around = around[1:]
    found: list[str] | None = None
    if around[:2] == ["docker", "run"]:
        place = _args_place(package, line, "docker_args")
        found = from_docker(around[2:], place, problems)
    elif around[:1] and around[0] in ("apptainer", "singularity"):
        place = _args_place(package, line, "apptainer_args", "singularity_args")
        found = from_apptainer(around[2:], place, problems)
    elif around and around not in (["bash", "-c"], ["sh", "-c"]):
        _not_kept(line, " ".join(around), problems)
    if not _TO_LOG.fullmatch(tail.strip()):
        _not_kept(line, tail.strip(), problems)
    return found


def _not_kept(line: Line, what: str, problems: Problems) -> None:
    problems.warn(
        line.place,
        "",
        f"'{what}' around the command has no counterpart; write it into the command_template",
    )


def _without_unfilled(package: Package, problems: Problems) -> Package:
    """The package without lines that need a value of a job, or that change the folder."""

    def sound(line: Line) -> bool:
        for name in placeholders(line.text):
            problems.warn(
                line.place,
                "",
                f"'{line.text}' needs a job's '{package.meaning(name)}'; write the line into the"
                " command_template",
            )
        moves = line.text.startswith("cd ") and line.text[3:].strip("'\"") not in HERE
        if moves:
            problems.warn(line.place, "", f"'{line.text}': {ANOTHER_FOLDER}")
        return not (placeholders(line.text) or moves or line.text.startswith("cd "))

    before, after = filter(sound, package.before), filter(sound, package.after)
    return dataclasses.replace(package, before=tuple(before), after=tuple(after))


# --- the kinds of clusters ---------------------------------------------------------------------


def _local(profile: Profile, package: Package, problems: Problems) -> None:
    profile.settings["cores"] = "all"
    for line in package.before:
        problems.warn(
            line.place,
            "",
            f"'{line.text}' has no counterpart on one machine; run it before Snakemake: jobs"
            " inherit its environment",
        )
    _after(package, problems)


def _after(package: Package, problems: Problems) -> None:
    for line in package.after:
        problems.warn(
            line.place,
            "",
            f"'{line.text}' after the command has no counterpart; write it into the"
            " command_template",
        )


def _slurm(profile: Profile, package: Package, problems: Problems) -> None:
    found = slurm_settings(package, problems)
    profile.settings |= {"executor": "slurm", "jobs": 100, "latency-wait": 60} | found.settings
    profile.defaults = {**found.defaults, **_defaults(package, problems)}
    profile.scripts_of = "slurm"
    if package.before:
        text = "\n".join(line.text for line in package.before)
        if len(package.before) > 1:
            text = f"{{\n{text}\n}}"
        if re.search(r"[$`]", text):
            # Else it would be expanded where Snakemake is, and again where sbatch is called.
            text = "eval '" + text.replace("'", r"'\''").replace("$", "$''") + "'"
            profile.settings |= {"precommand": text, "slurm-pass-command-as-script": True}
        profile.settings["precommand"] = text
    _after(package, problems)


def _generic(profile: Profile, package: Package, problems: Problems) -> None:
    profile.settings |= {
        "executor": "cluster-generic",
        "cluster-generic-submit-cmd": submit_command(package, problems),
    }
    system = package.system
    if system == "other":
        problems.warn(package.command.place, "submission_command", _of_other(package.command.text))
    else:
        profile.settings["cluster-generic-status-cmd"] = "status.sh"
        profile.settings["cluster-generic-cancel-cmd"] = CANCEL[system]
        profile.scripts_of = STATUS_SCRIPT_OF[system]
    if system != "other" or package.before or package.after:
        profile.settings["jobscript"] = "jobscript.sh"
        profile.scripts["jobscript.sh"] = job_script(package)
    profile.settings |= {
        "jobs": 100,
        "latency-wait": 60,
        "seconds-between-status-checks": 20,
        "max-status-checks-per-second": 5,
    }
    profile.defaults = {**_DEFAULTS, **_defaults(package, problems)}


def _of_other(command: str) -> str:
    """The warning about a submission command that is not one of those we know."""
    if os.path.basename(command.split()[0]) == "condor_submit":
        return (
            f"'{command}' takes a description of the job, which a template of divvy writes; for"
            " HTCondor, write 'snakemake-looper profile htcondor'"
        )
    return (
        f"'{command}' is unknown; check that it prints the job's id, and write a"
        " 'cluster-generic-status-cmd': without one, Snakemake waits for killed jobs"
    )


def _defaults(package: Package, problems: Problems) -> dict[str, int | str]:
    """The package's settings as default resources: for jobs without a value of their own."""
    found: dict[str, int | str] = {}
    for key in ("mem", "time", "partition", "account"):
        try:
            found |= to_snakemake({key: package.settings.get(key)})[1]
        except UnitError as error:
            problems.add(package.place_of(key), key, str(error).removeprefix(f"{key}: "))
    return found


def _other_settings(package: Package, problems: Problems) -> None:
    """Warn of settings that belong to jobs: a profile has no place for them."""
    for key, value in package.settings.items():
        place = package.place_of(key)
        if key in _HANDLED or value in (None, ""):
            continue
        if key in IMAGES:
            problems.warn(
                place, key, f"'{value}' is for jobs; write it under 'compute:' of the pipeline"
                f" interface, {_AT_RUN}",
            )  # fmt: skip
        elif key == CRATE:
            problems.warn(place, key, f"'{value}': {NO_BULKER}")
        elif key == "cores":
            problems.warn(
                place, key, "Snakemake has no default for it; write it under 'compute:' of the"
                f" pipeline interface, {_AT_RUN}",
            )  # fmt: skip
        elif key not in package.used:
            problems.warn(
                place,
                key,
                f"is not in the package's template; for commands that use it, {_AT_RUN[3:]}",
            )

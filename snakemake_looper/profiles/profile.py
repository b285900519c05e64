"""Snakemake profiles: those that come along, and those made from a divvy compute package.

    profiles/slurm/
        config.v9+.yaml   options of Snakemake, each commented
        head_job.sh       a job that runs Snakemake itself
    profiles/sge/
        jobscript.sh      what is submitted
        status.sh         what has become of it

A profile says what a site decides, and is meant to be changed. So files that are there already and
have another content are kept, unless forced.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import Problems
from ..files import write_atomic
from ..layout import data_dir
from ..read.compute import DIVVY_VARIABLE, divvy_config
from ..read.options import Options
from .divvy.package import read_package
from .divvy.translate import Profile, translate

BUNDLED = {"local": "default", "slurm": "slurm", "sge": "sge", "lsf": "lsf", "generic": "generic"}
"""Names of profiles that come along, and their folders in `workflow/profiles/`."""
CONFIG = "config.v9+.yaml"
_WIDTH = 98
_COMMENTS = {
    "cores": "Jobs run here, as they fit; `--cores 8` for fewer.",
    "jobs": "So many jobs are queued or run at once.",
    "default-resources": "For jobs that say nothing of it themselves. Snakemake evaluates these"
    " values: text is in quotes twice.",
    "latency-wait": "A file that a node has written may take this long to be seen here (seconds).",
    "precommand": "Run before each job, by /bin/sh on the node.",
    "jobscript": "What is submitted, with the template's shell around it and its exit code kept.",
    "cluster-generic-status-cmd": "What has become of a job: running, success or failed.",
    "seconds-between-status-checks": "Each look asks once for each job.",
    "software-deployment-method": "Jobs run in the images that the project names.",
    "cluster-generic-submit-cmd": "The options of the template; {…} is what a job needs.",
    "slurm-pass-command-as-script": "Or substitutions in that would be made here, not on the node.",
}


def bundled(name: str, folder: Path, problems: Problems) -> dict[str, str]:
    """The files of a profile that comes along, by name; `folder` is its place."""
    if name not in BUNDLED:
        problems.add(
            "profile",
            "",
            f"there is no profile '{name}'; there are {', '.join(BUNDLED)}, and --package NAME for"
            " one from a divvy config",
        )
        return {}
    return _files(name, folder)


def _files(name: str, folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8").replace(f"profiles/{name}", str(folder))
        for path in sorted((data_dir("profiles") / BUNDLED[name]).iterdir())
        if path.suffix in (".yaml", ".sh")
    }


def of_package(divvy: str | None, name: str, folder: Path, problems: Problems) -> dict[str, str]:
    """The files of a profile that submits as a compute package does; `folder` is its place.

    `divvy` is the divvy config as it was typed, `$DIVCFG` if it was not.
    """
    config = divvy_config(Options(divvy=divvy), Path.cwd())
    if config is None:
        problems.add(
            "--package", "", f"'{name}' is in no file; give --divvy FILE, or set ${DIVVY_VARIABLE}"
        )
        return {}
    package = read_package(config, name, problems)
    if package is None:
        return {}
    profile = translate(package, problems)
    origin = f"package '{name}' of {config.name}"
    notes = [warning.replace(f"{config.parent}{os.sep}", "") for warning in problems.warnings]
    files = {CONFIG: _text(profile, origin, folder, notes), **profile.scripts}
    files_of_system = _files(profile.like, folder) if profile.like else {}
    added = ("status.sh", "head_job.sh")
    return files | {name: files_of_system[name] for name in added if name in files_of_system}


def usage(folder: Path, files: Mapping[str, str]) -> str:
    """How a profile is used, in one line."""
    cores = "" if re.search(r"^(jobs|cores):", files[CONFIG], re.MULTILINE) else " --cores all"
    return f"snakemake --use-looper-config --profile {shlex.quote(str(folder))}{cores}"


def missing_plugin(files: Mapping[str, str]) -> str | None:
    """The package of an executor that a profile needs and that is not installed."""
    match = re.search(r"^executor: (.*)$", files[CONFIG], re.MULTILINE)
    package = f"snakemake-executor-plugin-{match[1].strip()}" if match else ""
    there = not package or importlib.util.find_spec(package.replace("-", "_")) is not None
    return None if there else package


def write_profile(
    folder: Path, files: Mapping[str, str], force: bool, problems: Problems
) -> list[Path]:
    """Write what is not there yet; returns what was written.

    Raises:
        ProjectError: a file is in the way, or something was wrong before; nothing is written.
    """
    changed = []
    if folder.exists() and not folder.is_dir():
        problems.add(folder, "", "is no folder; choose another with -o")
        problems.raise_if_any()
    for name, text in files.items():
        path = folder / name
        try:
            current = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
        except OSError as error:
            problems.add(path, "", f"cannot be read: {error.strerror}; move it")
            continue
        if current is not None and current != text and not force:
            problems.add(path, "", "exists and has another content; use --force")
        if current != text:
            changed.append(path)
    problems.raise_if_any()
    for path in changed:
        write_atomic(path, files[path.name], mode=0o755 if path.suffix == ".sh" else 0o644)
    return changed


# --- the text of a profile ---------------------------------------------------------------------


def _text(profile: Profile, origin: str, folder: Path, notes: list[str]) -> str:
    head = f"""\
# Made by snakemake-looper from {origin}.
#
#   snakemake --use-looper-config --profile {folder}
#
# Here is what the site decides. What a job needs is in the rules, from looper's compute settings.
"""
    settings = dict(profile.settings)
    if profile.defaults:
        settings["default-resources"] = {
            key: _evaluated(value) for key, value in sorted(profile.defaults.items())
        }
    parts = [head.rstrip("\n")]
    for key, value in settings.items():
        comment = _COMMENTS.get(key)
        text = "\n".join(_setting(key, value))
        if comment:
            parts.append(
                f"\n{textwrap.fill(f'# {comment}', _WIDTH, subsequent_indent='# ')}\n{text}"
            )
        else:
            parts.append(text)
    if notes:
        parts.append("\n# Without a counterpart here:")
        parts += [_note(note) for note in notes]
    return "\n".join(parts) + "\n"


def _note(text: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent="# - ", subsequent_indent="#   ", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _setting(key: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}:", *(f"  {name}: {item}" for name, item in value.items())]
    if isinstance(value, list):
        return [f"{key}: >-", *(f"  {part}" for part in value)]
    text = str(value)
    if isinstance(value, (bool, int)):
        return [f"{key}: {text.lower()}"]
    block = [f"{key}: |-", *(f"  {line}" for line in text.split("\n"))]
    if "\n" in text and _reads("\n".join(block), {key: text}):
        return block
    plain = re.fullmatch(r"[A-Za-z][\w./-]*( [\w./+=][\w./+=-]*)*", text) and _reads(text, text)
    return [f"{key}: {text if plain else _quoted(text)}"]


def _reads(line: str, value: Any) -> bool:
    """Whether YAML reads a line so. It reads `no` as False, and `null` as nothing."""
    try:
        return bool(yaml.safe_load(line) == value)
    except yaml.YAMLError:
        return False


def _quoted(text: str) -> str:
    """A text in double quotes, on one line, as YAML reads it."""
    width = sys.maxsize
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=width).rstrip("\n")


def _evaluated(value: int | str) -> str:
    """A default resource. Snakemake evaluates it: text is the expression of a string.

    Plain words are in quotes, too. Each version of Snakemake adds names to those that it knows, and
    a partition may be called like one of them.
    """
    return str(value) if isinstance(value, int) else _quoted(repr(value))

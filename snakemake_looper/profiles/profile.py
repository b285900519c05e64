"""Snakemake profiles: those that come with this package, and those made from a divvy package.

    profiles/slurm/
        config.v9+.yaml   options of Snakemake, each commented
        head_job.sh       a job that runs Snakemake itself
    profiles/sge/
        jobscript.sh      the script that is submitted for each job
        status.sh         tells Snakemake whether a job runs, succeeded or failed

A profile holds the decisions of a site, and users edit its files. So an existing file with another
content is kept, unless the user adds `--force`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from ..errors import Problems
from ..files import content_of, write_atomic
from ..layout import data_dir
from ..read.interfaces.compute import DIVVY_VARIABLE, divvy_config
from ..read.options.options import Options
from .divvy.package import read_package
from .divvy.translate import translate
from .profile_text import profile_text

BUNDLED = {
    "local": "default", "slurm": "slurm", "lsf": "lsf", "htcondor": "htcondor", "sge": "sge",
    "lsf-generic": "lsf-generic", "generic": "generic",
}  # fmt: skip
"""The profiles that come with this package, and their folders in `workflow/profiles/`."""
CONFIG = "config.v9+.yaml"
"""The file of a profile that Snakemake 9 and later read."""
_RIVAL = "profile.v9+.yaml"
"""The name that newer versions of Snakemake prefer in their manual. 9.14 does not know it, and the
others read either of the two if both are there."""
_FORMER = {"lsf": "lsf-generic"}
"""Profiles for cluster-generic whose names have gone to a profile for another executor plugin."""


def bundled(name: str, folder: Path, problems: Problems) -> dict[str, str]:
    """The files of a bundled profile: texts by name.

    Args:
        name: the profile's name, one of `BUNDLED`.
        folder: the profile's folder, which its comments mention.
        problems: gets a problem if there is no such profile.
    """
    if name not in BUNDLED:
        problems.add(
            "profile",
            "",
            f"there is no profile '{name}'; write one of {', '.join(BUNDLED)}, or --package NAME"
            " for a profile from a divvy config",
        )
        return {}
    former = _FORMER.get(name)
    if former and "executor: cluster-generic" in _text(folder / CONFIG):
        problems.warn(
            folder / CONFIG,
            "",
            f"is for cluster-generic; that profile is called {former} now: to renew it, write"
            f" 'snakemake-looper profile {former} -o {folder}'",
        )
    return _bundled_files(name, folder)


def _text(path: Path) -> str:
    try:
        return content_of(path).decode(errors="replace")
    except OSError:
        return ""


def _bundled_files(name: str, folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8").replace(f"profiles/{name}", str(folder))
        for path in sorted((data_dir("profiles") / BUNDLED[name]).iterdir())
        if path.suffix in (".yaml", ".sh")
    }


def from_package(divvy: str | None, name: str, folder: Path, problems: Problems) -> dict[str, str]:
    """The files of a profile that submits as a compute package does: texts by name.

    Args:
        divvy: the divvy config as it was typed; None stands for `$DIVCFG`.
        name: name of the compute package.
        folder: the profile's folder, which its comments mention.
        problems: gets faults of the package, and a warning for each part of it that has no
            counterpart in Snakemake.
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
    files = {CONFIG: profile_text(profile, origin, folder, notes), **profile.scripts}
    bundled = _bundled_files(profile.scripts_of, folder) if profile.scripts_of else {}
    scripts = ("status.sh", "head_job.sh")
    return files | {script: bundled[script] for script in scripts if script in bundled}


def usage(folder: Path, files: Mapping[str, str]) -> str:
    """The command that runs Snakemake with a profile."""
    cores = "" if re.search(r"^(jobs|cores):", files[CONFIG], re.MULTILINE) else " --cores all"
    return f"snakemake --use-looper-config --profile {shlex.quote(str(folder))}{cores}"


def missing_plugin(files: Mapping[str, str]) -> str | None:
    """The executor plugin that a profile needs, if it is not installed; else None."""
    match = re.search(r"^executor: (.*)$", files[CONFIG], re.MULTILINE)
    package = f"snakemake-executor-plugin-{match[1].strip()}" if match else ""
    found = not package or importlib.util.find_spec(package.replace("-", "_")) is not None
    return None if found else package


def write_profile(
    folder: Path, files: Mapping[str, str], force: bool, problems: Problems
) -> list[Path]:
    """Write the files of a profile that do not exist yet, or whose content has changed.

    Args:
        folder: the profile's folder; it is made if it does not exist.
        files: texts by name.
        force: replace files that have another content.
        problems: gets each file that is in the way. It may have problems already.

    Returns:
        The files that were written.

    Raises:
        ProjectError: `problems` is not empty. No file is written then.
    """
    changed = []
    if folder.exists() and not folder.is_dir():
        problems.add(folder, "", "is no folder; choose another with -o")
        problems.raise_if_any()
    if (folder / _RIVAL).exists():
        what = f"Snakemake may read it in the place of {CONFIG}"
        problems.add(folder / _RIVAL, "", f"{what}; move it, or choose another folder with -o")
    for name, text in files.items():
        path = folder / name
        try:
            current = content_of(path).decode(errors="replace") if path.exists() else None
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

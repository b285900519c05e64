"""Compute settings (cores, memory, time, partition): the files that they are read from.

A job's settings come from five sources. If two sources have the same key, the one that is earlier
in this list wins, as in looper ("divcfg < interface < config < command line"):

1. `--compute key=value`, then the file of `--settings`: `compute_options`
2. `looper: compute: resources:` of the PEP
3. `compute:` of the pipeline interface
4. the row of `size_dependent_variables` for the sample's input size: module `size_table`
5. the compute package of a divvy config (`--package`, `--divvy` or `$DIVCFG`): `compute_package`

`dynamic_variables_command_template` of an interface, which looper deprecates, replaces 2 to 4.
`plan.compute_settings` puts the sources together for each job.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import Problems, near
from ..documents.yaml_lines import Document, absent, read_yaml, resolve
from ..options.options import Options
from ..templates.template_undefined import Partial

DIVVY_VARIABLE = "DIVCFG"
"""Environment variable with the path of a divvy config."""


def compute_options(
    options: Options, root: Path, problems: Problems
) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """The settings of `--compute` over those of the file of `--settings`, and the files read."""
    values: dict[str, Any] = {}
    files: tuple[Path, ...] = ()
    if options.settings:
        path = resolve(options.settings, root)
        files = (path,)
        document = _read("settings", options.settings, path, options, problems)
        values = dict(document.data) if document else Partial()
    values.update(options.compute or ())
    return values, files


def compute_package(
    options: Options, root: Path, problems: Problems
) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """The settings of a divvy compute package over those of `default`, and the files read."""
    path = divvy_config(options, root)
    if path is None:
        if options.package:
            why = f"neither --divvy nor ${DIVVY_VARIABLE} names a file with packages"
            advice = "choose a cluster with a Snakemake profile"
            what = f"'{options.package}' is ignored: {why}; {advice}"
            problems.warn(*options.origin("package"), what)
        return {}, ()
    if options.divvy:
        document = _read("divvy", options.divvy, path, options, problems)
    else:
        document = read_yaml(path, problems, f"${DIVVY_VARIABLE}")
    if document is None:
        return Partial(), (path,)
    section = document.data.get("compute_packages")
    packages = section if isinstance(section, Mapping) else {}
    name = options.package or "default"
    found = packages.get(name)
    if isinstance(found, Mapping):
        default = packages.get("default")
        return {**(default if isinstance(default, Mapping) else {}), **found}, (path,)
    if options.package:
        known = ", ".join(map(str, packages)) or "none"
        what = f"there is no package '{name}'{near(name, map(str, packages))}"
        problems.add(*options.origin("package"), f"{what}; {path} has {known}")
        return Partial(), (path,)
    return {}, (path,)


def _read(
    name: str, text: str, path: Path, options: Options, problems: Problems
) -> Document | None:
    """The file that an option names. A missing file is a problem at the place of the option."""
    if path.is_file():
        return read_yaml(path, problems)
    is_folder = f"'{text}' is a folder; write the path of a file"
    problems.add(*options.origin(name), is_folder if path.is_dir() else absent(text, path))
    return None


def divvy_config(options: Options, root: Path) -> Path | None:
    """The divvy config that `--divvy` names, else `$DIVCFG`; None if neither is given."""
    source = options.divvy or os.environ.get(DIVVY_VARIABLE)
    return resolve(source, root) if source else None

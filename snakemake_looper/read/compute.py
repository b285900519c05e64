"""Compute settings (cores, memory, time, partition): the files that they are read from.

A job's settings come from five sources. If two sources have the same key, the one that is earlier
in this list wins, as in looper ("divcfg < interface < config < command line"):

1. `--compute key=value`, then the file of `--settings`: `compute_options`
2. `looper: compute: resources:` of the PEP
3. `compute:` of the pipeline interface
4. the row of `size_dependent_variables` for the sample's input size: `size_table`
5. the compute package of a divvy config (`--package`, `--divvy` or `$DIVCFG`): `compute_package`

`dynamic_variables_command_template` of an interface, which looper deprecates, replaces 2 to 4.
`plan.compute_settings` puts the sources together for each job.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Place, Problems, near
from ..model import SizeRow
from .options import Options
from .yaml_lines import Document, absent, read_yaml, resolve

DIVVY_VARIABLE = "DIVCFG"
"""Environment variable with the path of a divvy config."""
_LIMIT = "max_file_size"


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
        values = dict(document.data) if document else {}
    return {**values, **dict(options.compute or ())}, files


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
        return {}, (path,)
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
    return {}, (path,)


def _read(
    name: str, text: str, path: Path, options: Options, problems: Problems
) -> Document | None:
    """The file that an option names. If there is none, the problem is where the option stands."""
    if path.is_file():
        return read_yaml(path, problems)
    is_folder = f"'{text}' is a folder; write the path of a file"
    problems.add(*options.origin(name), is_folder if path.is_dir() else absent(text, path))
    return None


def divvy_config(options: Options, root: Path) -> Path | None:
    """The divvy config that `--divvy` names, else `$DIVCFG`; None if neither is given."""
    source = options.divvy or os.environ.get(DIVVY_VARIABLE)
    return resolve(source, root) if source else None


def size_table(path: Path, place: Place, problems: Problems) -> tuple[SizeRow, ...]:
    """Read a size table: a TSV with a column `max_file_size` in GB (1024³ bytes).

    The format is that of looper's "size-dependent variables": the row with the smallest
    sufficient size counts, and `NaN` suffices for any size.

    Args:
        path: the table.
        place: where the interface names it, for a table that cannot be read.
        problems: gets each fault.

    Returns:
        The rows, sorted by size.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or error
        what = f"'{path}' cannot be read: {said}; correct the path"
        problems.add(place, "compute.size_dependent_variables", what)
        return ()
    reader = csv.DictReader(io.StringIO(text), delimiter="\t")
    if _LIMIT not in (reader.fieldnames or ()):
        problems.add(Place(str(path), 1), _LIMIT, "there is no such column; add it, in GB")
        return ()
    rows = []
    for row in reader:
        limit = _limit(row[_LIMIT])
        if limit is None:
            what = f"'{row[_LIMIT]}' is no size; write a number of GB, or NaN for any size"
            problems.add(Place(str(path), reader.line_num), _LIMIT, what)
            continue
        values = {key: _number(value) for key, value in row.items() if key and value is not None}
        rows.append(SizeRow(limit, values))
    return tuple(sorted(rows, key=lambda row: row.max_gb))


def _number(text: str) -> Any:
    """A cell as templates see it. It is a number if Python would write the number in this way."""
    text = text.strip()
    for kind in (int, float):
        try:
            if str(kind(text)) == text and math.isfinite(kind(text)):
                return kind(text)
        except ValueError:
            continue
    return text


def _limit(text: str | None) -> float | None:
    if (text or "").strip().lower() in ("", "nan", "na", "inf"):
        return math.inf
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if value >= 0 else None

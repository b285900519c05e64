"""The compute settings of a job: memory, time, cores and others, from up to five sources.

`read.compute` lists the sources and their order. Some sources are the same for all jobs of a level
(the command line, the PEP, the divvy package): `Layers` holds these. The others depend on the
interface and on the size of the sample's input files.

Each job gets a mapping of its own: no setting leaks from one sample to the next (quirk 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Place
from ..model import Interface, Level, Pep, SizeRow
from ..read.compute import divvy_config
from ..read.settings import Settings
from ..read.yaml_lines import resolve
from .failures import JobError

_NOT_SETTINGS = ("size_dependent_variables", "dynamic_variables_command_template")
"""Keys of an interface's `compute:` section that are not settings of a job."""


class Layer(NamedTuple):
    """Compute settings from one source."""

    values: Mapping[str, Any]
    folder: Path
    """Relative paths among the values are relative to this folder."""
    place: Place
    """The file or option that has the values."""


class Layers(NamedTuple):
    """The sources that are the same for all jobs of a level; the first one wins."""

    command_line: Layer
    settings_file: Layer
    pep: Layer
    package: Layer
    """The divvy package. An interface's settings win over it; the other three win over them."""
    options: Mapping[str, Any]
    """The values of the command line over those of the settings file."""

    @property
    def above(self) -> tuple[Layer, ...]:
        """The sources that win over those of an interface."""
        return self.command_line, self.settings_file, self.pep


def layers_of(settings: Settings, pep: Pep, level: Level) -> Layers:
    """The sources of compute settings that all jobs of a level have in common."""
    options = settings.options_of(level)
    root = settings.root
    file = resolve(options.settings, root) if options.settings else root
    divvy = divvy_config(settings.options, root) or root
    pep_file = pep.config_file or settings.looper_config
    typed = dict(options.compute or ())
    in_file = {k: v for k, v in settings.compute_options[level].items() if k not in typed}
    return Layers(
        Layer(typed, root, Place("--compute")),
        Layer(in_file, file.parent, Place(str(file))),
        Layer(_in_pep(pep), pep_file.parent, Place(str(pep_file))),
        Layer(settings.compute_package, divvy.parent, Place(str(divvy))),
        settings.compute_options[level],
    )


def _in_pep(pep: Pep) -> Mapping[str, Any]:
    """`looper: compute: resources:` of a PEP."""
    section: Any = pep.config
    for name in ("looper", "compute", "resources"):
        section = section.get(name) if isinstance(section, Mapping) else None
    return section if isinstance(section, Mapping) else {}


def common_settings(layers: Layers) -> dict[str, Any]:
    """The settings of the divvy package, with those of the command line over them.

    `dynamic_variables_command_template` is rendered with these.
    """
    return _merged(layers.package.values, layers.options)


def settings_of_job(
    interface: Interface, layers: Layers, size_gb: float, dynamic: Mapping[str, Any] | None
) -> dict[str, Any]:
    """All compute settings of a job.

    Args:
        interface: the job's interface.
        layers: the sources that all jobs of the level have in common.
        size_gb: size of the sample's input files in GB (1024³ bytes).
        dynamic: the answer of `dynamic_variables_command_template`, if the interface has one. It
            replaces the settings of the interface and of the PEP, as in looper.

    Raises:
        JobError: the size table has no row for inputs of this size.
    """
    package, options = layers.package.values, layers.options
    if dynamic is not None:
        return _merged(package, dynamic, options)
    row: Mapping[str, Any] = {}
    if interface.size_table:
        found = size_row(interface.size_table, size_gb)
        if found is None:
            raise JobError(
                "compute",
                f"no row of the size table is for inputs of {size_gb:.3g} GB;"
                " add one whose max_file_size is NaN",
            )
        row = found
    static = {k: v for k, v in interface.compute.items() if k not in _NOT_SETTINGS}
    return _merged(package, row, static, layers.pep.values, options)


def size_row(table: Iterable[SizeRow], size_gb: float) -> Mapping[str, Any] | None:
    """The values for inputs of a size in GB (1024³ bytes); None if every row is too small."""
    for row in table:
        if size_gb <= row.max_gb:
            return row.values
    return None


def _merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Several mappings merged into one; the last one wins."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update(layer)
    return merged

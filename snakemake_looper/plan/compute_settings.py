"""The compute settings of a job: memory, time, cores and others, from up to five sources.

`read.interfaces.compute` lists the sources and their order. Some sources are the same for all jobs of a level
(the command line, the PEP, the divvy package): `Layers` holds these. The others depend on the
interface and on the size of the sample's input files.

Each job gets a mapping of its own: no setting leaks from one sample to the next (quirk 5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Place, Problems
from ..model import Interface, Level, Pep, SizeRow
from ..read.documents.yaml_lines import read_yaml, resolve
from ..read.interfaces.compute import divvy_config
from ..read.settings import Settings
from ..read.templates.template_undefined import Partial
from .failures import JobError, KnownFault
from .resources import UnitError

_NOT_SETTINGS = ("size_dependent_variables", "dynamic_variables_command_template")
"""Keys of an interface's `compute:` section that are not settings of a job."""
_PEP_KEYS = ("looper", "compute", "resources")


class Layer(NamedTuple):
    """Compute settings from one source."""

    values: Mapping[str, Any]
    folder: Path
    """Relative paths among the values are relative to this folder."""
    place: Place
    """The file or option that has the values."""
    keys: tuple[str, ...] = ()
    """The last keys of the section that has the values in that file."""

    table: bool = False
    """Whether it is a row of a size table."""

    def place_of(self, key: str) -> tuple[Place, str]:
        """The place of one value, and its key there. It reads the file again."""
        file = Path(self.place.file)
        document = read_yaml(file, Problems()) if file.is_file() else None
        end = (*self.keys, key)
        for path in reversed(list(document.lines)) if document else ():
            if document and path[-len(end) :] == end:
                return document.place(*path), ".".join(map(str, path))
        return self.place, key


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
        Layer(typed, root, options.origin("compute")[0], ("compute",)),
        Layer(in_file, file.parent, Place(str(file))),
        Layer(_in_pep(pep), pep_file.parent, Place(str(pep_file)), _PEP_KEYS),
        Layer(settings.compute_package, divvy.parent, Place(str(divvy))),
        settings.compute_options[level],
    )


def _in_pep(pep: Pep) -> Mapping[str, Any]:
    """`looper: compute: resources:` of a PEP."""
    section: Any = pep.config
    for name in _PEP_KEYS:
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

    If the table has no row for this size, or cannot be read, the settings are `Partial`.
    """
    package, options = layers.package.values, layers.options
    if dynamic is not None:
        return _merged(package, dynamic, options)
    row = _row(interface, size_gb)
    static = {k: v for k, v in interface.compute.items() if k not in _NOT_SETTINGS}
    return _merged(package, row.values if row else Partial(), static, layers.pep.values, options)


_NO_ROW = SizeRow(math.inf, {}, Place(""))


def _row(interface: Interface, size_gb: float) -> SizeRow | None:
    """The row of the size table; None if there is no such row, or it could not be read."""
    if not interface.compute.get("size_dependent_variables"):
        return _NO_ROW if interface.compute or not interface.data.get("compute") else None
    return size_row(interface.size_table, size_gb)


def check_size(interface: Interface, size_gb: float, dynamic: Mapping[str, Any] | None) -> None:
    """Refuse inputs that are too large for the size table.

    Raises:
        JobError: no row is for inputs of this size.
    """
    if dynamic is None and interface.size_table and _row(interface, size_gb) is None:
        last = interface.size_table[-1]
        raise JobError(
            "compute",
            f"no row of the size table is for inputs of {size_gb:.3g} GB;"
            " add one whose max_file_size is NaN",
            lambda: (last.place, "max_file_size"),
        )


def sources_of(interface: Interface, layers: Layers) -> list[Layer]:
    """The sources that are typed or stand in a YAML file; the first one wins, the package is last.

    The size table is not one of them.
    """
    place = interface.places.get("compute", interface.place)
    own = Layer(interface.compute, interface.folder, place, ("compute",))
    return [*layers.above, own, layers.package]


def source_of(
    key: str,
    interface: Interface,
    layers: Layers,
    size_gb: float,
    dynamic: Mapping[str, Any] | None,
) -> Layer | None:
    """The source that a job has a setting from; None if no source has it.

    The arguments are those of `settings_of_job`.
    """
    *above, own, package = sources_of(interface, layers)
    row = _row(interface, size_gb)
    if dynamic is not None:
        printed = Layer(dynamic, interface.folder, own.place_of(_NOT_SETTINGS[1])[0])
        sources = [layers.command_line, layers.settings_file, printed, layers.package]
    else:
        table = Layer(row.values, interface.folder, row.place, (), True) if row else own
        sources = [*above, own, table, package]
    return next((layer for layer in sources if key in layer.values), None)


def size_row(table: Iterable[SizeRow], size_gb: float) -> SizeRow | None:
    """The row for inputs of a size in GB (1024³ bytes); None if every row is too small."""
    for row in table:
        if size_gb <= row.max_gb:
            return row
    return None


def _merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Several mappings merged into one; the last one wins."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update(layer)
        if isinstance(layer, Partial) and not isinstance(merged, Partial):
            merged = Partial(merged)
    return merged


def setting_error(
    error: UnitError, source: Layer | None, value: Any, interface: Interface
) -> JobError:
    """The fault of a job with a compute setting that cannot be read.

    `compute_checks` has reported the cells of a size table already.

    Args:
        error: the error of the setting.
        source: the source that has the setting; None if only a hook has it.
        value: the setting.
        interface: the job's interface.
    """
    key = f"compute.{error.key}"
    if source is None or source.values[error.key] != value:
        place = interface.places.get("pre_submit", interface.place)
        return JobError(key, f"a hook made this value: {error}", lambda: (place, key))
    kind = KnownFault if source.table else JobError
    return kind(key, str(error), partial(source.place_of, error.key))

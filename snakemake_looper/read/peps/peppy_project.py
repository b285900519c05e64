"""The seam to peppy, which reads PEPs: no other module sees peppy's objects.

A PEP (portable encapsulated project) is a table of samples and a config that modifies it. peppy
reads both and applies the modifiers. This module takes plain values out of it.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import LooperError

_log = logging.getLogger(__name__)

_TIMEOUT = 10
"""Seconds to wait for a server with a table."""


class PeppyError(LooperError):
    """peppy cannot read a PEP. The text is peppy's own, or that of a library below it."""


@dataclass(frozen=True, slots=True)
class PeppyProject:
    """The plain values of a PEP that peppy has read."""

    config: Mapping[str, Any]
    """The config as peppy reads it, before the looper config's modifiers."""
    samples: tuple[dict[str, Any], ...]
    """Attributes of each sample after all modifiers, in the order of the table."""
    index: str
    """Name of the attribute that identifies a sample."""
    tables: tuple[Path, ...]
    """Sample and subsample tables that the config names."""
    sources: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    """The derived attributes: by attribute and name of the source, the numbers of the samples."""


def load_pep(
    source: str | Mapping[str, Any],
    amendments: Sequence[str],
    modifiers: Mapping[str, Any],
    folder: Path,
) -> PeppyProject:
    """Let peppy read a PEP.

    Args:
        source: path of a config or of a table; or a raw PEP, as PEPhub gives it.
        amendments: names of amendments to apply, in order. peppy applies them to files only.
        modifiers: the looper config's `sample_modifiers`, applied after the PEP's own (quirk 35).
        folder: the looper config's folder. peppy searches derived sources relative to the
            working directory, so it works there.

    Raises:
        PeppyError: peppy raised any error. The log has the traceback, at level DEBUG.
    """
    from .peppy_merging import Project

    try:
        with _quiet(), _impatient(), _quick_lookups(), contextlib.chdir(folder):
            project = (
                Project(source, amendments=list(amendments))
                if isinstance(source, str)
                else Project.from_dict(source)
            )
            config = copy.deepcopy(dict(project.config or {}))
            if modifiers:
                project.config["sample_modifiers"] = dict(modifiers)
                project.modify_samples()
            return _values_of(project, config, isinstance(source, str))
    except Exception as error:  # peppy raises whatever pandas, PyYAML and the system raise
        _log.debug("peppy cannot read %s", source, exc_info=True)
        raise PeppyError(str(error).strip() or type(error).__name__) from error


def _values_of(project: Any, config: Mapping[str, Any], is_file: bool) -> PeppyProject:
    """The plain values of a project, which has no samples afterwards.

    Each sample refers to the project, and the project to them: they would stay in memory.
    """
    in_order = _in_order(project)
    values = PeppyProject(
        config=config,
        samples=tuple(map(_plain_values, in_order)),
        index=str(project.st_index),
        tables=tuple(_tables(project)) if is_file else (),
        sources=_sources(in_order),
    )
    project.samples.clear()
    return values


def _in_order(project: Any) -> list[Any]:
    """Samples in the order of the table. peppy gives samples of several rows in any order."""
    from peppy.const import SAMPLE_DF_KEY

    samples = list(project.samples)
    index, table = str(project.st_index), project[SAMPLE_DF_KEY]
    if index not in table:
        return samples
    place: dict[str, int] = {}
    for number, name in enumerate(table[index]):
        place.setdefault(str(name), number)
    if len(place) < len(table):
        samples.sort(key=lambda sample: place.get(str(sample[index]), len(table)))
    return samples


def _plain_values(sample: Any) -> dict[str, Any]:
    """The attributes of a sample, as its `to_dict` gives them; that asks pandas for each value."""
    values = {key: value for key, value in sample.attributes.items() if not key.startswith("_")}
    if all(type(value) is str for value in values.values()):
        return values
    plain: dict[str, Any] = sample.to_dict()
    return plain


def _sources(samples: list[Any]) -> dict[tuple[str, str], tuple[int, ...]]:
    """The derived attributes of samples, see `PeppyProject.sources`."""
    from peppy.const import ATTR_KEY_PREFIX

    found: dict[tuple[str, str], list[int]] = {}
    for number, sample in enumerate(samples):
        for attribute in sample.attributes["_derived_cols_done"]:
            source = sample.attributes.get(f"{ATTR_KEY_PREFIX}{attribute}")
            found.setdefault((attribute, str(source)), []).append(number)
    return {key: tuple(numbers) for key, numbers in found.items()}


def _tables(project: Any) -> Iterator[Path]:
    """The tables that a config names, if they are files."""
    config = project.config or {}
    for key in ("sample_table", "subsample_table"):
        value = config.get(key)
        for item in value if isinstance(value, list) else [value] if value else []:
            if os.path.isfile(str(item)):
                yield Path(str(item))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide what peppy prints and logs, and what pandas warns of: the PEP's reader names faults."""
    logger = logging.getLogger("peppy")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="peppy")  # what pandas says of tables
            yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give up if a server with a table is silent: pandas itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _has(sample: Any, key: Any) -> bool:
    """Whether a sample has an attribute; a list or a mapping is none."""
    try:
        return key in sample.attributes
    except TypeError:
        return False


@contextlib.contextmanager
def _quick_lookups() -> Iterator[None]:
    """Let peppy find attributes quickly.

    When peppy 0.40 looks up an attribute with `in`, it makes a list of all names, and asks for the
    length of the sample. For the length, it serializes the whole sample. With 10,000 samples, this
    takes half of the time.
    """
    import peppy

    length, has = peppy.Sample.__len__, peppy.Sample.__contains__
    peppy.Sample.__len__ = lambda sample: len(sample.attributes)
    peppy.Sample.__contains__ = _has
    try:
        yield
    finally:
        peppy.Sample.__len__ = length
        peppy.Sample.__contains__ = has

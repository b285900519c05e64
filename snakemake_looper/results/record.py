"""A record with all that is known of it: status, results, and the attributes of its sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .records import Results
from .statuses import RecordStatus


@dataclass(frozen=True, slots=True)
class Record:
    """A sample, or the project, as one pipeline left it."""

    pipeline: str
    level: str
    """`sample` or `project`."""
    record: str
    """The name of the sample, or of the project."""
    status: str
    """As `snakemake-looper check` shows it, for example `completed`; `none` if it never ran."""
    results: Mapping[str, Any] = field(default_factory=dict)
    """All that it reported, by name. A file or image is a mapping with `path` and `title`."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """The attributes of its sample after all modifiers of the PEP. A value is text, or a list if
    the sample has several. Empty if nobody asked for them, at project level, and if the sample has
    left the table."""
    note: str = ""
    """A remark, for example that values are of an earlier run; empty if there is none."""
    started: float | None = None
    """The time when its last try began, in seconds since the epoch; None if that is not known."""
    took: float | None = None
    """The time from there to its end, in seconds; None if that is not known."""
    memory_mb: float | None = None
    """The most memory that it held, in MB (1,024² bytes); None if that is not known."""


Place = tuple[str, str]
"""A pipeline and a level."""
Key = tuple[str, str, str]
"""Pipeline, level and name of a record."""


def key_of(status: RecordStatus) -> Key:
    """The key of the record that has a status."""
    return status.pipeline, status.level, status.record


def joined(
    results: Iterable[Results],
    statuses: Iterable[RecordStatus],
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Record]:
    """One record for each that has a status or results, pipeline by pipeline, sample level first.

    Args:
        results: the results of each pipeline and level.
        statuses: the statuses, in the order that records shall have. Others come after them.
        attributes: the attributes of each sample.
    """
    known = {key_of(one): one for one in statuses}
    kept = {(one.pipeline, one.level): one for one in results}
    members: dict[Place, dict[str, None]] = {}
    for pipeline, level, record in known:
        members.setdefault((pipeline, level), {})[record] = None
    for place, one in kept.items():
        members.setdefault(place, {}).update(dict.fromkeys(one.records))
    pipelines = list(dict.fromkeys(pipeline for pipeline, _ in members))
    order = {pipeline: number for number, pipeline in enumerate(pipelines)}
    found = []
    for place in sorted(members, key=lambda one: (order[one[0]], one[1] == "project")):
        of_level = kept.get(place)
        for record in members[place]:
            status = known.get((*place, record))
            sample = (attributes or {}).get(record, {}) if place[1] != "project" else {}
            found.append(_record((*place, record), status, of_level, sample))
    return found


def _record(
    key: Key, status: RecordStatus | None, results: Results | None, attributes: Mapping[str, Any]
) -> Record:
    pipeline, level, record = key
    note = results.notes.get(record, "") if results else ""
    values = results.records.get(record, {}) if results else {}
    if status is None:
        return Record(pipeline, level, record, "", values, attributes, note)
    return Record(
        pipeline,
        level,
        record,
        status.status,
        values,
        attributes,
        note or status.reason,
        status.started,
        status.took,
        status.memory_mb,
    )


def attribute_names(records: Sequence[Record]) -> list[str]:
    """The attributes of all samples, in the order of the PEP.

    `sample_name` is left out: it is the name of the record.
    """
    names: dict[str, None] = {}
    last: Mapping[str, Any] | None = None
    for one in records:
        if one.attributes is not last and not names.keys() >= one.attributes.keys():
            names.update(dict.fromkeys(one.attributes))
        last = one.attributes
    names.pop("sample_name", None)
    return list(names)

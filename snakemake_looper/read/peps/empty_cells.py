"""Empty cells that leave a gap in a derived path, such as `data/.fq` from `data/{file}.fq`.

peppy fills the braces with nothing, and no file has that path. An attribute next to another one or
to a word, as in `{sample_name}{suffix}.fq`, may be empty on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ...errors import Place, Problem
from .pep_modifiers import SECTION, Places
from .sample_faults import Attributes, Sources, shown_samples
from .table_text import also_in, cells
from .tables import Table

_ALONE = re.compile(r"(?<![{}$A-Za-z0-9])\{(\w+)\}(?![{}A-Za-z0-9])")
"""An attribute that is a part of a path by itself."""


class _Gap(NamedTuple):
    """An attribute that is empty, where a source needs it."""

    attribute: str
    derived: str
    """The derived attribute, the first one that needs it."""
    source: str
    samples: Attributes


def warnings_of_empty_cells(
    modifiers: Any,
    place: Places,
    samples: Attributes,
    sources: Sources,
    tables: Iterable[Table],
    index: str,
) -> Iterator[Problem]:
    """The attributes that leave a gap in derived paths; one warning for each.

    Args:
        modifiers: the value of a section `sample_modifiers`.
        place: gives the place of a key of the section.
        samples: the attributes of all samples after the modifiers.
        sources: the numbers of the samples by derived attribute and name of its source.
        tables: the tables of samples and subsamples.
        index: the column with the samples' names.
    """
    derive = modifiers.get("derive") if isinstance(modifiers, Mapping) else None
    paths = derive.get("sources") if isinstance(derive, Mapping) else None
    if not isinstance(paths, Mapping):
        return
    given = derive.get("attributes") if isinstance(derive, Mapping) else None
    listed = given if isinstance(given, list) else [given]
    own = {key: numbers for key, numbers in sources.items() if key[0] in listed}
    for gap in _gaps(paths, samples, own):
        path = paths[gap.source]
        what = f"and nothing stands for {{{gap.attribute}}} in '{path}' ({gap.derived}); write a"
        what = f"{what} value"
        found = _rows(gap, tables, index)
        if found:
            table, lines = found
            what = f"is empty in this row, {what}{also_in(lines[1:])}"
            yield Problem(Place(str(table.path), lines[0]), gap.attribute, what)
        else:
            keys = ("derive", "sources", gap.source)
            what = f"{gap.attribute} is empty, {what}{shown_samples(gap.samples)}"
            yield Problem(place(*keys), ".".join((SECTION, *keys)), what)


def _gaps(paths: Mapping[str, Any], samples: Attributes, sources: Sources) -> Iterator[_Gap]:
    known: set[str] = set()
    for (derived, source), numbers in sources.items():
        path = paths.get(source)
        for attribute in _ALONE.findall(path) if isinstance(path, str) else ():
            of_these = (samples[number] for number in numbers)
            empty = [sample for sample in of_these if _is_empty(sample.get(attribute))]
            if empty and attribute not in known:
                known.add(attribute)
                yield _Gap(attribute, derived, source, empty)


def _is_empty(value: Any) -> bool:
    return value == "" or (isinstance(value, list) and "" in value)


def _rows(gap: _Gap, tables: Iterable[Table], index: str) -> tuple[Table, list[int]] | None:
    """The table with the empty cells, and their lines; None if they come from no table."""
    names = {str(sample.get(index, "")) for sample in gap.samples}
    for table in tables:
        if gap.attribute in table.head:
            rows = cells(table.path, index, gap.attribute)
            lines = [line for line, (name, cell) in rows if name in names and not cell]
            if lines:
                return table, lines
    return None

"""peppy's project, with other ways to merge rows and to remove attributes.

In peppy 0.40, an empty cell of a subsample table is `nan` or is left out, so that two attributes of
one sample have values of different rows side by side. Here it is an empty text, as an empty cell of
the sample table is. And peppy compares each row with all samples when it merges rows: with
thousands of samples, this takes minutes.

`peppy_project` imports this module late: peppy and pandas take a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import peppy
from peppy.const import (
    REMOVE_KEY,
    SAMPLE_EDIT_FLAG_KEY,
    SAMPLE_MODS_KEY,
    SAMPLE_TABLE_INDEX_KEY,
    SUBSAMPLE_DF_KEY,
    SUBSAMPLE_NAME_ATTR,
)


class Project(peppy.Project):  # type: ignore[misc]
    """A PEP that peppy reads."""

    _has_index = False

    def _set_indexes(self, config: Mapping[str, Any]) -> None:
        """Take the name of the index from a config. peppy asks for the PEP itself first, then for
        each import, where an import without an index must not take away the PEP's."""
        is_first = not hasattr(self, "st_index")
        if is_first or (SAMPLE_TABLE_INDEX_KEY in config and not self._has_index):
            super()._set_indexes(config)
        if is_first:
            self._has_index = SAMPLE_TABLE_INDEX_KEY in config

    def load_samples(self) -> list[Any]:
        """The samples of the table, without rows whose cells are all empty: a spreadsheet's end."""
        samples: list[Any] = super().load_samples()
        return [one for one in samples if one.attributes.get(self.st_index) or _has_value(one)]

    def attr_remove(self) -> None:
        """Remove attributes. With an attribute, peppy also removes the one that its value names."""
        modifiers = self.config.get(SAMPLE_MODS_KEY) or {}
        names = [name for name in modifiers.get(REMOVE_KEY, ()) if isinstance(name, str)]
        for sample in self.samples:
            for name in names:
                sample.attributes.pop(name, None)

    def _auto_merge_duplicated_names(self) -> None:
        """Merge the rows of one name into one sample, as peppy does, which needs minutes for it."""
        rows: dict[Any, list[Any]] = {}
        for sample in self.samples:
            rows.setdefault(sample[self.st_index], []).append(sample)
        if len(rows) == len(self.samples):
            return
        if self.get(SUBSAMPLE_DF_KEY) is not None:
            super()._auto_merge_duplicated_names()  # an error
        self._samples = [own[0] if len(own) == 1 else _merged(own) for own in rows.values()]
        self[SAMPLE_EDIT_FLAG_KEY] = True

    def attr_merge(self) -> None:
        """Give each sample the values of its rows in the subsample tables, as lists."""
        for table in self.get(SUBSAMPLE_DF_KEY) or ():
            columns = {str(name): list(map(_plain, table[name])) for name in table.columns}
            rows: dict[str, list[int]] = {}
            for number, name in enumerate(columns.pop(self.st_index)):
                rows.setdefault(name, []).append(number)
            if SUBSAMPLE_NAME_ATTR not in columns:
                columns[SUBSAMPLE_NAME_ATTR] = list(map(str, table.index))
            for sample in self.samples:
                own = rows.get(sample[self.st_index])
                if own:
                    sample.update(
                        {name: [cells[row] for row in own] for name, cells in columns.items()}
                    )


def _merged(rows: list[Any]) -> Any:
    """The sample of several rows: a list for each attribute whose values differ."""
    attributes = {}
    for name in rows[0]:
        if not name.startswith("_"):
            cells = (row.get(name, "") for row in rows)
            values = [one for cell in cells for one in (cell if isinstance(cell, list) else [cell])]
            is_one = bool(values) and all(one == values[0] for one in values)
            attributes[name] = values[0] if is_one else values
    return peppy.Sample(attributes)


def _has_value(sample: Any) -> bool:
    """Whether any attribute of a sample has a value; peppy's own begin with `_`."""
    return any(value != "" for name, value in sample.items() if not name.startswith("_"))


def _plain(cell: Any) -> Any:
    """A cell; an empty one as an empty text. pandas has `None` or `nan` for it, unequal to itself."""
    return "" if cell is None or cell != cell else cell

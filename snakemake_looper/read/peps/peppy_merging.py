"""peppy's project, with other ways to make samples, to merge rows and to remove attributes.

In peppy 0.40, an empty cell of a subsample table is `nan` or is left out, so that two attributes of
one sample have values of different rows side by side. Here it is an empty text, as an empty cell of
the sample table is. And peppy compares each row with all samples when it merges rows: with
thousands of samples, this takes minutes. pandas makes an object of its own for each row of a table,
which takes longer than all else that peppy does with the row.

`peppy_project` imports this module late: peppy and pandas take a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas  # type: ignore[import-untyped]  # peppy brings it along
import peppy
from peppy.const import (
    REMOVE_KEY,
    SAMPLE_DF_KEY,
    SAMPLE_EDIT_FLAG_KEY,
    SAMPLE_MODS_KEY,
    SAMPLE_TABLE_INDEX_KEY,
    SUBSAMPLE_DF_KEY,
    SUBSAMPLE_NAME_ATTR,
)


class Project(peppy.Project):  # type: ignore[misc]
    """A PEP that peppy reads."""

    _has_index = False
    _rows: pandas.DataFrame | None = None
    """The sample table, while peppy has an empty one in its place."""

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
        self._put_rows_aside()
        samples: list[Any] = super().load_samples()
        if self._rows is not None:
            self[SAMPLE_DF_KEY], self._rows = self._rows, None
            samples = self._samples_of(self[SAMPLE_DF_KEY])
        return [one for one in samples if one.attributes.get(self.st_index) or _has_value(one)]

    def _read_sample_data(self) -> None:
        super()._read_sample_data()
        self._put_rows_aside()

    def _put_rows_aside(self) -> None:
        """Leave an empty table to peppy, which has pandas make an object of each row."""
        table = self.get(SAMPLE_DF_KEY)
        if table is not None and len(table):
            self._rows, self[SAMPLE_DF_KEY] = table, table.iloc[:0]

    def _samples_of(self, table: pandas.DataFrame) -> list[Any]:
        """A sample for each row of a table, as `peppy.Sample` makes it of a row."""
        cells = _texts(table)
        if cells is None:
            return [peppy.Sample(row, prj=self) for _, row in table.iterrows()]
        samples = []
        for row in zip(*cells.values(), strict=True):
            sample = peppy.Sample({}, prj=self)
            sample.attributes.update(zip(cells, row, strict=True))
            sample.attributes["_attributes"] = list(cells)
            samples.append(sample)
        return samples

    def _get_table_from_samples(self, *_: Any, **__: Any) -> pandas.DataFrame:
        """No table. peppy makes one of all samples again, and this package does not ask for it."""
        return pandas.DataFrame()

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


def _texts(table: pandas.DataFrame) -> dict[str, list[str]] | None:
    """The cells of each column; None if any cell or name is no text, or two columns share a name.

    A row of texts has the same values, whether pandas makes it or not. A name with `_` in front may
    be one of peppy's own, which such a cell must not replace.
    """
    names = [name for name in table.columns if type(name) is str and not name.startswith("_")]
    columns = {name: table[name].tolist() for name in names}
    if not table.columns.is_unique or len(columns) < len(table.columns):
        return None
    are_texts = all(type(cell) is str for cells in columns.values() for cell in cells)
    return columns if are_texts else None


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

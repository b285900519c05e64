"""The results of a level, sorted by how MultiQC shows them: numbers, texts, images.

A result is not sorted as a whole, since a pipeline can report text where its schema wants a number.
Each value is: a finite number goes into the general statistics, an image into a section of images,
and every other value into the table of texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ...addresses import address
from ...read.schemas.output_schema import DeclaredResult
from ..report.report_levels import LevelReport
from ..report.report_pages import declared_by
from ..report.report_values import Cell, cells_of
from .pictures import Picture, Pictures
from .words import cell, heading

_NUMBERS = (None, "integer", "number")
"""Types of a result whose numbers are numbers: a schema can declare that `12` is a text."""
_LONGEST_UNIT = 20
_LARGEST_WHOLE, _LARGEST = 2**53, 1e100
"""MultiQC's calculations overflow with larger numbers, and its report is not written then."""


@dataclass
class Column:
    """A result of a level, by the names of the records that reported it."""

    name: str
    declared: DeclaredResult | None
    numbers: dict[str, int | float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """HTML that shows the value."""
    pictures: list[Picture] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The title that the output schema has, else the name."""
        return _text_of(self.declared, "title") or self.name

    @property
    def description(self) -> str:
        """The description of the output schema; empty if there is none."""
        return self.declared.description if self.declared else ""

    def add(self, record: str, value: Any, pictures: Pictures) -> None:
        """Sort a value that a record reported."""
        number = self._number(value)
        if number is not None:
            self.numbers[record] = number
            return
        texts = []
        kind = self.declared.file_kind if self.declared else ""
        for one in cells_of(value, kind, pictures.find):
            if one.kind == "image":
                self.pictures.append(Picture(record, one.text, one.source))
            elif one.text:
                texts.append(_html(one))
        if texts:
            self.texts[record] = ", ".join(texts)

    def _number(self, value: Any) -> int | float | None:
        if (
            isinstance(value, bool)
            or (self.declared.type if self.declared else None) not in _NUMBERS
        ):
            return None
        if isinstance(value, int):
            return value if abs(value) <= _LARGEST_WHOLE else None
        fits = isinstance(value, float) and math.isfinite(value) and abs(value) <= _LARGEST
        return value if fits else None

    def header(self) -> dict[str, Any]:
        """The settings that numbers of this column have in MultiQC, as the output schema says.

        `minimum`, `maximum` and `unit` are keys that JSON Schema has, or that people add.
        """
        whole = all(isinstance(one, int) for one in self.numbers.values())
        found: dict[str, Any] = {"format": "{:,d}" if whole else "{:,.6g}"}
        definition = self.declared.definition if self.declared else {}
        for key, setting in (("minimum", "min"), ("maximum", "max")):
            limit = definition.get(key)
            if isinstance(limit, int | float) and not isinstance(limit, bool):
                found |= {setting: limit} if abs(limit) <= _LARGEST else {}
        unit = _text_of(self.declared, "unit") or _text_of(self.declared, "units")
        return {**found, "suffix": f" {heading(unit, _LONGEST_UNIT)}"} if unit else found

    @property
    def is_highlighted(self) -> bool:
        """Whether the output schema says `highlight: true`, as pipestat has it."""
        return self.declared is not None and self.declared.definition.get("highlight") is True


def _text_of(declared: DeclaredResult | None, key: str) -> str:
    value = declared.definition.get(key) if declared else None
    return value if isinstance(value, str) else ""


def _html(one: Cell) -> str:
    """The text of a cell; a link if it is on the web. The address has no login and no query."""
    shown, link = cell(one.text), address(one.href)
    is_on_web = "://" in link and "…" not in link
    return f'<a href="{escape(link)}">{shown}</a>' if is_on_web else shown


def columns_of(level: LevelReport, pictures: Pictures) -> list[Column]:
    """The results that records of a level have.

    Those of the output schema come first, in its order, then others as they appear.
    """
    found = {name: Column(name, one) for name, one in declared_by(level).items()}
    for record, values in level.records.items():
        for key, value in (values or {}).items():
            name = str(key)
            column = found.get(name) or found.setdefault(name, Column(name, None))
            column.add(record, value, pictures)
    return [one for one in found.values() if one.numbers or one.texts or one.pictures]

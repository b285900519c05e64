"""A table for MultiQC: a TSV file with its settings in comments above it.

MultiQC cleans the names of samples in JSON and YAML: it cuts them at `.sorted` or `_counts`, say,
and values of two samples that are one name then are mixed. In a TSV it leaves names as they are.

In a TSV it takes text that looks like a number for one, so text stands in quotes, and only numbers
stand without.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Value = str | int | float | None
"""A value of a cell: text, a finite number, or nothing."""


def table_text(
    config: Mapping[str, Any], head: Sequence[str], rows: Iterable[Sequence[Value]]
) -> str:
    """The text of a file.

    Args:
        config: settings of MultiQC's custom content; each is one line of YAML.
        head: the heading of the first column, and the ids of the others.
        rows: for each row its name and its values. Text has no line breaks and no tabs.
    """
    lines = [f"# {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in config.items()]
    lines.append(_line(head))
    lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _line(values: Sequence[Value]) -> str:
    return "\t".join(map(_cell, values))


def _cell(value: Value) -> str:
    if value is None or value == "":
        return ""
    return f'"{value}"' if isinstance(value, str) else repr(value)

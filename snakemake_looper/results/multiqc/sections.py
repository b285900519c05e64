"""The files for MultiQC as values: names and texts.

    status                the status of each record in each pipeline, and remarks
    <pipeline>_stats      numbers of samples, for MultiQC's general statistics
    <pipeline>_results    other results of samples: text, links, nested values
    <pipeline>_project    results of the project
    <pipeline>_…_image…   the images of one result

A pipeline's sections are below one heading. Ids are the same each time, as long as no two pipelines,
or results, have names that differ only in their punctuation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...status_words import NOT_RUN, order
from ..report.report_levels import LevelReport
from .columns import Column, columns_of
from .pictures import Pictures
from .tsv import Value, table_text
from .words import Ids, RowNames, cell, heading

START = "snakemake_looper_"
"""The names of all files of ours begin with this."""
_MOST_ROWS = 500
"""Rows of a table of texts. MultiQC draws a larger one as a plot, and text has no plot."""
_MOST_SHOWN = 10
"""Columns of a pipeline that MultiQC's general statistics show; others are a click away."""
_LONGEST_TITLE = 60
_COLOURS: Mapping[str, Sequence[str]] = {
    "pass": ["completed"], "fail": ["failed"], "warn": ["partial", "skipped"],
    "blue": ["running", "waiting"],
}  # fmt: skip
"""MultiQC's names of colours, with the statuses that have them."""


class Document(NamedTuple):
    """A file for MultiQC."""

    name: str
    text: str


class _Part(NamedTuple):
    """A level with its columns."""

    level: LevelReport
    id: str
    """The id of the pipeline."""
    columns: Sequence[Column]

    @property
    def parent(self) -> dict[str, str]:
        """Settings of a section below the pipeline's heading."""
        name = heading(self.level.pipeline, _LONGEST_TITLE)
        return {
            "parent_id": f"{START}{self.id}_pipeline",
            "parent_name": name,
            "parent_description": f"Results that the looper pipeline “{name}” reported.",
        }


def documents(levels: Sequence[LevelReport], pictures: Pictures) -> Iterator[Document]:
    """All files for MultiQC, one after the other."""
    names, ids = RowNames(), Ids("status")
    by_pipeline = {name: ids.name(name) for name in dict.fromkeys(one.pipeline for one in levels)}
    parts = [_Part(one, by_pipeline[one.pipeline], columns_of(one, pictures)) for one in levels]
    yield from _statuses(parts, names)
    users = Counter(
        column.title for part in parts if part.level.level == "sample" for column in part.columns
    )
    for part in parts:
        if part.level.level == "sample":
            yield from _stats(part, names, {title for title, number in users.items() if number > 1})
            yield from _texts(part, names)
        else:
            yield from _project(part)
        yield from _images(part, pictures)


def _statuses(parts: Sequence[_Part], names: RowNames) -> Iterator[Document]:
    """The status of each record. Of many records, those that did not complete come first."""
    found: dict[str, dict[str, str]] = {}
    notes: dict[str, dict[str, None]] = {}
    headers: dict[str, dict[str, Any]] = {}
    for part in parts:
        level, key = part.level, f"{part.id}_{part.level.level}"
        headers[key] = _status_header(level)
        for record in dict.fromkeys((*level.statuses, *level.records)):
            found.setdefault(record, {})[key] = cell(level.statuses.get(record, NOT_RUN))
            failure = level.failures.get(record)
            note = level.notes.get(record) or (failure.reason if failure else "")
            if note:
                notes.setdefault(record, {})[cell(note)] = None
    if not found:
        return
    counts = Counter(status for one in found.values() for status in one.values())
    records = list(found)
    if len(records) > _MOST_ROWS:
        records.sort(key=lambda one: min(map(_trouble, found[one].values())))
    if notes:
        headers["note"] = {"title": "Note", "description": "A remark", "scale": False}
        for record, texts in notes.items():
            found[record]["note"] = "; ".join(texts)
    rows: list[list[Value]] = [
        [names.name(one), *(found[one].get(key) for key in headers)] for one in records[:_MOST_ROWS]
    ]
    told = ", ".join(
        f"{number} {status}" for status, number in sorted(counts.items(), key=_by_order)
    )
    config = _config("status", "Status of the records", headers)
    config["description"] = f"{told}.{_more(len(records), 'snakemake-looper check --itemized')}"
    yield Document(f"{START}status_mqc.tsv", table_text(config, ["Record", *headers], rows))


def _status_header(level: LevelReport) -> dict[str, Any]:
    name = heading(level.pipeline, _LONGEST_TITLE)
    of_project = " (project)" if level.level == "project" else ""
    rules = {colour: [{"s_eq": word} for word in words] for colour, words in _COLOURS.items()}
    return {
        "title": f"{name}{of_project}",
        "description": f"The status in the pipeline “{name}”",
        "scale": False,
        "cond_formatting_rules": rules,
    }


def _by_order(item: tuple[str, int]) -> int:
    return order(item[0])


def _trouble(status: str) -> int:
    """Sort key: what did not complete comes first."""
    return -order(status) if status != NOT_RUN else -1


def _stats(part: _Part, names: RowNames, shared: set[str]) -> Iterator[Document]:
    """The numbers of samples. Titles that several pipelines use name the pipeline, too."""
    columns = [one for one in part.columns if one.numbers]
    if not columns:
        return
    highlights = any(one.is_highlighted for one in columns)
    ids, headers = Ids(), {}
    for number, one in enumerate(columns):
        title = f"{one.title} ({part.level.pipeline})" if one.title in shared else one.title
        hidden = not one.is_highlighted if highlights else number >= _MOST_SHOWN
        headers[ids.name(one.name)] = {
            "title": heading(title, _LONGEST_TITLE),
            "description": heading(one.description or one.name),
            "namespace": part.id,
            "hidden": hidden,
            **one.header(),
        }
    config = {"id": f"{START}{part.id}_stats", "plot_type": "generalstats", "headers": headers}
    records = [one for one in part.level.records if any(one in each.numbers for each in columns)]
    rows: list[list[Value]] = [
        [names.name(one), *(column.numbers.get(one) for column in columns)] for one in records
    ]
    text = table_text(config, ["Sample", *headers], rows)
    yield Document(f"{START}{part.id}_stats_mqc.tsv", text)


def _texts(part: _Part, names: RowNames) -> Iterator[Document]:
    """The results of samples that are no numbers."""
    columns = [one for one in part.columns if one.texts]
    records = [one for one in part.level.records if any(one in each.texts for each in columns)]
    if not records:
        return
    ids = Ids()
    headers = {ids.name(one.name): _text_header(one) for one in columns}
    rows: list[list[Value]] = [
        [names.name(one), *(column.texts.get(one) for column in columns)]
        for one in records[:_MOST_ROWS]
    ]
    config = _config(f"{part.id}_results", "Results", headers) | part.parent
    config["description"] = (
        f"Results of samples that are no numbers.{_more(len(records), 'snakemake-looper table')}"
    )
    text = table_text(config, ["Sample", *headers], rows)
    yield Document(f"{START}{part.id}_results_mqc.tsv", text)


def _text_header(column: Column) -> dict[str, Any]:
    return {
        "title": heading(column.title, _LONGEST_TITLE),
        "description": heading(column.description or column.name),
        "scale": False,
    }


def _project(part: _Part) -> Iterator[Document]:
    """The results of the project: a row for each result, a column for each record."""
    columns = [one for one in part.columns if one.texts or one.numbers]
    if not columns:
        return
    ids, names, users = Ids("description"), RowNames(), Counter(one.title for one in columns)
    titles = {ids.name(one): heading(one, _LONGEST_TITLE) for one in part.level.records}
    headers = {
        key: {"title": title, "description": title, "scale": False} for key, title in titles.items()
    }
    headers["description"] = {"title": "Description", "description": "Description", "scale": False}
    rows: list[list[Value]] = [
        [
            names.name(one.title if users[one.title] == 1 else f"{one.title} ({one.name})"),
            *(_shown(one, record) for record in part.level.records),
            cell(one.description),
        ]
        for one in columns
    ]
    config = _config(f"{part.id}_project", "Project", headers) | part.parent
    config["description"] = "Results of the project."
    yield Document(
        f"{START}{part.id}_project_mqc.tsv", table_text(config, ["Result", *headers], rows)
    )


def _shown(column: Column, record: str) -> str | None:
    number = column.numbers.get(record)
    return column.texts.get(record) if number is None else str(number)


def _config(name: str, title: str, headers: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a table of texts, which is never drawn as a plot."""
    return {
        "id": f"{START}{name}",
        "section_name": title,
        "plot_type": "table",
        "pconfig": {
            "id": f"{START}{name}_table",
            "title": title,
            "no_violin": True,
            "sort_rows": False,
        },
        "headers": dict(headers),
    }


def _more(number: int, command: str) -> str:
    if number <= _MOST_ROWS:
        return ""
    return f" The table has {_MOST_ROWS} of {number:,} records; `{command}` has all."


def _images(part: _Part, pictures: Pictures) -> Iterator[Document]:
    """A section for each result that has images."""
    ids = Ids()
    for one in part.columns:
        id_ = ids.name(one.name)
        html = pictures.html(one.pictures)
        if not html:
            continue
        name = f"{START}{part.id}_{part.level.level}_image_{id_}"
        config = {
            "id": name,
            "section_name": f"Image: {heading(one.title, _LONGEST_TITLE)}",
            "plot_type": "html",
            **part.parent,
            "description": _literal(heading(one.description)),
            "data": html,
        }
        yield Document(f"{name}_mqc.json", json.dumps(config, ensure_ascii=False, indent=1) + "\n")


def _literal(text: str) -> str:
    """A text as Markdown that shows it letter by letter: MultiQC takes a description for that."""
    return "".join(f"\\{one}" if one in "\\`*_{}[]()#+-.!|~" else one for one in text)

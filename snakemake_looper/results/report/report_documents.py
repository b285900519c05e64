"""The texts of all files of a report, made from pages by the templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import jinja2

from ...status_words import FAILURES, SKIPPED, order
from ...version import __version__
from .report_files import Documents, FileNames, LinkedFiles
from .report_levels import LevelReport
from .report_lists import page_list
from .report_numbers import grouped
from .report_pages import LevelPages, RecordPage, level_pages, log_cell

_TEMPLATES = Path(__file__).with_name("templates")
_ASSETS = ("report.css", "contents.css", "report.js")
_CSV = "results.csv"
_MOST_TROUBLE = 20
"""Records with a failure that the index page lists."""
_TROUBLE = (*FAILURES, SKIPPED)
"""The statuses of these records."""


def documents(
    reports: Sequence[LevelReport], project_name: str, files: LinkedFiles, csv: str = ""
) -> Documents:
    """Every file of the report, one after the other: record pages are not kept in memory.

    Args:
        reports: results and statuses of each level.
        project_name: the title.
        files: the files that pages link to.
        csv: a table of all results.
    """
    environment = _environment(project_name, files)
    for name in _ASSETS:
        yield f"assets/{name}", (_TEMPLATES / name).read_text(encoding="utf-8")
    names = FileNames()
    folders = {name: names.name(name) for name in dict.fromkeys(one.pipeline for one in reports)}
    levels, of_project = [], []
    for report in reports:
        folder = f"pipelines/{folders[report.pipeline]}/{report.level}"
        level = level_pages(report, folder, files)
        levels.append(level)
        if report.level == "project":
            seen = level_pages(report, folder, files, seen_from="")
            of_project += [(seen, record) for record in seen.records if record.results]
        yield from _documents_of_level(level, environment)
    if csv:
        yield _CSV, csv
    index = environment.get_template("index.html")
    yield "index.html", index.render(
        home="", levels=levels, of_project=of_project, csv=_CSV if csv else "",
        **_trouble(levels, files),
    )  # fmt: skip


def _environment(project_name: str, files: LinkedFiles) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["grouped"] = grouped
    environment.globals.update(
        project=project_name, version=__version__,
        order=order, absent="not included" if files.portable else "not found",
    )  # fmt: skip
    return environment


def _trouble(levels: Sequence[LevelPages], files: LinkedFiles) -> dict[str, Any]:
    """The first records that failed, were interrupted or skipped, and the number of others."""
    found = (
        (level, record)
        for level in levels
        for record in level.records.with_status(_TROUBLE)
        if not record.has_left
    )
    first: list[tuple[LevelPages, RecordPage]] = []
    known, size = set(), 0
    for level, record in found:
        known.add(record.status)
        size += 1
        if size <= _MOST_TROUBLE:
            first.append((level, record))
    *others, last = [status for status in _TROUBLE if status in known] or [""]
    return {
        "headline": " or ".join(filter(None, (", ".join(others), last))).capitalize(),
        "trouble": [
            (level, record, log_cell(record.log.path, partial(files.link, "")))
            for level, record in first
        ],
        "more": size - _MOST_TROUBLE,
    }


def _documents_of_level(level: LevelPages, environment: jinja2.Environment) -> Documents:
    render = {
        name: environment.get_template(f"{name}.html").render
        for name in ("records", "images", "record")
    }
    folder = level.folder
    entry: Any = environment.get_template("entries.html").module
    csv = f"{FileNames('index', 'images').name(level.report.pipeline)}.csv"
    if level.report.csv:
        yield f"{folder}/{csv}", level.report.csv
    common = {"home": "../../../", "level": level, "csv": csv if level.report.csv else ""}
    table = yield from page_list(
        folder, "index", (str(entry.row(level, record)) for record in level.records)
    )
    yield f"{folder}/index.html", render["records"](**common, table=table)
    galleries = {}
    for number, key in enumerate(level.images, 1):
        figures = (
            str(entry.picture(record, cell))
            for record in level.records
            for cell in record.results.get(key, ())
            if cell.kind == "image"
        )
        galleries[key] = yield from page_list(folder, f"images-{number}", figures)
    if galleries:
        yield f"{folder}/images.html", render["images"](**common, galleries=galleries)
    for before, record, after in _with_neighbours(level.records):
        text = render["record"](**common, record=record, previous=before, following=after)
        yield f"{folder}/{record.file}", text


def _with_neighbours(
    records: Iterable[RecordPage],
) -> Iterator[tuple[RecordPage | None, RecordPage, RecordPage | None]]:
    """Each record with the one before and the one after it."""
    before: RecordPage | None = None
    here: RecordPage | None = None
    for after in chain(records, [None]):
        if here is not None:
            yield before, here, after
        before, here = here, after

"""A project's results as web pages: a folder of plain HTML, or one zip that opens anywhere.

    pages ─> rows of shown values ─> texts of files ─> a folder beside, renamed (or a zip)

The pages are ours and not pipestat 0.13.1's, whose builder leaves out records beyond the 1,000th
and those without results, puts values into HTML as they are, loads its tables from six other
sites, writes records `A` and `a` into one file, and is quadratic in records (see quirk 23).
Ours need no network, and no JavaScript but for sorting and filtering.

Each pipeline and level has a folder with a table (`index.html`), its images, and one page per
record. They are in one folder so that a link is right on all of them and is made only once.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import jinja2
import yaml

from ..errors import LooperError
from ..layout import report_folder
from ..status_words import NOT_RUN, order
from ..version import __version__
from ..workspace.job_table import JobTable
from .records import Results, read_results
from .statuses import read_statuses

Documents = Iterator[tuple[str, str]]
"""Names of files of the report, with their texts."""


Link = Callable[[str], str]
"""Makes a link from the pages of one folder to a file; empty if there is no such file."""


_MARKER = ".snakemake-looper-report"


_TEMPLATES = Path(__file__).with_name("report_templates")


_ASSETS = ("report.css", "report.js")


_SHORT = 60


_MOST = 20


# What every browser draws; other images (PDF, TIFF) are linked, or shown by their thumbnails.
_DRAWN = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".avif"})


_PACKED = _DRAWN - {".svg", ".bmp"} | {".gz", ".bgz", ".bam", ".cram", ".bz2", ".xz", ".zip"}


_WEB = re.compile(r"(?:https?|ftp)://[^\s<>]+\Z", re.IGNORECASE)


_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ReportError(LooperError):
    """The report cannot be written where it should be: nothing was."""


@dataclass(frozen=True, slots=True)
class Page:
    """The results of one pipeline at one level."""

    pipeline: str
    level: Literal["sample", "project"]
    schema: Path | None
    """The pipeline's output schema."""
    records: Mapping[str, Mapping[str, Any]]
    """Results of each record, without bookkeeping."""
    statuses: Mapping[str, str]
    """Statuses of records, also of those without results."""
    logs: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)
    """What has to be known of records: that results are of an earlier run, for example."""


class Shown(NamedTuple):
    """A value as it is shown; `kind` is empty, text, number, data, link, file, image or missing."""

    kind: str
    text: str
    sort: str | None = None
    """What it is sorted by, if that is not the text."""
    href: str = ""
    source: str = ""
    """The picture that is drawn: a thumbnail, or the image itself."""
    path: str = ""

    @property
    def short(self) -> str:
        """What fits into a table."""
        if self.kind == "number" and self.sort:
            return f"{float(self.sort):.6g}"
        text = " ".join(self.text.split())
        return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


class Row(NamedTuple):
    """A record with what it reported, as shown."""

    record: str
    file: str
    status: str
    log: Shown
    results: Mapping[str, Sequence[Shown]]
    note: str = ""


class Site(NamedTuple):
    """A page of the index: where its table is, and what is in it."""

    page: Page
    folder: str
    rows: Sequence[Row]
    declared: Mapping[str, Mapping[str, Any]]
    columns: Sequence[str]
    """All results that anyone reported, those of the schema first and in its order."""
    numbers: frozenset[str]
    images: Sequence[str]
    counts: Mapping[str, int]


def report_of(
    jobs: JobTable,
    folder: Path | None = None,
    portable: bool = False,
    read: Sequence[Results] | None = None,
) -> Path:
    """Write the report of a plan's project as it is now; `write_report` says where and how.

    `read` are its results, if they have been read already.

    Without results, as without pipestat, it shows statuses and logs.

    Raises:
        LooperError: results cannot be read, or the folder holds something else.
    """
    workdir = jobs.facts.workdir
    results = {(one.pipeline, one.level): one for one in read or read_results(jobs, workdir)}
    by_pipeline: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for one in read_statuses(jobs, workdir):
        key = (one.pipeline or "(none)", one.level)
        by_pipeline.setdefault(key, {})[one.record] = (one.status, one.log)
    pages = []
    for pipeline, level in dict.fromkeys((*by_pipeline, *results)):
        found = results.get((pipeline, level))
        states = by_pipeline.get((pipeline, level), {})
        pages.append(
            Page(
                pipeline,
                "project" if level == "project" else "sample",
                Path(found.schema) if found and found.schema else None,
                found.records if found else {},
                {record: status for record, (status, _) in states.items()},
                {record: str(workdir / log) for record, (_, log) in states.items() if log},
                found.notes if found else {},
            )
        )
    name, root = jobs.facts.project_name, jobs.facts.rundir
    where = folder or report_folder(jobs.facts.output_dir, jobs.facts.amendments)
    return write_report(pages, where, name, root, portable)


def write_report(
    pages: Sequence[Page], folder: Path, project_name: str, root: Path, portable: bool = False
) -> Path:
    """Write the report of a project.

    Args:
        pages: what there is to show; each pipeline and level once.
        folder: the report's folder. One that is there is replaced as a whole, if it is a report.
        project_name: the title.
        root: what relative paths of results and logs are relative to.
        portable: write `<folder>.zip` instead, with all files that the pages show and link to.

    Returns:
        The index page, or the zip.

    Raises:
        ReportError: the folder holds something else.
        OSError: something cannot be written, or a file of a portable report cannot be read.
    """
    if len({(page.pipeline, page.level) for page in pages}) < len(pages):
        raise ValueError("a pipeline and level can be in a report once")
    folder = Path(os.path.abspath(folder))
    if folder.is_symlink():  # a link to where reports are served from stays one
        folder = folder.resolve()
    files = _Files(os.path.abspath(root), str(folder), portable)
    documents = _documents(pages, project_name, files)
    return (_write_zip if portable else _write_folder)(folder, documents, files)


class _Names:
    """File names, each once: also where `A` and `a` are one, and names like `con` are none."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def name(self, text: str) -> str:
        safe = re.sub(r"[^A-Za-z0-9._+-]+", "_", text).strip(".")[:80]
        if safe != text or safe.casefold() in self._taken or _RESERVED.match(safe):
            digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            safe = f"{safe}-{digest}"
        self._taken.add(safe.casefold())
        return safe


class _Files:
    """Links to results and logs; in a portable report also what has to be copied for them."""

    def __init__(self, root: str, folder: str, portable: bool) -> None:
        self._root, self._folder, self.portable = root, folder, portable
        self._found: dict[str, bool] = {}
        self.copies: dict[str, str] = {}
        """Files that go into a portable report, with their names there."""

    def link(self, page_folder: str, path: str) -> str:
        """A link from the pages of a folder of the report to a file; empty if there is none."""
        source = os.path.normpath(os.path.join(self._root, path))
        if source not in self._found:
            self._found[source] = self._usable(source)
        if not self._found[source]:
            return ""
        target = source
        if self.portable:
            target = os.path.join(self._folder, self._copy(source))
        relative = os.path.relpath(target, os.path.join(self._folder, page_folder))
        return quote(os.fsencode(relative))

    def _usable(self, source: str) -> bool:
        try:
            mode = os.stat(source).st_mode
        except (OSError, ValueError):  # not there, or no path at all
            return False
        # A folder would drag in whatever else is in it; a pipe or a device could not be copied.
        return stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and not self.portable)

    def _copy(self, source: str) -> str:
        """The name of a copy: a numbered folder each, so that the file's own name can stay."""
        if source not in self.copies:
            name = re.sub(r"[^\w.+-]+", "_", os.path.basename(source))[-100:]
            self.copies[source] = f"files/{len(self.copies) + 1}/{name}"
        return self.copies[source]


def _shown(value: Any, kind: str, link: Link) -> tuple[Shown, ...]:
    """A result as it is shown; a list of files or images is shown one by one."""
    if isinstance(value, list) and value and all(_is_file(item) for item in value):
        return tuple(_file(item, kind, link) for item in value)
    return (_file(value, kind, link) if _is_file(value) else _plain(value),)


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("path"), str) and value["path"] != ""


def _plain(value: Any) -> Shown:
    if value is None or value == "":
        return Shown("empty", "")
    if isinstance(value, bool):
        return Shown("text", str(value).lower())
    if isinstance(value, float):
        # JavaScript's spelling; what is not a number is sorted as nothing is.
        sort = {"inf": "Infinity", "-inf": "-Infinity", "nan": ""}.get(str(value), str(value))
        return Shown("number", str(value), sort)
    if isinstance(value, int):
        return Shown("number", str(value))
    if isinstance(value, list) and not any(isinstance(item, list | Mapping) for item in value):
        return Shown("text", ", ".join(map(str, value)))
    if isinstance(value, list | Mapping):
        with contextlib.suppress(TypeError, ValueError):  # its keys are something unusual
            return Shown("data", json.dumps(value, indent=2, ensure_ascii=False, default=str))
    text = str(value)
    return Shown("link", text, href=text) if _WEB.match(text) else Shown("text", text)


def _file(value: Mapping[str, Any], kind: str, link: Link) -> Shown:
    path = value["path"]
    title = str(value.get("title") or os.path.basename(path.rstrip("/")) or path)
    href = path if _WEB.match(path) else link(path)
    thumbnail = value.get("thumbnail_path")
    if kind == "image" or (kind != "file" and (thumbnail or _is_drawn(path))):
        for candidate in (thumbnail, path):
            # An image on a web server is linked and not drawn: looking at a report tells nobody.
            source = link(candidate) if isinstance(candidate, str) and _is_drawn(candidate) else ""
            if source:
                return Shown("image", title, href=href, source=source, path=path)
    return Shown("file" if href else "missing", title, href=href, path=path)


def _is_drawn(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in _DRAWN


def _declared(schema: Path | None, level: str) -> Mapping[str, Mapping[str, Any]]:
    """What an output schema says of each result of a level, in any of its forms."""
    try:
        data = yaml.load(schema.read_bytes(), _Loader) if schema else {}
    except (OSError, ValueError, yaml.YAMLError):
        return {}  # said when results are assembled; they can be shown without it
    node = _inner(data, "properties")
    own = "samples" if level == "sample" else "project"
    if own in node:
        node = _inner(_inner(node[own], "items"), "properties")
    else:
        others = ("samples", "project", "pipeline_name")
        node = {key: value for key, value in node.items() if key not in others}
    return {str(key): value for key, value in node.items() if isinstance(value, dict)}


def _inner(node: Any, key: str) -> dict[Any, Any]:
    found = node.get(key, node) if isinstance(node, dict) else {}
    return found if isinstance(found, dict) else {}


def _kind(declared: Mapping[str, Any]) -> str:
    """`image` or `file`, where the schema says so, of a result or of the items of a list."""
    items = declared.get("items")
    node = items if declared.get("type") == "array" and isinstance(items, dict) else declared
    return str(node.get("object_type") or node.get("type"))


def _site(page: Page, folder: str, files: _Files) -> Site:
    declared = _declared(page.schema, page.level)
    kinds = {key: _kind(value) for key, value in declared.items()}
    link, names = partial(files.link, folder), _Names("index", "images")
    rows = []
    for record in dict.fromkeys((*page.statuses, *page.records)):
        results = {
            str(key): _shown(value, kinds.get(str(key), ""), link)
            for key, value in (page.records.get(record) or {}).items()
        }
        status, log = page.statuses.get(record, NOT_RUN), _log(page.logs.get(record, ""), link)
        rows.append(
            Row(
                record,
                f"{names.name(record)}.html",
                status,
                log,
                results,
                page.notes.get(record, ""),
            )
        )
    reported = dict.fromkeys(key for row in rows for key in row.results)
    columns = [key for key in declared if key in reported]
    columns += [key for key in reported if key not in declared]
    seen = {
        (key, value.kind) for row in rows for key, values in row.results.items() for value in values
    }
    numbers = frozenset(key for key, kind in seen if kind == "number")
    images = [key for key in columns if (key, "image") in seen]
    return Site(page, folder, rows, declared, columns, numbers, images, _counts(rows))


def _log(path: str, link: Link) -> Shown:
    href = link(path) if path else ""
    return Shown("file" if href else "missing" if path else "empty", "log", href=href, path=path)


def _counts(rows: Iterable[Row]) -> Mapping[str, int]:
    """How many records have each status, in the order in which statuses are shown."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    return {status: counts[status] for status in sorted(counts, key=order)}


def _documents(pages: Sequence[Page], project_name: str, files: _Files) -> Documents:
    """Every file of the report, one after the other: record pages are not kept in memory."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        project=project_name, version=__version__, written=time.strftime("%Y-%m-%d %H:%M"),
        order=order, most=_MOST, absent="not included" if files.portable else "not found",
    )  # fmt: skip
    for name in _ASSETS:
        yield f"assets/{name}", (_TEMPLATES / name).read_text(encoding="utf-8")
    names = _Names()
    folders = {name: names.name(name) for name in dict.fromkeys(page.pipeline for page in pages)}
    sites = []
    for page in pages:
        site = _site(page, f"pipelines/{folders[page.pipeline]}/{page.level}", files)
        sites.append(site)
        yield from _level(site, environment)
    trouble = [
        (site, row, _log(row.log.path, partial(files.link, "")))
        for site in sites
        for row in site.rows
        if row.status in ("failed", "partial")
    ]
    template = environment.get_template("index.html")
    yield (
        "index.html",
        template.render(home="", sites=sites, trouble=trouble[:_MOST], more=len(trouble) - _MOST),
    )


def _level(site: Site, environment: jinja2.Environment) -> Documents:
    render = {
        name: environment.get_template(f"{name}.html").render
        for name in ("records", "images", "record")
    }
    common = {"home": "../../../", "site": site}
    yield f"{site.folder}/index.html", render["records"](**common)
    if site.images:
        yield f"{site.folder}/images.html", render["images"](**common)
    neighbours = [None, *site.rows, None]
    for previous, row, following in zip(neighbours, site.rows, neighbours[2:], strict=False):
        text = render["record"](**common, row=row, previous=previous, following=following)
        yield f"{site.folder}/{row.file}", text


def _write_folder(folder: Path, documents: Documents, files: _Files) -> Path:
    """Write a new folder beside the old one and let it take its place."""
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    try:
        new = work / "new"
        made: set[Path] = set()
        for name, text in documents:
            path = new / name
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            path.write_text(text, encoding="utf-8", errors="replace")
        (new / _MARKER).write_text("The next report replaces this folder.\n")
        _take_place(new, folder, work)
    finally:
        # What a reader on a network file system has open cannot be removed: no reason to fail.
        shutil.rmtree(work, ignore_errors=True)
    return folder / "index.html"


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder / _MARKER).exists():
        return
    if not folder.is_dir():
        raise ReportError(f"{folder}: is a file; name another folder for the report")
    if next(folder.iterdir(), None) is not None:
        raise ReportError(f"{folder}: holds something else than a report; name another folder")


def _take_place(new: Path, folder: Path, work: Path) -> None:
    """Rename, again if another report came in between: the last one stays."""
    for attempt in range(10):
        old = work / f"old{attempt}"
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        try:
            new.rename(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                if old.exists():
                    old.rename(folder)
                raise
    raise ReportError(f"{folder}: others keep writing to it; write one report at a time")


def _write_zip(folder: Path, documents: Documents, files: _Files) -> Path:
    """Write the report and copies of all that it shows, without another copy on the way."""
    target = folder.with_name(f"{folder.name}.zip")
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    try:
        new = work / "new.zip"
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for name, text in documents:
                entry = zipfile.ZipInfo(f"{folder.name}/{name}", time.localtime()[:6])
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(entry, text.encode("utf-8", "replace"), zipfile.ZIP_DEFLATED)
            for source, name in files.copies.items():
                packed = os.path.splitext(source)[1].lower() in _PACKED
                method = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
                archive.write(source, f"{folder.name}/{name}", method)
        os.replace(new, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target

"""A project's results as web pages: a folder of plain HTML, or one zip that opens anywhere.

    results and statuses ─> pages with cells ─> texts of files ─> a new folder, renamed (or a zip)
       report_levels          report_pages     report_documents          report_files

This package writes the pages itself. pipestat 0.13.1's builder leaves out records beyond the
1,000th and records without results, puts values into HTML without escaping them, loads its tables
from six other sites, writes records `A` and `a` into one file, and takes time quadratic in the
number of records (quirk 23). The pages here need no network. Only sorting and filtering need
JavaScript.

Each pipeline and level has a folder with a table (`index.html`), its images, and one page per
record. All pages of a level are in one folder, so a link is right on all of them and is made once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ...layout import report_folder
from ...workspace.job_table import JobTable
from ..records import Results
from .report_attributes import sample_attributes
from .report_documents import documents
from .report_files import FollowedFolder, LinkedFiles, write_folder, write_zip
from .report_levels import LevelReport, read_levels
from .report_live import Live, Stamps, with_state


def write_report(
    table: JobTable,
    folder: Path | None = None,
    portable: bool = False,
    read: Sequence[Results] | None = None,
) -> Path:
    """Write the report of a plan's project as it is now.

    A project without results, as without pipestat, gets a report of its statuses and logs.

    Args:
        table: the job table of the plan.
        folder: where the report goes; pipestat's place for it if None.
        portable: write one zip, see `write_pages`.
        read: the project's results, if the caller has read them.

    Returns:
        The index page, or the zip.

    Raises:
        LooperError: results cannot be read, or the folder holds something else.
        OSError: see `write_pages`.
    """
    facts = table.facts
    found = read_levels(table, read)
    inside = (facts.looper_config.parent, facts.rundir, facts.output_dir)
    return write_pages(
        found.levels, _folder_of(table, folder), facts.project_name, facts.rundir, portable,
        inside, found.csv,
    )  # fmt: skip


def _folder_of(table: JobTable, folder: Path | None) -> Path:
    return folder or report_folder(table.facts.output_dir, table.facts.amendments)


class FollowedReport:
    """A report that is written again and again while a run goes on."""

    def __init__(self, table: JobTable, folder: Path | None = None) -> None:
        self._table = table
        self._folder = _real(_folder_of(table, folder))
        self._written = FollowedFolder(self._folder)
        self._stamps = Stamps()
        self._attributes = sample_attributes(table.facts)
        """The PEP of a plan does not change."""

    def write(self, live: Live) -> Path:
        """Write the files that changed. Open pages load themselves again.

        Returns:
            The index page.

        Raises:
            LooperError, OSError: see `write_report`.
        """
        facts = self._table.facts
        levels, csv = read_levels(self._table, attributes=self._attributes)
        files = LinkedFiles(str(facts.rundir), str(self._folder), False, ())
        texts = documents(levels, facts.project_name, files, csv)
        return self._written.write(with_state(texts, levels, self._stamps, live))


def write_pages(
    levels: Sequence[LevelReport],
    folder: Path,
    project_name: str,
    root: Path,
    portable: bool = False,
    inside: Sequence[Path] = (),
    csv: str = "",
) -> Path:
    """Write the report of a project.

    Args:
        levels: results and statuses; each pipeline and level once.
        folder: the report's folder. An existing report there is replaced as a whole.
        project_name: the title.
        root: relative paths of results and logs are relative to this folder.
        portable: write `<folder>.zip` instead, with the files that the pages show and link to.
        inside: a zip has no files from outside these folders; `root` if none is given.
        csv: a table of all results, for download.

    Returns:
        The index page, or the zip.

    Raises:
        ReportError: the folder holds something else.
        OSError: something cannot be written, or a file of a portable report cannot be read.
        ValueError: a pipeline and level is given twice.
    """
    if len({(one.pipeline, one.level) for one in levels}) < len(levels):
        raise ValueError("a report has each pipeline and level once")
    folder = _real(folder)
    files = LinkedFiles(os.path.abspath(root), str(folder), portable, inside or (root,))
    texts = with_state(documents(levels, project_name, files, csv), levels, Stamps())
    return write_zip(folder, texts, files) if portable else write_folder(folder, texts)


def _real(folder: Path) -> Path:
    """The folder that is replaced. A link to a web server's folder stays a link."""
    folder = Path(os.path.abspath(folder))
    return folder.resolve() if folder.is_symlink() else folder

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
from .report_documents import documents
from .report_files import LinkedFiles, write_folder, write_zip
from .report_levels import LevelReport, read_levels


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
    where = folder or report_folder(facts.output_dir, facts.amendments)
    inside = (facts.looper_config.parent, facts.rundir, facts.output_dir)
    return write_pages(
        read_levels(table, read), where, facts.project_name, facts.rundir, portable, inside
    )


def write_pages(
    levels: Sequence[LevelReport],
    folder: Path,
    project_name: str,
    root: Path,
    portable: bool = False,
    inside: Sequence[Path] = (),
) -> Path:
    """Write the report of a project.

    Args:
        levels: results and statuses; each pipeline and level once.
        folder: the report's folder. An existing report there is replaced as a whole.
        project_name: the title.
        root: relative paths of results and logs are relative to this folder.
        portable: write `<folder>.zip` instead, with the files that the pages show and link to.
        inside: a zip has no files from outside these folders; `root` if none is given.

    Returns:
        The index page, or the zip.

    Raises:
        ReportError: the folder holds something else.
        OSError: something cannot be written, or a file of a portable report cannot be read.
        ValueError: a pipeline and level is given twice.
    """
    if len({(one.pipeline, one.level) for one in levels}) < len(levels):
        raise ValueError("a report has each pipeline and level once")
    folder = Path(os.path.abspath(folder))
    if folder.is_symlink():  # a link to a web server's folder stays a link
        folder = folder.resolve()
    files = LinkedFiles(os.path.abspath(root), str(folder), portable, inside or (root,))
    texts = documents(levels, project_name, files)
    return (write_zip if portable else write_folder)(folder, texts, files)

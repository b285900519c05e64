"""Records that results files lack, since the records' own files cannot be used.

The assembly names such files while it works, and notes them. Commands that read results say it
again: many people see these commands only. A file that was mended or removed since counts no more.
"""

from __future__ import annotations

from pathlib import Path

from ..workspace.job_table import JobTable
from . import assembly_notes
from .results_file import ResultsFileError, load_record

_MOST = 10
"""Records that a warning names."""


def unread_records(table: JobTable, workdir: Path) -> list[str]:
    """One warning for each pipeline that has such records."""
    found = []
    for path, sources, _ in table.results():
        unread = [workdir / one for one in assembly_notes.unread_files(workdir, path)]
        for pipeline, folder in sources.items() if unread else ():
            others = [name for name, one in sources.items() if one == folder]
            mine = [one for one in unread if one.parent == workdir / folder]
            names = [one.stem for one in mine if _is_unusable(one, pipeline, others)]
            if names:
                found.append(_warning(pipeline, names, workdir / folder))
    return list(dict.fromkeys(found))


def _warning(pipeline: str, names: list[str], folder: Path) -> str:
    shown = ", ".join(names[:_MOST]) + (", …" if names[_MOST:] else "")
    if len(names) == 1:
        start = "1 record is left out, since its file cannot be used"
    else:
        start = f"{len(names)} records are left out, since their files cannot be used"
    them = "it" if len(names) == 1 else "them"
    return f"{pipeline}: {start} ({shown}); correct or remove {them} in {folder}"


def _is_unusable(file: Path, pipeline: str, others: list[str]) -> bool:
    try:
        load_record(file, pipeline, others)
    except ResultsFileError:
        return True
    return False

"""A project's results as input of MultiQC: its *custom content*.

    results and statuses ─> columns ─> sections ─> files in a folder, one by one in one step

MultiQC (https://docs.seqera.io/multiqc/custom_content) collects what many tools left in folders. It
reads all files whose names end in `_mqc.tsv` or `_mqc.json`, also below the folder that it is given.
All samples of a pipeline are in one file, and a row has the name of its sample. So MultiQC puts
our numbers into the rows that other tools have for this sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...files import write_if_changed
from ...layout import multiqc_folder
from ...workspace.job_table import JobTable
from ..records import Results
from ..report.report_levels import LevelReport, read_levels
from .pictures import Pictures
from .sections import START, documents

_LARGEST = 50_000_000
"""Characters of a file. MultiQC counts bytes, of which a file has no fewer."""


def write_for_multiqc(
    table: JobTable, folder: Path | None = None, read: Sequence[Results] | None = None
) -> tuple[Path, list[str]]:
    """Write the results of a plan's project as they are now, for MultiQC.

    Args:
        table: the job table of the plan.
        folder: where the files go; beside the report if None.
        read: the project's results, if the caller has read them.

    Returns:
        The folder, and remarks on what is left out, one line each.

    Raises:
        LooperError: results cannot be read.
        OSError: a file cannot be written.
    """
    facts = table.facts
    target = folder or multiqc_folder(facts.output_dir, facts.amendments)
    inside = (facts.looper_config.parent, facts.rundir, facts.output_dir)
    found = read_levels(table, read, attributes={})
    return target, write_files(found.levels, target, facts.rundir, inside)


def write_files(
    levels: Sequence[LevelReport], folder: Path, root: Path, inside: Sequence[Path] = ()
) -> list[str]:
    """Write results and statuses of a project, for MultiQC.

    Files of ours that are left from an earlier export are removed at the end, and no others.

    Args:
        levels: results and statuses; each pipeline and level once.
        folder: where the files go. It may have other files.
        root: relative paths of images are relative to this folder.
        inside: no image is taken from outside these folders; `root` if none is given.

    Returns:
        Remarks on what MultiQC will not show, one line each.

    Raises:
        OSError: a file cannot be written, or an old one cannot be removed.
    """
    pictures = Pictures(root, inside or (root,))
    written, remarks = set(), []
    for document in documents(levels, pictures):
        write_if_changed(folder / document.name, document.text)
        written.add(document.name)
        if len(document.text) > _LARGEST:
            remarks.append(
                f"{document.name}: MultiQC passes over files of more than 50 MB; give it"
                " --cl-config 'log_filesize_limit: 1000000000'"
            )
    for path in folder.glob(f"{START}*_mqc.*"):
        if path.name not in written and path.is_file():
            path.unlink(missing_ok=True)
    return remarks + pictures.left_out()

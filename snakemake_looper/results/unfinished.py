"""Work that earlier runs left: results files to assemble, stores to publish to.

A file of the workflow stands for each piece of work. Snakemake gets the names of these files when
it reads the Snakefile. So it runs the rules that make them, even if no job has to run. This module
writes nothing, and opens no connection.
"""

from __future__ import annotations

from pathlib import Path

from ..layout import shown
from ..workspace.job_table import JobTable, settled_marker
from .assembly_notes import is_assembly_due
from .publish_notes import is_due, statuses_now
from .stores.open_store import published_stores


def unfinished(table: JobTable) -> list[str]:
    """Files of the workflow that stand for what earlier runs left undone."""
    workdir = table.facts.workdir
    root = table.facts.looper_config.parent
    found = [
        shown(Path(path), workdir, root)
        for path, sources, _ in table.results()
        if is_assembly_due(workdir, path, sources.values())
    ]
    stores = published_stores(table)
    now = statuses_now(table, workdir, {store.row.rule for store in stores})
    return found + [
        settled_marker(store.row, workdir) for store in stores if is_due(store, now[store.row.rule])
    ]

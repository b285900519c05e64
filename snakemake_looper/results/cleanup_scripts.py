"""`clean`: scripts that remove intermediate files; pypiper leaves them in the samples' folders."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..workspace.job_table import JobTable


def cleanup_scripts(table: JobTable) -> list[Path]:
    """The files `*_cleanup.sh` in the folders of the selected samples."""
    results_dir = table.facts.results_dir
    samples = dict.fromkeys(row.record for row in table.rows() if row.level == "sample")
    found = []
    for sample in samples:
        folder = results_dir / sample
        names = sorted(os.listdir(folder)) if folder.is_dir() else []
        found += [folder / name for name in names if name.endswith("_cleanup.sh")]
    return found


def clean(script: Path, folder: Path) -> int:
    """Run a cleanup script in a folder, the one that jobs run in; returns its exit code."""
    return subprocess.run(["sh", str(script)], cwd=folder, check=False).returncode

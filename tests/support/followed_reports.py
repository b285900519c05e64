"""Reports that are written again and again, of results that a test gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from snakemake_looper.results.report.report_documents import documents
from snakemake_looper.results.report.report_files import FollowedFolder, LinkedFiles
from snakemake_looper.results.report.report_levels import LevelReport
from snakemake_looper.results.report.report_live import Live, Stamps, with_state

SOON = Live(1.0)
"""Pages look again each second."""


class Followed:
    """A report of levels that a test gives."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "report"
        self._root = root
        self._written = FollowedFolder(self.folder)
        self._stamps = Stamps()

    def write(self, *levels: LevelReport, live: Live = SOON) -> Path:
        files = LinkedFiles(str(self._root), str(self.folder), False, ())
        texts = documents(levels, "demo", files)
        return self._written.write(with_state(texts, levels, self._stamps, live))

    def files(self) -> dict[str, int]:
        """The files, each with a number that it keeps unless it is replaced."""
        return {
            path.relative_to(self.folder).as_posix(): path.stat().st_ino
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def state(self) -> dict[str, Any]:
        text = (self.folder / "assets/state.js").read_text()
        found: dict[str, Any] = json.loads(text[len("report.state(") : -len(");\n")])
        return found

"""A build hook of hatch: this distribution has the version and the owner of snakemake-looper.

In a checkout they are read from there. An sdist has them in its PKG-INFO, and hatch takes them from
there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class SameAsSnakemakeLooper(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        if "version" in metadata:  # in an sdist
            metadata.setdefault("authors", [])
            metadata.setdefault("urls", {})
            return
        sys.path.insert(0, str(Path(self.root).parent))
        from owner import read_owner, read_version

        sys.path.pop(0)
        owner, version = read_owner(), read_version()
        metadata["version"] = version
        metadata["dependencies"] = [f"snakemake-looper=={version}"]
        metadata["authors"] = owner.people()
        metadata["urls"] = owner.urls()

"""A build hook of hatch: metadata of snakemake-looper that come from the owner's file.

These are the authors, the addresses, and the README with links that also lead somewhere on a
package index. An sdist has them in its PKG-INFO, and hatch takes them from there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))
from owner import read_owner, read_version

sys.path.pop(0)


class OwnersMetadata(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        owner = read_owner()
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        readme = {
            "content-type": "text/markdown",
            "text": owner.absolute(text, read_version(Path(self.root))),
        }
        metadata.setdefault("authors", owner.people())
        metadata.setdefault("urls", owner.urls())
        metadata.setdefault("readme", readme)

"""The structure of a plan: its rules as text, without what differs from sample to sample.

A generated Snakefile is kept while the project changes. It fits as long as the structure of the
current plan is the one that it was made for.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..model import Plan
from .snakefile import JOB_SCRIPT, body

STRUCTURE_FILE = "structure"


def structure(plan: Plan) -> str:
    """A digest of a plan's rules as text, wherever their scripts lie."""
    return hashlib.sha256(body(plan, "scripts", JOB_SCRIPT).encode()).hexdigest()[:12]


def structure_of(folder: Path) -> str:
    """The digest of the rules that the plan in a folder needs."""
    return (folder / STRUCTURE_FILE).read_text(encoding="utf-8")

"""How a run of one project ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["completed", "failed", "interrupted", "nothing to do", "not begun"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run."""

    state: State
    began: float = 0.0
    """Before the first job, in seconds since the epoch."""
    planned: int = 0
    """Records that the run was going to run."""
    completed: int = 0
    """Those of them that are complete now."""

"""A message for workflows that version 0.1 generated: they import this module."""

from __future__ import annotations

from typing import Any

from .workspace.engine import workflow_error


def open_jobs(*_: Any, **__: Any) -> Any:
    """Refuse a workflow that version 0.1 generated.

    Raises:
        WorkflowError: always. The message says what to do.
    """
    raise workflow_error(
        "This Snakefile was made by snakemake-looper 0.1: run 'snakemake-looper generate' again."
    )

"""The namespaces of a template: the values of `{project.…}`, `{looper.…}` and the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import Interface
from .context import PlanContext

Namespaces = Mapping[str, Any]
"""`project`, `sample` or `samples`, `pipeline`, `looper`, `compute` and `pipestat`."""


def looper_namespace(
    context: PlanContext, interface: Interface, record: str, size_gb: float
) -> dict[str, Any]:
    """The `looper` namespace of looper 2.1, with sizes in GB (1024³ bytes) and absolute paths."""
    job_name = f"{interface.pipeline_name}_{record}"
    return {
        **context.looper,
        "sample_output_folder": f"{context.results_dir}/{record}",
        "job_name": job_name,
        "total_input_size": size_gb,
        "log_file": f"{context.submission_dir}/{job_name}.log",
        "piface_dir": str(interface.folder),
    }

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
    settings, pep = context.settings, context.pep
    results, submission = context.results_dir, context.submission_dir
    job_name = f"{interface.pipeline_name}_{record}"
    return {
        "config_file": str(pep.config_file) if pep.config_file else None,
        "pep_config": settings.pep,
        "output_dir": settings.out_text,
        "results_subdir": results,
        "submission_subdir": submission,
        "sample_output_folder": f"{results}/{record}",
        "job_name": job_name,
        "total_input_size": size_gb,
        "log_file": f"{submission}/{job_name}.log",
        "piface_dir": str(interface.folder),
    }

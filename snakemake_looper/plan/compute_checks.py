"""Checks of compute settings before jobs are planned: cells of size tables, misspelt keys."""

from __future__ import annotations

from ..errors import Problems
from .context import PlanContext
from .resources import faults_of


def check_compute(context: PlanContext, problems: Problems) -> None:
    """Refuse wrong cells of size tables, and warn of settings that are nearly known ones."""
    for interface in context.project.interfaces:
        for row in interface.size_table:
            own = {key: value for key, value in row.values.items() if key not in interface.compute}
            for fault in faults_of(own):
                problems.add(row.place, fault.key, str(fault))

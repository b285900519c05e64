"""A plan as `inspect` shows it: its rules and skipped samples, or one job with its namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from rich.console import RenderableType
from rich.table import Table

from ..errors import harmless
from ..model import Job, Plan
from ..workspace.pipestat_files import plain
from .tables import render, skip_table, table_of


def plan_text(plan: Plan) -> str:
    """The plan at a glance: a row per rule, a row per pipestat config, and all skipped samples."""
    parts: list[RenderableType] = [_rule_table(plan)]
    if plan.configs:
        parts += ["", _config_table(plan)]
    if plan.skipped:
        parts += ["", f"{len(plan.skipped)} skipped:", skip_table(plan.skipped)]
    return render(*parts)


def _rule_table(plan: Plan) -> Table:
    table = table_of("rule", "pipeline", "level", "jobs", "threads", "resources", "interface")
    for rule in plan.rules:
        jobs = plan.jobs_of(rule.name)
        table.add_row(
            rule.name, rule.pipeline, rule.level, str(len(jobs)), _span(j.threads for j in jobs),
            _resources(jobs), str(rule.interface.path),
        )  # fmt: skip
    return table


def _span(values: Iterable[int]) -> str:
    found = sorted(set(values))
    if len(found) > 1:
        return f"{found[0]}-{found[-1]}"
    return str(found[0]) if found else "-"


def _resources(jobs: Iterable[Job]) -> str:
    """The resources of a rule's jobs; `varies` in the place of values that differ."""
    seen: dict[str, set[str]] = {}
    for job in jobs:
        for key, value in job.resources.items():
            seen.setdefault(key, set()).add(str(value))
    return ", ".join(
        f"{key}={next(iter(values)) if len(values) == 1 else 'varies'}"
        for key, values in seen.items()
    )


def _config_table(plan: Plan) -> Table:
    """The merged pipestat configs, and where each keeps results; a database is not shown."""
    table = table_of("pipestat config", "results")
    for config in plan.configs:
        places = (config.content.get(key) for key in ("results_file_path", "pephub_path"))
        place = next((str(one) for one in places if one), "")
        database = "database" if config.content.get("database") else ""
        table.add_row(str(config.path), place or database)
    return table


def job_text(job: Job) -> str:
    """A job as text: its command, paths, resources, compute settings and environment."""
    lines = [f"{job.pipeline} ({job.level} level, record {job.record})", ""]
    for name, value in (("command", job.command), ("log", job.log), ("flag", job.flag)):
        lines.append(f"{name}: {value}")
    lines.append(f"threads: {job.threads}")
    for name, mapping in (("resources", job.resources), ("compute", job.compute), ("env", job.env)):
        lines += [f"{name}:", *(f"  {key}: {value}" for key, value in mapping.items())]
    lines += ["inputs:", *(f"  {path}" for path in job.inputs)]
    return harmless("\n".join(lines))


def namespaces_text(namespaces: Mapping[str, Any]) -> str:
    """The namespaces of a job, as YAML."""
    return harmless(yaml.safe_dump(plain(namespaces), sort_keys=False, allow_unicode=True))

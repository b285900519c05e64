"""What is shown to people: tables of statuses, skips and plans, by rich."""

from __future__ import annotations

import dataclasses
import io
import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..model import Job, Plan
from ..read.secrets import masked
from ..results.statuses import RecordStatus, counts, read_statuses
from ..status_words import STATUS_WORDS, order, style
from ..workspace.job_table import JobTable
from ..workspace.rows import SkipRow

_MOST = 20
_MOST_DETAILS = 5
_WIDTH = 2000


def _render(*parts: Any) -> str:
    """Text of tables and lines; as wide as they are, so that paths can be copied whole."""
    output = io.StringIO()
    console = Console(file=output, width=_WIDTH, highlight=False, markup=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines())


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != "reason")
    return table


def status_table(records: Iterable[RecordStatus]) -> Table:
    """Status counts: one row per pipeline, one column per status that occurs."""
    by_pipeline = counts(records)
    statuses = sorted({status for row in by_pipeline.values() for status in row}, key=order)
    table = _table("pipeline", *statuses)
    for pipeline, row in by_pipeline.items():
        cells = [
            Text(str(row.get(status, 0)), style(status) if row.get(status) else "dim")
            for status in statuses
        ]
        table.add_row(pipeline or "-", *cells)
    return table


def record_table(records: Iterable[RecordStatus]) -> Table:
    """One row per record."""
    table = _table("pipeline", "level", "record", "status", "log", "reason")
    for one in records:
        table.add_row(
            one.pipeline or "-", one.level, one.record,
            Text(one.status, style(one.status)), one.log or "-", _reason(one),
        )  # fmt: skip
    return table


def _reason(one: RecordStatus) -> str:
    """Why, with the cluster job and the attempt where there is more than one."""
    more = [f"cluster job {one.external_jobid}"] if one.external_jobid else []
    if one.attempt is not None and one.attempt > 1:
        more.append(f"attempt {one.attempt}")
    if not more:
        return one.reason
    return f"{one.reason} ({', '.join(more)})" if one.reason else ", ".join(more)


def _details(records: Iterable[RecordStatus], most: int) -> Iterable[str]:
    """What the logs of records end with, and what is to be done about some."""
    told = [one for one in records if one.tail or one.remedy]
    for one in told[:most]:
        yield ""
        yield f"{one.pipeline} {one.record}, the end of {one.log}:"
        yield from (f"    {line}" for line in one.tail)
        if one.remedy:
            yield f"  {one.remedy}"


def check_text(records: list[RecordStatus], itemized: bool) -> str:
    if not itemized:
        return _render(status_table(records))
    return _render(record_table(records), *_details(records, _MOST))


def check_json(records: list[RecordStatus]) -> str:
    """The stable form of `check --json`."""
    names = [field.name for field in dataclasses.fields(RecordStatus)]
    rows = [{name: getattr(one, name) for name in names} for one in records]
    return json.dumps({"records": rows}, indent=2)


def codes_text() -> str:
    """What each status means."""
    table = _table("status", "meaning")
    for one in STATUS_WORDS:
        table.add_row(Text(one.word, one.style), one.meaning)
    return _render(table)


def watch(read: Callable[[], list[RecordStatus]], seconds: float) -> list[RecordStatus]:
    """Show statuses until nothing runs or waits any more; the last ones are left standing.

    On a terminal they are redrawn in place; elsewhere they are printed when they change.
    """
    console = Console(highlight=False, markup=False)
    records = read()
    with Live(console=console, auto_refresh=False) as live:
        shown: Any = None
        while True:
            if records != shown:
                shown = records
                parts = _watched(records, console.size.height)
                if console.is_terminal:
                    live.update(Group(*parts), refresh=True)
                else:
                    console.print(*parts, "", sep="\n")
            if not any(one.status in ("running", "waiting") for one in records):
                return records
            time.sleep(seconds)
            records = read()


def _watched(records: list[RecordStatus], height: int) -> list[Any]:
    """Counts, and below them those that run or have failed, as many as there is room for."""
    parts: list[Any] = [status_table(records)]
    told = [one for one in records if one.status in ("failed", "partial", "running")]
    room = max(3, height - 8 - len(counts(records)))
    if told:
        told.sort(key=lambda one: order(one.status), reverse=True)
        parts += ["", record_table(told[:room])]
    if len(told) > room:
        parts.append(f"... and {len(told) - room} more: snakemake-looper check --itemized")
    return parts


def closing_summary(jobs: JobTable, workdir: Path, ran: bool) -> str:
    """What is said when Snakemake is done: statuses after a run, and always who was skipped."""
    parts: list[Any] = []
    if next(jobs.rows(), None) is None:
        parts.append(
            "nothing to run: all are skipped or not selected; see snakemake-looper inspect"
        )
    elif ran:
        records = read_statuses(jobs, workdir, why=True)
        parts.append(status_table(records))
        bad = [one for one in records if one.status in ("failed", "partial")]
        if bad:
            parts += ["", record_table(bad[:_MOST]), *_details(bad, _MOST_DETAILS)]
            if len(bad) > _MOST:
                parts.append(f"... and {len(bad) - _MOST} more: snakemake-looper check --itemized")
    faults = [skip for skip in jobs.skipped() if skip.fault]
    if faults:
        parts += [*([""] if parts else []), _skip_heading(faults), _skips(faults)]
    return _render("", *parts) if parts else ""


def _skip_heading(skips: list[SkipRow]) -> str:
    return f"{len(skips)} skipped, since something is missing or wrong:"


def _skips(skips: Iterable[Any]) -> Table:
    table = _table("pipeline", "record", "reason")
    listed = list(skips)
    for skip in listed[:_MOST]:
        table.add_row(skip.pipeline or "-", skip.record, skip.reason)
    if len(listed) > _MOST:
        table.add_row("...", f"and {len(listed) - _MOST} more", "")
    return table


# --- inspect -----------------------------------------------------------------------------------


def plan_text(plan: Plan) -> str:
    """The plan at a glance: a row per rule, and everyone who is skipped."""
    table = _table("rule", "pipeline", "level", "jobs", "threads", "resources", "interface")
    for rule in plan.rules:
        jobs = plan.jobs_of(rule.name)
        table.add_row(
            rule.name, rule.pipeline, rule.level, str(len(jobs)), _span(j.threads for j in jobs),
            _resources(jobs), str(rule.interface.path),
        )  # fmt: skip
    parts: list[Any] = [table]
    if plan.configs:
        configs = _table("pipestat config", "results")
        for config in plan.configs:
            backend = next(
                (
                    str(config.content[key])
                    for key in ("results_file_path", "pephub_path")
                    if config.content.get(key)
                ),
                "database" if config.content.get("database") else "",
            )
            configs.add_row(str(config.path), backend)
        parts += ["", configs]
    if plan.skipped:
        parts += ["", f"{len(plan.skipped)} skipped:", _skips(plan.skipped)]
    return _render(*parts)


def job_text(job: Job) -> str:
    """One job with everything it was given."""
    lines = [f"{job.pipeline} ({job.level} level, record {job.record})", ""]
    for name, value in (("command", job.command), ("log", job.log), ("flag", job.flag)):
        lines.append(f"{name}: {value}")
    lines.append(f"threads: {job.threads}")
    for name, mapping in (("resources", job.resources), ("compute", job.compute), ("env", job.env)):
        lines += [f"{name}:", *(f"  {key}: {value}" for key, value in mapping.items())]
    lines += ["inputs:", *(f"  {path}" for path in job.inputs)]
    return "\n".join(lines)


def plan_json(plan: Plan) -> str:
    """The stable form of `inspect --json`."""
    return json.dumps(
        {
            "jobs": [
                {
                    "pipeline": job.pipeline,
                    "level": job.level,
                    "record": job.record,
                    "command": job.command,
                    "env": dict(job.env),
                    "threads": job.threads,
                    "resources": dict(job.resources),
                    "compute": dict(job.compute),
                    "inputs": list(job.inputs),
                    "log": job.log,
                    "flag": job.flag,
                    **({"lump": job.lump} if job.lump else {}),
                    **({"container": job.container} if job.container else {}),
                }
                for job in plan.jobs
            ],
            "skipped": [
                {"pipeline": skip.pipeline, "record": skip.record, "reason": skip.reason}
                for skip in plan.skipped
            ],
            "pipestat_configs": {
                str(config.path): masked(config.content) for config in plan.configs
            },
        },
        indent=2,
        default=str,
    )


def namespaces_text(namespaces: Mapping[str, Any]) -> str:
    """The namespaces of one job, as YAML."""
    import yaml

    from ..workspace.pipestat_files import plain

    return yaml.safe_dump(plain(namespaces), sort_keys=False, allow_unicode=True)


def _span(values: Iterable[int]) -> str:
    found = sorted(set(values))
    return "-" if not found else str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"


def _resources(jobs: Iterable[Job]) -> str:
    seen: dict[str, set[str]] = {}
    for job in jobs:
        for key, value in job.resources.items():
            seen.setdefault(key, set()).add(str(value))
    return ", ".join(
        f"{key}={next(iter(values)) if len(values) == 1 else 'varies'}"
        for key, values in seen.items()
    )

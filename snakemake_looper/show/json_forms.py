"""The JSON that `check --json` and `inspect --json` print: stable interfaces for scripts.

Later versions may add keys. They do not remove a key or change its meaning.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..model import Job, Plan
from ..read.secrets import masked
from ..results.json_values import plain
from ..results.statuses import RecordStatus


def check_json(records: Iterable[RecordStatus]) -> str:
    """`check --json`: an object with the key `records`."""
    names = [field.name for field in dataclasses.fields(RecordStatus)]
    rows = [{name: getattr(one, name) for name in names} | _times(one) for one in records]
    return json.dumps({"records": rows}, indent=2)


def _times(record: RecordStatus) -> dict[str, Any]:
    """When a record started, in ISO 8601 with the time zone of this machine, and how long it took.

    A millisecond is the most that a shell can tell.
    """
    started = record.started
    if started is not None:
        moment = datetime.fromtimestamp(started).astimezone()
        return {"started": moment.isoformat(timespec="milliseconds"), "took": _rounded(record.took)}
    return {"started": None, "took": _rounded(record.took)}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def plan_json(plan: Plan) -> str:
    """`inspect --json`: an object with the keys `workdir`, `jobs`, `skipped`, `pipestat_configs`.

    Paths are relative to `workdir` unless they are absolute. Values that may be secrets are masked.
    """
    whole = {
        "workdir": str(plan.workdir),
        "jobs": [_job(job) for job in plan.jobs],
        "skipped": [
            {"pipeline": skip.pipeline, "record": skip.record, "reason": skip.reason}
            for skip in plan.skipped
        ],
        "pipestat_configs": {str(config.path): masked(config.content) for config in plan.configs},
    }
    return json.dumps(plain(whole), indent=2, allow_nan=False)


def _job(job: Job) -> dict[str, Any]:
    return {
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

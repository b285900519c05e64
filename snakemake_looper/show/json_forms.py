"""The JSON that `check --json` and `inspect --json` print: stable interfaces for scripts.

Later versions may add keys. They do not remove a key or change its meaning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..model import Job, Plan
from ..plan.remote_inputs import as_shown
from ..read.secrets import masked
from ..results.json_values import plain
from ..results.statuses import RecordStatus, record_form

_flat = json.JSONEncoder(separators=(",\n      ", ": ")).encode
"""Python's writer is three times as slow with `indent`. Most records need no indents inside."""


def check_json(records: Iterable[RecordStatus]) -> str:
    """`check --json`: an object with the key `records`, as `json.dumps(…, indent=2)` writes it."""
    texts = [f"    {_indented(record_form(one))}" for one in records]
    listed = "[\n" + ",\n".join(texts) + "\n  ]" if texts else "[]"
    return f'{{\n  "records": {listed}\n}}'


def _indented(form: Mapping[str, Any]) -> str:
    if any(value and type(value) in (list, tuple, dict) for value in form.values()):
        return json.dumps(form, indent=2).replace("\n", "\n    ")  # text has "\n" as an escape
    return f"{{\n      {_flat(form)[1:-1]}\n    }}"


def plan_json(plan: Plan) -> str:
    """`inspect --json`: an object with the keys `workdir`, `jobs`, `skipped`, `pipestat_configs`.

    Paths are relative to `workdir` unless they are absolute. Values that may be secrets are masked.
    """
    whole = {
        "workdir": str(plan.workdir),
        "jobs": [_job(as_shown(job, plan.workdir)) for job in plan.jobs],
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
        **({"container": job.container} if job.container else {}),
    }
